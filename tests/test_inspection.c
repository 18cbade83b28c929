/* engine/gan/inspection: what-if questions about a checkpoint, in any order, give the same answers, and "as trained" gives
 * what the trainer shows. */
#include "engine/gan/inspection.h"
#include "tests/trainer_fixture.h"

enum { COUNT = 25 /* pictures: more than one batch of either */ };

/* A training some steps on, its state, and the state looked at. */
struct subject {
	struct trainer *trainer;
	struct inspection *inspection;
};

static struct subject train(const struct gan_settings *settings)
{
	struct gan_settings fast = *settings;
	fast.learning_rate[NETWORK_G] = 2e-3;
	struct subject subject = {.trainer = make(&fast, NULL)};
	struct error error = {0};
	for (int i = 0; i < 5; i++)
		step(subject.trainer);
	struct checkpoint *checkpoint = trainer_checkpoint(subject.trainer, &error);
	assert_non_null(checkpoint);
	subject.inspection = inspection_create(checkpoint, 1, &error);
	checkpoint_destroy(checkpoint);
	if (!subject.inspection)
		fail_msg("%s", error.text);
	return subject;
}

static void leave(struct subject *subject)
{
	trainer_destroy(subject->trainer);
	inspection_destroy(subject->inspection);
}

static const struct what_if as_trained = {.network = NETWORK_G, .layer = -1};

static struct image *draw(struct inspection *inspection, const struct what_if *what_if, uint64_t seed)
{
	struct error error = {0};
	struct image *picture = inspection_sample(inspection, what_if, COUNT, seed, &error);
	if (!picture)
		fail_msg("%s", error.text);
	return picture;
}

static bool same_pictures(const struct image *a, const struct image *b)
{
	assert_true(a->width == b->width && a->height == b->height && a->channels == b->channels);
	return memcmp(a->pixels, b->pixels, (size_t)a->width * (size_t)a->height * (size_t)a->channels) == 0;
}

static void facts_are_the_checkpoints(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 3);
	struct subject subject = train(&settings);
	const struct inspection *inspection = subject.inspection;
	assert_int_equal(inspection_step(inspection), 5);
	assert_int_equal(inspection_settings(inspection)->bits[NETWORK_G], 3);
	assert_int_equal(inspection_settings(inspection)->batch, BATCH);
	assert_true(inspection_layers(inspection, NETWORK_D) == 4 && inspection_layers(inspection, NETWORK_G) == 4);
	assert_int_equal(inspection_find_layer(inspection, NETWORK_D, "conv3"), 2);
	assert_int_equal(inspection_find_layer(inspection, NETWORK_G, "deconv4"), 3);
	assert_int_equal(inspection_find_layer(inspection, NETWORK_G, "conv4"), 3);
	assert_int_equal(inspection_find_layer(inspection, NETWORK_D, "deconv1"), -1);
	size_t count;
	const float *weights = inspection_weights(inspection, NETWORK_D, 1, &count);
	struct checkpoint *checkpoint = trainer_checkpoint(subject.trainer, NULL);
	const struct checkpoint_tensor *tensor = checkpoint_find(checkpoint, "D.conv2.weight");
	assert_int_equal(count, tensor->count);
	double sum = 0, expected = 0;
	for (size_t i = 0; i < count; i++) {
		sum += weights[i];
		expected += tensor->values[i];
	}
	assert_float_equal(sum, expected, 1e-9);
	checkpoint_destroy(checkpoint);
	leave(&subject);
}

static const struct { int d_bits, g_bits; const char *layer_bits, *exempt, *quantizer; bool per_channel; } trained[] = {
	{32, 32, "", "none", "em", false},
	{2, 2, "", "none", "em", false},
	{32, 3, "G.conv2=1", "ends", "minmax", true},
	{2, 2, "G.deconv4=8", "first", "log", false},
};

static struct gan_settings trained_settings(size_t row)
{
	struct gan_settings settings = small_settings(trained[row].d_bits, trained[row].g_bits);
	text_copy(settings.layer_bits, sizeof settings.layer_bits, trained[row].layer_bits);
	text_copy(settings.exempt, sizeof settings.exempt, trained[row].exempt);
	text_copy(settings.quantizer, sizeof settings.quantizer, trained[row].quantizer);
	settings.per_channel = trained[row].per_channel;
	return settings;
}

