#include "app/study_score.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "app/interrupt.h"
#include "app/score_row.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "engine/gan/inspection.h"
#include "engine/metric/scorer.h"

/* Everything one evaluation needs, opened once a cell. */
struct evaluator {
	struct cell_work *work;
	const struct evaluation_recipe *recipe;
	struct dataset *dataset;
	struct inspection *inspection;
	struct parallel *parallel;
	struct scorer *scorer;
	struct random noise;       /* of the evaluation at work */
	struct run run;
	struct checkpoint_row checkpoint;
	int64_t samples;
	int done;                  /* evaluations before this one */
};

static bool loading(void *context, size_t done, size_t total)
{
	(void)context;
	(void)done;
	(void)total;
	return !interrupt_count();
}

static bool open_data(struct evaluator *evaluator, const struct gan_settings *settings, struct error *error)
{
	const struct dataset_options options = {
		.size = settings->size, .channels = evaluator->run.channels, .seed = settings->seed, .progress = loading,
		.crop = settings->crop, .memory = (uint64_t)settings->data_memory << 20,
	};
	evaluator->dataset = dataset_open(settings->data, &options, error);
	return evaluator->dataset != NULL;
}

static bool open_scorer(struct evaluator *evaluator, const struct study_spec *spec, struct error *error)
{
	const char *features = *spec->features ? spec->features : NULL;
	struct feature_network *network = feature_network_open(features, evaluator->dataset->kind, error);
	if (!network)
		return false;
	struct scorer_options options = {
		.reference = evaluator->dataset, .split = "train", .viewer = {.network = network, .parallel = evaluator->parallel},
	};
	if (!user_folder_cache("references", options.folder, NULL))
		options.folder[0] = '\0';
	evaluator->scorer = scorer_create(&options);
	return true;
}

/* The run's newest checkpoint, or the step that `from` names. */
static bool find_checkpoint(struct evaluator *evaluator, const struct study_spec *spec, struct error *error)
{
	struct cell_work *work = evaluator->work;
	struct training_start start;
	char name[RUN_NAME_SIZE + 24];
	if (study_cell_is_base(work->cell) && *spec->from)
		text_copy(name, sizeof name, spec->from);
	else
		snprintf(name, sizeof name, "%" PRId64, work->cell->run);
	if (!training_prepare_fork(work->store, name, &start, error))
		return false;
	work->cell->run = start.parent_id;
	snprintf(name, sizeof name, "%" PRId64, start.parent_id);
	return store_find_run(work->store, name, &evaluator->run, error) &&
	       store_find_checkpoint(work->store, start.parent_id, start.checkpoint_step, &evaluator->checkpoint, error);
}

static bool open_network(struct evaluator *evaluator, int threads, struct error *error)
{
	struct checkpoint *checkpoint = checkpoint_read(evaluator->checkpoint.path, evaluator->checkpoint.hash, error);
	if (checkpoint)
		evaluator->inspection = inspection_create(checkpoint, threads, error);
	checkpoint_destroy(checkpoint);
	return evaluator->inspection != NULL;
}

static bool open_all(struct evaluator *evaluator, const struct study_spec *spec, struct error *error)
{
	const char *recipe = *spec->recipe ? spec->recipe : evaluation_standard->name;
	evaluator->recipe = evaluation_recipe_find(recipe);
	if (!evaluator->recipe)
		return error_set(error, ERROR_INPUT, "recipe \"%.40s\" is unknown", recipe);
	evaluator->samples = spec->samples ? spec->samples : evaluator->recipe->samples;
	evaluator->parallel = parallel_create(spec->settings.threads, error);
	return evaluator->parallel && find_checkpoint(evaluator, spec, error) &&
	       open_network(evaluator, spec->settings.threads, error) && open_data(evaluator, &spec->settings, error) &&
	       open_scorer(evaluator, spec, error);
}

static void close_all(struct evaluator *evaluator)
{
	scorer_destroy(evaluator->scorer);
	inspection_destroy(evaluator->inspection);
	dataset_destroy(evaluator->dataset);
	parallel_destroy(evaluator->parallel);
	run_clear(&evaluator->run);
}

/* ---- one evaluation ---- */

static bool draw(void *context, size_t first, size_t count, uint8_t *pixels, struct error *error)
{
	struct evaluator *evaluator = context;
	(void)first;
	return inspection_draw(evaluator->inspection, &evaluator->noise, (int)count, pixels, error);
}

static void tell(const struct evaluator *evaluator, const struct study_spec *spec)
{
	struct study_moment *moment = &evaluator->work->moment;
	moment->scoring = true;
	moment->share = (evaluator->done + scorer_progress(evaluator->scorer).share) / (double)spec->evaluations;
	if (evaluator->work->watcher && evaluator->work->watcher->progress)
		evaluator->work->watcher->progress(evaluator->work->watcher->context, moment);
}

