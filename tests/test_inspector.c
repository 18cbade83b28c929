/* app/inspector: answers in order, the newest question first, one subject at a time. Driven part by part on this thread;
 * once more across threads at the end. */
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/inspector.h"
#include "app/settings.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "tests/tiny_pictures.h"

enum { LAYERS = 4, TILES = 5, MOST_ANSWERS = 1024, D_BITS = 3 };

struct scene {
	struct temporary_folder folder;
	struct dataset *dataset;
	struct trainer *trainer; /* D at 3 bits, G float */
	struct inspector *inspector;
	struct inspector_answer answers[MOST_ANSWERS]; /* polled up to now; owned */
	int count;
};

static int set_up(void **state)
{
	struct scene *scene = memory_zeroed(1, sizeof *scene);
	struct gan_settings settings;
	struct error error = {0};
	temporary_folder_create(&scene->folder);
	settings_set_defaults(&settings);
	tiny_pictures_write(&scene->folder, settings.data, sizeof settings.data);
	settings.width = 4;
	settings.latent = 10;
	settings.batch = 8;
	settings.threads = 1;
	settings.channels = 1;
	settings.bits[NETWORK_D] = D_BITS;
	struct dataset_options options = {.size = settings.size, .channels = 1, .seed = settings.seed};
	scene->dataset = dataset_open(settings.data, &options, &error);
	scene->trainer = scene->dataset ? trainer_create(&settings, scene->dataset, NULL, &error) : NULL;
	scene->inspector = scene->trainer ? inspector_create_inline(&error) : NULL;
	if (!scene->inspector)
		fail_msg("%s", error.text);
	*state = scene;
	return 0;
}

static void forget_answers(struct scene *scene)
{
	while (scene->count > 0)
		inspector_answer_clear(&scene->answers[--scene->count]);
}

static int tear_down(void **state)
{
	struct scene *scene = *state;
	forget_answers(scene);
	inspector_destroy(scene->inspector);
	trainer_destroy(scene->trainer);
	dataset_destroy(scene->dataset);
	temporary_folder_remove(&scene->folder);
	free(scene);
	return 0;
}

static struct checkpoint *copy_state(struct scene *scene)
{
	struct error error = {0};
	struct checkpoint *state = trainer_checkpoint(scene->trainer, &error);
	if (!state)
		fail_msg("%s", error.text);
	return state;
}

static void train(struct scene *scene, int steps)
{
	struct step_report report;
	struct error error = {0};
	for (int i = 0; i < steps; i++)
		if (!trainer_step(scene->trainer, &report, &error))
			fail_msg("%s", error.text);
}

static void poll_answers(struct scene *scene)
{
	inspector_drain_wake(scene->inspector);
	while (inspector_poll(scene->inspector, &scene->answers[scene->count]))
		assert_true(++scene->count < MOST_ANSWERS);
}

static void work(struct scene *scene)
{
	while (inspector_run_inline(scene->inspector))
		continue;
	poll_answers(scene);
}

static struct inspector_question question_about(enum network_id network, int layer, const struct quantizer *quantizer, int bits)
{
	static uint64_t ids;
	return (struct inspector_question){
		.id = ++ids,
		.what_if = {.network = network, .layer = layer, .quantizer = quantizer, .bits = bits},
		.layer = layer,
		.samples = TILES,
	};
}

static uint64_t ask(struct scene *scene, struct inspector_question question)
{
	inspector_ask(scene->inspector, &question);
	return question.id;
}

static const struct inspector_answer *find(const struct scene *scene, uint64_t id, enum inspector_answer_kind kind)
{
	for (int i = 0; i < scene->count; i++)
		if (scene->answers[i].id == id && scene->answers[i].kind == kind)
			return &scene->answers[i];
	return NULL;
}

static const struct inspector_answer *need(const struct scene *scene, uint64_t id, enum inspector_answer_kind kind)
{
	const struct inspector_answer *answer = find(scene, id, kind);
	if (!answer) {
		const struct inspector_answer *failure = find(scene, id, INSPECTOR_FAILED);
		fail_msg("no answer of kind %d to question %d: %s", kind, (int)id, failure ? failure->error.text : "nothing said");
	}
	return answer;
}

