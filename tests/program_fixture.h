/* The program as scripts use it, in a folder of its own: what it prints and what it complains of are kept. */
#ifndef QGAN_TESTS_PROGRAM_FIXTURE_H
#define QGAN_TESTS_PROGRAM_FIXTURE_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/temporary_folder.h"

#ifndef QGAN_PROGRAM
#define QGAN_PROGRAM "qgan" /* tests/meson.build says which one, to suites among its starters */
#endif

enum { OUTPUT = 1 << 18 };

static struct temporary_folder folder; /* made and removed by the suite; runs.db in it is the store */
static char output[OUTPUT], complaint[16384];

/* Runs "qgan ..." in the folder, words as a shell takes them; stdin is empty. Returns the exit status. */
__attribute__((format(printf, 1, 2)))
static inline int run(const char *format, ...)
{
	char command[4 * PATH_MAX], words[2 * PATH_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	snprintf(command, sizeof command, "cd '%s' && QGAN_STORE=runs.db HOME='%s' TZ=UTC '%s' %s 2>complaint </dev/null", folder.path,
	         folder.path, QGAN_PROGRAM, words);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	output[fread(output, 1, sizeof output - 1, pipe)] = '\0';
	int status = pclose(pipe);
	FILE *file = fopen(temporary_path(&folder, "complaint"), "r");
	assert_non_null(file);
	complaint[fread(complaint, 1, sizeof complaint - 1, file)] = '\0';
	fclose(file);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#endif
