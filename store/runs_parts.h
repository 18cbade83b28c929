/* What the files about runs share: looking one up inside a transaction, and what its name and owner allow. */
#ifndef QGAN_STORE_RUNS_PARTS_H
#define QGAN_STORE_RUNS_PARTS_H

#include "store/statement.h"

/* ERROR_INPUT says what a name may look like. `what`: "run"; views are named alike. */
bool run_check_name(const char *what, const char *name, struct error *error);
bool run_name_is_taken(struct store *store, const char *name, bool *taken, struct error *error);

/* The status as recorded, without config_json: nothing to clear. ERROR_INPUT: there is no such run. */
bool run_read(struct store *store, int64_t id, struct run *run, struct error *error);

/* ERROR_STATE when a live process, also this one, owns the run as recorded. */
bool run_check_free(const struct run *run, struct error *error);

/* A statement that must have met exactly the run. Finishes it. */
bool run_on_one(struct statement *statement, int64_t run, struct error *error);

#endif
