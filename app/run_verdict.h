/* The verdict of a recorded curve: fed to a judge again, for a resumed run's engine and for runs that were never judged. */
#ifndef QGAN_APP_RUN_VERDICT_H
#define QGAN_APP_RUN_VERDICT_H

#include "engine/gan/verdict.h"
#include "store/store.h"

/* A judge that knows what the store knows of the run; the caller's. NULL and an error when the store cannot be read. */
struct verdict_judge *run_verdict_judge(struct store *store, const struct run *run, struct error *error);

/* The run's verdict as recorded, else worked out from its curve. */
bool run_verdict_find(struct store *store, const struct run *run, struct run_verdict *verdict, struct error *error);

void run_verdict_fill(struct run_verdict *target, const struct verdict *verdict);

#endif
