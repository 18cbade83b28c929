/* Trainings on picture files: bit for bit the same whether the pictures are kept or read as needed, also when resumed; a
 * file that is lost meanwhile; and the memory that is told beforehand. */
#include <malloc.h>

#include "engine/data/picture_file.h"
#include "engine/gan/gan_size.h"
#include "engine/gan/model.h"
#include "tests/sanitized.h"
#include "tests/temporary_folder.h"
#include "tests/trainer_fixture.h"

enum { FILES = 30, EVERY_PIXEL = SIZE * SIZE * 3 };

static struct temporary_folder pictures;

static int make_pictures(void **state)
{
	temporary_folder_create(&pictures);
	struct numbers numbers = {5};
	struct image *image = image_create(SIZE, SIZE, 3, NULL);
	for (int i = 0; i < FILES; i++) {
		struct text png = {0};
		for (int j = 0; j < EVERY_PIXEL; j++)
			image->pixels[j] = (uint8_t)fmin(fmax(numbers_next(&numbers, 60 + 4 * i, 80), 0), 255);
		assert_true(picture_encode_png(image, &png, NULL));
		temporary_write(temporary_path(&pictures, "%02d.png", i), png.bytes, png.length);
		text_clear(&png);
	}
	image_destroy(image);
	return prepare(state);
}

static int remove_pictures(void **state)
{
	temporary_folder_remove(&pictures);
	return clean_up(state);
}

static struct dataset *open_pictures(uint64_t memory)
{
	char spec[128];
	struct error error = {0};
	struct dataset_options options = {.size = SIZE, .memory = memory};
	snprintf(spec, sizeof spec, "images:%s", pictures.path);
	struct dataset *dataset_of_files = dataset_open(spec, &options, &error);
	if (!dataset_of_files)
		fail_msg("%s", error.text);
	assert_int_equal(dataset_of_files->pixels == NULL, memory != 0);
	return dataset_of_files;
}

static struct trainer *make_on(const struct dataset *files, const struct checkpoint *checkpoint)
{
	struct error error = {0};
	struct gan_settings settings = small_settings(2, 2);
	struct trainer *trainer = trainer_create(&settings, files, checkpoint, &error);
	if (!trainer)
		fail_msg("%s", error.text);
	return trainer;
}

static void assert_same_step(struct trainer *left, struct trainer *right)
{
	struct outcome a = step(left), b = step(right);
	assert_memory_equal(&a, &b, sizeof a);
}

static void kept_or_read_makes_no_difference(void **state)
{
	(void)state;
	enum { STEPS = 12, SAVED_AT = 7 }; /* in the middle of the second epoch of 5 steps */
	char hash[CHECKPOINT_HASH_SIZE], kept_hash[CHECKPOINT_HASH_SIZE];
	struct dataset *kept = open_pictures(0), *read = open_pictures(1);
	struct trainer *left = make_on(kept, NULL), *right = make_on(read, NULL), *resumed = NULL;
	assert_true(trainer_facts(left)->pictures_kept && !trainer_facts(right)->pictures_kept);
	assert_true(trainer_facts(right)->picture_bytes == FILES * EVERY_PIXEL);
	for (int i = 0; i < STEPS; i++) {
		if (i == SAVED_AT) { /* the kept ones' state goes on with files, and both states are one */
			save(right, hash);
			save(left, kept_hash);
			assert_string_equal(hash, kept_hash);
			struct checkpoint *checkpoint = saved(kept_hash);
			resumed = make_on(read, checkpoint);
			checkpoint_destroy(checkpoint);
		}
		struct outcome expected = step(left), actual = step(right);
		assert_memory_equal(&actual, &expected, sizeof expected);
		if (resumed) {
			actual = step(resumed);
			assert_memory_equal(&actual, &expected, sizeof expected);
		}
	}
	save(left, hash);
	save(resumed, kept_hash);
	assert_string_equal(hash, kept_hash);
	trainer_destroy(left);
	trainer_destroy(right);
	trainer_destroy(resumed);
	dataset_destroy(kept);
	dataset_destroy(read);
}

/* Nothing has happened in a step that could not be made: it is made when the file is back, with the same numbers. */
static void a_lost_file_holds_the_training_up(void **state)
{
	(void)state;
	struct dataset *kept = open_pictures(0), *read = open_pictures(1);
	const char *lost = temporary_path(&pictures, "17.png"), *aside = temporary_path(&pictures, "aside");
	assert_int_equal(rename(lost, aside), 0);
	struct trainer *left = make_on(kept, NULL), *right = make_on(read, NULL);
	struct step_report report;
	struct error error = {0};
	int made = 0;
	while (trainer_step(right, &report, &error)) {
		made++;
		step(left);
	}
	assert_in_range(made, 0, 4); /* every epoch of 5 steps holds every picture */
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, "/17.png cannot be read"));
	assert_int_equal(trainer_steps_done(right), made);
	assert_false(trainer_step(right, &report, &error));
	assert_int_equal(rename(aside, lost), 0);
	for (int i = 0; i < 6; i++)
		assert_same_step(left, right);
	trainer_destroy(left);
	trainer_destroy(right);
	dataset_destroy(kept);
	dataset_destroy(read);
}

static size_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

/* The dataset of the fixture is no allocation: what a trainer adds is what was told, but for small things. */
static void memory_is_told_beforehand(void **state)
{
	(void)state;
	if (SANITIZED) /* another allocator, which mallinfo2 does not see */
		skip();
	for (int i = 0; model_families[i]; i++)
		for (int bits = 2; bits <= 32; bits += 30) {
			struct gan_settings settings = small_settings(bits, bits);
			struct gan_size size;
			double told;
			text_copy(settings.model, sizeof settings.model, model_families[i]->name);
			settings.width = 32;
			settings.batch = 32;
			settings.gradient_penalty = strcmp(settings.model, "wgan-gp") ? 0 : 10;
			size_t before = allocated();
			assert_true(trainer_memory(&settings, 1, &told, NULL));
			assert_in_range(allocated(), 0, before + 100000); /* measuring has left nothing behind */
			struct trainer *trainer = make(&settings, NULL);
			double taken = (double)(allocated() - before);
			if (fabs(taken / told - 1) > 0.05)
				fail_msg("%s at %d bits takes %.0f bytes; told were %.0f", settings.model, bits, taken, told);
			assert_true(trainer_facts(trainer)->memory_bytes == told);
			assert_true(gan_size_of(&settings, 1, &size, NULL) && size.memory_bytes == told);
			before = allocated();
			struct checkpoint *checkpoint = trainer_checkpoint(trainer, NULL);
			double copied = (double)(allocated() - before);
			checkpoint_destroy(checkpoint);
			if (fabs(copied / size.saving_bytes - 1) > 0.05)
				fail_msg("%s at %d bits: a copy takes %.0f bytes; told were %.0f", settings.model, bits, copied, size.saving_bytes);
			trainer_destroy(trainer);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_or_read_makes_no_difference),
		cmocka_unit_test(a_lost_file_holds_the_training_up),
		cmocka_unit_test(memory_is_told_beforehand),
	};
	return cmocka_run_group_tests(tests, make_pictures, remove_pictures);
}
