#include "app/bench_store.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/tensor/random.h"

enum { BLOCK_POINTS = 4096, POINT_STEPS = 10 /* between two points */ };

struct filling {
	struct store *store;
	struct random random;
	int64_t runs, points, done;
	double now;
	bool (*told)(void *context, int64_t done);
	void *context;
};

static const int some_bits[] = {1, 2, 2, 3, 4, 8, 32, 32};
static const char *const some_data[] = {"fashion-mnist", "cifar10:/data/cifar10", "images:/data/celeba", "shapes"};
static const char *const some_quantizers[] = {"em", "em", "minmax", "log", "tanh"};
static const char *const some_tags[] = {"", "", "paper", "baseline", "ablation seed", "good"};
static const char *const some_verdicts[] = {"convergent", "convergent", "unstable", "failed", "undecided"};
static const enum run_status some_ends[] = {RUN_FINISHED, RUN_FINISHED, RUN_FINISHED, RUN_STOPPED, RUN_CRASHED, RUN_FAILED};

#define PICK(filling, list) (list)[random_below(&(filling)->random, sizeof list / sizeof *(list))]

static double uniform(struct filling *filling)
{
	return random_below(&filling->random, 1 << 24) / (double)(1 << 24);
}

static struct run make_run(struct filling *filling, int64_t number, int64_t points)
{
	struct gan_settings settings;
	settings_set_defaults(&settings);
	text_copy(settings.data, sizeof settings.data, PICK(filling, some_data));
	text_copy(settings.quantizer, sizeof settings.quantizer, PICK(filling, some_quantizers));
	settings.bits[NETWORK_D] = PICK(filling, some_bits);
	settings.bits[NETWORK_G] = PICK(filling, some_bits);
	settings.seed = (uint64_t)number % 5;
	settings.learning_rate[NETWORK_G] = 1e-4 * (1 + (double)random_below(&filling->random, 4));
	double created = filling->now - 3600.0 * (double)(filling->runs - number + 1);
	struct run run = {
		.status = PICK(filling, some_ends), .size = settings.size, .channels = 3, .width = settings.width, .batch = settings.batch,
		.d_bits = settings.bits[NETWORK_D], .g_bits = settings.bits[NETWORK_G], .seed = settings.seed, .version = QGAN_VERSION,
		.machine = "made by qgan bench store", .created = created, .heartbeat = created + 3000, .ended = created + 3000,
		.train_seconds = 3000, .step = points * POINT_STEPS, .last_step = points * POINT_STEPS, .epochs = (double)points / 94,
		.loss_d = 0.6, .loss_g = 1.1, .config_json = settings_to_text(&settings),
	};
	snprintf(run.name, sizeof run.name, "bench-%s-%06" PRId64, settings.quantizer, number);
	text_copy(run.model, sizeof run.model, settings.model);
	text_copy(run.data, sizeof run.data, settings.data);
	text_copy(run.quantizer, sizeof run.quantizer, settings.quantizer);
	return run;
}

static bool add_tags(struct filling *filling, int64_t run, struct error *error)
{
	char words[STORE_TEXT_SIZE], *rest = words;
	text_copy(words, sizeof words, PICK(filling, some_tags));
	for (char *tag; (tag = strsep(&rest, " ")) != NULL;)
		if (*tag && !store_tag_run(filling->store, run, tag, true, error))
			return false;
	return true;
}

static bool add_score(struct filling *filling, const struct run *run, struct error *error)
{
	struct score score = {
		.step = run->step, .time = run->ended, .live = true, .recipe = "quick", .features = "made up", .weights_hash = "0",
		.resize = "none",
		.split = "train", .reference_hash = "0", .samples = 5000, .reference_samples = 5000, .splits = 10, .d_bits = run->d_bits,
		.g_bits = run->g_bits, .fid = 20 + 200 * uniform(filling), .fid_std = 1, .kid = NAN, .kid_std = NAN,
		.is_mean = 2 + 6 * uniform(filling), .is_std = 0.1, .seconds = 10,
	};
	text_copy(score.reference, sizeof score.reference, run->data);
	return store_insert_score(filling->store, run->id, &score, error);
}

static struct metric_point make_point(struct filling *filling, const struct run *run, int64_t index, int64_t points)
{
	double noise = uniform(filling) - 0.5, share = (double)index / (double)points;
	return (struct metric_point){
		.step = (index + 1) * POINT_STEPS, .time = run->created + 3000 * share, .epochs = run->epochs * share,
		.loss_d = 0.6 + 0.3 * exp(-5 * share) + 0.1 * noise + (random_below(&filling->random, 5000) == 0 ? 9 : 0),
		.loss_g = 1.1 + sin(20 * share) / 5 + 0.3 * noise, .d_real = 0.6 + 0.1 * noise, .d_fake = 0.4 - 0.1 * noise,
		.gradient_d = 1 + noise, .gradient_g = 2 - noise, .images_per_second = 2500 + 100 * noise,
	};
}

static bool add_points(struct filling *filling, const struct run *run, int64_t points, struct error *error)
{
	struct metric_point *block = memory_zeroed(BLOCK_POINTS, sizeof *block);
	bool good = true;
	for (int64_t first = 0; good && first < points; first += BLOCK_POINTS) {
		size_t count = points - first < BLOCK_POINTS ? (size_t)(points - first) : BLOCK_POINTS;
		for (size_t i = 0; i < count; i++)
			block[i] = make_point(filling, run, first + (int64_t)i, points);
		good = store_insert_metrics(filling->store, run->id, block, count, error);
		filling->done += (int64_t)count;
		if (good && !filling->told(filling->context, filling->done))
			good = error_set(error, ERROR_CANCELLED, "interrupted");
	}
	free(block);
	return good;
}

static bool add_run(struct filling *filling, int64_t number, struct error *error)
{
	int64_t longest = filling->runs == 1 ? filling->points : filling->points / 10;
	int64_t points = number == filling->runs ? longest : (filling->points - longest) / (filling->runs - 1);
	struct run run = make_run(filling, number, points);
	struct run_verdict verdict = {.reason = "made up"};
	text_copy(verdict.kind, sizeof verdict.kind, PICK(filling, some_verdicts));
	bool good = store_insert_run(filling->store, &run, false, error) && store_set_verdict(filling->store, run.id, &verdict, error) &&
	            add_tags(filling, run.id, error) && add_score(filling, &run, error) && add_points(filling, &run, points, error);
	run_clear(&run);
	return good;
}

bool bench_store_fill(struct store *store, int64_t runs, int64_t points, bool (*told)(void *context, int64_t done), void *context,
                      struct error *error)
{
	enum { RUNS_A_TRANSACTION = 100 };
	struct filling filling = {.store = store, .runs = runs, .points = points, .now = clock_unix(), .told = told, .context = context};
	random_start(&filling.random, 7, RANDOM_TEST);
	bool good = true;
	for (int64_t first = 1; good && first <= runs; first += RUNS_A_TRANSACTION) {
		if (!store_begin(store, error))
			return false;
		for (int64_t number = first; good && number <= runs && number < first + RUNS_A_TRANSACTION; number++)
			good = add_run(&filling, number, error);
		if (!good)
			store_rollback(store);
		else
			good = store_commit(store, error);
	}
	return good;
}
