#include "app/run_plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/settings.h"
#include "app/training.h"
#include "engine/base/text.h"
#include "engine/tensor/gemm.h"

static const double LEAST_SECONDS = 10; /* of training, before a run says how fast the machine is */
/* What DCGANs of width 16 to 128 got of the best matrix product with `qgan bench step`: 0.6 to 0.9. */
static const double SHARE_OF_PEAK = 0.75;

/* ---- what was measured ---- */

/* The epochs may be those of a parent too: only a run of its own tells how many pictures there are. */
static void take_run(struct run_speeds *speeds, const struct run *run)
{
	char machine[STORE_TEXT_SIZE];
	struct gan_settings settings;
	double work;
	struct error unusable;
	if (!run->config_json || !settings_from_text(run->config_json, &settings, &unusable) ||
	    !gan_work_of(&settings, run->channels, &work, &unusable))
		return;
	machine_describe(settings.precision, machine, sizeof machine);
	bool same = strncmp(run->machine, machine, strlen(run->machine)) == 0; /* older rows end before the kernel */
	bool here = same && *run->machine && run->train_seconds >= LEAST_SECONDS && run->step > run->parent_step;
	double steps = (double)(run->step - run->parent_step);
	struct run_speed *speed = &speeds->runs[speeds->count++];
	*speed = (struct run_speed){.threads = settings.threads, .precision = precision_of_wish(settings.precision),
	                            .channels = run->channels, .multiply_adds = work};
	speed->gflops = here ? 2e-9 * work * steps / run->train_seconds : NAN;
	speed->pictures = run->epochs > 0 && run->parent_id == 0 ? steps * run->batch * settings.critic_steps / run->epochs : NAN;
	text_copy(speed->name, sizeof speed->name, run->name);
	text_copy(speed->data, sizeof speed->data, settings.data);
	text_copy(speed->model, sizeof speed->model, settings.model);
}

bool run_speeds_add(struct run_speeds *speeds, struct store *store, int64_t id)
{
	char name[24];
	struct run run = {0};
	struct error unreadable;
	if (speeds->count == RUN_PLAN_RUNS)
		return false;
	snprintf(name, sizeof name, "%" PRId64, id);
	if (store_find_run(store, name, &run, &unreadable))
		take_run(speeds, &run);
	run_clear(&run);
	return true;
}

double run_speeds_measure(double seconds)
{
	return SHARE_OF_PEAK * gemm_peak_gflops(parallel_usable_cores(), seconds);
}

/* The run most like it: the same precision and threads before all, then the family, as far as the amount of arithmetic is not
 * another one altogether: a penalty's passes get less out of the machine than a step of the others. */
static const struct run_speed *find_like(const struct run_speeds *speeds, const struct gan_settings *settings, double multiply_adds)
{
	const struct run_speed *best = NULL;
	double least = INFINITY;
	for (int i = 0; i < speeds->count; i++) {
		const struct run_speed *speed = &speeds->runs[i];
		double distance = fabs(log(speed->multiply_adds / multiply_adds)) + (strcmp(speed->model, settings->model) ? log(100) : 0) +
		                  (speed->threads != settings->threads ? 100 : 0) +
		                  (speed->precision != precision_of_wish(settings->precision) ? 1000 : 0);
		if (isnan(speed->gflops) || !(distance < least))
			continue;
		best = speed;
		least = distance;
	}
	return best;
}

static const struct run_speed *find_data(const struct run_speeds *speeds, const char *data)
{
	for (int i = 0; i < speeds->count; i++)
		if (strcmp(speeds->runs[i].data, data) == 0 && isfinite(speeds->runs[i].pictures))
			return &speeds->runs[i];
	return strcmp(speeds->counted.data, data) == 0 && speeds->counted.pictures > 0 ? &speeds->counted : NULL;
}

/* What no run tells, the files may; asked once for each data set. */
static void count_data(struct run_speeds *speeds, const char *data)
{
	size_t pictures;
	struct error unreadable;
	if (find_data(speeds, data) || strcmp(speeds->counted.data, data) == 0)
		return;
	speeds->counted = (struct run_speed){0};
	text_copy(speeds->counted.data, sizeof speeds->counted.data, data);
	if (dataset_count(data, &pictures, &speeds->counted.channels, &unreadable))
		speeds->counted.pictures = (double)pictures;
}

/* ---- the plan ---- */

static void plan_time(const struct gan_settings *settings, const struct run_speeds *speeds, struct run_plan *plan)
{
	double arithmetic = 2e-9 * plan->size.multiply_adds_per_step;
	const struct run_speed *like = find_like(speeds, settings, plan->size.multiply_adds_per_step);
	plan->step_seconds = NAN;
	if (like) {
		plan->step_seconds = arithmetic / like->gflops;
		snprintf(plan->basis, sizeof plan->basis, "from %s: %.3g GFLOP/s here", like->name, like->gflops);
	} else if (speeds->measured_gflops > 0) {
		const bool bf16 = precision_of_wish(settings->precision) == PRECISION_BF16;
		const double gain = bf16 ? precision_gain() : 1;
		char more[48] = "";
		if (gain > 1)
			snprintf(more, sizeof more, ", and some %.2g times that in bf16", gain);
		plan->step_seconds = arithmetic / speeds->measured_gflops / gain;
		snprintf(plan->basis, sizeof plan->basis, "from a short test: %.3g GFLOP/s, %.0f %% of sgemm's%s", speeds->measured_gflops,
		         100 * SHARE_OF_PEAK, more);
	} else {
		text_copy(plan->basis, sizeof plan->basis, "nothing was trained on this machine yet");
	}
}

static void plan_steps(const struct gan_settings *settings, const struct run_speeds *speeds, struct run_plan *plan)
{
	const struct run_speed *same = find_data(speeds, settings->data);
	int channels = settings->channels ? settings->channels : same ? same->channels : 3;
	plan->pictures = same ? same->pictures : NAN;
	plan->picture_bytes = plan->pictures * settings->size * settings->size * channels;
	plan->steps_per_epoch = plan->pictures / settings->batch / settings->critic_steps;
	plan->last_step = settings->steps > 0 ? (double)settings->steps
	                  : settings->epochs > 0 ? (double)settings->epochs * plan->steps_per_epoch : 0;
}

bool run_plan_make(const struct gan_settings *settings, struct run_speeds *speeds, struct run_plan *plan, struct error *error)
{
	count_data(speeds, settings->data);
	const struct run_speed *same = find_data(speeds, settings->data);
	*plan = (struct run_plan){0};
	if (!gan_size_of(settings, same && same->channels ? same->channels : 3, &plan->size, error))
		return false;
	plan_steps(settings, speeds, plan);
	plan_time(settings, speeds, plan);
	return true;
}
