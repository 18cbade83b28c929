/* engine/file: checkpoints come back bit for bit, hostile files get a sentence, and a killed writer leaves a whole file. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/sha256.h"
#include "engine/base/text.h"
#include "engine/file/checkpoint.h"
#include "tests/temporary_folder.h"

static struct temporary_folder folder;
static char path[128], aside[160];

static int make_folder(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	snprintf(path, sizeof path, "%s/state.safetensors", folder.path);
	snprintf(aside, sizeof aside, "%s.tmp", path);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

/* FIPS 180-4's examples and the lengths around a block's end. */
static void sha256_gives_the_standard_s_digests(void **state)
{
	(void)state;
	static const struct { const char *text, *digest; } rows[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	char digest[SHA256_TEXT_SIZE];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		sha256_text(rows[i].text, strlen(rows[i].text), digest);
		assert_string_equal(digest, rows[i].digest);
	}
	struct sha256 hash;
	uint8_t bytes[SHA256_BYTES];
	static const uint8_t million[4] = {0xcd, 0xc7, 0x6e, 0x5c};
	sha256_begin(&hash);
	for (int i = 0; i < 1000000 / 40; i++)
		sha256_add(&hash, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 40);
	sha256_end(&hash, bytes);
	assert_memory_equal(bytes, million, sizeof million);
}

static struct checkpoint *make(float value, size_t rows)
{
	struct checkpoint *checkpoint = checkpoint_create();
	checkpoint_declare(checkpoint, "first", 2, (size_t[]){rows, 3});
	checkpoint_declare(checkpoint, "second", 1, (size_t[]){5});
	checkpoint_declare(checkpoint, "scalar", 0, NULL);
	assert_true(checkpoint_allocate(checkpoint, NULL));
	for (size_t i = 0; i < 3 * rows; i++)
		checkpoint_fill(checkpoint, "first")[i] = value;
	for (int i = 0; i < 5; i++)
		checkpoint_fill(checkpoint, "second")[i] = value + (float)i;
	*checkpoint_fill(checkpoint, "scalar") = value;
	checkpoint_set_number(checkpoint, "value", value);
	return checkpoint;
}

