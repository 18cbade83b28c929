/* Training in bf16, with the kernel that runs everywhere: its curve stays beside that of float32, and whatever holds for
 * float32 to the bit (repeats, threads, resuming) holds for it too. */
#include "engine/gan/model.h"
#include "engine/tensor/kernel.h"
#include "engine/tensor/precision.h"
#include "tests/trainer_fixture.h"

enum { CURVE = 100 };

static int use_portable(void **state)
{
	(void)state;
	return kernel_use("portable-bf16") ? 0 : -1;
}

static struct gan_settings settings_in(const char *precision, const struct model_family *family)
{
	struct gan_settings settings = small_settings(32, 32);
	text_copy(settings.precision, sizeof settings.precision, precision);
	text_copy(settings.model, sizeof settings.model, family->name);
	if (family == &model_wgan_gp)
		settings.gradient_penalty = 10;
	return settings;
}

static void curve(const struct gan_settings *settings, struct outcome outcomes[CURVE], int steps)
{
	struct trainer *trainer = make(settings, NULL);
	for (int i = 0; i < steps; i++)
		outcomes[i] = step(trainer);
	trainer_destroy(trainer);
}

/* Losses are of the size of 1. They part in the end, as those of two seeds do; not in the first hundred steps, even of networks
 * as small as these, where a rounding is soon felt. */
static void losses_stay_together(void **state)
{
	(void)state;
	static const double bound = 0.1;
	struct outcome truth[CURVE], bf16[CURVE];
	for (int f = 0; model_families[f]; f++) {
		struct gan_settings settings = settings_in("float32", model_families[f]);
		curve(&settings, truth, CURVE);
		settings = settings_in("bf16", model_families[f]);
		curve(&settings, bf16, CURVE);
		double apart = 0;
		for (int i = 0; i < CURVE; i++) {
			for (int id = 0; id < NETWORK_COUNT; id++) {
				const double scale = fmax(1, fabs((double)truth[i].values[id]));
				apart = fmax(apart, fabs((double)truth[i].values[id] - (double)bf16[i].values[id]) / scale);
			}
		}
		printf("%s: at most %.4f apart\n", model_families[f]->name, apart);
		assert_true(apart > 0); /* it is another arithmetic */
		assert_true(apart < bound);
	}
}

static void repeats_and_threads_give_the_same_bits(void **state)
{
	(void)state;
	enum { STEPS = 6 };
	struct outcome one[CURVE], other[CURVE];
	for (int f = 0; model_families[f]; f++) {
		struct gan_settings settings = settings_in("bf16", model_families[f]);
		curve(&settings, one, STEPS);
		for (settings.threads = 1; settings.threads <= 3; settings.threads++) {
			curve(&settings, other, STEPS);
			assert_memory_equal(one, other, STEPS * sizeof *one);
		}
	}
}

static void a_resumed_training_gives_the_same_bits(void **state)
{
	(void)state;
	for (int f = 0; model_families[f]; f++) {
		char hash[CHECKPOINT_HASH_SIZE];
		struct gan_settings settings = settings_in("bf16", model_families[f]);
		settings.bits[NETWORK_D] = 2;
		struct outcome outcomes[3];
		struct trainer *trainer = make(&settings, NULL);
		step(trainer);
		save(trainer, hash);
		for (int i = 0; i < 3; i++)
			outcomes[i] = step(trainer);
		trainer_destroy(trainer);
		struct checkpoint *checkpoint = saved(hash);
		trainer = make(&settings, checkpoint);
		assert_string_equal(trainer_settings(trainer)->precision, "bf16");
		for (int i = 0; i < 3; i++) {
			struct outcome outcome = step(trainer);
			assert_memory_equal(&outcome, &outcomes[i], sizeof outcome);
		}
		trainer_destroy(trainer);
		checkpoint_destroy(checkpoint);
	}
}

/* auto takes bf16 only where it is faster, and nobody gets it unasked from the portable kernel. */
static void wishes_come_to_what_the_machine_has(void **state)
{
	(void)state;
	char text[48], wish[16] = "bf16";
	assert_int_equal(precision_of_wish("bf16"), PRECISION_BF16);
	assert_int_equal(precision_of_wish("auto"), PRECISION_FLOAT32);
	assert_int_equal(precision_of_wish("float32"), PRECISION_FLOAT32);
	assert_int_equal(precision_of_wish(""), PRECISION_FLOAT32);
	precision_describe("bf16", text, sizeof text);
	assert_string_equal(text, "bf16 portable-bf16");
	precision_describe("auto", text, sizeof text);
	assert_memory_equal(text, "float32 ", 8);
	precision_settle(wish, sizeof wish);
	assert_string_equal(wish, "bf16");
	snprintf(wish, sizeof wish, "auto");
	precision_settle(wish, sizeof wish);
	assert_string_equal(wish, "float32");
}

static bool processor_is_amd(void)
{
	char line[256];
	bool found = false;
	FILE *file = fopen("/proc/cpuinfo", "re");
	while (file && !found && fgets(line, sizeof line, file))
		found = strstr(line, "AuthenticAMD") != NULL;
	if (file)
		fclose(file);
	return found;
}

/* By what the processor is: of two that have the same instructions only one gains by them. */
static void auto_takes_bf16_where_a_step_gains_by_it(void **state)
{
	(void)state;
	if (kernel_use("avx512-bf16")) {
		assert_int_equal(precision_of_wish("auto"), processor_is_amd() ? PRECISION_BF16 : PRECISION_FLOAT32);
		assert_int_equal(precision_of_wish("bf16"), PRECISION_BF16);
		assert_int_equal(precision_gain() > 1, processor_is_amd());
	}
	if (kernel_use("amx-bf16"))
		assert_int_equal(precision_of_wish("auto"), PRECISION_BF16);
	assert_true(kernel_use("portable-bf16"));
	assert_true(precision_gain() == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses_stay_together),
		cmocka_unit_test(repeats_and_threads_give_the_same_bits),
		cmocka_unit_test(a_resumed_training_gives_the_same_bits),
		cmocka_unit_test(wishes_come_to_what_the_machine_has),
		cmocka_unit_test(auto_takes_bf16_where_a_step_gains_by_it),
	};
	return use_portable(NULL) ? 1 : cmocka_run_group_tests(tests, prepare, clean_up);
}
