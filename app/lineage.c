#include "app/lineage.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/base/text.h"

static void reverse(struct ancestor *ancestors, int count)
{
	for (int i = 0; i < count / 2; i++) {
		struct ancestor other = ancestors[i];
		ancestors[i] = ancestors[count - 1 - i];
		ancestors[count - 1 - i] = other;
	}
}

int lineage_find(struct store *store, int64_t parent, int64_t step, struct ancestor ancestors[LINEAGE_MOST])
{
	int count = 0;
	for (char id[24]; parent > 0 && count < LINEAGE_MOST; count++) {
		struct run row = {0};
		snprintf(id, sizeof id, "%" PRId64, parent);
		if (!store_find_run(store, id, &row, NULL))
			break;
		ancestors[count] = (struct ancestor){.run = row.id, .first = row.parent_id > 0 ? row.parent_step + 1 : 0, .last = step, .batch = row.batch};
		text_copy(ancestors[count].identity, sizeof ancestors[count].identity, row.scores.identity);
		parent = row.parent_id;
		step = row.parent_step;
		run_clear(&row);
	}
	reverse(ancestors, count);
	return count;
}
