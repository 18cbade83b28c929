/* Errors by value: a code and one sentence, so that they cross threads inside an event.
 *
 * A function that can fail returns bool and takes `struct error *error` last: true is success;
 * on false `error` is filled and nothing has changed unless the function's comment says what has.
 * Lower text is kept on the way up; at most a prefix is added. Only app/ prints or exits. */
#ifndef QGAN_ENGINE_BASE_ERROR_H
#define QGAN_ENGINE_BASE_ERROR_H

#include <stdbool.h>

enum error_code {
	ERROR_NONE,
	ERROR_INPUT,     /* the user's word, file or data is wrong: exit status 2 */
	ERROR_IO,        /* the machine refused: disk full, permission, a vanished file */
	ERROR_MEMORY,    /* an allocation sized by the user's input was refused */
	ERROR_STATE,     /* the request does not fit the present state (a run is live elsewhere, ...) */
	ERROR_NUMERIC,   /* NaN or Inf where a finite number is needed */
	ERROR_CANCELLED, /* stopped on request */
};

enum { ERROR_TEXT_SIZE = 480 };

struct error {
	enum error_code code;
	char text[ERROR_TEXT_SIZE]; /* one sentence, no trailing newline */
};

/* Fills `error` (which may be NULL) and returns false, so that callers write `return error_set(...)`. */
bool error_set(struct error *error, enum error_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Like error_set with ERROR_IO, and appends ": " and the text of errno. */
bool error_set_errno(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the text already there and returns false. */
bool error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
