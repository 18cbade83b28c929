/* qgan bench generate: how fast pictures are drawn from packed k-bit weights, those of a file or made up. */
#include "app/commands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/peak_memory.h"
#include "app/settings.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/gan/packed_generator.h"
#include "engine/gan/model.h"
#include "engine/tensor/gemm.h"

enum { MOST_REPEATS = 100000, FEWEST_REPEATS = 5, WARM_UP = 2, DIGITS = 4 };

struct arguments {
	int64_t bits, batch, size, width, channels, latent, threads;
	double seconds;
	const char *quantizer;
	bool per_channel, json;
};

struct result {
	struct gan_settings settings;
	int threads;
	double seconds, best_seconds; /* of a batch; seconds: the median */
	double model_bytes, gflops, peak_rss_mb;
};

/* ---- a generator as it is before any training ---- */

static struct gan_settings settings_of(const struct arguments *arguments)
{
	struct gan_settings settings;
	settings_set_defaults(&settings);
	settings.size = (int)arguments->size;
	settings.width = (int)arguments->width;
	settings.channels = (int)arguments->channels;
	settings.latent = (int)arguments->latent;
	settings.bits[NETWORK_G] = (int)arguments->bits;
	settings.per_channel = arguments->per_channel;
	text_copy(settings.quantizer, sizeof settings.quantizer, arguments->quantizer);
	return settings;
}

static bool quantize(struct quantization *quantization, const struct gan_settings *settings, struct parallel *parallel,
                     struct error *error)
{
	struct tensor_plan plans[QUANTIZATION_MAX_TENSORS];
	const struct quantizer *quantizer = quantizer_find(settings->quantizer, error);
	for (int i = 0; i < quantization->count; i++)
		plans[i] = (struct tensor_plan){
			.quantizer = quantizer, .bits = settings->bits[NETWORK_G], .per_channel = settings->per_channel,
		};
	return quantizer && quantization_set(quantization, plans, error) && quantization_refresh(quantization, parallel, error);
}

static struct checkpoint *pack(const struct gan_settings *settings, struct network *network, struct parallel *parallel,
                               struct error *error)
{
	struct quantization quantization;
	quantization_init(&quantization, network);
	const struct packed_source source = {.settings = settings, .networks = {[NETWORK_G] = &quantization}};
	struct checkpoint *file = quantize(&quantization, settings, parallel, error) ? packed_model_make(&source, error) : NULL;
	quantization_clear(&quantization);
	return file;
}

static struct packed_model *make_model(const struct gan_settings *settings, struct error *error)
{
	const struct model_family *family = model_family_check(settings, error);
	struct parallel *parallel = family ? parallel_create(0, error) : NULL;
	struct checkpoint *file = NULL;
	if (parallel) {
		struct network_recipe *recipe = memory_zeroed(1, sizeof *recipe);
		struct random random;
		family->describe(settings, NETWORK_G, recipe);
		struct network *network = network_create(recipe->layers, recipe->count, recipe->input, 1, PRECISION_FLOAT32, NULL, error);
		random_start(&random, settings->seed, RANDOM_INIT_G);
		if (network) {
			network_initialise(network, &random);
			file = pack(settings, network, parallel, error);
		}
		network_destroy(network);
		free(recipe);
	}
	parallel_destroy(parallel);
	return file ? packed_model_open(file, "the generator made up", error) : NULL;
}

/* ---- measuring ---- */

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

static void time_batches(struct packed_generator *generator, int batch, const float *noise, double limit, struct result *result)
{
	double *seconds = memory_zeroed(MOST_REPEATS, sizeof *seconds), all = 0;
	int count = 0;
	for (int i = 0; i < WARM_UP; i++)
		packed_generator_run(generator, batch, noise);
	while (count < MOST_REPEATS && (count < FEWEST_REPEATS || all < limit)) {
		double start = clock_seconds();
		packed_generator_run(generator, batch, noise);
		seconds[count] = clock_seconds() - start;
		all += seconds[count++];
	}
	qsort(seconds, (size_t)count, sizeof *seconds, compare_doubles);
	result->best_seconds = seconds[0];
	result->seconds = count % 2 ? seconds[count / 2] : (seconds[count / 2 - 1] + seconds[count / 2]) / 2;
	free(seconds);
}

static bool measure(const struct packed_model *model, const struct arguments *arguments, struct packed_generator **generator,
                    struct result *result, struct error *error)
{
	const int batch = (int)arguments->batch;
	*generator = packed_generator_create(model, batch, (int)arguments->threads, error);
	const size_t values = (size_t)batch * (size_t)model->settings.latent;
	float *noise = *generator ? memory_try_floats(values, "the noise of a batch", error) : NULL;
	if (!noise)
		return false;
	struct random random;
	random_start(&random, 1, RANDOM_TEST);
	random_fill_normal(&random, noise, values, 0, 1);
	result->settings = model->settings;
	result->threads = packed_generator_threads(*generator);
	result->model_bytes = (double)packed_generator_bytes(*generator);
	time_batches(*generator, batch, noise, arguments->seconds, result);
	result->gflops = 2 * packed_generator_multiply_adds(*generator) * batch / result->seconds * 1e-9;
	free(noise);
	return true;
}