static void what_is_written_comes_back(void **state)
{
	(void)state;
	static const float odd[5] = {-0.0f, NAN, INFINITY, 1e-45f, 0.1f};
	struct checkpoint *checkpoint = make(0.1f, 7);
	memcpy(checkpoint_fill(checkpoint, "second"), odd, sizeof odd);
	checkpoint_set_integer(checkpoint, "counter", UINT64_MAX);
	checkpoint_set_number(checkpoint, "third", 1.0 / 3);
	checkpoint_set_text(checkpoint, "words", "\"quoted\" \\ and \xc3\xbc");
	checkpoint_set_text(checkpoint, "words", "\"replaced\" \\ and \xc3\xbc");
	checkpoint_set_text(checkpoint, "path", "/not\xff""utf-8");
	char hash[CHECKPOINT_HASH_SIZE], again[CHECKPOINT_HASH_SIZE];
	uint64_t bytes, number;
	assert_true(checkpoint_write(checkpoint, path, hash, &bytes, NULL));
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, bytes);
	assert_int_equal(access(aside, F_OK), -1);
	struct error error = {0};
	struct checkpoint *read = checkpoint_read(path, hash, &error);
	assert_string_equal(error.text, "");
	assert_int_equal(checkpoint_tensor_count(read), 3);
	const struct checkpoint_tensor *first = checkpoint_find(read, "first");
	assert_true(first->dimensions == 2 && first->shape[0] == 7 && first->shape[1] == 3 && first->count == 21);
	assert_memory_equal(checkpoint_find(read, "second")->values, odd, sizeof odd);
	assert_int_equal(checkpoint_find(read, "scalar")->count, 1);
	assert_string_equal(checkpoint_tensor_at(read, 2)->name, "scalar");
	double third;
	const char *words;
	assert_true(checkpoint_get_number(read, "third", &third, NULL) && third == 1.0 / 3);
	assert_true(checkpoint_get_integer(read, "counter", &number, NULL) && number == UINT64_MAX);
	assert_true(checkpoint_get_text(read, "words", &words, NULL));
	assert_string_equal(words, "\"replaced\" \\ and \xc3\xbc");
	assert_true(checkpoint_get_text(read, "path", &words, NULL));
	assert_string_equal(words, "/not?utf-8");
	assert_true(checkpoint_write(read, path, again, &bytes, NULL));
	assert_string_equal(hash, again);
	checkpoint_destroy(read);
	checkpoint_destroy(checkpoint);
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	struct checkpoint *checkpoint = make(1, 2);
	struct error error = {0};
	const char *text;
	double number;
	uint64_t whole;
	float values[6];
	assert_true(checkpoint_get_tensor(checkpoint, "first", 6, values, &error) && values[5] == 1);
	assert_false(checkpoint_get_tensor(checkpoint, "first", 5, values, &error));
	assert_non_null(strstr(error.text, "first has 6 values, expected 5"));
	assert_false(checkpoint_get_tensor(checkpoint, "fourth", 5, values, &error));
	assert_non_null(strstr(error.text, "fourth"));
	assert_false(checkpoint_get_text(checkpoint, "name", &text, &error));
	assert_non_null(strstr(error.text, "\"name\" is missing"));
	checkpoint_set_text(checkpoint, "name", "-5x");
	assert_false(checkpoint_get_number(checkpoint, "name", &number, &error));
	assert_non_null(strstr(error.text, "-5x"));
	assert_false(checkpoint_get_integer(checkpoint, "name", &whole, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	checkpoint_destroy(checkpoint);
}

/* A file of the format with this header (padded by nothing) and `data` zero bytes. */
static struct error parse_error(const char *header, size_t data)
{
	struct text file = {0};
	uint64_t length = strlen(header);
	text_append(&file, (const char *)&length, sizeof length);
	text_append(&file, header, length);
	for (size_t i = 0; i < data; i++)
		text_append(&file, "", 1);
	struct error error = {0};
	struct checkpoint *checkpoint = checkpoint_parse(file.bytes, file.length, "hostile", &error);
	assert_null(checkpoint);
	text_clear(&file);
	return error;
}

/* Nothing asks for floats and gets bytes. */
static void bytes_and_doubles_come_back_too(void **state)
{
	(void)state;
	static const double scales[] = {1.0 / 3, -INFINITY, 5e-324};
	static const uint8_t codes[] = {0, 255, 7, 1, 2};
	struct checkpoint *checkpoint = checkpoint_create();
	checkpoint_declare_type(checkpoint, CHECKPOINT_F64, "scales", 2, (size_t[]){3, 1});
	checkpoint_declare(checkpoint, "weight", 1, (size_t[]){2});
	checkpoint_declare_type(checkpoint, CHECKPOINT_U8, "codes", 1, (size_t[]){5});
	checkpoint_declare_type(checkpoint, CHECKPOINT_U8, "none", 1, (size_t[]){0});
	assert_true(checkpoint_allocate(checkpoint, NULL));
	memcpy(checkpoint_fill_type(checkpoint, CHECKPOINT_F64, "scales"), scales, sizeof scales);
	memcpy(checkpoint_fill_type(checkpoint, CHECKPOINT_U8, "codes"), codes, sizeof codes);
	checkpoint_fill(checkpoint, "weight")[1] = 0.1f;
	char hash[CHECKPOINT_HASH_SIZE];
	uint64_t bytes;
	struct error error = {0};
	assert_true(checkpoint_write(checkpoint, path, hash, &bytes, &error));
	checkpoint_destroy(checkpoint);
	struct checkpoint *read = checkpoint_read(path, hash, &error);
	assert_string_equal(error.text, "");
	const struct checkpoint_tensor *found = checkpoint_find_type(read, CHECKPOINT_F64, "scales");
	assert_true(found->count == 3 && found->dimensions == 2 && !found->values);
	assert_memory_equal(found->data, scales, sizeof scales);
	found = checkpoint_find_type(read, CHECKPOINT_U8, "codes");
	assert_true(found->count == 5 && !found->values);
	assert_memory_equal(found->data, codes, sizeof codes);
	assert_true(checkpoint_find(read, "weight")->values[1] == 0.1f && checkpoint_find_type(read, CHECKPOINT_U8, "none")->count == 0);
	float values[5];
	assert_null(checkpoint_find(read, "codes"));
	assert_null(checkpoint_find_type(read, CHECKPOINT_U8, "weight"));
	assert_false(checkpoint_get_tensor(read, "codes", 5, values, &error));
	assert_non_null(strstr(error.text, "codes"));
	checkpoint_destroy(read);
}

static void hostile_headers_get_a_sentence(void **state)
{
	(void)state;
	static const struct { const char *header; size_t data; const char *said; } rows[] = {
		{"", 0, "no JSON object"},
		{"[]", 0, "no JSON object"},
		{"{\"a\": 1, \"a\": 2}", 0, "duplicate"},
		{"{\"a\": 1}", 0, "dtype is missing"},
		{"{\"a\": {\"dtype\": \"F16\", \"shape\": [1], \"data_offsets\": [0, 2]}}", 2, "dtype is F16, expected F32, F64, I64 or U8"},
		{"{\"a\": {\"dtype\": \"u8\", \"shape\": [1], \"data_offsets\": [0, 1]}}", 1, "dtype is u8, expected"},
		{"{\"a\": {\"dtype\": \"U8\", \"shape\": [4], \"data_offsets\": [0, 3]}}", 3, "do not hold the 4 values"},
		{"{\"a\": {\"dtype\": \"F64\", \"shape\": [1], \"data_offsets\": [0, 4]}}", 4, "do not hold the 1 values"},
		{"{\"a\": {\"dtype\": \"U8\", \"shape\": [9223372036854775807, 9223372036854775807], \"data_offsets\": [0, 1]}}", 1,
		 "sensible whole numbers"},
		{"{\"a\": {\"dtype\": \"U8\", \"shape\": [3], \"data_offsets\": [0, 3]}, "
		 "\"b\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [3, 7]}}", 7, "no multiple of its values' 4 bytes"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": 4, \"data_offsets\": [0, 4]}}", 4, "shape must be a list"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [1, 1, 1, 1, 1], \"data_offsets\": [0, 4]}}", 4, "shape must be a list"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [-1], \"data_offsets\": [0, 4]}}", 4, "sensible whole numbers"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [1.5], \"data_offsets\": [0, 4]}}", 4, "sensible whole numbers"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296, 4], \"data_offsets\": [0, 0]}}", 0,
		 "sensible whole numbers"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [4611686018427387904], \"data_offsets\": [0, 0]}}", 0,
		 "sensible whole numbers"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [1]}}", 4, "two whole numbers"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, \"4\"]}}", 4, "two whole numbers"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 0]}}", 4, "do not hold the 1 values"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 4]}}", 4, "do not hold the 2 values"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}", 4, "is cut"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}", 8, "8 bytes of data, but the tensors need 4"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}, "
		 "\"b\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [4, 12]}}", 12, "overlap"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}, "
		 "\"b\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [8, 12]}}", 12, "gap"},
		{"{\"0123456789012345678901234567890123456789012345678901234567890123\": "
		 "{\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}", 4, "longer than 63 bytes"},
		{"{\"__metadata__\": []}", 0, "must be an object"},
		{"{\"__metadata__\": {\"step\": 5}}", 0, "\"step\" must be a text"},
		{"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}", 4, "\"sha256\" is missing"},
		{"{\"__metadata__\": {\"sha256\": \"00\"}, \"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}", 4,
		 "is damaged"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error error = parse_error(rows[i].header, rows[i].data);
		assert_int_equal(error.code, ERROR_INPUT);
		assert_non_null(strstr(error.text, "hostile"));
		if (!strstr(error.text, rows[i].said))
			fail_msg("row %zu: \"%s\" does not say \"%s\"", i, error.text, rows[i].said);
	}
}

