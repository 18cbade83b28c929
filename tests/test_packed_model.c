/* engine/gan/packed_model: what is written is, read back, bit for bit what the trainer uses, and as small as it says. */
#include "engine/gan/packed_model.h"
#include "engine/gan/inspection.h"
#include "engine/gan/trainer_state.h"
#include "tests/trainer_fixture.h"

/* A training some steps on; its networks as it uses them; the same from its checkpoint alone. */
struct subject {
	struct trainer *trainer;
	struct inspection *inspection;
	struct packed_source used, saved;
};

static struct subject train(const struct gan_settings *settings)
{
	struct error error = {0};
	struct subject subject = {.trainer = make(settings, NULL)};
	for (int i = 0; i < 3; i++)
		step(subject.trainer);
	struct checkpoint *checkpoint = trainer_checkpoint(subject.trainer, &error);
	assert_non_null(checkpoint);
	subject.inspection = inspection_create(checkpoint, 1, &error);
	checkpoint_destroy(checkpoint);
	if (!subject.inspection)
		fail_msg("%s", error.text);
	subject.used = (struct packed_source){.settings = trainer_settings(subject.trainer), .step = 3};
	subject.saved = (struct packed_source){.settings = inspection_settings(subject.inspection), .step = 3};
	for (int id = 0; id < NETWORK_COUNT; id++) {
		subject.used.networks[id] = &subject.trainer->gan.quantization[id];
		subject.saved.networks[id] = inspection_as_trained(subject.inspection, id, &error);
	}
	return subject;
}

static void leave(struct subject *subject)
{
	trainer_destroy(subject->trainer);
	inspection_destroy(subject->inspection);
}

static struct packed_model *write_and_read(const struct packed_source *source, uint64_t *bytes)
{
	struct error error = {0};
	char hash[CHECKPOINT_HASH_SIZE];
	struct checkpoint *file = packed_model_make(source, &error);
	assert_non_null(file);
	assert_true(checkpoint_write(file, path, hash, bytes, &error));
	checkpoint_destroy(file);
	struct packed_model *model = packed_model_read(path, &error);
	if (!model)
		fail_msg("%s", error.text);
	return model;
}

static struct gan_settings settings_of(const struct quantizer *quantizer, int d_bits, int g_bits, bool per_channel)
{
	struct gan_settings settings = small_settings(d_bits, g_bits);
	text_copy(settings.quantizer, sizeof settings.quantizer, quantizer->name);
	settings.per_channel = per_channel;
	settings.allow_degenerate = true;
	return settings;
}

static void expect_same(const struct gan_settings *settings)
{
	struct subject subject = train(settings);
	struct error error = {0};
	uint64_t bytes;
	struct packed_model *model = write_and_read(&subject.saved, &bytes);
	if (!packed_model_check(model, &subject.used, &error) || !packed_model_check(model, &subject.saved, &error))
		fail_msg("%s, %d and %d bits: %s", settings->quantizer, settings->bits[NETWORK_D], settings->bits[NETWORK_G], error.text);
	assert_true(model->step == 3 && model->holds[NETWORK_D] && model->holds[NETWORK_G]);
	assert_string_equal(model->settings.quantizer, settings->quantizer);
	packed_model_destroy(model);
	leave(&subject);
}

static void every_method_comes_back_as_training_used_it(void **state)
{
	(void)state;
	for (int row = 0; quantizers[row]; row++)
		for (int bits = 1; bits <= 8; bits++) {
			struct gan_settings settings = settings_of(quantizers[row], bits, 9 - bits, bits % 2);
			expect_same(&settings);
		}
}

static void float_layers_come_back_too(void **state)
{
	(void)state;
	static const char *const exceptions[] = {"G.deconv4=32,D.conv1=5,D.conv2=32", "", "G.deconv1=1"};
	static const char *const exempt[] = {"none", "ends", "first"};
	for (int i = 0; i < 3; i++) {
		struct gan_settings settings = settings_of(&quantizer_em, i == 1 ? 32 : 2, 3, false);
		text_copy(settings.layer_bits, sizeof settings.layer_bits, exceptions[i]);
		text_copy(settings.exempt, sizeof settings.exempt, exempt[i]);
		expect_same(&settings);
	}
	struct gan_settings settings = settings_of(&quantizer_em, 32, 32, false);
	expect_same(&settings);
}