static int print_json(const struct arguments *arguments, const struct result *r)
{
	const struct gan_settings *s = &r->settings;
	return cli_print_json(json_pack("{s:i, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:s, s:i, s:i, s:i, s:i, s:s}",
		"bits", s->bits[NETWORK_G], "batch", (json_int_t)arguments->batch,
		"images_per_s", cli_json_rounded((double)arguments->batch / r->seconds, DIGITS),
		"ms", cli_json_rounded(r->seconds * 1e3, DIGITS), "best_ms", cli_json_rounded(r->best_seconds * 1e3, DIGITS),
		"model_bytes", (json_int_t)r->model_bytes, "gflops", cli_json_rounded(r->gflops, DIGITS),
		"peak_rss_mb", cli_json_rounded(r->peak_rss_mb, DIGITS), "quantizer", s->quantizer, "size", s->size, "width", s->width,
		"channels", s->channels, "threads", r->threads, "kernel", tensor_kernel_name()));
}

static int print_text(const struct arguments *arguments, const struct result *r)
{
	const struct gan_settings *s = &r->settings;
	char bytes[32], codes[GAN_NAME_SIZE + 32] = "float weights";
	if (s->bits[NETWORK_G] != QUANT_FLOAT_BITS)
		snprintf(codes, sizeof codes, "%s at %d bit%s", s->quantizer, s->bits[NETWORK_G], s->bits[NETWORK_G] == 1 ? "" : "s");
	printf("G %dx%dx%d, width %d, %s, batch %d, %d thread%s, %s\n", s->size, s->size, s->channels, s->width, codes,
	       (int)arguments->batch, r->threads, r->threads == 1 ? "" : "s", tensor_kernel_name());
	printf("pictures    %.0f a second\n", (double)arguments->batch / r->seconds);
	printf("batch       %.3f ms (median; at best %.3f)\n", r->seconds * 1e3, r->best_seconds * 1e3);
	printf("useful      %.1f GFLOP/s\n", r->gflops);
	printf("model       %s\n", text_bytes_amount(bytes, sizeof bytes, r->model_bytes));
	printf("memory      %.0f MB at most\n", r->peak_rss_mb);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {.bits = 2, .batch = 64, .size = 32, .width = 128, .channels = 3, .latent = 100, .seconds = 1,
	                              .quantizer = "em"};
	struct cli_words words;
	struct error error = {0};
	int status;
	if (!cli_parse(&subcommand_bench_generate.syntax, subcommand_bench_generate.help, argc, argv, &arguments, &words, &status))
		return status;
	const struct gan_settings settings = settings_of(&arguments);
	if (words.count == 0 && !quant_bits_valid((int)arguments.bits))
		return cli_fail((error_set(&error, ERROR_INPUT, "--bits %d: must be 1 to 8, or 32 for float", (int)arguments.bits), &error));
	struct packed_model *model = words.count ? packed_model_read(words.items[0], &error) : make_model(&settings, &error);
	struct packed_generator *generator = NULL;
	struct result result = {0};
	peak_memory_reset();
	bool good = model && measure(model, &arguments, &generator, &result, &error);
	packed_model_destroy(model);
	result.peak_rss_mb = peak_memory_mb();
	status = !good ? cli_fail(&error) : arguments.json ? print_json(&arguments, &result) : print_text(&arguments, &result);
	packed_generator_destroy(generator);
	return status;
}

static const struct cli_option options[] = {
	{.name = "bits", .kind = CLI_INTEGER, .argument = "K", .offset = offsetof(struct arguments, bits), .min = 1, .max = 32,
	 .standard = "2", .help = "bits a weight: 1 to 8, or 32 for float"},
	{.name = "batch", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, batch), .min = 1,
	 .max = MODEL_MAX_BATCH, .standard = "64", .help = "pictures drawn at once"},
	{.name = "size", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, size), .min = 32, .max = 128,
	 .standard = "32", .help = "pixels a side: 32, 64 or 128"},
	{.name = "width", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, width), .min = 1,
	 .max = MODEL_MAX_WIDTH, .standard = "128", .help = "features of the layer next to the picture"},
	{.name = "channels", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, channels), .min = 1, .max = 3,
	 .standard = "3", .help = "1 for grey, 3 for colour"},
	{.name = "latent", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, latent), .min = 1,
	 .max = MODEL_MAX_LATENT, .standard = "100", .help = "length of the noise"},
	{.name = "quantizer", .kind = CLI_CHOICE, .argument = "NAME", .offset = offsetof(struct arguments, quantizer),
	 .choices = quantizer_names, .standard = "em", .help = "method of the codes"},
	{.name = "per-channel", .kind = CLI_FLAG, .offset = offsetof(struct arguments, per_channel),
	 .help = "scales for each output channel"},
	{.name = "threads", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, threads), .min = 0,
	 .max = PARALLEL_MAX_THREADS, .standard = "0", .help = "threads, 0: one a usable core"},
	{.name = "seconds", .kind = CLI_REAL, .argument = "S", .offset = offsetof(struct arguments, seconds), .min = 0.01, .max = 600,
	 .standard = "1", .help = "how long batches are timed"},
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_bench_generate = {
	.name = "generate",
	.help = "Time a generator that draws from packed weights: of a model that qgan export wrote, or made up.",
	.syntax = {.positionals = "[FILE.qgan]", .min = 0, .max = 1, .options = options,
	           .notes = "With a file, the options that make up a generator are not looked at.\n"},
	.run = run,
};
