/* Text: a growing string, bounded copies, strict number parsing, and the one way each kind of number is written
 * for people (units included). Any thread. */
#ifndef QGAN_ENGINE_BASE_TEXT_H
#define QGAN_ENGINE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing string. `{0}` is a valid empty one; `bytes` is NULL or zero-terminated. */
struct text {
	char *bytes;
	size_t length, capacity;
};

void text_clear(struct text *text); /* frees; the struct is empty and usable again */
void text_append(struct text *text, const char *bytes, size_t length);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copies at most size - 1 bytes and always terminates (size > 0); false when something was cut. Never cuts a UTF-8 sequence. */
bool text_copy(char *target, size_t size, const char *source);

/* Strict parsing: the whole text must be one number in range (no blanks, no trailing bytes; doubles finite). */
bool text_to_int64(const char *text, int64_t *value);
bool text_to_uint64(const char *text, uint64_t *value);
bool text_to_double(const char *text, double *value);

/* Numbers for people. Each writes at most `size` bytes, terminates, and returns `target`. */
char *text_count(char *target, size_t size, int64_t value);       /* 1,234,567 */
char *text_short_count(char *target, size_t size, double value);  /* 950, 1.2k, 42k, 3.1M */
char *text_bytes_amount(char *target, size_t size, double bytes); /* 162 kB, 1.2 GB (powers of 1000) */
char *text_duration(char *target, size_t size, double seconds);   /* 41:10, 1:02:03, 2 d 03 h; "-" when not finite */
char *text_age(char *target, size_t size, double seconds);        /* now, 5 s, 3 min, 2 h, 4 d */
char *text_loss(char *target, size_t size, double value);         /* 0.913, 12.3, 1.3e-4; "-" when not finite */

#endif