/* What is not quantized is the checkpoint's own, whatever lies in the block of effective weights. */
static void batch_norm_is_the_checkpoints(void **state)
{
	(void)state;
	struct gan_settings settings = settings_of(&quantizer_em, 2, 2, false);
	text_copy(settings.exempt, sizeof settings.exempt, "last");
	struct subject subject = train(&settings);
	uint64_t bytes;
	struct packed_model *model = write_and_read(&subject.saved, &bytes);
	struct checkpoint *checkpoint = trainer_checkpoint(subject.trainer, NULL);
	int compared = 0;
	for (int i = 0; i < checkpoint_tensor_count(model->file); i++) {
		const struct checkpoint_tensor *found = checkpoint_tensor_at(model->file, i);
		if (found->type != CHECKPOINT_F32)
			continue;
		const struct checkpoint_tensor *own = checkpoint_find(checkpoint, found->name);
		assert_true(own && own->count == found->count);
		assert_memory_equal(found->values, own->values, own->count * sizeof *own->values);
		compared++;
	}
	assert_int_equal(compared, 2 * 4 + 3 * 4 + 2); /* weight, bias, mean and variance of five norms, two last layers */
	checkpoint_destroy(checkpoint);
	packed_model_destroy(model);
	leave(&subject);
}

/* ---- sizes ---- */

static size_t file_bytes_of(const struct packed_model *model, const char *name, enum checkpoint_type type, const char *end)
{
	char part[2 * CHECKPOINT_NAME_SIZE];
	snprintf(part, sizeof part, "%s%s", name, end);
	const struct checkpoint_tensor *tensor = checkpoint_find_type(model->file, type, part);
	assert_non_null(tensor);
	return tensor->count * checkpoint_types[type].size;
}

/* What reports, and so dashboard and store, call packed_bytes is what the packed layer takes in the file. */
static void reports_give_the_size_of_packed_codes(void **state)
{
	(void)state;
	for (int per_channel = 0; per_channel <= 1; per_channel++) {
		struct gan_settings settings = settings_of(&quantizer_em, 3, 1, per_channel);
		text_copy(settings.layer_bits, sizeof settings.layer_bits, "D.conv3=32");
		struct subject subject = train(&settings);
		uint64_t bytes, data = 0;
		struct packed_model *model = write_and_read(&subject.saved, &bytes);
		struct layer_report reports[2 * TRAINER_MAX_LAYERS];
		int count = trainer_describe_layers(subject.trainer, reports, 2 * TRAINER_MAX_LAYERS), packed = 0;
		for (int i = 0; i < count; i++) {
			char name[CHECKPOINT_NAME_SIZE];
			snprintf(name, sizeof name, "%s.%s.weight", reports[i].network == NETWORK_D ? "D" : "G", reports[i].name);
			double told = reports[i].statistics.packed_bytes;
			if (reports[i].statistics.fit.bits == QUANT_FLOAT_BITS) {
				assert_true(told == 4.0 * (double)checkpoint_find(model->file, name)->count);
				continue;
			}
			const struct packed_tensor *tensor = &model->tensors[packed++];
			assert_string_equal(tensor->name, name);
			assert_true(told == (double)packed_codes_size(&tensor->codes));
			assert_true(told == (double)(file_bytes_of(model, name, CHECKPOINT_U8, ".codes") +
			                             file_bytes_of(model, name, CHECKPOINT_F64, ".scales")));
		}
		assert_int_equal(packed, model->count);
		for (int i = 0; i < checkpoint_tensor_count(model->file); i++) {
			const struct checkpoint_tensor *tensor = checkpoint_tensor_at(model->file, i);
			data += tensor->count * checkpoint_types[tensor->type].size;
		}
		assert_true(bytes > data && bytes < data + 8192); /* nothing else in the file but its header */
		packed_model_destroy(model);
		leave(&subject);
	}
}

