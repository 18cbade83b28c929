/* Runs of one setting: what differs between them is chance. Any thread. */
#ifndef QGAN_APP_RUN_SEEDS_H
#define QGAN_APP_RUN_SEEDS_H

#include "engine/gan/settings.h"
#include "store/store.h"

struct seeded_run {
	const struct run *run;
	const struct gan_settings *settings; /* NULL: they could not be read; then it is alone */
};

/* Nothing but the seed and what changes no result, and trained on the same way. */
bool runs_differ_in_seed_only(const struct seeded_run *a, const struct seeded_run *b);

/* groups[i]: the index of the first run that run i differs from in nothing but the seed; its own when there is none before. */
void runs_find_seeds(const struct seeded_run runs[], int count, int groups[]);

#endif
