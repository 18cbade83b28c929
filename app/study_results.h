/* The results of a study, for people and for programs. Main thread. */
#ifndef QGAN_APP_STUDY_RESULTS_H
#define QGAN_APP_STUDY_RESULTS_H

#include <jansson.h>
#include <stdio.h>

#include "app/study_plan.h"

/* All that is known of a study at one moment. */
struct study_results {
	struct study study;
	struct study_spec spec;
	struct study_cell *cells; /* in queue order */
	size_t count;
};

/* study_results_clear in any case. */
bool study_results_read(struct store *store, const char *name, struct study_results *results, struct error *error);
void study_results_clear(struct study_results *results);

/* One row a cell, with the scale it was made at and how it ended. */
void study_results_print(const struct study_results *results, FILE *file);
json_t *study_results_to_json(const struct study_results *results);

/* Replaced whole or not at all. */
bool study_results_write_csv(const struct study_results *results, const char *path, struct error *error);

/* The float cell that a cell's scores are compared with: of its model and seed, and done; where none was
 * trained as long as cells are, as in a search, the float run they start from. NULL: none. */
const struct study_cell *study_float_cell(const struct study_results *results, const struct study_cell *cell);

/* Packed bytes of both networks against float32; NaN: not known. */
double study_cell_ratio(const struct study_results *results, const struct study_cell *cell);

/* Layers of a study of layers by how much lowering them costs, worst first: at the fewest bits each was measured at. */
struct study_layer {
	char name[32];     /* "G.deconv1" */
	int bits;
	double rise;       /* of the FID above the float cell's; NaN: cut or failed, which is worst of all */
};
size_t study_rank_layers(const struct study_results *results, struct study_layer layers[], size_t room);

#endif
