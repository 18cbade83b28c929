/* engine/base/replace_file: links, leftovers, other writers and refusals. That a killed writer leaves a whole file is
 * shown in test_checkpoint.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>

#include <cmocka.h>

#include "engine/base/replace_file.h"
#include "tests/temporary_folder.h"

static struct temporary_folder folder;
static char path[96], aside[100], link_path[96];

static int make_folder(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	snprintf(path, sizeof path, "%s/file", folder.path);
	snprintf(aside, sizeof aside, "%s.tmp", path);
	snprintf(link_path, sizeof link_path, "%s/link", folder.path);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

static bool write_text(const char *where, const char *text, struct error *error)
{
	return replace_file(where, &(struct file_part){text, strlen(text)}, 1, error);
}

static void assert_content(const char *where, const char *text)
{
	char content[64] = "";
	FILE *file = fopen(where, "rb");
	assert_non_null(file);
	content[fread(content, 1, sizeof content - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(content, text);
	assert_int_equal(access(aside, F_OK), -1);
}

static void parts_are_joined(void **state)
{
	(void)state;
	const struct file_part parts[] = {{"one", 3}, {NULL, 0}, {" two", 4}};
	assert_true(replace_file(path, parts, 3, NULL));
	assert_content(path, "one two");
	assert_true(replace_file(path, parts, 0, NULL));
	assert_content(path, "");
}

static void a_longer_leftover_does_not_show(void **state)
{
	(void)state;
	temporary_write(aside, "what a killed writer left behind", 32);
	assert_true(write_text(path, "short", NULL));
	assert_content(path, "short");
}

static void a_link_stays_a_link(void **state)
{
	(void)state;
	assert_true(write_text(path, "old", NULL));
	assert_int_equal(symlink("file", link_path), 0);
	assert_true(write_text(link_path, "new", NULL));
	assert_content(path, "new");
	struct stat status;
	assert_int_equal(lstat(link_path, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
}

static void a_second_writer_is_refused(void **state)
{
	(void)state;
	struct error error = {0};
	assert_true(write_text(path, "old", NULL));
	int other = open(aside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(other >= 0 && flock(other, LOCK_EX) == 0);
	assert_false(write_text(path, "new", &error));
	assert_true(error.code == ERROR_STATE && strstr(error.text, path) && strstr(error.text, "another program"));
	assert_int_equal(access(aside, F_OK), 0); /* it is the other's */
	close(other);
	assert_true(write_text(path, "new", &error));
	assert_content(path, "new");
}

static void refusals_name_the_file(void **state)
{
	(void)state;
	struct error error = {0};
	assert_false(write_text(folder.path, "x", &error));
	assert_true(error.code == ERROR_INPUT && strstr(error.text, folder.path) && strstr(error.text, "regular file"));
	assert_false(write_text("/dev/null", "x", &error));
	assert_true(error.code == ERROR_INPUT && strstr(error.text, "/dev/null"));
	assert_false(write_text("/nonexistent/file", "x", &error));
	assert_true(error.code == ERROR_IO && strstr(error.text, "/nonexistent/file cannot be written: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_joined),
		cmocka_unit_test(a_longer_leftover_does_not_show),
		cmocka_unit_test(a_link_stays_a_link),
		cmocka_unit_test(a_second_writer_is_refused),
		cmocka_unit_test(refusals_name_the_file),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
