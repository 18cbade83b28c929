#include "app/run_seeds.h"

#include <math.h>
#include <string.h>

#include "app/run_fields.h"
#include "app/settings.h"

bool runs_differ_in_seed_only(const struct seeded_run *a, const struct seeded_run *b)
{
	const struct setting_row *rows[SETTINGS_MAX];
	if (!a->settings || !b->settings || a->run->d_bits != b->run->d_bits || a->run->g_bits != b->run->g_bits ||
	    strcmp(a->run->quantizer, b->run->quantizer) || a->run->parent_id != b->run->parent_id ||
	    a->run->parent_step != b->run->parent_step)
		return false;
	int count = settings_differences(a->settings, b->settings, rows);
	for (int i = 0; i < count; i++)
		if (strcmp(rows[i]->name, "seed") && !rows[i]->changes_nothing)
			return false;
	return true;
}

void runs_find_seeds(const struct seeded_run runs[], int count, int groups[])
{
	for (int i = 0; i < count; i++) {
		groups[i] = i;
		for (int k = i - 1; k >= 0; k--)
			if (runs_differ_in_seed_only(&runs[k], &runs[i]))
				groups[i] = groups[k];
	}
}

int runs_count_seeds(const int groups[], int count, int group)
{
	int found = 0;
	for (int i = 0; i < count; i++)
		found += groups[i] == group;
	return found;
}

const char *const seed_fields[SEED_FIELDS] = {"fid", "fid.best", "kid", "is", "is.best", "loss.d", "loss.g"};
enum { SCORES = 5 }; /* of them, the first */

struct seed_spread runs_spread(const struct seeded_run runs[], const int groups[], int count, int group, int field)
{
	const char *recipe = runs[group].run->scores.identity;
	double sum = 0, squares = 0;
	int found = 0;
	for (int i = 0; i < count; i++) {
		double value = run_field_number(run_field_find(seed_fields[field]), runs[i].run, 0);
		if (groups[i] != group || !isfinite(value) || (field < SCORES && strcmp(runs[i].run->scores.identity, recipe)))
			continue;
		sum += value;
		squares += value * value;
		found++;
	}
	double mean = sum / found, variance = found > 1 ? fmax(squares - sum * mean, 0) / (found - 1) : NAN;
	return (struct seed_spread){mean, sqrt(variance), found};
}
