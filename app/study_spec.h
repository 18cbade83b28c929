/* What a study asks, as text: lines "name = value" like those of a config file, with "#" for comments. Names below are the
 * study's own; every other name is a setting of training (app/settings_rows.c) and holds for all its cells.
 *
 *   kind = grid         every method x bits x networks x seeds x models is a cell
 *   kind = search       the fewest bits that meet a target, one method after the other (engine/search/greedy.h)
 *   kind = layers       how much worse each layer alone makes it at each of `bits`; with `budget-bytes` the bits that cost
 *                       least within it are then measured together (engine/search/allocation.h)
 *
 * The text is what the store keeps, so that a study can be gone on with by itself. Main thread. */
#ifndef QGAN_APP_STUDY_SPEC_H
#define QGAN_APP_STUDY_SPEC_H

#include "app/settings.h"
#include "store/studies.h"

enum { STUDY_LIST_MAX = 12, STUDY_CELLS_MAX = 4096, STUDY_WORD_SIZE = 96 };

enum study_kind { STUDY_GRID, STUDY_SEARCH, STUDY_LAYERS, STUDY_KINDS };
extern const char *const study_kind_names[]; /* NULL-terminated */

enum study_phase { STUDY_FINE_TUNE, STUDY_SCRATCH, STUDY_PHASES };
extern const char *const study_phase_names[];

struct study_names {
	int count;
	char items[STUDY_LIST_MAX][STUDY_WORD_SIZE];
};

struct study_spec {
	char kind[STUDY_WORD_SIZE], phase[STUDY_WORD_SIZE];
	char title[STORE_TEXT_SIZE];
	char from[STUDY_WORD_SIZE];      /* RUN[@STEP] all cells start from; empty: a float run that the study trains */
	int64_t base_steps;              /* length of that run */
	int64_t cell_steps;              /* length of a cell, from its start */
	struct study_names methods, networks, models;
	int bits[STUDY_LIST_MAX], bit_count;
	struct study_pair { int d, g; } pairs[STUDY_LIST_MAX]; /* D/G bits, instead of bits and networks */
	int pair_count;
	uint64_t seeds[STUDY_LIST_MAX];
	int seed_count;
	char recipe[STUDY_WORD_SIZE], features[STUDY_WORD_SIZE]; /* of its scores; empty: the defaults */
	int64_t samples;                 /* pictures an evaluation; 0: the recipe's */
	int64_t evaluations;             /* a cell, each with noise of its own */
	char cut[STUDY_WORD_SIZE];       /* "auto", "yes", "no" */
	double fid_max, is_min, fid_ratio; /* the target: one of them, the others 0; ratio: of the float run's FID */
	double budget_bytes;             /* 0: none */
	double scale;                    /* share of the full length, as stated in what is printed; 1: all */
	char paper[STUDY_WORD_SIZE];     /* published figures to stand beside: "table2" (app/study_paper.h); empty: none */
	struct gan_settings settings;    /* of the float run, or of every cell from scratch */
};

/* Defaults of everything. */
void study_spec_init(struct study_spec *spec);

/* A file's text over `spec`; `name` is how errors call it: "FILE:LINE: sentence". */
bool study_spec_parse(const char *name, const char *text, struct study_spec *spec, struct error *error);

/* One line of it. `subject` is how the sentence calls the name ("--fid-max"). */
bool study_spec_set(struct study_spec *spec, const char *name, const char *subject, const char *value, struct error *error);

/* What does not fit together is said, with the line's name. */
bool study_spec_check(const struct study_spec *spec, struct error *error);

/* All of it as text again, in table order: what differs from the defaults. Owned by the caller. */
char *study_spec_text(const struct study_spec *spec);

/* Steps times `scale` (0 .. 1], at least one each, and those between live scores with them, so that their curves have as many
 * points; the factors multiply up in spec->scale. */
void study_spec_scale(struct study_spec *spec, double scale);

/* The cells that a grid or a study of layers has from the beginning, in the order they are worked off, float ones first; a
 * search has none. free(*cells). Fails where the model has no such layers. */
bool study_spec_cells(const struct study_spec *spec, struct study_cell **cells, size_t *count, struct error *error);

/* A cell of the study's first model and seed, with its key: "em D1 G32". Float networks have no method. */
struct study_cell study_spec_cell(const struct study_spec *spec, const char *method, int d_bits, int g_bits);

/* The float run that cells of a model and seed start from and are compared with; there is none where they start from scratch
 * and no target is a ratio of its score. */
bool study_spec_needs_base(const struct study_spec *spec);
struct study_cell study_spec_base(const struct study_spec *spec, const char *model, uint64_t seed);

bool study_spec_cuts(const struct study_spec *spec); /* cells that fail by the verdict end early */

/* Rows for help and manual. */
struct study_row {
	const char *name, *argument, *help;
};
const struct study_row *study_spec_rows(void); /* ends with a row whose name is NULL */

#endif
