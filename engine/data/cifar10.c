#include "engine/data/cifar10.h"

#include <string.h>

bool cifar10_check_size(size_t size, const char *name, size_t *count, struct error *error)
{
	if (size == 0 || size % CIFAR10_RECORD != 0)
		return error_set(error, ERROR_INPUT,
		                 "%s has %zu bytes; expected a multiple of %d (a label and 3 x 32 x 32 colour values)", name, size,
		                 CIFAR10_RECORD);
	*count = size / CIFAR10_RECORD;
	return true;
}

bool cifar10_check_batch(const uint8_t *bytes, size_t size, const char *name, size_t *count, struct error *error)
{
	if (!cifar10_check_size(size, name, count, error))
		return false;
	for (size_t i = 0; i < *count; i++)
		if (bytes[i * CIFAR10_RECORD] >= CIFAR10_CLASSES)
			return error_set(error, ERROR_INPUT, "%s: the label of picture %zu is %d; expected 0..%d", name, i,
			                 bytes[i * CIFAR10_RECORD], CIFAR10_CLASSES - 1);
	return true;
}

void cifar10_unpack(const uint8_t record[CIFAR10_RECORD], uint8_t rgb[3 * CIFAR10_PLANE])
{
	for (int c = 0; c < 3; c++)
		for (int i = 0; i < CIFAR10_PLANE; i++)
			rgb[3 * i + c] = record[1 + c * CIFAR10_PLANE + i];
}

static bool is_printable(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return true;
}

/* The next line without its end (LF or CR LF), and moves *rest behind it. */
static size_t next_line(const char **rest, const char *end, const char **line)
{
	*line = *rest;
	const char *stop = memchr(*rest, '\n', (size_t)(end - *rest));
	*rest = stop ? stop + 1 : end;
	size_t length = (size_t)((stop ? stop : end) - *line);
	return length > 0 && (*line)[length - 1] == '\r' ? length - 1 : length;
}

bool cifar10_read_names(const uint8_t *bytes, size_t size, const char *name, char *names, size_t name_size, struct error *error)
{
	const char *rest = (const char *)bytes, *end = rest + size, *line;
	int count = 0;
	while (rest < end) {
		size_t length = next_line(&rest, end, &line);
		if (length == 0)
			continue;
		if (count == CIFAR10_CLASSES)
			return error_set(error, ERROR_INPUT, "%s holds more than %d class names", name, CIFAR10_CLASSES);
		if (length >= name_size || !is_printable(line, length))
			return error_set(error, ERROR_INPUT, "%s: class name %d is not 1..%zu printable characters", name, count + 1,
			                 name_size - 1);
		memcpy(names + (size_t)count * name_size, line, length);
		names[(size_t)count * name_size + length] = '\0';
		count++;
	}
	return count == CIFAR10_CLASSES
	       || error_set(error, ERROR_INPUT, "%s holds %d class names; expected %d", name, count, CIFAR10_CLASSES);
}
