/* engine/data: every kind of data set from small files made here, cut and hostile ones, and the generated shapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <turbojpeg.h>
#include <zlib.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/cifar10.h"
#include "engine/data/dataset.h"
#include "engine/data/idx.h"
#include "engine/data/picture_file.h"
#include "tests/temporary_folder.h"

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

static const char *spec_of(const char *kind)
{
	static char spec[128];
	snprintf(spec, sizeof spec, "%s:%s", kind, folder.path);
	return spec;
}

static struct dataset *open_set(const char *spec, struct dataset_options options)
{
	struct error error = {0};
	if (!options.size)
		options.size = 32;
	struct dataset *dataset = dataset_open(spec, &options, &error);
	if (!dataset)
		fail_msg("%s: %s", spec, error.text);
	return dataset;
}

/* Opening must fail with wrong input, and the sentence must hold `expected`. */
static void assert_refused(const char *spec, struct dataset_options options, const char *expected)
{
	struct error error = {0};
	if (!options.size)
		options.size = 32;
	assert_null(dataset_open(spec, &options, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	if (!strstr(error.text, expected))
		fail_msg("\"%s\" does not say \"%s\"", error.text, expected);
}

static size_t picture_bytes(const struct dataset *dataset)
{
	return (size_t)dataset->size * (size_t)dataset->size * (size_t)dataset->channels;
}

static const uint8_t *picture_at(const struct dataset *dataset, size_t index)
{
	return dataset->pixels + index * picture_bytes(dataset);
}

/* ---- specs ---- */

static void wrong_specs_are_explained(void **state)
{
	(void)state;
	static const struct { const char *spec, *expected; } wrong[] = {
		{"", "unknown data set \"\": expected one of fashion-mnist[:DIR], mnist:DIR, cifar10:DIR, celeba:DIR, images:DIR, shapes"},
		{"cifar", "unknown data set \"cifar\""},
		{"/tmp", "write images:/tmp"},
		{"mnist", "needs a folder: expected mnist:DIR"},
		{"images:", "needs a folder: expected images:DIR"},
		{"shapes:/tmp", "shapes takes no folder"},
		{"mnist:/nonexistent", "folder /nonexistent has no file train-images-idx3-ubyte (plain or .gz)"},
		{"cifar10:/nonexistent", "folder /nonexistent has no file data_batch_1.bin"},
		{"images:/nonexistent", "folder /nonexistent cannot be read: No such file"},
		{"images:/dev/null", "/dev/null is not a folder"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct error error = {0};
		assert_refused(wrong[i].spec, (struct dataset_options){0}, wrong[i].expected);
		assert_false(dataset_check(wrong[i].spec, &error));
		assert_non_null(strstr(error.text, wrong[i].expected));
	}
	char *endless = memory_zeroed(3000, 1);
	memset(endless, 'x', 2999);
	assert_refused(endless, (struct dataset_options){0}, "too long");
	free(endless);
}

static void wrong_options_are_explained(void **state)
{
	(void)state;
	assert_refused("shapes", (struct dataset_options){.size = 7}, "size is 7; expected 8..1024");
	assert_refused("shapes", (struct dataset_options){.size = 1 << 20}, "size is 1048576");
	assert_refused("shapes", (struct dataset_options){.channels = 2}, "channels is 2; expected 1, 3, or 0");
	assert_refused("shapes", (struct dataset_options){.split = "validation"}, "expected one of train, test");
}

static void rows_are_complete(void **state)
{
	(void)state;
	int rows = 0;
	for (; dataset_kinds[rows]; rows++) {
		const struct dataset_kind *kind = dataset_kinds[rows];
		assert_ptr_equal(dataset_kind_find(kind->name), kind);
		assert_memory_equal(kind->usage, kind->name, strlen(kind->name));
		assert_true(strlen(kind->help) > 10 && kind->open);
		assert_true(kind->takes_directory == (strstr(kind->usage, "DIR") != NULL)
		            && kind->takes_directory == (kind->check != NULL));
	}
	assert_int_equal(rows, 6);
	assert_null(dataset_kind_find("nothing"));
	assert_true(dataset_check(dataset_default_spec(), NULL));
	size_t counted = 1;
	int channels;
	struct dataset *shapes = open_set("shapes", (struct dataset_options){0});
	assert_true(dataset_count("shapes", &counted, &channels, NULL) && counted == shapes->count && channels == shapes->channels);
	dataset_destroy(shapes);
	assert_true(dataset_count("images:/nowhere", &counted, &channels, NULL) && counted == 0); /* nothing but opening tells */
	assert_false(dataset_count("mnist:/nowhere", &counted, &channels, NULL));
}

/* ---- IDX ---- */

enum { DIGITS = 5, SIDE = 28 };

static uint8_t digit_value(int picture, int x, int y) { return (uint8_t)(picture * 40 + x * 3 + y + 1); }

static struct text idx_bytes(int dimensions, const uint32_t *sizes)
{
	struct text bytes = {0};
	text_append(&bytes, (char[]){0, 0, 8, (char)dimensions}, 4);
	for (int i = 0; i < dimensions; i++)
		text_append(&bytes, (char[]){(char)(sizes[i] >> 24), (char)(sizes[i] >> 16), (char)(sizes[i] >> 8), (char)sizes[i]}, 4);
	return bytes;
}

static struct text gzip_of(const struct text *plain)
{
	struct text packed = {0};
	uint8_t target[8192];
	z_stream stream = {.next_in = (Bytef *)plain->bytes, .avail_in = (uInt)plain->length};
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	int status;
	do {
		stream.next_out = target;
		stream.avail_out = sizeof target;
		status = deflate(&stream, Z_FINISH);
		text_append(&packed, (const char *)target, sizeof target - stream.avail_out);
	} while (status == Z_OK);
	deflateEnd(&stream);
	return packed;
}

static void write_bytes(const char *path, struct text *bytes)
{
	temporary_write(path, bytes->bytes, bytes->length);
	text_clear(bytes);
}

static void write_idx(const char *path, struct text *plain)
{
	size_t length = strlen(path);
	if (!strcmp(path + length - 3, ".gz")) {
		struct text packed = gzip_of(plain);
		text_clear(plain);
		*plain = packed;
	}
	write_bytes(path, plain);
}

static void write_digits(const char *pictures, const char *labels, int count)
{
	struct text bytes = idx_bytes(3, (uint32_t[]){(uint32_t)count, SIDE, SIDE});
	for (int i = 0; i < count; i++)
		for (int y = 0; y < SIDE; y++)
			for (int x = 0; x < SIDE; x++)
				text_append(&bytes, (char[]){(char)digit_value(i, x, y)}, 1);
	write_idx(temporary_path(&folder, "%s", pictures), &bytes);
	bytes = idx_bytes(1, (uint32_t[]){(uint32_t)count});
	for (int i = 0; i < count; i++)
		text_append(&bytes, (char[]){(char)(9 - i)}, 1);
	write_idx(temporary_path(&folder, "%s", labels), &bytes);
}

/* Two rows and columns of background, then the picture. */
static void assert_padded(const uint8_t *pixels, int picture)
{
	for (int y = 0; y < 32; y++)
		for (int x = 0; x < 32; x++) {
			bool frame = x < 2 || y < 2 || x >= 30 || y >= 30;
			assert_int_equal(pixels[y * 32 + x], frame ? 0 : digit_value(picture, x - 2, y - 2));
		}
}

static void digits_are_padded_and_labelled(void **state)
{
	(void)state;
	static const char *const forms[][2] = {
		{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
		{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"},
		{"train-images.idx3-ubyte", "train-labels.idx1-ubyte"},
	};
	for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
		write_digits(forms[form][0], forms[form][1], DIGITS);
		struct dataset *dataset = open_set(spec_of("mnist"), (struct dataset_options){0});
		size_t counted;
		int channels;
		assert_int_equal(dataset->count, DIGITS);
		assert_true(dataset_count(spec_of("mnist"), &counted, &channels, NULL) && counted == DIGITS && channels == 1);
		assert_int_equal(dataset->channels, 1);
		assert_int_equal(dataset->classes, 10);
		assert_string_equal(dataset->class_names[7], "7");
		assert_string_equal(dataset->directory, folder.path);
		assert_int_equal(dataset->files, 2);
		for (int i = 0; i < DIGITS; i++) {
			assert_padded(picture_at(dataset, (size_t)i), i);
			assert_int_equal(dataset->labels[i], 9 - i);
		}
		dataset_destroy(dataset);
		unlink(temporary_path(&folder, "%s", forms[form][0]));
		unlink(temporary_path(&folder, "%s", forms[form][1]));
	}
}

static void splits_limits_and_channels(void **state)
{
	(void)state;
	write_digits("train-images-idx3-ubyte", "train-labels-idx1-ubyte", DIGITS);
	write_digits("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte", 3);
	struct dataset *dataset = open_set(spec_of("fashion-mnist"), (struct dataset_options){.split = "test"});
	assert_int_equal(dataset->count, 3);
	assert_string_equal(dataset->class_names[9], "Ankle boot");
	dataset_destroy(dataset);
	dataset = open_set(spec_of("mnist"), (struct dataset_options){.limit = 2, .channels = 3});
	assert_int_equal(dataset->count, 2);
	assert_int_equal(dataset->channels, 3);
	for (int i = 0; i < 32 * 32; i++)
		for (int c = 0; c < 3; c++)
			assert_int_equal(picture_at(dataset, 1)[3 * i + c],
			                 i / 32 < 2 || i / 32 > 29 || i % 32 < 2 || i % 32 > 29 ? 0 : digit_value(1, i % 32 - 2, i / 32 - 2));
	dataset_destroy(dataset);
	assert_refused(spec_of("cifar10"), (struct dataset_options){.split = "test"}, "data_batch_1.bin");
}

static void enlarging_comes_after_padding(void **state)
{
	(void)state;
	write_digits("train-images-idx3-ubyte", "train-labels-idx1-ubyte", DIGITS);
	struct dataset *small = open_set(spec_of("mnist"), (struct dataset_options){.size = 32});
	for (int size = 64; size <= 128; size *= 2) {
		struct dataset *big = open_set(spec_of("mnist"), (struct dataset_options){.size = size});
		for (size_t i = 0; i < DIGITS; i++) {
			struct image padded = {32, 32, 1, small->pixels + i * picture_bytes(small)};
			struct image *expected = picture_square(&padded, size, NULL);
			assert_memory_equal(picture_at(big, i), expected->pixels, picture_bytes(big));
			image_destroy(expected);
		}
		dataset_destroy(big);
	}
	dataset_destroy(small);
}

static void damaged_digits_are_refused(void **state)
{
	(void)state;
	write_digits("train-images-idx3-ubyte", "train-labels-idx1-ubyte", DIGITS);
	const char *labels = temporary_path(&folder, "train-labels-idx1-ubyte");
	const char *pictures = temporary_path(&folder, "train-images-idx3-ubyte");
	struct text bytes = idx_bytes(1, (uint32_t[]){4});
	text_append(&bytes, "\0\1\2\3", 4);
	write_bytes(labels, &bytes);
	assert_refused(spec_of("mnist"), (struct dataset_options){0}, "train-labels-idx1-ubyte holds 4 labels; expected 5");
	bytes = idx_bytes(1, (uint32_t[]){5});
	text_append(&bytes, "\0\1\2\3\12", 5);
	write_bytes(labels, &bytes);
	assert_refused(spec_of("mnist"), (struct dataset_options){0}, "train-labels-idx1-ubyte: label 4 is 10; expected 0..9");
	bytes = idx_bytes(3, (uint32_t[]){1, 1025, 1});
	for (int i = 0; i < 1025; i++)
		text_append(&bytes, "", 1);
	write_bytes(pictures, &bytes);
	bytes = idx_bytes(1, (uint32_t[]){1});
	text_append(&bytes, "", 1);
	write_bytes(labels, &bytes);
	assert_refused(spec_of("mnist"), (struct dataset_options){0}, "pictures of 1 x 1025 pixels; expected sides of at most 1024");
}

/* Decodes a copy in a block of its own size, so that an over-read is seen. */
static bool idx_takes(const void *bytes, size_t size, int dimensions, struct error *error)
{
	uint8_t *exact = memory_zeroed(size, 1);
	struct idx idx;
	memcpy(exact, bytes, size);
	bool good = idx_decode(exact, size, dimensions, "file", &idx, error);
	free(exact);
	if (good)
		idx_clear(&idx);
	return good;
}

static void hostile_headers_are_refused(void **state)
{
	(void)state;
	static const struct { const char *bytes; size_t size; int dimensions; const char *expected; } wrong[] = {
		{"", 0, 1, "file ends inside its header; expected 8 bytes of it, found 0"},
		{"\0\0\10\1\0\0\0", 7, 1, "ends inside its header"},
		{"\0\0\15\1\0\0\0\1\0\0\0\0", 12, 1, "begins with the bytes 0 0 13 1; expected 0 0 8 1"},
		{"\0\0\10\3\0\0\0\1\1", 9, 1, "begins with the bytes 0 0 8 3; expected 0 0 8 1"},
		{"\0\0\10\1\0\0\0\0", 8, 1, "size 1 is 0; expected at least 1"},
		{"\0\0\10\1\377\377\377\377x", 9, 1, "9 bytes cannot hold the 4294967295 values"},
		{"\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377x", 17, 3, "more than 4096 MB"},
		{"\0\0\10\1\0\0\0\1xy", 10, 1, "goes on after its last value"},
		{"\37\213", 2, 1, "ends inside its header"},
		{"\37\213\10\0\0\0\0\0\0\3\377\377\377", 13, 1, "damaged gzip file"},
		{"\37\213zzzzzzzzzzzz", 14, 1, "damaged gzip file"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct error error = {0};
		assert_false(idx_takes(wrong[i].bytes, wrong[i].size, wrong[i].dimensions, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		if (!strstr(error.text, wrong[i].expected))
			fail_msg("\"%s\" does not say \"%s\"", error.text, wrong[i].expected);
	}
}

static struct text small_idx(void)
{
	struct text bytes = idx_bytes(3, (uint32_t[]){2, 3, 40});
	for (int i = 0; i < 240; i++)
		text_append(&bytes, (char[]){(char)(i * i)}, 1);
	return bytes;
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	struct text plain = small_idx(), packed = gzip_of(&plain);
	assert_true(idx_takes(plain.bytes, plain.length, 3, NULL));
	assert_true(idx_takes(packed.bytes, packed.length, 3, NULL));
	for (size_t length = 0; length < plain.length; length++) {
		struct error error = {0};
		assert_false(idx_takes(plain.bytes, length, 3, &error));
		assert_non_null(strstr(error.text, length < 16 ? "ends inside its header" : "is cut: "));
	}
	for (size_t length = 0; length < packed.length; length++) {
		struct error error = {0};
		assert_false(idx_takes(packed.bytes, length, 3, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		assert_memory_equal(error.text, "file ", 5);
	}
	text_clear(&plain);
	text_clear(&packed);
}

/* gzip's checksum covers every value: a changed byte may only pass in the fields of gzip's header that nobody needs. */
static void changed_gzip_bytes_are_noticed(void **state)
{
	(void)state;
	struct text plain = small_idx(), packed = gzip_of(&plain);
	for (size_t i = 0; i < packed.length; i++) {
		struct idx idx;
		packed.bytes[i] = (char)(packed.bytes[i] ^ 0x10);
		if (idx_decode((uint8_t *)packed.bytes, packed.length, 3, "file", &idx, NULL)) {
			assert_in_range(i, 3, 9); /* flags, time, level, system */
			assert_memory_equal(idx.values, plain.bytes + 16, idx.count);
			idx_clear(&idx);
		}
		packed.bytes[i] = (char)(packed.bytes[i] ^ 0x10);
	}
	text_clear(&plain);
	text_clear(&packed);
}

/* ---- CIFAR-10 ---- */

enum { RECORDS = 2 };

static uint8_t colour_value(int picture, int channel, int pixel) { return (uint8_t)(picture * 17 + channel * 80 + pixel * 3); }

static void append_record(struct text *bytes, int picture)
{
	text_append(bytes, (char[]){(char)(picture % 10)}, 1);
	for (int c = 0; c < 3; c++)
		for (int i = 0; i < CIFAR10_PLANE; i++)
			text_append(bytes, (char[]){(char)colour_value(picture, c, i)}, 1);
}

/* Five batches and the test batch; "" or a folder with a slash. */
static void write_cifar10(const char *inside)
{
	for (int batch = 1; batch <= 6; batch++) {
		struct text bytes = {0};
		for (int i = 0; i < RECORDS; i++)
			append_record(&bytes, (batch - 1) * RECORDS + i);
		write_bytes(batch <= 5 ? temporary_path(&folder, "%sdata_batch_%d.bin", inside, batch)
		                       : temporary_path(&folder, "%stest_batch.bin", inside), &bytes);
	}
}

static void planes_become_pixels(void **state)
{
	(void)state;
	write_cifar10("");
	size_t counted;
	int channels;
	assert_true(dataset_count(spec_of("cifar10"), &counted, &channels, NULL));
	struct dataset *dataset = open_set(spec_of("cifar10"), (struct dataset_options){0});
	assert_true(counted == dataset->count && channels == dataset->channels);
	assert_int_equal(dataset->count, 5 * RECORDS);
	assert_int_equal(dataset->channels, 3);
	assert_string_equal(dataset->class_names[9], "truck");
	for (int picture = 0; picture < 5 * RECORDS; picture++) {
		assert_int_equal(dataset->labels[picture], picture % 10);
		for (int i = 0; i < CIFAR10_PLANE; i++)
			for (int c = 0; c < 3; c++)
				assert_int_equal(picture_at(dataset, (size_t)picture)[3 * i + c], colour_value(picture, c, i));
	}
	dataset_destroy(dataset);
	dataset = open_set(spec_of("cifar10"), (struct dataset_options){.split = "test", .channels = 1});
	assert_int_equal(dataset->count, RECORDS);
	uint8_t grey, colours[] = {colour_value(10, 0, 100), colour_value(10, 1, 100), colour_value(10, 2, 100)};
	picture_grey_from_rgb(colours, 1, &grey);
	assert_int_equal(picture_at(dataset, 0)[100], grey);
	dataset_destroy(dataset);
}

static void the_archives_folder_is_found(void **state)
{
	(void)state;
	write_cifar10("cifar-10-batches-bin/");
	static const char names[] = "zero\none\ntwo\r\nthree\n\nfour\nfive\nsix\nseven\neight\nnine\n\n";
	temporary_write(temporary_path(&folder, "cifar-10-batches-bin/batches.meta.txt"), names, sizeof names - 1);
	struct dataset *dataset = open_set(spec_of("cifar10"), (struct dataset_options){.limit = 3});
	assert_int_equal(dataset->count, 3);
	assert_string_equal(dataset->class_names[2], "two");
	assert_string_equal(dataset->class_names[9], "nine");
	assert_non_null(strstr(dataset->directory, "/cifar-10-batches-bin"));
	dataset_destroy(dataset);
}

static void damaged_batches_are_refused(void **state)
{
	(void)state;
	write_cifar10("");
	const char *third = temporary_path(&folder, "data_batch_3.bin");
	struct text bytes = {0};
	for (int batch = 1; batch <= 5; batch++)
		temporary_write(temporary_path(&folder, "data_batch_%d.bin", batch), "", 0);
	assert_refused(spec_of("cifar10"), (struct dataset_options){0}, "data_batch_1.bin has 0 bytes; expected a multiple of 3073");
	write_cifar10("");
	append_record(&bytes, 1);
	for (size_t size = 0; size < bytes.length; size += 97) {
		temporary_write(third, bytes.bytes, size);
		assert_refused(spec_of("cifar10"), (struct dataset_options){0}, "data_batch_3.bin has ");
	}
	append_record(&bytes, 0);
	bytes.bytes[CIFAR10_RECORD] = 10;
	write_bytes(third, &bytes);
	assert_refused(spec_of("cifar10"), (struct dataset_options){0},
	               "data_batch_3.bin: the label of picture 1 is 10; expected 0..9");
	unlink(third);
	struct error error = {0};
	assert_false(dataset_check(spec_of("cifar10"), &error));
	assert_non_null(strstr(error.text, "has no file data_batch_3.bin"));
	assert_refused(spec_of("cifar10"), (struct dataset_options){0}, "data_batch_3.bin cannot be read");
	write_cifar10("");
	static const char nine[] = "a\nb\nc\nd\ne\nf\ng\nh\ni\n";
	temporary_write(temporary_path(&folder, "batches.meta.txt"), nine, sizeof nine - 1);
	assert_refused(spec_of("cifar10"), (struct dataset_options){0}, "batches.meta.txt holds 9 class names; expected 10");
}

static void only_whole_records_and_ten_names_pass(void **state)
{
	(void)state;
	uint8_t *bytes = memory_zeroed(2 * CIFAR10_RECORD, 1);
	for (size_t size = 0; size <= 2 * CIFAR10_RECORD; size++) {
		size_t count = 0;
		struct error error = {0};
		bool whole = size == CIFAR10_RECORD || size == 2 * CIFAR10_RECORD;
		assert_int_equal(cifar10_check_batch(bytes, size, "file", &count, &error), whole);
		assert_int_equal(count, whole ? size / CIFAR10_RECORD : 0);
		assert_true(whole || strstr(error.text, "expected a multiple of 3073"));
	}
	free(bytes);
	static const struct { const char *text, *expected; } wrong[] = {
		{"", "holds 0 class names; expected 10"},
		{"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk", "more than 10 class names"},
		{"a\nb\nthis name is too long\n", "class name 3 is not 1..7 printable characters"},
		{"a\n\33[2J\n", "class name 2 is not"},
	};
	char names[10][8];
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct error error = {0};
		assert_false(cifar10_read_names((const uint8_t *)wrong[i].text, strlen(wrong[i].text), "file", *names, sizeof *names,
		                                &error));
		assert_non_null(strstr(error.text, wrong[i].expected));
	}
	assert_true(cifar10_read_names((const uint8_t *)"a\nb\nc\nd\ne\nf\ng\nh\ni\n1234567", 25, "file", *names, sizeof *names,
	                               NULL));
	assert_string_equal(names[9], "1234567");
}

/* ---- folders of pictures ---- */

/* One colour all over, so that a picture can be told from any of its pixels. */
static void write_plain(const char *path, int width, int height, int channels, uint8_t value)
{
	struct image *image = image_create(width, height, channels, NULL);
	memset(image->pixels, value, (size_t)(width * height * channels));
	assert_true(picture_write_png(image, path, NULL));
	image_destroy(image);
}

static void write_jpeg(const char *path, uint8_t value)
{
	uint8_t pixels[40 * 40 * 3];
	memset(pixels, value, sizeof pixels);
	tjhandle encoder = tjInitCompress();
	unsigned char *jpeg = NULL;
	unsigned long size = 0;
	assert_int_equal(tjCompress2(encoder, pixels, 40, 0, 40, TJPF_RGB, &jpeg, &size, TJSAMP_444, 95, 0), 0);
	temporary_write(path, jpeg, size);
	tjFree(jpeg);
	tjDestroy(encoder);
}

static void sub_folders_are_classes(void **state)
{
	(void)state;
	write_plain(temporary_path(&folder, "dogs/deep/er/b.PNG"), 50, 32, 3, 30);
	write_plain(temporary_path(&folder, "dogs/z.png"), 32, 99, 3, 40);
	write_jpeg(temporary_path(&folder, "cats/x.jpeg"), 10);
	write_jpeg(temporary_path(&folder, "cats/y.JPG"), 20);
	write_plain(temporary_path(&folder, ".hidden/a.png"), 8, 8, 1, 99);
	write_plain(temporary_path(&folder, "cats/._x.png"), 8, 8, 1, 99);
	temporary_write(temporary_path(&folder, "cats/notes.txt"), "no picture", 10);
	temporary_write(temporary_path(&folder, "empty/notes.txt"), "no picture", 10);
	assert_int_equal(mkfifo(temporary_path(&folder, "cats/pipe.png"), 0600), 0);
	struct dataset *dataset = open_set(spec_of("images"), (struct dataset_options){0});
	static const struct { uint8_t value; int label; } expected[] = {{10, 0}, {20, 0}, {30, 1}, {40, 1}};
	assert_int_equal(dataset->count, 4);
	assert_int_equal(dataset->channels, 3);
	assert_int_equal(dataset->classes, 2);
	assert_string_equal(dataset->class_names[0], "cats");
	assert_string_equal(dataset->class_names[1], "dogs");
	assert_int_equal(dataset->files, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_in_range(picture_at(dataset, i)[500], expected[i].value - 1, expected[i].value + 1);
		assert_int_equal(dataset->labels[i], expected[i].label);
	}
	dataset_destroy(dataset);
	write_plain(temporary_path(&folder, "loose.png"), 8, 8, 1, 50); /* now not every picture has a class */
	dataset = open_set(spec_of("images"), (struct dataset_options){0});
	assert_int_equal(dataset->count, 5);
	assert_null(dataset->labels);
	assert_int_equal(dataset->classes, 0);
	dataset_destroy(dataset);
}

static void links_in_circles_end(void **state)
{
	(void)state;
	write_plain(temporary_path(&folder, "a/one.png"), 8, 8, 1, 1);
	write_plain(temporary_path(&folder, "b/two.png"), 8, 8, 1, 2);
	assert_int_equal(symlink("..", temporary_path(&folder, "a/up")), 0);
	assert_int_equal(symlink("../b", temporary_path(&folder, "a/side")), 0);
	assert_int_equal(symlink("self", temporary_path(&folder, "b/self")), 0);
	assert_int_equal(symlink("one.png", temporary_path(&folder, "a/same.png")), 0);
	struct dataset *dataset = open_set(spec_of("images"), (struct dataset_options){0});
	assert_int_equal(dataset->count, 3); /* a/one.png, a/same.png, a/side/two.png; b itself was entered through a */
	dataset_destroy(dataset);
	assert_int_equal(symlink("nowhere", temporary_path(&folder, "b/lost.png")), 0);
	assert_refused(spec_of("images"), (struct dataset_options){0}, "/a/side/lost.png cannot be read: No such file");
}

static void grey_pictures_stay_grey(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		write_plain(temporary_path(&folder, "%d.png", i), 40, 40, 1, (uint8_t)(i * 10 + 5));
	struct dataset *dataset = open_set(spec_of("images"), (struct dataset_options){0});
	assert_int_equal(dataset->channels, 1);
	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < picture_bytes(dataset); j++)
			assert_int_equal(picture_at(dataset, i)[j], i * 10 + 5);
	dataset_destroy(dataset);
	write_plain(temporary_path(&folder, "5.png"), 40, 40, 3, 55);
	dataset = open_set(spec_of("images"), (struct dataset_options){0});
	assert_int_equal(dataset->channels, 3);
	dataset_destroy(dataset);
	dataset = open_set(spec_of("images"), (struct dataset_options){.limit = 3, .channels = 1});
	assert_int_equal(dataset->count, 3); /* evenly from all six */
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(*picture_at(dataset, i), i * 20 + 5);
	dataset_destroy(dataset);
}

static void a_damaged_picture_is_named(void **state)
{
	(void)state;
	assert_refused(spec_of("images"), (struct dataset_options){0},
	               "holds no picture; expected files ending in .png, .jpg or .jpeg");
	for (int i = 0; i < 100; i++)
		write_plain(temporary_path(&folder, "%03d.png", i), 8, 8, 1, 0);
	assert_int_equal(truncate(temporary_path(&folder, "090.png"), 50), 0);
	assert_int_equal(truncate(temporary_path(&folder, "041.png"), 40), 0);
	for (int round = 0; round < 5; round++) /* the first in order, whichever thread comes first */
		assert_refused(spec_of("images"), (struct dataset_options){0}, "/041.png is a damaged PNG file: it ends too early");
	assert_true(dataset_check(spec_of("images"), NULL)); /* a look at the names only */
}

struct reports {
	size_t calls, last_done, last_total, stop_after;
};

static bool count_reports(void *context, size_t done, size_t total)
{
	struct reports *reports = context;
	assert_true(done >= reports->last_done);
	reports->calls++;
	reports->last_done = done;
	reports->last_total = total;
	return reports->calls != reports->stop_after;
}

static void progress_is_told_and_can_stop(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		write_plain(temporary_path(&folder, "%d/%d.png", i % 4, i), 8, 8, 1, 0);
	struct reports reports = {0};
	struct dataset_options options = {.size = 32, .progress = count_reports, .progress_context = &reports};
	struct dataset *dataset = open_set(spec_of("images"), options);
	assert_true(reports.calls >= 5); /* per folder, then per piece */
	assert_int_equal(reports.last_done, 20);
	assert_int_equal(reports.last_total, 20);
	dataset_destroy(dataset);
	for (size_t stop = 1; stop <= reports.calls; stop++) {
		struct reports stopped = {.stop_after = stop};
		struct error error = {0};
		options.progress_context = &stopped;
		assert_null(dataset_open(spec_of("images"), &options, &error));
		assert_int_equal(error.code, ERROR_CANCELLED);
	}
}

/* ---- shapes ---- */

static void shapes_depend_on_the_seed_alone(void **state)
{
	(void)state;
	struct dataset *first = open_set("shapes", (struct dataset_options){.seed = 3, .limit = 100});
	struct dataset *more = open_set("shapes", (struct dataset_options){.seed = 3, .limit = 900});
	struct dataset *other = open_set("shapes", (struct dataset_options){.seed = 4, .limit = 100});
	struct dataset *test = open_set("shapes", (struct dataset_options){.seed = 3, .limit = 100, .split = "test"});
	assert_memory_equal(first->pixels, more->pixels, 100 * picture_bytes(first));
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(first->labels[i], i % 10);
		assert_memory_not_equal(picture_at(first, i), picture_at(other, i), picture_bytes(first));
		assert_memory_not_equal(picture_at(first, i), picture_at(test, i), picture_bytes(first));
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(picture_at(first, i), picture_at(first, j), picture_bytes(first));
	}
	assert_int_equal(first->classes, 10);
	assert_string_equal(first->class_names[5], "star");
	dataset_destroy(first);
	dataset_destroy(more);
	dataset_destroy(other);
	dataset_destroy(test);
}

/* A picture drawn at 64 and halved is nearly the one drawn at 32: smooth edges, the same scene. */
static void shapes_are_the_same_at_every_size(void **state)
{
	(void)state;
	enum { COUNT = 50 };
	struct dataset *small = open_set("shapes", (struct dataset_options){.size = 32, .limit = COUNT});
	for (int size = 64; size <= 128; size *= 2) {
		struct dataset *big = open_set("shapes", (struct dataset_options){.size = size, .limit = COUNT});
		for (size_t i = 0; i < COUNT; i++) {
			int factor = size / 32;
			double difference = 0;
			for (int j = 0; j < 32 * 32 * 3; j++) {
				int x = j / 3 % 32 * factor, y = j / 96 * factor, sum = 0;
				for (int k = 0; k < factor * factor; k++)
					sum += picture_at(big, i)[((y + k / factor) * size + x + k % factor) * 3 + j % 3];
				difference += abs(sum / (factor * factor) - picture_at(small, i)[j]);
			}
			assert_true(difference / (32 * 32 * 3) < 1.5);
		}
		dataset_destroy(big);
	}
	dataset_destroy(small);
}

/* How far a pixel's colour is from the mean of the corners, which are background, in the channel where it is farthest. */
static int colour_distance(const uint8_t *rgb, int size, int pixel)
{
	int corners[] = {0, size - 1, size * (size - 1), size * size - 1}, most = 0;
	for (int c = 0; c < 3; c++) {
		int mean = 0;
		for (int i = 0; i < 4; i++)
			mean += rgb[3 * corners[i] + c];
		int distance = abs(rgb[3 * pixel + c] - mean / 4);
		most = distance > most ? distance : most;
	}
	return most;
}

/* The share of pixels that the shape covers: nearer to its colour, the farthest there is, than to the background's. */
static double covered_share(const uint8_t *rgb, int size)
{
	int farthest = 0, covered = 0;
	for (int i = 0; i < size * size; i++) {
		int distance = colour_distance(rgb, size, i);
		farthest = distance > farthest ? distance : farthest;
	}
	for (int i = 0; i < size * size; i++)
		covered += 2 * colour_distance(rgb, size, i) > farthest;
	return (double)covered / (size * size);
}

/* Areas of the outlines in units of the squared radius. The radius is even in 0.35..0.75, in a picture of area 4. */
static void shapes_cover_what_they_should(void **state)
{
	(void)state;
	enum { COUNT = 2000, SIDES = 32 };
	static const double mean_squared_radius = 0.55 * 0.55 + 0.4 * 0.4 / 12;
	static const struct { const char *name; double area; } shapes[10] = {
		{"circle", 3.142}, {"square", 2.56}, {"triangle", 1.299}, {"diamond", 1.333}, {"hexagon", 2.217},
		{"star", 1.234},     /* ten triangles with sides 1 and 0.42 and an angle of 36 degrees */
		{"cross", 1.92},     /* two bars of 0.6 x 1.9, their middle once */
		{"ring", 2.262},     /* radii 0.47 and 0.97 */
		{"crescent", 1.443}, /* a disc of 0.95 less one of 0.75 half a unit away */
		{"heart", 1.785},    /* a unit square and two half discs on its sides */
	};
	struct dataset *dataset = open_set("shapes", (struct dataset_options){.limit = COUNT, .size = SIDES, .seed = 9});
	double shares[10] = {0};
	for (size_t i = 0; i < COUNT; i++)
		shares[dataset->labels[i]] += covered_share(picture_at(dataset, i), SIDES) / (COUNT / 10);
	for (int c = 0; c < 10; c++) {
		double expected = shapes[c].area * mean_squared_radius / 4;
		assert_string_equal(dataset->class_names[c], shapes[c].name);
		if (!(shares[c] > 0.88 * expected && shares[c] < 1.12 * expected)) /* four standard deviations of 200 squared radii */
			fail_msg("%s covers %.4f; expected %.4f", shapes[c].name, shares[c], expected);
	}
	dataset_destroy(dataset);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_specs_are_explained),
		cmocka_unit_test(wrong_options_are_explained),
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test_setup_teardown(digits_are_padded_and_labelled, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(splits_limits_and_channels, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(enlarging_comes_after_padding, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(damaged_digits_are_refused, make_folder, remove_folder),
		cmocka_unit_test(hostile_headers_are_refused),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(changed_gzip_bytes_are_noticed),
		cmocka_unit_test_setup_teardown(planes_become_pixels, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(the_archives_folder_is_found, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(damaged_batches_are_refused, make_folder, remove_folder),
		cmocka_unit_test(only_whole_records_and_ten_names_pass),
		cmocka_unit_test_setup_teardown(sub_folders_are_classes, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(links_in_circles_end, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(grey_pictures_stay_grey, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_damaged_picture_is_named, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(progress_is_told_and_can_stop, make_folder, remove_folder),
		cmocka_unit_test(shapes_depend_on_the_seed_alone),
		cmocka_unit_test(shapes_are_the_same_at_every_size),
		cmocka_unit_test(shapes_cover_what_they_should),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
