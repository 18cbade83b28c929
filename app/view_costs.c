/* What a study of layers has measured about a run: how much worse each layer alone makes it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/study_results.h"
#include "app/view_fill.h"
#include "engine/base/text.h"

enum { MOST_ANCESTORS = 32 };

/* The run and what it was forked from, the run first. */
static int list_ancestors(struct store *store, int64_t id, int64_t ancestors[MOST_ANCESTORS])
{
	int count = 0;
	while (id > 0 && count < MOST_ANCESTORS) {
		char name[24];
		struct run run;
		struct error ignored;
		ancestors[count++] = id;
		snprintf(name, sizeof name, "%" PRId64, id);
		if (!store_find_run(store, name, &run, &ignored))
			break;
		id = run.parent_id;
		run_clear(&run);
	}
	return count;
}

static bool starts_from(const struct study_results *results, const int64_t ancestors[], int count)
{
	for (size_t i = 0; i < results->count; i++)
		for (int k = 0; k < count && study_cell_is_base(&results->cells[i]); k++)
			if (results->cells[i].run == ancestors[k])
				return true;
	return false;
}

static void take_costs(struct view_costs *costs, const struct study_results *results)
{
	struct study_layer layers[VIEW_SEARCH_LAYERS];
	size_t count = study_rank_layers(results, layers, VIEW_SEARCH_LAYERS);
	text_copy(costs->study, sizeof costs->study, results->study.name);
	costs->count = (int)count;
	for (size_t i = 0; i < count; i++) {
		costs->layers[i] = (struct view_search_layer){.bits = layers[i].bits, .rise = layers[i].rise};
		text_copy(costs->layers[i].name, sizeof costs->layers[i].name, layers[i].name);
	}
}

/* Only what is finished can rank layers. */
static bool try_study(struct view *view, struct store *store, const struct study *study, const int64_t ancestors[], int count,
                      struct error *error)
{
	struct study_results results;
	if (strcmp(study->kind, study_kind_names[STUDY_LAYERS]) || study->status != STUDY_FINISHED)
		return true;
	bool good = study_results_read(store, study->name, &results, error);
	if (good && starts_from(&results, ancestors, count))
		take_costs(&view->costs, &results);
	study_results_clear(&results);
	return good;
}

bool view_load_costs(struct view *view, struct store *store, struct error *error)
{
	int64_t ancestors[MOST_ANCESTORS];
	struct study *studies;
	size_t count;
	view->costs = (struct view_costs){0};
	if (!store_list_studies(store, &studies, &count, error))
		return false;
	int known = count ? list_ancestors(store, view->run.id, ancestors) : 0;
	bool good = true;
	for (size_t i = 0; good && i < count && !view->costs.count; i++)
		good = try_study(view, store, &studies[i], ancestors, known, error);
	free(studies);
	return good;
}