static bool measure(struct evaluator *evaluator, const struct study_spec *spec, uint64_t seed, struct engine_score *score,
                    struct error *error)
{
	bool done = false;
	struct picture_stream stream = {.count = (size_t)evaluator->samples, .read = draw, .context = evaluator};
	inspection_picture(evaluator->inspection, &stream.size, &stream.channels);
	random_start(&evaluator->noise, seed, RANDOM_EVALUATION);
	if (!scorer_begin(evaluator->scorer, evaluator->recipe, &stream, seed, error))
		return false;
	while (!done) {
		if (interrupt_count()) {
			scorer_stop(evaluator->scorer);
			return error_set(error, ERROR_CANCELLED, "interrupted");
		}
		if (!scorer_step(evaluator->scorer, &score->report, &done, error))
			return false;
		tell(evaluator, spec);
	}
	return true;
}

static bool record(struct evaluator *evaluator, const struct engine_score *score, struct error *error)
{
	struct score row = {.time = clock_unix()};
	score_row_fill(&row, score);
	if (!store_insert_score(evaluator->work->store, evaluator->run.id, &row, error))
		return false;
	text_copy(evaluator->work->cell->identity, sizeof evaluator->work->cell->identity, row.identity);
	return true;
}

/* ---- all of them ---- */

/* Of this checkpoint, recipe and number of pictures: what an interruption left, and what is summed up at the end. */
struct found {
	const struct evaluator *evaluator;
	int count;
	double fid, fid_squares, is, is_squares;
	char identity[STORE_TEXT_SIZE]; /* scores of another one are left out */
};

static void add_score(void *context, const struct score *score)
{
	struct found *found = context;
	const struct evaluator *evaluator = found->evaluator;
	if (score->live || score->step != evaluator->checkpoint.step || strcmp(score->recipe, evaluator->recipe->name) ||
	    score->samples != evaluator->samples || (*found->identity && strcmp(found->identity, score->identity)))
		return;
	text_copy(found->identity, sizeof found->identity, score->identity);
	found->count++;
	found->fid += score->fid;
	found->fid_squares += score->fid * score->fid;
	found->is += score->is_mean;
	found->is_squares += score->is_mean * score->is_mean;
}

static double spread_of(double sum, double squares, int count)
{
	return count > 1 ? sqrt(fmax(0, squares - sum * sum / count) / (count - 1)) : NAN;
}

static void sum_up(const struct found *found, struct study_cell *cell)
{
	cell->evaluations = found->count;
	cell->fid = found->count ? found->fid / found->count : NAN;
	cell->is_mean = found->count ? found->is / found->count : NAN;
	cell->fid_spread = spread_of(found->fid, found->fid_squares, found->count);
	cell->is_spread = spread_of(found->is, found->is_squares, found->count);
}

static bool find_scores(const struct evaluator *evaluator, struct found *found, struct error *error)
{
	*found = (struct found){.evaluator = evaluator};
	return store_visit_scores(evaluator->work->store, evaluator->run.id, NULL, add_score, found, error);
}

static bool evaluate(struct evaluator *evaluator, const struct study_spec *spec, struct error *error)
{
	struct found found;
	if (!find_scores(evaluator, &found, error))
		return false;
	text_copy(evaluator->work->cell->identity, sizeof evaluator->work->cell->identity, found.identity);
	for (evaluator->done = found.count; evaluator->done < spec->evaluations; evaluator->done++) {
		struct engine_score score = {.step = evaluator->checkpoint.step, .bits = {evaluator->work->cell->d_bits,
		                                                                          evaluator->work->cell->g_bits}};
		if (!measure(evaluator, spec, (uint64_t)evaluator->done + 1, &score, error) || !record(evaluator, &score, error))
			return false;
	}
	if (!find_scores(evaluator, &found, error))
		return false;
	sum_up(&found, evaluator->work->cell);
	evaluator->work->cell->bytes = evaluator->run.sizes.packed_d + evaluator->run.sizes.packed_g;
	return true;
}

bool study_score_cell(struct cell_work *work, const struct study_spec *spec, struct error *error)
{
	struct evaluator evaluator = {.work = work};
	bool good = open_all(&evaluator, spec, error) && evaluate(&evaluator, spec, error);
	if (good && !*work->cell->verdict)
		text_copy(work->cell->verdict, sizeof work->cell->verdict, evaluator.run.verdict.kind);
	close_all(&evaluator);
	return good;
}
