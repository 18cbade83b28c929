#include "engine/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

void text_clear(struct text *text)
{
	free(text->bytes);
	*text = (struct text){0};
}

static void reserve(struct text *text, size_t more)
{
	size_t needed = text->length + more + 1;
	if (needed <= text->capacity)
		return;
	size_t capacity = text->capacity ? text->capacity : 64;
	while (capacity < needed)
		capacity *= 2;
	text->bytes = memory_resized(text->bytes, capacity, 1);
	text->capacity = capacity;
}

void text_append(struct text *text, const char *bytes, size_t length)
{
	reserve(text, length);
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void text_format(struct text *text, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length > 0) {
		reserve(text, (size_t)length);
		vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
		text->length += (size_t)length;
	}
	va_end(again);
}

bool text_copy(char *target, size_t size, const char *source)
{
	size_t length = strlen(source);
	bool whole = length < size;
	if (!whole) {
		length = size - 1;
		while (length > 0 && ((unsigned char)source[length] & 0xC0) == 0x80)
			length--;
	}
	memmove(target, source, length);
	target[length] = '\0';
	return whole;
}

bool text_to_int64(const char *text, int64_t *value)
{
	if (!(*text == '-' || (*text >= '0' && *text <= '9')))
		return false;
	char *end;
	errno = 0;
	long long parsed = strtoll(text, &end, 10);
	if (errno || *end || end == text)
		return false;
	*value = parsed;
	return true;
}

bool text_to_uint64(const char *text, uint64_t *value)
{
	if (!(*text >= '0' && *text <= '9'))
		return false;
	char *end;
	errno = 0;
	unsigned long long parsed = strtoull(text, &end, 10);
	if (errno || *end)
		return false;
	*value = parsed;
	return true;
}

bool text_to_double(const char *text, double *value)
{
	if (!*text || strchr(" \t\n", *text) || strpbrk(text, "xX")) /* hexadecimal is no number to people */
		return false;
	char *end;
	double parsed = strtod(text, &end);
	if (*end || end == text || !isfinite(parsed))
		return false;
	*value = parsed;
	return true;
}

char *text_count(char *target, size_t size, int64_t value)
{
	char digits[32], grouped[48];
	snprintf(digits, sizeof digits, "%" PRId64, value);
	size_t length = strlen(digits), out = 0, lead = digits[0] == '-';
	for (size_t i = 0; i < length; i++) {
		if (i > lead && (length - i) % 3 == 0)
			grouped[out++] = ',';
		grouped[out++] = digits[i];
	}
	grouped[out] = '\0';
	text_copy(target, size, grouped);
	return target;
}

/* Writes value with the largest fitting suffix, three figures at most. */
static char *scaled(char *target, size_t size, double value, double unit, const char *const suffixes[], int count)
{
	int index = 0;
	double magnitude = fabs(value);
	while (index + 1 < count && magnitude >= unit * 0.9995) {
		magnitude /= unit;
		value /= unit;
		index++;
	}
	bool fraction = index > 0 && magnitude < 9.95;
	snprintf(target, size, "%.*f%s", fraction ? 1 : 0, value, suffixes[index]);
	return target;
}

char *text_short_count(char *target, size_t size, double value)
{
	static const char *const suffixes[] = {"", "k", "M", "G", "T"};
	return scaled(target, size, value, 1000, suffixes, 5);
}

char *text_bytes_amount(char *target, size_t size, double bytes)
{
	static const char *const suffixes[] = {" B", " kB", " MB", " GB", " TB"};
	return scaled(target, size, bytes, 1000, suffixes, 5);
}

char *text_duration(char *target, size_t size, double seconds)
{
	if (!isfinite(seconds) || seconds < 0 || seconds > 1e10) {
		text_copy(target, size, "-");
		return target;
	}
	int64_t whole = (int64_t)(seconds + 0.5);
	if (whole >= 86400)
		snprintf(target, size, "%" PRId64 " d %02d h", whole / 86400, (int)(whole % 86400 / 3600));
	else if (whole >= 3600)
		snprintf(target, size, "%d:%02d:%02d", (int)(whole / 3600), (int)(whole % 3600 / 60), (int)(whole % 60));
	else
		snprintf(target, size, "%d:%02d", (int)(whole / 60), (int)(whole % 60));
	return target;
}

char *text_age(char *target, size_t size, double seconds)
{
	static const struct { double below, unit; const char *name; } steps[] = {
		{60, 1, "s"}, {3600, 60, "min"}, {86400, 3600, "h"}, {1e18, 86400, "d"},
	};
	if (!(seconds >= 1)) {
		text_copy(target, size, "now");
		return target;
	}
	int index = 0;
	while (index < 3 && seconds >= steps[index].below)
		index++;
	snprintf(target, size, "%.0f %s", floor(seconds / steps[index].unit), steps[index].name);
	return target;
}

char *text_loss(char *target, size_t size, double value)
{
	double magnitude = fabs(value);
	if (!isfinite(value))
		text_copy(target, size, "-");
	else if (magnitude != 0 && (magnitude < 0.01 || magnitude >= 1e5))
		snprintf(target, size, "%.1e", value);
	else
		snprintf(target, size, "%.*f", magnitude < 10 ? 3 : magnitude < 100 ? 2 : 1, value);
	return target;
}