static void one_network_can_be_left_out(void **state)
{
	(void)state;
	struct gan_settings settings = settings_of(&quantizer_minmax, 2, 2, false);
	struct subject subject = train(&settings);
	struct packed_source both = subject.saved;
	subject.saved.networks[NETWORK_D] = NULL;
	uint64_t bytes;
	struct error error = {0};
	struct packed_model *model = write_and_read(&subject.saved, &bytes);
	assert_true(!model->holds[NETWORK_D] && model->holds[NETWORK_G] && model->count == 4);
	assert_null(checkpoint_find(model->file, "D.norm2.weight"));
	assert_true(packed_model_check(model, &subject.saved, &error));
	assert_false(packed_model_check(model, &both, &error));
	float few[4];
	assert_false(packed_model_expand(model, "G.deconv1.weight", 4, few, &error));
	assert_non_null(strstr(error.text, "G.deconv1.weight has"));
	packed_model_destroy(model);
	leave(&subject);
}

/* ---- files that are not what they should be ---- */

static void expect_difference(const struct packed_source *source, enum checkpoint_type type, const char *tensor, size_t byte,
                              const char *said)
{
	struct error error = {0};
	struct checkpoint *file = packed_model_make(source, &error);
	((uint8_t *)checkpoint_fill_type(file, type, tensor))[byte] ^= 1;
	struct packed_model *model = packed_model_open(file, "changed", &error);
	assert_non_null(model);
	assert_false(packed_model_check(model, source, &error));
	assert_int_equal(error.code, ERROR_STATE);
	if (!strstr(error.text, said))
		fail_msg("\"%s\" does not say \"%s\"", error.text, said);
	packed_model_destroy(model);
}

static void a_single_changed_bit_is_found(void **state)
{
	(void)state;
	struct gan_settings settings = settings_of(&quantizer_em, 2, 4, false);
	struct subject subject = train(&settings);
	expect_difference(&subject.saved, CHECKPOINT_U8, "G.deconv2.weight.codes", 5, "G.deconv2.weight: value 10 of");
	expect_difference(&subject.saved, CHECKPOINT_U8, "D.conv1.weight.codes", 0, "D.conv1.weight: value 0 of");
	expect_difference(&subject.saved, CHECKPOINT_F64, "G.deconv4.weight.scales", 4, "G.deconv4.weight: value");
	expect_difference(&subject.saved, CHECKPOINT_F32, "G.norm1.running_var", 4, "G.norm1.running_var: value 1 of");
	leave(&subject);
}

/* Reads the subject's file with one key changed. */
static void expect_refusal(const struct packed_source *source, const char *key, const char *value, const char *said)
{
	struct error error = {0};
	struct checkpoint *file = packed_model_make(source, &error);
	checkpoint_set_text(file, key, value);
	assert_null(packed_model_open(file, "hostile", &error));
	assert_int_equal(error.code, ERROR_INPUT);
	if (!strstr(error.text, "hostile") || !strstr(error.text, said))
		fail_msg("\"%s\" does not say \"%s\"", error.text, said);
}

static void wrong_metadata_gets_a_sentence(void **state)
{
	(void)state;
	static const struct { const char *key, *value, *said; } rows[] = {
		{"format", "qgan checkpoint 1", "format is \"qgan checkpoint 1\", expected"},
		{"networks", "", "networks is \"\""},
		{"networks", "X", "networks is \"X\""},
		{"step", "-1", "whole number"},
		{"step", "18446744073709551615", "step is"},
		{"settings.width", "wide", "settings.width"},
		{"G.deconv1.weight.method", "em2", "G.deconv1.weight.method"},
		{"G.deconv1.weight.bits", "9", "G.deconv1.weight.bits is \"9\", expected 1 to 8"},
		{"G.deconv1.weight.bits", "0", "expected 1 to 8"},
		{"G.deconv1.weight.bits", "2", "bytes, but"},
		{"G.deconv1.weight.shape", "", "G.deconv1.weight.shape is"},
		{"G.deconv1.weight.shape", "10x16x4", "bytes, but"},
		{"G.deconv1.weight.shape", "10x16x4x4x1", "four whole numbers"},
		{"G.deconv1.weight.shape", "10x16x-4x4", "four whole numbers"},
		{"G.deconv1.weight.shape", "0x16x4x4", "four whole numbers"},
		{"G.deconv1.weight.shape", "4294967296x4294967296x4x4", "four whole numbers"},
		{"G.deconv1.weight.shape", "10x16x4x4x", "four whole numbers"},
		{"G.deconv1.weight.dimension", "1", "G.deconv1.weight.scales of 16 x 2 numbers is missing"},
		{"G.deconv1.weight.dimension", "4", "or the number of a dimension"},
		{"G.deconv1.weight.constant", "00", "one \"0\" or \"1\" a scale"},
		{"G.deconv1.weight.constant", "2", "one \"0\" or \"1\" a scale"},
	};
	struct gan_settings settings = settings_of(&quantizer_em, 32, 3, false);
	struct subject subject = train(&settings);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect_refusal(&subject.saved, rows[i].key, rows[i].value, rows[i].said);
	leave(&subject);
}