static double cell(const struct scene *scene, uint64_t id, const struct quantizer *quantizer, int bits)
{
	for (int i = 0; i < scene->count; i++) {
		const struct inspector_answer *answer = &scene->answers[i];
		if (answer->id == id && answer->kind == INSPECTOR_ERROR_CELL && answer->quantizer == quantizer && answer->bits == bits)
			return answer->value;
	}
	return NAN;
}

static int methods(void)
{
	int count = 0;
	while (quantizers[count])
		count++;
	return count;
}

static void same_pixels(const struct image *a, const struct image *b, bool same)
{
	size_t size = (size_t)(a->width * a->height * a->channels);
	assert_int_equal(a->width, b->width);
	assert_int_equal(memcmp(a->pixels, b->pixels, size) == 0, same);
}

/* ---- tests ---- */

static void answers_come_in_their_order(void **state)
{
	struct scene *scene = *state;
	static const enum inspector_answer_kind order[] = {
		INSPECTOR_LAYER, INSPECTOR_PICTURE, INSPECTOR_FLOAT_PICTURE, INSPECTOR_BYTES, INSPECTOR_ERROR_CELL,
		INSPECTOR_BEST_LEVELS, INSPECTOR_DONE,
	};
	train(scene, 2);
	inspector_set_subject(scene->inspector, copy_state(scene));
	uint64_t id = ask(scene, question_about(NETWORK_G, 1, &quantizer_em, 2));
	work(scene);
	int at = 0;
	for (int i = 0; i < scene->count; i++) {
		assert_int_equal(scene->answers[i].id, id);
		assert_int_equal(scene->answers[i].step, 2);
		while (scene->answers[i].kind != order[at])
			assert_true(++at < (int)(sizeof order / sizeof *order));
	}
	assert_int_equal(scene->answers[scene->count - 1].kind, INSPECTOR_DONE);
	assert_int_equal(scene->count, 6 + methods() * QUANT_MAX_BITS);
	const struct layer_report *report = need(scene, id, INSPECTOR_LAYER)->report;
	assert_string_equal(report->name, "deconv2");
	assert_ptr_equal(report->quantizer, &quantizer_em);
	assert_int_equal(report->statistics.fit.bits, 2);
	assert_true(report->trace.count > 0);
	/* The table says of the question what its answer says, and what is not applicable is infinite. */
	double asked = report->statistics.mean_squared_error / report->statistics.variance;
	assert_true(cell(scene, id, &quantizer_em, 2) == asked);
	for (int m = 0; quantizers[m]; m++)
		for (int bits = 1; bits <= QUANT_MAX_BITS; bits++)
			assert_int_equal(isinf(cell(scene, id, quantizers[m], bits)), bits < quantizers[m]->least_bits);
	assert_true(cell(scene, id, &quantizer_em, 4) < asked);
	/* Nothing beats the best levels. */
	double best = need(scene, id, INSPECTOR_BEST_LEVELS)->value;
	assert_true(best > 0 && best <= asked * (1 + 1e-6));
}

static void pictures_are_of_the_question_and_of_the_float_weights(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	inspector_set_subject(scene->inspector, copy_state(scene));
	uint64_t one = ask(scene, question_about(NETWORK_G, 0, &quantizer_em, 1));
	work(scene);
	const struct image *quantized = need(scene, one, INSPECTOR_PICTURE)->picture;
	const struct image *in_float = need(scene, one, INSPECTOR_FLOAT_PICTURE)->picture;
	same_pixels(quantized, in_float, false);
	/* G trains in float: these are the training's own pictures. */
	struct image *trained = trainer_sample(scene->trainer, TILES, 0, &error);
	same_pixels(in_float, trained, true);
	image_destroy(trained);
	/* The same noise again: from memory, with the same pixels. */
	struct inspector_question question = question_about(NETWORK_G, 0, &quantizer_em, 1);
	question.what_if.layer = -1;
	uint64_t whole = ask(scene, question);
	work(scene);
	same_pixels(need(scene, whole, INSPECTOR_FLOAT_PICTURE)->picture, in_float, true);
	same_pixels(need(scene, whole, INSPECTOR_PICTURE)->picture, quantized, false);
	/* Other noise, another picture. */
	question = question_about(NETWORK_G, 0, &quantizer_em, 1);
	question.seed = 77;
	uint64_t other = ask(scene, question);
	work(scene);
	same_pixels(need(scene, other, INSPECTOR_FLOAT_PICTURE)->picture, in_float, false);
	/* D draws nothing; nobody wants pictures of none. */
	uint64_t about_d = ask(scene, question_about(NETWORK_D, 0, &quantizer_em, 1));
	work(scene);
	assert_null(find(scene, about_d, INSPECTOR_PICTURE));
	assert_null(find(scene, about_d, INSPECTOR_FLOAT_PICTURE));
	need(scene, about_d, INSPECTOR_DONE);
	question = question_about(NETWORK_G, 0, &quantizer_em, 1);
	question.samples = 0;
	uint64_t none = ask(scene, question);
	work(scene);
	assert_null(find(scene, none, INSPECTOR_PICTURE));
}

