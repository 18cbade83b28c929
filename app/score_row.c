#include "app/score_row.h"

#include "app/cli.h"
#include "engine/base/text.h"

void score_row_fill(struct score *row, const struct engine_score *score)
{
	const struct score_report *report = &score->report;
	const struct evaluation_scores *scores = &report->scores;
	row->step = score->step;
	row->live = score->live;
	row->samples = scores->samples;
	row->reference_samples = scores->reference_samples;
	row->splits = report->recipe->splits;
	row->kid_subsets = report->recipe->kid_subsets;
	row->kid_subset_size = report->recipe->kid_subset_size;
	row->dimensions = scores->dimensions;
	row->seed = report->seed;
	row->d_bits = score->bits[NETWORK_D];
	row->g_bits = score->bits[NETWORK_G];
	row->regularized = scores->regularized;
	row->fid = scores->fid;
	row->fid_std = scores->fid_std;
	row->kid = scores->kid;
	row->kid_std = scores->kid_std;
	row->is_mean = scores->is_mean;
	row->is_std = scores->is_std;
	row->seconds = report->seconds;
	text_copy(row->recipe, sizeof row->recipe, report->recipe->name);
	text_copy(row->features, sizeof row->features, report->network);
	text_copy(row->weights_hash, sizeof row->weights_hash, report->weights_hash);
	text_copy(row->resize, sizeof row->resize, report->resize);
	text_copy(row->reference, sizeof row->reference, report->reference);
	text_copy(row->split, sizeof row->split, report->split);
	text_copy(row->reference_hash, sizeof row->reference_hash, report->reference_hash);
}

json_t *score_row_to_json(const struct score *row)
{
	char identity[SCORE_IDENTITY_SIZE];
	score_identity(row, identity);
	json_t *json = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "step", (json_int_t)row->step, "fid", cli_json_real(row->fid),
	                         "fid_std", cli_json_real(row->fid_std), "kid", cli_json_real(row->kid), "kid_std",
	                         cli_json_real(row->kid_std), "is_mean", cli_json_real(row->is_mean), "is_std",
	                         cli_json_real(row->is_std));
	json_object_set_new(json, "recipe", json_string(row->recipe));
	json_object_set_new(json, "live", json_boolean(row->live));
	json_object_set_new(json, "features", json_string(row->features));
	json_object_set_new(json, "weights_hash", json_string(row->weights_hash));
	json_object_set_new(json, "resize", json_string(row->resize));
	json_object_set_new(json, "reference", json_string(row->reference));
	json_object_set_new(json, "split", json_string(row->split));
	json_object_set_new(json, "reference_hash", json_string(row->reference_hash));
	json_object_set_new(json, "samples", json_integer(row->samples));
	json_object_set_new(json, "reference_samples", json_integer(row->reference_samples));
	json_object_set_new(json, "splits", json_integer(row->splits));
	json_object_set_new(json, "kid_subsets", json_integer(row->kid_subsets));
	json_object_set_new(json, "kid_subset_size", json_integer(row->kid_subset_size));
	json_object_set_new(json, "dimensions", json_integer(row->dimensions));
	json_object_set_new(json, "seed", json_integer((json_int_t)row->seed));
	json_object_set_new(json, "d_bits", json_integer(row->d_bits));
	json_object_set_new(json, "g_bits", json_integer(row->g_bits));
	json_object_set_new(json, "regularized", json_boolean(row->regularized));
	json_object_set_new(json, "seconds", cli_json_real(row->seconds));
	json_object_set_new(json, "identity", json_string(identity));
	return json;
}
