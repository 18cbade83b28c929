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
int runs_count_seeds(const int groups[], int count, int group); /* runs of a group */

/* What has a mean over seeds, by the names of app/run_fields.h. Scores count where the recipe is that of the group's first run. */
enum { SEED_FIELDS = 7 };
extern const char *const seed_fields[SEED_FIELDS];
struct seed_spread {
	double mean, deviation; /* the sample's; NaN of a single run */
	int runs;               /* 0: nothing is known of any */
};
struct seed_spread runs_spread(const struct seeded_run runs[], const int groups[], int count, int group, int field);

#endif
