/* Data sets of picture files: the same pictures in the same order whether they lie in memory or are read as needed, and
 * files that are damaged or gone while a training reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/data/batcher.h"
#include "engine/data/dataset.h"
#include "engine/data/picture_file.h"
#include "engine/tensor/parallel.h"
#include "tests/temporary_folder.h"

enum { PICTURES = 150, SIZE = 8, BATCH = 40 };

static struct temporary_folder folder;

static int make_folder(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

/* A slope from a corner whose height and colour tell the number. */
static void write_slope(const char *path, int number, int width, int height, int channels)
{
	struct image *image = image_create(width, height, channels, NULL);
	for (int i = 0; i < width * height * channels; i++)
		image->pixels[i] = (uint8_t)(number + i / channels % width * 5 + i % channels * 40);
	struct text png = {0};
	assert_true(picture_encode_png(image, &png, NULL));
	temporary_write(path, png.bytes, png.length); /* without waiting for the disk */
	text_clear(&png);
	image_destroy(image);
}

static void write_pictures(int channels)
{
	for (int i = 0; i < PICTURES; i++)
		write_slope(temporary_path(&folder, "%s/%03d.png", i % 3 ? "b" : "a", i), i, 8 + i % 5, 8 + i % 3, channels);
}

static struct dataset *open_with(uint64_t memory, int channels)
{
	char spec[128];
	struct error error = {0};
	struct dataset_options options = {.size = SIZE, .memory = memory, .channels = channels};
	snprintf(spec, sizeof spec, "images:%s", folder.path);
	struct dataset *dataset = dataset_open(spec, &options, &error);
	if (!dataset)
		fail_msg("%s", error.text);
	return dataset;
}

static void assert_same_facts(const struct dataset *left, const struct dataset *right)
{
	assert_int_equal(left->count, right->count);
	assert_int_equal(left->channels, right->channels);
	assert_int_equal(left->classes, right->classes);
	assert_int_equal(left->files, right->files);
	assert_int_equal(left->file_bytes, right->file_bytes);
	assert_memory_equal(left->labels, right->labels, left->count * sizeof *left->labels);
}

static void both_ways_give_the_same_pictures(void **state)
{
	(void)state;
	write_pictures(3);
	struct dataset *kept = open_with(0, 0), *read = open_with(1000, 0);
	assert_non_null(kept->pixels);
	assert_null(read->pixels);
	assert_same_facts(kept, read);
	size_t picture = dataset_picture_bytes(kept), all = PICTURES * picture;
	uint8_t *pixels = memory_zeroed(all, 1);
	struct parallel *parallel = parallel_create(3, NULL);
	for (int turn = 0; turn < 2; turn++) {
		memset(pixels, 1, all);
		assert_true(dataset_read(read, turn ? parallel : NULL, 0, PICTURES, pixels, NULL));
		assert_memory_equal(pixels, kept->pixels, all);
	}
	assert_true(dataset_read(read, parallel, 7, 3, pixels, NULL));
	assert_memory_equal(pixels, kept->pixels + 7 * picture, 3 * picture);
	static const uint32_t numbers[] = {149, 0, 77, 0};
	for (int turn = 0; turn < 2; turn++) {
		assert_true(dataset_pick(turn ? read : kept, parallel, numbers, 4, pixels, NULL));
		for (int i = 0; i < 4; i++)
			assert_memory_equal(pixels + (size_t)i * picture, kept->pixels + numbers[i] * picture, picture);
	}
	parallel_destroy(parallel);
	free(pixels);
	dataset_destroy(kept);
	dataset_destroy(read);
}

static void the_limit_decides(void **state)
{
	(void)state;
	enum { GREY = PICTURES * SIZE * SIZE };
	write_pictures(1);
	static const struct { uint64_t memory; int channels; bool kept; } cases[] = {
		{0, 0, true}, {3 * GREY, 3, true}, {3 * GREY - 1, 3, false}, {GREY, 1, true}, {GREY - 1, 1, false},
		{GREY, 0, true}, /* all are grey: found out before they are thought too many */
		{GREY - 1, 0, false}, {1, 0, false},
	};
	struct dataset *known = open_with(0, 0);
	assert_int_equal(known->channels, 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dataset *dataset = open_with(cases[i].memory, cases[i].channels);
		assert_int_equal(dataset->pixels != NULL, cases[i].kept);
		assert_int_equal(dataset->channels, cases[i].channels ? cases[i].channels : 1);
		if (dataset->channels == 1) {
			uint8_t *pixels = memory_zeroed(GREY, 1);
			assert_true(dataset_read(dataset, NULL, 0, PICTURES, pixels, NULL));
			assert_memory_equal(pixels, known->pixels, GREY);
			free(pixels);
		}
		dataset_destroy(dataset);
	}
	dataset_destroy(known);
}

