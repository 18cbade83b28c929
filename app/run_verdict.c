#include "app/run_verdict.h"

#include <math.h>
#include <string.h>

#include "app/settings.h"
#include "engine/base/text.h"
#include "engine/gan/model.h"

enum { FLOAT_BITS = 32 };

void run_verdict_fill(struct run_verdict *target, const struct verdict *verdict)
{
	char warnings[VERDICT_TEXT_SIZE];
	verdict_warnings_text(verdict->warnings, warnings);
	text_copy(target->kind, sizeof target->kind, verdict_kind_name(verdict->kind));
	text_copy(target->warnings, sizeof target->warnings, warnings);
	text_copy(target->reason, sizeof target->reason, verdict->reason);
	text_copy(target->action, sizeof target->action, verdict->action);
}

/* Settings that change what is trained, as the engine journals them. */
static void visit_journal(void *context, const struct journal_entry *entry)
{
	static const char *const fields[] = {"d-bits", "g-bits", "bits", "quantizer", "d-learning-rate", "g-learning-rate"};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (!strcmp(entry->field, fields[i]))
			verdict_judge_begin_anew(context, entry->step);
}

struct told {
	struct verdict_judge *judge;
	struct gan_settings settings;
};

static void visit_metric(void *context, const struct metric_point *metric)
{
	const struct told *told = context;
	struct verdict_point point = {
		.step = metric->step, .loss_d = metric->loss_d, .loss_g = metric->loss_g, .d_real = metric->d_real,
		.d_fake = metric->d_fake, .gradient_d = metric->gradient_d, .gradient_g = metric->gradient_g,
		.wasserstein = metric->wasserstein};
	model_put_on_scale(&told->settings, &point);
	verdict_judge_add_point(told->judge, &point);
}

static void visit_diversity(void *context, int64_t step, double diversity)
{
	verdict_judge_add_diversity(context, step, diversity);
}

/* Scores of the recipe the run's row speaks of, against its score of the untrained G. */
struct scored {
	struct verdict_judge *judge;
	double noise_fid, noise_is;
};

static void visit_score(void *context, const struct score *score)
{
	struct scored *scored = context;
	char fid[VERDICT_NAME_SIZE], is[VERDICT_NAME_SIZE];
	if (!score->live)
		return;
	if (score->step == 0) {
		scored->noise_fid = score->fid;
		scored->noise_is = score->is_mean;
		return;
	}
	verdict_score_names(score->features, fid, is);
	verdict_judge_add_score(scored->judge, &(struct verdict_score){
		.step = score->step, .name = fid, .value = score->fid, .error = score->fid_std, .noise = scored->noise_fid});
	verdict_judge_add_score(scored->judge, &(struct verdict_score){
		.step = score->step, .name = is, .higher_is_better = true, .value = score->is_mean, .error = score->is_std,
		.noise = scored->noise_is});
}

static bool feed_scores(struct store *store, const struct run *run, struct verdict_judge *judge, struct error *error)
{
	struct scored scored = {judge, NAN, NAN};
	return *run->scores.identity == '\0' ||
	       store_visit_scores(store, run->id, run->scores.identity, visit_score, &scored, error);
}

struct verdict_judge *run_verdict_judge(struct store *store, const struct run *run, struct error *error)
{
	struct verdict_judge *judge = verdict_judge_create();
	struct told told = {.judge = judge};
	if (!settings_from_text(run->config_json, &told.settings, NULL))
		settings_set_defaults(&told.settings); /* of a newer qgan: D's scores are taken for probabilities */
	verdict_judge_set_quantized(judge, run->d_bits != FLOAT_BITS || run->g_bits != FLOAT_BITS);
	if (store_visit_journal(store, run->id, visit_journal, judge, error) &&
	    store_visit_metrics(store, run->id, -1, visit_metric, &told, error) &&
	    store_visit_diversities(store, run->id, visit_diversity, judge, error) && feed_scores(store, run, judge, error))
		return judge;
	verdict_judge_destroy(judge);
	return NULL;
}

bool run_verdict_find(struct store *store, const struct run *run, struct run_verdict *verdict, struct error *error)
{
	*verdict = run->verdict;
	if (verdict->kind[0] != '\0' || run->step == 0)
		return true;
	struct verdict_judge *judge = run_verdict_judge(store, run, error);
	if (!judge)
		return false;
	struct verdict found;
	verdict_judge_decide(judge, &found);
	run_verdict_fill(verdict, &found);
	verdict_judge_destroy(judge);
	return true;
}
