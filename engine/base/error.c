#include "engine/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
	if (!error)
		return false;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	error->code = code;
	return false;
}

bool error_set_errno(struct error *error, const char *format, ...)
{
	int number = errno;
	if (!error)
		return false;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	error->code = ERROR_IO;
	if (length >= 0 && (size_t)length < sizeof error->text)
		snprintf(error->text + length, sizeof error->text - (size_t)length, ": %s", strerror(number));
	return false;
}

bool error_prefix(struct error *error, const char *format, ...)
{
	if (!error)
		return false;
	char below[ERROR_TEXT_SIZE];
	memcpy(below, error->text, sizeof below);
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length < sizeof error->text)
		snprintf(error->text + length, sizeof error->text - (size_t)length, ": %s", below);
	return false;
}