static struct batcher *batches_of(const struct dataset *dataset, struct batcher_position start)
{
	struct error error = {0};
	struct batcher *batcher = batcher_create(dataset, BATCH, 5, start, &error);
	if (!batcher)
		fail_msg("%s", error.text);
	return batcher;
}

static void batches_are_the_same_and_resume(void **state)
{
	(void)state;
	enum { STEPS = 10, RESUMED_AT = 5 };
	write_pictures(3);
	struct dataset *kept = open_with(0, 0), *read = open_with(1000, 0);
	struct batcher *left = batches_of(kept, (struct batcher_position){0, 0});
	struct batcher *right = batches_of(read, (struct batcher_position){0, 0}), *resumed = NULL;
	size_t bytes = BATCH * dataset_picture_bytes(kept) * sizeof(float);
	for (int step = 0; step < STEPS; step++) {
		if (step == RESUMED_AT)
			resumed = batches_of(read, batcher_position(left));
		const float *batch = batcher_next(left, NULL);
		assert_memory_equal(batch, batcher_next(right, NULL), bytes);
		if (resumed)
			assert_memory_equal(batch, batcher_next(resumed, NULL), bytes);
	}
	batcher_destroy(left);
	batcher_destroy(right);
	batcher_destroy(resumed);
	dataset_destroy(kept);
	dataset_destroy(read);
}

/* The batch that needs the lost file is refused again and again, and comes as it should when the file is back. */
static void a_lost_file_is_named_and_waited_for(void **state)
{
	(void)state;
	write_pictures(3);
	struct dataset *kept = open_with(0, 0), *read = open_with(1000, 0);
	struct batcher *right = batches_of(kept, (struct batcher_position){0, 0});
	const char *lost = temporary_path(&folder, "b/100.png"), *aside = temporary_path(&folder, "aside");
	assert_int_equal(rename(lost, aside), 0);
	struct batcher *batcher = batches_of(read, (struct batcher_position){0, 0});
	size_t bytes = BATCH * dataset_picture_bytes(kept) * sizeof(float);
	int refused = 0;
	for (int step = 0; step < 6; step++) { /* two epochs of three batches: most pictures are met */
		struct error error = {0};
		struct batcher_position before = batcher_position(batcher);
		const float *batch = batcher_next(batcher, &error), *expected = batcher_next(right, NULL);
		for (int again = 0; !batch; again++) {
			struct batcher_position after = batcher_position(batcher);
			assert_memory_equal(&before, &after, sizeof before);
			assert_int_equal(error.code, ERROR_INPUT);
			assert_non_null(strstr(error.text, "/b/100.png cannot be read: No such file"));
			refused++;
			if (again == 2)
				assert_int_equal(rename(aside, lost), 0);
			batch = batcher_next(batcher, &error);
		}
		assert_memory_equal(batch, expected, bytes);
	}
	assert_int_equal(refused, 3);
	batcher_destroy(batcher);
	batcher_destroy(right);
	dataset_destroy(kept);
	dataset_destroy(read);
}

static void it_may_end_while_a_file_is_missing(void **state)
{
	(void)state;
	write_pictures(3);
	struct dataset *read = open_with(1000, 0);
	for (int i = 0; i < PICTURES; i++)
		assert_int_equal(truncate(temporary_path(&folder, "%s/%03d.png", i % 3 ? "b" : "a", i), 50), 0);
	for (int calls = 0; calls < 3; calls++) {
		struct batcher *batcher = batches_of(read, (struct batcher_position){0, 0});
		for (int i = 0; i < calls; i++) {
			struct error error = {0};
			assert_null(batcher_next(batcher, &error));
			assert_non_null(strstr(error.text, "is a damaged PNG file: it ends too early"));
		}
		batcher_destroy(batcher);
	}
	dataset_destroy(read);
}

/* What cannot be a picture is found before the training starts; the first in order is named. */
static void files_are_looked_at_first(void **state)
{
	(void)state;
	write_pictures(3);
	char spec[128];
	struct error error = {0};
	struct dataset_options options = {.size = SIZE, .memory = 1000};
	snprintf(spec, sizeof spec, "images:%s", folder.path);
	temporary_write(temporary_path(&folder, "b/140.png"), "GIF89a", 6);
	temporary_write(temporary_path(&folder, "b/110.png"), "\x89PNG\r\n\x1a\n", 8);
	assert_null(dataset_open(spec, &options, &error));
	assert_non_null(strstr(error.text, "/b/110.png is a damaged PNG file: it has no header"));
	write_slope(temporary_path(&folder, "b/110.png"), 110, 9, 9, 3);
	assert_null(dataset_open(spec, &options, &error));
	assert_non_null(strstr(error.text, "/b/140.png is neither a PNG nor a JPEG file"));
}

