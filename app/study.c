/* Studies as rows: made, and read back. */
#include <stdlib.h>
#include <string.h>

#include "app/study_run.h"
#include "engine/base/text.h"
#include "engine/quant/quantizer.h"

/* What cells are measured against, and what the ratios of their sizes count from. */
static bool check_float(const char *from, const struct gan_settings *settings, struct error *error)
{
	if (settings->bits[NETWORK_D] == QUANT_FLOAT_BITS && settings->bits[NETWORK_G] == QUANT_FLOAT_BITS && !*settings->layer_bits)
		return true;
	return error_set(error, ERROR_INPUT, "from: %.200s is quantized there (--d-bits %d --g-bits %d%s%.100s); expected a float run", from,
	                 settings->bits[NETWORK_D], settings->bits[NETWORK_G], *settings->layer_bits ? " --bits " : "", settings->layer_bits);
}

bool study_spec_adopt(struct store *store, const char *name, const char *text, struct study_spec *spec, struct error *error)
{
	if (*spec->from) {
		struct training_start start;
		if (!training_prepare_fork(store, spec->from, &start, error))
			return error_prefix(error, "from");
		if (!check_float(spec->from, &start.settings, error))
			return false;
		spec->settings = start.settings;
	}
	return study_spec_parse(name, text, spec, error);
}

bool study_read_spec(const struct study *study, struct study_spec *spec, struct error *error)
{
	study_spec_init(spec);
	return (study_spec_parse(study->name, study->spec, spec, error) && study_spec_check(spec, error)) ||
	       error_prefix(error, "study");
}

static bool add_cells(struct store *store, int64_t study, const struct study_spec *spec, struct error *error)
{
	struct study_cell *cells;
	size_t count;
	bool good = study_spec_cells(spec, &cells, &count, error);
	for (size_t i = 0; good && i < count; i++)
		good = store_add_cell(store, study, &cells[i], NULL, error);
	free(cells);
	return good;
}

bool study_create(struct store *store, const char *name, const struct study_spec *spec, struct study *study, struct error *error)
{
	*study = (struct study){0};
	text_copy(study->name, sizeof study->name, name);
	text_copy(study->kind, sizeof study->kind, spec->kind);
	if (!study_spec_check(spec, error))
		return false;
	study->spec = study_spec_text(spec);
	bool good = store_begin(store, error);
	if (good) {
		good = store_insert_study(store, study, error) && add_cells(store, study->id, spec, error);
		good = good ? store_commit(store, error) : (store_rollback(store), false);
	}
	if (!good)
		study_clear(study);
	return good;
}
