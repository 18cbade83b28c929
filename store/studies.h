/* Studies: sets of trainings made for one question, a grid of settings or a search for the fewest bits, and their cells,
 * each of which becomes a run. One process at a time works a study off; what is done stays done when it dies, and others
 * may look on, queue cells or ask for one to be cut. */
#ifndef QGAN_STORE_STUDIES_H
#define QGAN_STORE_STUDIES_H

#include "store/store.h"

enum { STUDY_KEY_SIZE = 128, STUDY_KIND_SIZE = 16, CELL_OVERRIDES_SIZE = 512 };

enum study_status { STUDY_OPEN, STUDY_RUNNING, STUDY_MET, STUDY_MISSED, STUDY_FINISHED };
const char *study_status_name(enum study_status status); /* "open" ... */

struct study {
	int64_t id;
	char name[RUN_NAME_SIZE];       /* unique, of the letters that runs' names have */
	char kind[STUDY_KIND_SIZE];     /* "search", "grid", "layers" */
	enum study_status status;       /* as shown: running is open when its process has died */
	char *spec;                /* what is asked, whole: a study can always be gone on with; owned (study_clear) */
	double created, ended, seconds; /* unix seconds; 0: not yet; seconds worked on it so far */
	char message[STORE_TEXT_SIZE];  /* the result, or why it stopped, for people */
	int64_t cells, cells_done;      /* counted; cut and failed ones are done */
	char host[64], boot_id[40];     /* of the process that works on it */
	int64_t pid, process_start;
	double heartbeat;
};
void study_clear(struct study *study);

enum cell_status { CELL_QUEUED, CELL_RUNNING, CELL_DONE, CELL_CUT, CELL_FAILED };
const char *cell_status_name(enum cell_status status); /* "queued" ... */

struct study_cell {
	int64_t id, position;            /* position: queue order */
	char key[STUDY_KEY_SIZE];        /* unique in its study: "em D1 G32 seed 7" */
	char group[32];                  /* of the table it belongs to: "D", "G", "both"; may be empty */
	char method[32], model[32];
	int d_bits, g_bits;
	uint64_t seed;
	char overrides[CELL_OVERRIDES_SIZE]; /* settings beyond these, "name = value" lines */
	enum cell_status status;
	bool by_hand;                    /* somebody queued it: it comes before what the study itself asks for */
	bool cut_asked;                  /* somebody wants it ended */
	int64_t run;                     /* 0: not begun */
	char identity[STORE_TEXT_SIZE];  /* of its scores (struct score); empty: none */
	int evaluations;                 /* that fid and is are means over; 0: none */
	double fid, fid_spread, is_mean, is_spread; /* spread: standard deviation over the evaluations; NaN: not known */
	double bytes;                    /* both networks, packed; NaN: not known */
	char verdict[16];
	double seconds;                  /* spent on it */
	char message[STORE_TEXT_SIZE];   /* why it was cut or failed */
};

/* Fills study->id. ERROR_STATE: the name is taken; names as of runs. */
bool store_insert_study(struct store *store, struct study *study, struct error *error);
/* Unknown: the error lists those there are. */
bool store_find_study(struct store *store, const char *name_or_id, struct study *study, struct error *error);
/* Newest first; every study's spec is NULL. free(*studies). */
bool store_list_studies(struct store *store, struct study **studies, size_t *count, struct error *error);
bool store_set_study_spec(struct store *store, int64_t study, const char *spec, struct error *error);

/* This process works on it from now on; ERROR_STATE when another one that lives does. */
bool store_claim_study(struct store *store, int64_t study, struct error *error);
/* The heartbeat too; `seconds` worked since the last call are added. Any status but RUNNING ends the claim. */
bool store_update_study(struct store *store, int64_t study, enum study_status status, const char *message, double seconds,
                        struct error *error);

/* Fills cell->id and position, behind all others. A key that is there already: nothing is added, *added false (and the
 * cell there becomes by_hand if this one is). added may be NULL. */
bool store_add_cell(struct store *store, int64_t study, struct study_cell *cell, bool *added, struct error *error);
/* Everything but position, key and what it asks for; cut_asked is left as it is. */
bool store_update_cell(struct store *store, const struct study_cell *cell, struct error *error);
bool store_ask_cut(struct store *store, int64_t cell, struct error *error);
bool store_cut_asked(struct store *store, int64_t cell, bool *asked, struct error *error);
/* In queue order; free(*cells). */
bool store_list_cells(struct store *store, int64_t study, struct study_cell **cells, size_t *count, struct error *error);

#endif