/* ---- CelebA ---- */

enum { FACES = 12, FACE_WIDTH = 178, FACE_HEIGHT = 218 };

/* By their content PNG, so that every pixel is known. Red is the column, green the row, blue the number. */
static void write_face(int number, int width, int height)
{
	struct image *image = image_create(width, height, 3, NULL);
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			uint8_t *pixel = image->pixels + (y * width + x) * 3;
			pixel[0] = (uint8_t)x;
			pixel[1] = (uint8_t)y;
			pixel[2] = (uint8_t)(number * 10);
		}
	struct text png = {0};
	assert_true(picture_encode_png(image, &png, NULL));
	temporary_write(temporary_path(&folder, "img_align_celeba/%06d.jpg", number), png.bytes, png.length);
	text_clear(&png);
	image_destroy(image);
}

static void write_faces(void)
{
	for (int i = 1; i <= FACES; i++)
		write_face(i, FACE_WIDTH, FACE_HEIGHT);
}

static void write_list(const char *name, const char *text)
{
	temporary_write(temporary_path(&folder, "%s", name), text, strlen(text));
}

static struct dataset *open_faces(struct dataset_options options, struct error *error)
{
	char spec[128];
	snprintf(spec, sizeof spec, "celeba:%s", folder.path);
	options.size = options.size ? options.size : 32;
	return dataset_open(spec, &options, error);
}

static struct dataset *faces(struct dataset_options options)
{
	struct error error = {0};
	struct dataset *dataset = open_faces(options, &error);
	if (!dataset)
		fail_msg("%s", error.text);
	return dataset;
}