/* Codes of k bits without gaps, and two doubles a scale. */
static double packed(const struct layer_report *report, int bits)
{
	if (bits == QUANT_FLOAT_BITS)
		return 4.0 * (double)report->statistics.weights;
	return ceil((double)report->statistics.weights * bits / 8) + 16.0;
}

static void sizes_are_of_the_whole_network(void **state)
{
	struct scene *scene = *state;
	struct layer_report reports[2 * TRAINER_MAX_LAYERS];
	assert_int_equal(trainer_describe_layers(scene->trainer, reports, 2 * TRAINER_MAX_LAYERS), 2 * LAYERS);
	inspector_set_subject(scene->inspector, copy_state(scene));
	double one_layer = 0, whole_network = 0;
	for (int i = 0; i < LAYERS; i++) {
		one_layer += packed(&reports[i], i == 2 ? 1 : D_BITS);
		whole_network += packed(&reports[i], 1);
	}
	struct inspector_question question = question_about(NETWORK_D, 2, &quantizer_minmax, 1);
	for (int again = 0; again < 2; again++) { /* worked out, and from memory */
		uint64_t id = ask(scene, question);
		work(scene);
		assert_true(need(scene, id, INSPECTOR_BYTES)->value == one_layer);
		forget_answers(scene);
	}
	question.what_if.layer = -1;
	question.id = 1000;
	ask(scene, question);
	work(scene);
	assert_true(need(scene, 1000, INSPECTOR_BYTES)->value == whole_network);
	/* As trained, and in float. */
	uint64_t trained = ask(scene, question_about(NETWORK_D, 2, NULL, 0));
	work(scene);
	double as_trained = 0, in_float = 0;
	for (int i = 0; i < LAYERS; i++) {
		as_trained += packed(&reports[i], D_BITS);
		in_float += packed(&reports[i], QUANT_FLOAT_BITS);
	}
	assert_true(need(scene, trained, INSPECTOR_BYTES)->value == as_trained);
	assert_null(find(scene, trained, INSPECTOR_BEST_LEVELS));
	assert_true(need(scene, trained, INSPECTOR_LAYER)->report->statistics.mean_squared_error ==
	            reports[2].statistics.mean_squared_error);
	question = question_about(NETWORK_D, 2, &quantizer_em, QUANT_FLOAT_BITS);
	question.what_if.layer = -1;
	uint64_t all_float = ask(scene, question);
	work(scene);
	assert_true(need(scene, all_float, INSPECTOR_BYTES)->value == in_float);
	assert_null(find(scene, all_float, INSPECTOR_BEST_LEVELS));
}

static void the_newest_question_wins(void **state)
{
	struct scene *scene = *state;
	inspector_set_subject(scene->inspector, copy_state(scene));
	uint64_t first = ask(scene, question_about(NETWORK_G, 0, &quantizer_em, 4));
	assert_true(inspector_run_inline(scene->inspector));
	uint64_t second = ask(scene, question_about(NETWORK_G, 1, &quantizer_em, 4));
	uint64_t third = ask(scene, question_about(NETWORK_G, 2, &quantizer_em, 4));
	work(scene);
	/* What the first one was told before the others came stays told; the second one was never begun. */
	need(scene, first, INSPECTOR_LAYER);
	assert_null(find(scene, first, INSPECTOR_PICTURE));
	for (int i = 0; i < scene->count; i++)
		assert_int_not_equal(scene->answers[i].id, second);
	need(scene, third, INSPECTOR_DONE);
}

