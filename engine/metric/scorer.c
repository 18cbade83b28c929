#include "engine/metric/scorer.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

enum { REFERENCES = 2 }; /* of the live recipe, of all pictures */

struct reference {
	struct reference_work work;
	size_t limit;
	bool begun;
};

struct scorer {
	struct scorer_options options;
	struct reference references[REFERENCES];

	/* what is being scored */
	const struct evaluation_recipe *recipe; /* NULL: nothing */
	struct picture_stream pictures;
	uint64_t seed;
	struct reference *reference;
	bool waits;                             /* for the reference to be made, at first */
	struct evaluation *evaluation;          /* NULL: the reference is not done yet */
	double reference_seconds, seconds;
	struct error unsaved;
};

struct scorer *scorer_create(const struct scorer_options *options)
{
	struct scorer *scorer = memory_zeroed(1, sizeof *scorer);
	scorer->options = *options;
	return scorer;
}

void scorer_destroy(struct scorer *scorer)
{
	if (!scorer)
		return;
	scorer_stop(scorer);
	for (int i = 0; i < REFERENCES; i++)
		reference_work_clear(&scorer->references[i].work);
	feature_network_close(scorer->options.viewer.network);
	free(scorer);
}

const struct feature_facts *scorer_facts(const struct scorer *scorer) { return &scorer->options.viewer.network->facts; }
bool scorer_is_busy(const struct scorer *scorer) { return scorer->recipe != NULL; }

/* A reference of so many pictures: one there is, or a place for a new one. */
static struct reference *find_reference(struct scorer *scorer, size_t limit)
{
	const struct dataset *dataset = scorer->options.reference;
	if (limit == 0 || limit > dataset->count)
		limit = dataset->count;
	for (int i = 0; i < REFERENCES; i++)
		if (scorer->references[i].begun && scorer->references[i].limit == limit)
			return &scorer->references[i];
	struct reference *place = &scorer->references[scorer->references[0].begun ? REFERENCES - 1 : 0];
	reference_work_clear(&place->work);
	place->begun = false;
	place->limit = limit;
	return place;
}

bool scorer_begin(struct scorer *scorer, const struct evaluation_recipe *recipe, const struct picture_stream *pictures,
                  uint64_t seed, struct error *error)
{
	struct reference *reference = find_reference(scorer, (size_t)recipe->reference_samples);
	const char *folder = *scorer->options.folder ? scorer->options.folder : NULL;
	if (!reference->begun && !reference_work_begin(&reference->work, scorer->options.reference, reference->limit,
	                                               &scorer->options.viewer, folder, error))
		return false;
	reference->begun = true;
	scorer->recipe = recipe;
	scorer->pictures = *pictures;
	scorer->seed = seed;
	scorer->reference = reference;
	scorer->waits = !reference->work.done;
	scorer->reference_seconds = scorer->seconds = 0;
	return true;
}

void scorer_stop(struct scorer *scorer)
{
	evaluation_destroy(scorer->evaluation);
	scorer->evaluation = NULL;
	scorer->recipe = NULL;
}

static void report_scores(const struct scorer *scorer, struct score_report *report)
{
	const struct feature_facts *facts = scorer_facts(scorer);
	report->recipe = scorer->recipe;
	report->seed = scorer->seed;
	report->seconds = scorer->seconds;
	text_copy(report->network, sizeof report->network, facts->recipe);
	text_copy(report->weights_hash, sizeof report->weights_hash, facts->hash);
	text_copy(report->resize, sizeof report->resize, facts->resize);
	text_copy(report->reference, sizeof report->reference, scorer->options.reference->spec);
	text_copy(report->split, sizeof report->split, scorer->options.split);
	text_copy(report->reference_hash, sizeof report->reference_hash, scorer->reference->work.set.hash);
}

static bool begin_evaluation(struct scorer *scorer, struct error *error)
{
	struct reference_work *work = &scorer->reference->work;
	const struct evaluation_task task = {
		.recipe = scorer->recipe, .pictures = scorer->pictures, .reference = &work->set, .viewer = scorer->options.viewer,
		.seed = scorer->seed,
	};
	if (work->unsaved.code != ERROR_NONE)
		scorer->unsaved = work->unsaved;
	work->unsaved.code = ERROR_NONE;
	scorer->evaluation = evaluation_create(&task, error);
	return scorer->evaluation != NULL;
}

/* A reference that failed is begun again by whoever needs it next. */
static bool step_reference(struct scorer *scorer, struct error *error)
{
	struct reference *reference = scorer->reference;
	if (reference_work_step(&reference->work, error))
		return !reference->work.done || begin_evaluation(scorer, error);
	reference_work_clear(&reference->work);
	reference->begun = false;
	return false;
}

bool scorer_step(struct scorer *scorer, struct score_report *report, bool *done, struct error *error)
{
	double start = clock_seconds(), *seconds = scorer->evaluation ? &scorer->seconds : &scorer->reference_seconds;
	bool good;
	*done = false;
	if (scorer->evaluation)
		good = evaluation_step(scorer->evaluation, &report->scores, done, error);
	else if (scorer->reference->work.done)
		good = begin_evaluation(scorer, error);
	else
		good = step_reference(scorer, error);
	*seconds += clock_seconds() - start;
	if (*done)
		report_scores(scorer, report);
	if (*done || !good)
		scorer_stop(scorer);
	return good;
}

/* Pictures of the reference cost as much as those that are scored; what was there before or in a file costs nothing. */
struct scorer_progress scorer_progress(const struct scorer *scorer)
{
	const struct reference_work *work = &scorer->reference->work;
	double ours = (double)scorer->pictures.count, seconds = scorer->seconds + scorer->reference_seconds;
	double theirs = scorer->waits && !work->set.cached ? (double)scorer->reference->limit : 0;
	double done = scorer->evaluation ? theirs + ours * evaluation_share_done(scorer->evaluation)
	                                 : theirs * reference_work_share_done(work);
	double share = done / (ours + theirs);
	return (struct scorer_progress){
		.share = share, .seconds = seconds, .seconds_left = share > 0 ? seconds * (1 - share) / share : NAN,
		.reference = !scorer->evaluation && !work->done,
	};
}

struct error scorer_take_unsaved(struct scorer *scorer)
{
	struct error unsaved = scorer->unsaved;
	scorer->unsaved.code = ERROR_NONE;
	return unsaved;
}