static void as_trained_is_what_the_trainer_shows(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof trained / sizeof *trained; row++) {
		struct gan_settings settings = trained_settings(row);
		struct subject subject = train(&settings);
		struct layer_report *reports = memory_zeroed(2 * TRAINER_MAX_LAYERS, sizeof *reports), report;
		assert_int_equal(trainer_describe_layers(subject.trainer, reports, 2 * TRAINER_MAX_LAYERS), 8);
		for (int i = 0; i < 8; i++) {
			struct what_if question = {.network = i / 4, .layer = -1};
			struct error error = {0};
			assert_true(inspection_describe(subject.inspection, &question, i % 4, &report, &error));
			assert_string_equal(report.name, reports[i].name);
			assert_string_equal(report.shape, reports[i].shape);
			assert_true(report.network == reports[i].network && report.quantizer == reports[i].quantizer && isnan(report.flips));
			assert_memory_equal(&report.statistics.counts, &reports[i].statistics.counts, sizeof report.statistics.counts);
			assert_true(report.statistics.fit.alpha == reports[i].statistics.fit.alpha &&
			            report.statistics.mean_squared_error == reports[i].statistics.mean_squared_error);
		}
		for (uint64_t seed = 0; seed < 2; seed++) {
			struct image *shown = trainer_sample(subject.trainer, COUNT, seed, NULL), *drawn = draw(subject.inspection, &as_trained, seed);
			assert_true(same_pictures(shown, drawn));
			image_destroy(shown);
			image_destroy(drawn);
		}
		free(reports);
		leave(&subject);
	}
}

/* Many questions of all kinds, each asked several times in another order. */
static void answers_do_not_depend_on_the_order(void **state)
{
	(void)state;
	struct gan_settings settings = trained_settings(2);
	struct subject subject = train(&settings);
	enum { QUESTIONS = 7 };
	const struct what_if questions[QUESTIONS] = {
		as_trained,
		{.network = NETWORK_G, .layer = -1, .quantizer = &quantizer_em, .bits = 1},
		{.network = NETWORK_G, .layer = 1, .quantizer = &quantizer_minmax, .bits = 2},
		{.network = NETWORK_G, .layer = -1, .quantizer = &quantizer_minmax, .bits = QUANT_FLOAT_BITS},
		{.network = NETWORK_G, .layer = 2, .quantizer = &quantizer_minmax, .bits = 3, .per_channel = true}, /* as trained, anew */
		{.network = NETWORK_D, .layer = -1, .quantizer = &quantizer_em, .bits = 1}, /* no matter for G */
		{.network = NETWORK_G, .layer = -1, .quantizer = &quantizer_em, .bits = 2, .literal = true},
	};
	struct image *first[QUESTIONS];
	for (int i = 0; i < QUESTIONS; i++)
		first[i] = draw(subject.inspection, &questions[i], 0);
	assert_true(same_pictures(first[0], first[5]));
	assert_false(same_pictures(first[0], first[1]) || same_pictures(first[0], first[2]) || same_pictures(first[0], first[3]));
	struct numbers numbers = {5};
	for (int i = 0; i < 30; i++) {
		int which = (int)fabs(numbers_next(&numbers, QUESTIONS, 0)) % QUESTIONS;
		struct layer_report report;
		assert_true(inspection_describe(subject.inspection, &questions[(which + 3) % QUESTIONS], i % 4, &report, NULL));
		struct image *again = draw(subject.inspection, &questions[which], 0);
		assert_true(same_pictures(first[which], again));
		image_destroy(again);
	}
	for (int i = 0; i < QUESTIONS; i++)
		image_destroy(first[i]);
	leave(&subject);
}