static char *read_file(size_t *size)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	char *bytes = memory_zeroed(1 << 16, 1);
	*size = fread(bytes, 1, 1 << 16, file);
	fclose(file);
	return bytes;
}

/* Every length shorter than the file and every single flipped byte is refused or, in the metadata, changes a text. */
static void cut_and_damaged_files_are_refused(void **state)
{
	(void)state;
	struct checkpoint *checkpoint = make(2, 4);
	char hash[CHECKPOINT_HASH_SIZE];
	uint64_t bytes;
	assert_true(checkpoint_write(checkpoint, path, hash, &bytes, NULL));
	checkpoint_destroy(checkpoint);
	size_t size;
	char *whole = read_file(&size);
	uint64_t header;
	memcpy(&header, whole, sizeof header);
	for (size_t length = 0; length < size; length++) {
		struct error error = {0};
		char *cut = memory_zeroed(length, 1); /* a block of its own, so that an over-read is seen */
		memcpy(cut, whole, length);
		assert_null(checkpoint_parse(cut, length, "cut", &error));
		assert_true(error.code == ERROR_INPUT && strstr(error.text, "cut"));
		free(cut);
	}
	for (size_t place = sizeof header + header; place < size; place++) {
		struct error error = {0};
		whole[place] ^= 1;
		assert_null(checkpoint_parse(whole, size, "file", &error));
		assert_non_null(strstr(error.text, "file is damaged"));
		whole[place] ^= 1;
	}
	memset(whole, 0xff, 8);
	struct error error = {0};
	assert_null(checkpoint_parse(whole, size, "file", &error));
	assert_non_null(strstr(error.text, "no safetensors file"));
	free(whole);
}