static void assert_faces_refused(struct dataset_options options, const char *expected)
{
	struct error error = {0};
	assert_null(open_faces(options, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	if (!strstr(error.text, expected))
		fail_msg("\"%s\" does not say \"%s\"", error.text, expected);
}

/* The faces that a set holds, in order, told from their blue. */
static void assert_holds(struct dataset *dataset, const char *numbers)
{
	char found[64] = "";
	for (size_t i = 0; i < dataset->count; i++) {
		int length = (int)strlen(found);
		uint8_t *pixels = memory_zeroed(dataset_picture_bytes(dataset), 1);
		assert_true(dataset_read(dataset, NULL, i, 1, pixels, NULL));
		snprintf(found + length, sizeof found - (size_t)length, "%s%d", i ? " " : "", pixels[2] / 10);
		free(pixels);
	}
	assert_string_equal(found, numbers);
	dataset_destroy(dataset);
}

static void the_list_parts_the_faces(void **state)
{
	(void)state;
	const struct dataset_options train = {0}, test = {.split = "test"}, streamed = {.memory = 1};
	write_faces();
	assert_holds(faces(train), "1 2 3 4 5 6 7 8 9 10 11 12"); /* no list: all are for training */
	assert_faces_refused(test, "has no file list_eval_partition.txt, so nothing says which pictures are for testing");
	write_list("list_eval_partition.csv", "image_id,partition\r\n000012.jpg,2\r\n000001.jpg,0\r\n000002.jpg,1\r\n000003.jpg,0\r\n"
	           "000004.jpg,0\r\n000005.jpg,1\r\n000006.jpg,1\r\n000007.jpg,1\r\n000008.jpg,1\r\n000009.jpg,1\r\n"
	           "000010.jpg,0\r\n000011.jpg,2\r\n000099.jpg,2\r\n");
	assert_holds(faces(train), "1 3 4 10");
	assert_holds(faces(streamed), "1 3 4 10");
	assert_holds(faces(test), "11 12"); /* 99 is listed, but not here */
	write_list("Eval/list_eval_partition.txt", "000001.jpg 2\n000002.jpg 2\n000003.jpg 2\n000004.jpg 2\n\n000005.jpg 2\n"
	           "000006.jpg 2\n000007.jpg 2\n000008.jpg 2\n000009.jpg 2\n000010.jpg 2\n000011.jpg 2\n000012.jpg 2");
	assert_faces_refused(train, "none of the 12 pictures is for training"); /* the official list goes first */
	write_list("list_eval_partition.txt", "000001.jpg 0\n");
	assert_faces_refused(train, "list_eval_partition.txt does not list");
	assert_faces_refused(train, "img_align_celeba/000002.jpg");
	struct dataset *dataset;
	assert_int_equal(unlink(temporary_path(&folder, "list_eval_partition.txt")), 0);
	dataset = faces(test);
	assert_null(dataset->labels);
	assert_int_equal(dataset->files, FACES + 1);
	dataset_destroy(dataset);
}

static void bad_lists_are_explained(void **state)
{
	(void)state;
	static const struct { const char *text, *expected; } lists[] = {
		{"", "list_eval_partition.txt lists no picture"},
		{"\n \n", "lists no picture"},
		{"000001.jpg 0\n000002.jpg 3\n", "list_eval_partition.txt:2: expected a picture's name and 0, 1 or 2, not \"000002.jpg 3\""},
		{"000001.jpg 00\n", ":1: expected"},
		{"000001.jpg\n", ":1: expected"},
		{" 000001.jpg 0\n", ":1: expected"},
		{"000001.jpg 0 0\n", ":1: expected"},
		{"000001.jpg 0\nimage_id,partition\n", ":2: expected"},
		{"000001.jpg 0\n000001.jpg 1\n", "lists 000001.jpg twice"},
	};
	write_face(1, FACE_WIDTH, FACE_HEIGHT);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		write_list("list_eval_partition.txt", lists[i].text);
		assert_faces_refused((struct dataset_options){0}, lists[i].expected);
	}
	temporary_write(temporary_path(&folder, "list_eval_partition.txt"), "000001.jpg 0\n\0", 14);
	assert_faces_refused((struct dataset_options){0}, "holds a zero byte");
}

/* At the crop's own size nothing is resized: the corner's column and row say which square it is. */
static void the_crop_is_the_middle_square(void **state)
{
	(void)state;
	write_face(1, FACE_WIDTH, FACE_HEIGHT);
	for (int i = 0; dataset_crops[i] >= 0; i++) {
		int crop = dataset_crops[i];
		struct dataset *dataset = faces((struct dataset_options){.size = crop, .crop = crop});
		const uint8_t *last = dataset->pixels + dataset_picture_bytes(dataset) - 3;
		assert_int_equal(dataset->pixels[0], (FACE_WIDTH - crop) / 2);
		assert_int_equal(dataset->pixels[1], (FACE_HEIGHT - crop) / 2);
		assert_int_equal(last[0], (FACE_WIDTH + crop) / 2 - 1);
		assert_int_equal(last[1], (FACE_HEIGHT + crop) / 2 - 1);
		dataset_destroy(dataset);
	}
	struct dataset *usual = faces((struct dataset_options){.size = DATASET_USUAL_CROP});
	assert_int_equal(usual->pixels[0], 0);
	assert_int_equal(usual->pixels[1], 20);
	dataset_destroy(usual);
	struct dataset *small = faces((struct dataset_options){.size = 64, .crop = 128}); /* halved: between columns 25 and 26 */
	assert_in_range(small->pixels[0], 25, 26);
	assert_in_range(small->pixels[1], 45, 46);
	dataset_destroy(small);
	assert_faces_refused((struct dataset_options){.crop = 150}, "crop is 150; expected 108, 128, 140, 160, 178");
}

static void other_pictures_are_no_celeba(void **state)
{
	(void)state;
	char spec[128];
	struct error error = {0};
	snprintf(spec, sizeof spec, "celeba:%s", folder.path);
	assert_false(dataset_check(spec, &error));
	assert_non_null(strstr(error.text, "has no folder img_align_celeba"));
	assert_faces_refused((struct dataset_options){0}, "has no folder img_align_celeba");
	write_list("img_align_celeba/read.me", "nothing");
	assert_false(dataset_check(spec, &error));
	assert_non_null(strstr(error.text, "holds no picture; expected 000001.jpg and so on"));
	assert_faces_refused((struct dataset_options){0}, "holds no picture");
	write_face(1, FACE_WIDTH, FACE_HEIGHT);
	assert_true(dataset_check(spec, NULL));
	write_face(2, FACE_HEIGHT, FACE_WIDTH);
	for (uint64_t memory = 0; memory < 2; memory++) /* kept or not */
		assert_faces_refused((struct dataset_options){.memory = memory}, "000002.jpg has 218 x 178 pixels; expected 178 x 218");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_ways_give_the_same_pictures, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(the_limit_decides, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(batches_are_the_same_and_resume, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_lost_file_is_named_and_waited_for, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(it_may_end_while_a_file_is_missing, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(files_are_looked_at_first, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(the_list_parts_the_faces, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(bad_lists_are_explained, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(the_crop_is_the_middle_square, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(other_pictures_are_no_celeba, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