/* A float question has a float training's pictures; a quantized one those of a fork of the float weights. */
static void questions_are_about_the_same_weights(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 2);
	struct subject subject = train(&settings);
	const struct what_if unquantized = {.network = NETWORK_G, .layer = -1, .quantizer = &quantizer_em, .bits = QUANT_FLOAT_BITS};
	const struct what_if one_bit = {.network = NETWORK_G, .layer = -1, .quantizer = &quantizer_minmax, .bits = 3};
	struct image *asked[] = {draw(subject.inspection, &unquantized, 0), draw(subject.inspection, &one_bit, 0)};
	assert_true(trainer_set_bits(subject.trainer, NETWORK_G, QUANT_FLOAT_BITS, NULL));
	struct image *shown = trainer_sample(subject.trainer, COUNT, 0, NULL);
	assert_true(same_pictures(asked[0], shown));
	image_destroy(shown);
	assert_true(trainer_set_quantizer(subject.trainer, "minmax", NULL) && trainer_set_bits(subject.trainer, NETWORK_G, 3, NULL));
	shown = trainer_sample(subject.trainer, COUNT, 0, NULL);
	assert_true(same_pictures(asked[1], shown));
	image_destroy(shown);
	image_destroy(asked[0]);
	image_destroy(asked[1]);
	leave(&subject);
}

/* Every method at all bits, degenerate ones too: sound numbers, every weight in a state, pictures. */
static void every_method_answers(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(32, 32);
	struct subject subject = train(&settings);
	for (int q = 0; quantizers[q]; q++)
		for (int bits = 1; bits <= QUANT_MAX_BITS; bits++) {
			struct what_if question = {
				.network = NETWORK_G, .layer = -1, .quantizer = quantizers[q], .bits = bits, .per_channel = bits % 2,
			};
			struct layer_report report;
			struct error error = {0};
			if (!inspection_describe(subject.inspection, &question, 1, &report, &error))
				fail_msg("%s at %d bits: %s", quantizers[q]->name, bits, error.text);
			uint64_t counted = 0;
			for (int z = 0; z < 1 << bits; z++)
				counted += report.statistics.counts[z];
			assert_true(counted == report.statistics.weights && report.quantizer == quantizers[q]);
			assert_true(report.trace.count > 0 || quantizers[q] != &quantizer_em);
			assert_true(isfinite(report.statistics.mean_squared_error) && isfinite(report.statistics.variance));
			assert_int_equal(report.statistics.groups, bits % 2 ? 8 : 1); /* deconv2 gives 8 channels */
			image_destroy(draw(subject.inspection, &question, 0));
		}
	leave(&subject);
}

static void wrong_questions_and_checkpoints(void **state)
{
	(void)state;
	struct gan_settings settings = small_settings(2, 32);
	struct subject subject = train(&settings);
	struct what_if question = {.network = NETWORK_D, .layer = -1, .quantizer = &quantizer_em, .bits = 9};
	struct layer_report report;
	struct error error = {0};
	assert_false(inspection_describe(subject.inspection, &question, 0, &report, &error));
	assert_string_equal(error.text, "bits 9: must be 1 to 8, or 32 for float");
	assert_null(inspection_sample(subject.inspection, &question, 4, 0, &error));
	assert_null(inspection_sample(subject.inspection, &as_trained, 0, 0, &error));
	assert_non_null(strstr(error.text, "samples 0"));
	struct checkpoint *checkpoint = trainer_checkpoint(subject.trainer, NULL);
	checkpoint_set_text(checkpoint, "settings.width", "8");
	assert_null(inspection_create(checkpoint, 1, &error));
	assert_non_null(strstr(error.text, "D.conv1.weight"));
	checkpoint_destroy(checkpoint);
	checkpoint = checkpoint_create();
	assert_null(inspection_create(checkpoint, 1, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	checkpoint_destroy(checkpoint);
	inspection_destroy(NULL);
	leave(&subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_are_the_checkpoints),
		cmocka_unit_test(as_trained_is_what_the_trainer_shows),
		cmocka_unit_test(answers_do_not_depend_on_the_order),
		cmocka_unit_test(questions_are_about_the_same_weights),
		cmocka_unit_test(every_method_answers),
		cmocka_unit_test(wrong_questions_and_checkpoints),
	};
	return cmocka_run_group_tests_name("inspection", tests, prepare, clean_up);
}