static void files_that_cannot_be_read_or_written_are_named(void **state)
{
	(void)state;
	struct error error = {0};
	assert_null(checkpoint_read("/nonexistent/x", NULL, &error));
	assert_true(error.code == ERROR_IO && strstr(error.text, "/nonexistent/x"));
	assert_null(checkpoint_read(folder.path, NULL, &error));
	assert_non_null(strstr(error.text, "no regular file"));
	struct checkpoint *checkpoint = make(1, 1);
	char hash[CHECKPOINT_HASH_SIZE];
	uint64_t bytes;
	assert_false(checkpoint_write(checkpoint, "/nonexistent/x", hash, &bytes, &error));
	assert_true(error.code == ERROR_IO && strstr(error.text, "/nonexistent/x"));
	assert_true(checkpoint_write(checkpoint, path, hash, &bytes, NULL));
	hash[0] = hash[0] == '0' ? '1' : '0';
	assert_null(checkpoint_read(path, hash, &error));
	assert_non_null(strstr(error.text, "another file than was recorded"));
	if (access("/dev/full", W_OK) == 0) {
		assert_int_equal(symlink("/dev/full", aside), 0);
		assert_false(checkpoint_write(checkpoint, path, hash, &bytes, &error));
		assert_non_null(strstr(error.text, "No space left"));
		assert_int_equal(access(aside, F_OK), -1);
		struct checkpoint *old = checkpoint_read(path, NULL, &error);
		assert_non_null(old);
		checkpoint_destroy(old);
	}
	checkpoint_destroy(checkpoint);
}

enum { KILLS = 25, ROWS = 40000 };

/* The child's whole life: writes generation after generation until it is killed; says when the first is done. */
static void write_forever(int first_done)
{
	char hash[CHECKPOINT_HASH_SIZE];
	uint64_t bytes;
	struct checkpoint *checkpoint = make(0, ROWS);
	for (int generation = 1;; generation++) {
		for (size_t i = 0; i < 3 * ROWS; i++)
			checkpoint_fill(checkpoint, "first")[i] = (float)generation;
		checkpoint_set_number(checkpoint, "value", generation);
		if (!checkpoint_write(checkpoint, path, hash, &bytes, NULL) || write(first_done, "", generation == 1) < 0)
			_exit(1);
	}
}

/* Starts a writer, kills it at a moment that `random` picks, and says whether it left a file half written. */
static bool start_and_kill(unsigned random)
{
	int done[2];
	char byte;
	assert_int_equal(pipe(done), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		write_forever(done[1]);
	close(done[1]);
	assert_int_equal(read(done[0], &byte, 1), 1);
	close(done[0]);
	struct timespec pause = {.tv_nsec = (long)(random % 1000) * 20000};
	nanosleep(&pause, NULL);
	kill(child, SIGKILL);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return access(aside, F_OK) == 0;
}

static void a_killed_writer_leaves_a_whole_file(void **state)
{
	(void)state;
	unsigned random = 1;
	int left_half_written = 0;
	for (int kills = 0; kills < KILLS; kills++) {
		random = random * 1103515245 + 12345;
		left_half_written += start_and_kill(random >> 16);
		struct error error = {0};
		struct checkpoint *read = checkpoint_read(path, NULL, &error);
		assert_string_equal(error.text, "");
		double value;
		assert_true(checkpoint_get_number(read, "value", &value, NULL) && value >= 1);
		for (size_t i = 0; i < 3 * ROWS; i++)
			assert_true(checkpoint_find(read, "first")->values[i] == (float)value);
		checkpoint_destroy(read);
	}
	print_message("%d of %d writers were killed in the middle of a file\n", left_half_written, KILLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_standard_s_digests),
		cmocka_unit_test(what_is_written_comes_back),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(bytes_and_doubles_come_back_too),
		cmocka_unit_test(hostile_headers_get_a_sentence),
		cmocka_unit_test(cut_and_damaged_files_are_refused),
		cmocka_unit_test(files_that_cannot_be_read_or_written_are_named),
		cmocka_unit_test(a_killed_writer_leaves_a_whole_file),
	};
	return cmocka_run_group_tests_name("checkpoint", tests, make_folder, remove_folder);
}
