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
		ancestors[count] = (struct ancestor){.run = row.id, .first = row.parent_id > 0 ? row.parent_step + 1 : 0, .last = step,
			.batch = row.batch};
		text_copy(ancestors[count].identity, sizeof ancestors[count].identity, row.scores.identity);
		parent = row.parent_id;
		step = row.parent_step;
		run_clear(&row);
	}
	reverse(ancestors, count);
	return count;
}

void run_work_add(struct run_work *work, int64_t step, double images_per_second)
{
	double images = (double)(step - work->step) * work->batch;
	work->images += images;
	work->seconds += images_per_second > 0 ? images / images_per_second : 0;
	work->step = step;
}

static void visit_bucket(void *context, const struct metric_bucket *bucket)
{
	run_work_add(context, bucket->last_step, bucket->values[METRIC_IMAGES_PER_SECOND].mean);
}

bool lineage_work(struct store *store, int64_t parent, int64_t step, struct run_work *work, struct error *error)
{
	enum { BUCKETS = 64 };
	struct ancestor ancestors[LINEAGE_MOST];
	int count = lineage_find(store, parent, step, ancestors);
	*work = (struct run_work){0};
	for (int i = 0; i < count; i++) {
		const struct ancestor *ancestor = &ancestors[i];
		work->batch = ancestor->batch;
		if (ancestor->first <= ancestor->last &&
		    !store_visit_metric_buckets(store, ancestor->run, ancestor->first, ancestor->last, BUCKETS, visit_bucket, work, error))
			return false;
	}
	return true;
}