static void the_search_for_the_best_levels_is_left_for_a_newer_question(void **state)
{
	struct scene *scene = *state;
	inspector_set_subject(scene->inspector, copy_state(scene));
	uint64_t first = ask(scene, question_about(NETWORK_D, 2, &quantizer_em, 2));
	int parts = 1 + 2 + LAYERS + methods() * QUANT_MAX_BITS; /* layer, pictures (of D none), sizes, table: the search is next */
	for (int i = 0; i < parts; i++)
		assert_true(inspector_run_inline(scene->inspector));
	poll_answers(scene);
	assert_null(find(scene, first, INSPECTOR_BEST_LEVELS));
	uint64_t second = ask(scene, question_about(NETWORK_D, 2, &quantizer_em, 2));
	work(scene);
	assert_null(find(scene, first, INSPECTOR_BEST_LEVELS));
	need(scene, second, INSPECTOR_BEST_LEVELS);
	/* Known by now, and the same. */
	double best = need(scene, second, INSPECTOR_BEST_LEVELS)->value;
	uint64_t third = ask(scene, question_about(NETWORK_D, 2, &quantizer_minmax, 2));
	work(scene);
	assert_true(need(scene, third, INSPECTOR_BEST_LEVELS)->value == best);
}

static void a_new_subject_silences_the_old_one(void **state)
{
	struct scene *scene = *state;
	inspector_set_subject(scene->inspector, copy_state(scene));
	uint64_t first = ask(scene, question_about(NETWORK_G, 0, &quantizer_em, 2));
	work(scene);
	struct layer_report before = *need(scene, first, INSPECTOR_LAYER)->report;
	forget_answers(scene);
	uint64_t lost = ask(scene, question_about(NETWORK_G, 0, &quantizer_em, 3));
	assert_true(inspector_run_inline(scene->inspector));
	train(scene, 3);
	inspector_set_subject(scene->inspector, copy_state(scene)); /* one nobody ever looks at */
	inspector_set_subject(scene->inspector, copy_state(scene));
	work(scene);
	assert_int_equal(scene->count, 0);
	uint64_t second = ask(scene, question_about(NETWORK_G, 0, &quantizer_em, 2));
	work(scene);
	assert_null(find(scene, lost, INSPECTOR_LAYER));
	assert_int_equal(need(scene, second, INSPECTOR_LAYER)->step, 3);
	assert_true(need(scene, second, INSPECTOR_LAYER)->report->statistics.variance != before.statistics.variance);
	/* None at all. */
	inspector_set_subject(scene->inspector, NULL);
	uint64_t none = ask(scene, question_about(NETWORK_G, 0, &quantizer_em, 2));
	work(scene);
	assert_non_null(strstr(need(scene, none, INSPECTOR_FAILED)->error.text, "no weights"));
}

static void a_file_is_as_good_as_a_copy(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	char hash[CHECKPOINT_HASH_SIZE];
	uint64_t bytes;
	const char *path = temporary_path(&scene->folder, "state.safetensors");
	train(scene, 1);
	struct checkpoint *copy = copy_state(scene);
	assert_true(checkpoint_write(copy, path, hash, &bytes, &error));
	inspector_set_subject(scene->inspector, copy);
	uint64_t live = ask(scene, question_about(NETWORK_D, 1, &quantizer_em, 2));
	work(scene);
	inspector_set_subject_file(scene->inspector, path, hash);
	uint64_t file = ask(scene, question_about(NETWORK_D, 1, &quantizer_em, 2));
	work(scene);
	const struct layer_report *a = need(scene, live, INSPECTOR_LAYER)->report, *b = need(scene, file, INSPECTOR_LAYER)->report;
	assert_memory_equal(a->statistics.counts, b->statistics.counts, sizeof a->statistics.counts);
	assert_true(a->statistics.fit.alpha == b->statistics.fit.alpha);
	assert_int_equal(need(scene, file, INSPECTOR_DONE)->step, 1);
	inspector_set_subject_file(scene->inspector, path, "");
	uint64_t unchecked = ask(scene, question_about(NETWORK_D, 1, &quantizer_em, 2));
	work(scene);
	need(scene, unchecked, INSPECTOR_DONE);
}