/* A file of codes [5 bytes] and scales as told, with good metadata around. */
static struct error open_made_up(const char *codes, size_t codes_size, const char *scales, double alpha)
{
	struct gan_settings settings = small_settings(2, 2);
	struct checkpoint *file = checkpoint_create();
	checkpoint_declare_type(file, CHECKPOINT_F64, scales, 2, (size_t[]){1, 2});
	checkpoint_declare_type(file, CHECKPOINT_U8, codes, 1, &codes_size);
	assert_true(checkpoint_allocate(file, NULL));
	((double *)checkpoint_fill_type(file, CHECKPOINT_F64, scales))[0] = alpha;
	memset(checkpoint_fill_type(file, CHECKPOINT_U8, codes), 0xff, codes_size);
	gan_settings_to_checkpoint(&settings, file);
	static const char *const keys[][2] = {
		{"format", "qgan packed model 1"}, {"networks", "G"}, {"step", "5"}, {"G.a.weight.method", "em"}, {"G.a.weight.bits", "2"},
		{"G.a.weight.shape", "19"}, {"G.a.weight.dimension", "none"},
	};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		checkpoint_set_text(file, keys[i][0], keys[i][1]);
	struct error error = {0};
	assert_null(packed_model_open(file, "made up", &error));
	assert_int_equal(error.code, ERROR_INPUT);
	return error;
}

static void wrong_tensors_get_a_sentence(void **state)
{
	(void)state;
	assert_non_null(strstr(open_made_up("G.a.weight.codes", 5, "G.a.weight.scales", 1).text, "bits after the last code are not 0"));
	assert_non_null(strstr(open_made_up("G.a.weight.codes", 6, "G.a.weight.scales", 1).text,
	                       "6 bytes, but 19 codes of 2 bits take 5"));
	assert_non_null(strstr(open_made_up("G.a.weight", 5, "G.a.weight.scales", 1).text, "not named"));
	assert_non_null(strstr(open_made_up("a.weight.codes", 5, "G.a.weight.scales", 1).text, "not named"));
	assert_non_null(strstr(open_made_up("G.b.codes", 5, "G.a.weight.scales", 1).text, "\"G.b.method\" is missing"));
}

static void levels_that_are_not_finite_are_refused(void **state)
{
	(void)state;
	struct gan_settings settings = settings_of(&quantizer_em, 32, 3, true);
	struct subject subject = train(&settings);
	static const double values[] = {NAN, INFINITY, 1e300, -4e38};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct error error = {0};
		struct checkpoint *file = packed_model_make(&subject.saved, &error);
		((double *)checkpoint_fill_type(file, CHECKPOINT_F64, "G.deconv2.weight.scales"))[2 * 3] = values[i];
		assert_null(packed_model_open(file, "hostile", &error));
		assert_non_null(strstr(error.text, "G.deconv2.weight.scales: number 3 gives levels that are not finite"));
	}
	leave(&subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_method_comes_back_as_training_used_it),
		cmocka_unit_test(float_layers_come_back_too),
		cmocka_unit_test(batch_norm_is_the_checkpoints),
		cmocka_unit_test(reports_give_the_size_of_packed_codes),
		cmocka_unit_test(one_network_can_be_left_out),
		cmocka_unit_test(a_single_changed_bit_is_found),
		cmocka_unit_test(wrong_metadata_gets_a_sentence),
		cmocka_unit_test(wrong_tensors_get_a_sentence),
		cmocka_unit_test(levels_that_are_not_finite_are_refused),
	};
	return cmocka_run_group_tests_name("packed_model", tests, prepare, clean_up);
}
