#include "app/run_seeds.h"

#include <string.h>

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