static void wrong_files_and_layers_are_named(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	char hash[CHECKPOINT_HASH_SIZE];
	uint64_t bytes;
	inspector_set_subject_file(scene->inspector, "/nowhere/step.safetensors", "");
	for (int i = 0; i < 2; i++) { /* whoever asks again is told again */
		uint64_t id = ask(scene, question_about(NETWORK_D, 0, &quantizer_em, 2));
		work(scene);
		assert_non_null(strstr(need(scene, id, INSPECTOR_FAILED)->error.text, "/nowhere/step.safetensors"));
		assert_null(find(scene, id, INSPECTOR_DONE));
	}
	const char *path = temporary_path(&scene->folder, "state.safetensors");
	struct checkpoint *copy = copy_state(scene);
	assert_true(checkpoint_write(copy, path, hash, &bytes, &error));
	hash[3] = hash[3] == '0' ? '1' : '0';
	inspector_set_subject_file(scene->inspector, path, hash);
	uint64_t id = ask(scene, question_about(NETWORK_D, 0, &quantizer_em, 2));
	work(scene);
	assert_non_null(strstr(need(scene, id, INSPECTOR_FAILED)->error.text, path));
	inspector_set_subject(scene->inspector, copy);
	id = ask(scene, question_about(NETWORK_G, LAYERS, &quantizer_em, 2));
	work(scene);
	assert_non_null(strstr(need(scene, id, INSPECTOR_FAILED)->error.text, "G has no layer 4"));
	id = ask(scene, question_about(NETWORK_G, LAYERS - 1, &quantizer_em, 2));
	work(scene);
	need(scene, id, INSPECTOR_DONE);
}

static void scales_a_channel_are_another_table(void **state)
{
	struct scene *scene = *state;
	inspector_set_subject(scene->inspector, copy_state(scene));
	struct inspector_question question = question_about(NETWORK_D, 1, &quantizer_em, 2);
	ask(scene, question);
	work(scene);
	double whole = cell(scene, question.id, &quantizer_em, 3);
	question.id += 1000;
	question.what_if.per_channel = true;
	ask(scene, question);
	work(scene);
	assert_true(cell(scene, question.id, &quantizer_em, 3) < whole);
	assert_true(need(scene, question.id, INSPECTOR_LAYER)->report->statistics.groups > 1);
}

/* ---- across threads ---- */

static const double patience = 60; /* seconds; only a hung program needs them */

static void wait_for(struct scene *scene, uint64_t id, enum inspector_answer_kind kind)
{
	double end = clock_seconds() + patience;
	poll_answers(scene);
	while (!find(scene, id, kind)) {
		struct pollfd wake = {.fd = inspector_wake_descriptor(scene->inspector), .events = POLLIN};
		poll(&wake, 1, 1000);
		poll_answers(scene);
		if (clock_seconds() > end)
			fail_msg("waited in vain for an answer of kind %d", kind);
	}
}

static void questions_and_subjects_may_come_at_any_time(void **state)
{
	struct scene *scene = *state;
	struct error error = {0};
	inspector_destroy(scene->inspector);
	scene->inspector = inspector_create(&error);
	if (!scene->inspector)
		fail_msg("%s", error.text);
	uint64_t last = 0;
	for (int round = 0; round < 12; round++) {
		if (round % 4 == 0)
			inspector_set_subject(scene->inspector, copy_state(scene));
		last = ask(scene, question_about(round % 2 ? NETWORK_G : NETWORK_D, round % LAYERS, quantizers[round % methods()], 3));
		if (round % 3 == 0)
			wait_for(scene, last, INSPECTOR_LAYER);
		train(scene, 1); /* goes on meanwhile: the subject is a copy */
	}
	wait_for(scene, last, INSPECTOR_DONE);
	/* Left in the middle of an answer. */
	ask(scene, question_about(NETWORK_G, 2, &quantizer_em, 5));
	inspector_set_subject(scene->inspector, copy_state(scene));
	ask(scene, question_about(NETWORK_G, 2, &quantizer_em, 6));
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(answers_come_in_their_order),
		SCENE(pictures_are_of_the_question_and_of_the_float_weights),
		SCENE(sizes_are_of_the_whole_network),
		SCENE(the_newest_question_wins),
		SCENE(the_search_for_the_best_levels_is_left_for_a_newer_question),
		SCENE(a_new_subject_silences_the_old_one),
		SCENE(a_file_is_as_good_as_a_copy),
		SCENE(wrong_files_and_layers_are_named),
		SCENE(scales_a_channel_are_another_table),
		SCENE(questions_and_subjects_may_come_at_any_time),
	};
	return cmocka_run_group_tests_name("inspector", tests, NULL, NULL);
}
