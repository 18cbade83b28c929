/* A pyramid: level 0 are the points, a bucket of level 1 holds 64 neighbouring points, one of each level above 8 of the
 * level below. On every level the buckets tile the points from the first one on; what does not fill a bucket yet is only
 * on the levels below. A range is covered with the widest buckets that lie in it, and finer ones at its two ends. */
#include "store/metric_buckets.h"

#include <math.h>
#include <stdio.h>

#include "store/statement.h"

#define POINTS(name) ", min(" name "), max(" name "), sum(" name "), count(" name ")"
#define BUCKETS(name) ", min(" name "_low), max(" name "_high), sum(" name "_sum), sum(" name "_known)"
#define AS_IT_IS(name) ", " name
#define NAMES(name) ", " name "_low, " name "_high, " name "_sum, " name "_known"
#define EVERY_SERIES(of) \
	of("loss_d") of("loss_g") of("d_real") of("d_fake") of("gradient_d") of("gradient_g") of("images_per_second") \
	of("wasserstein") of("penalty")

_Static_assert(METRIC_SERIES == 9, "the names in EVERY_SERIES");

/* ---- writing ---- */

/* Of the newest bucket of a level; -1: there is none. */
static bool find_last_step(struct store *store, int64_t run, int level, int64_t *step, struct error *error)
{
	char sql[128];
	snprintf(sql, sizeof sql, "SELECT last_step FROM metric_buckets WHERE run_id = ? AND level = %d ORDER BY first_step DESC LIMIT 1",
	         level);
	return statement_query_integer(store, sql, run, -1, step, error);
}

/* By name: a process that is running when a newer qgan adds columns must be able to go on. */
#define INSERT_BUCKET \
	"INSERT INTO metric_buckets (run_id, level, first_step, last_step, points, first_time, last_time, first_epochs, last_epochs" \
	EVERY_SERIES(NAMES) ")"

/* One bucket a turn, from the rows of the level below after `last`, while there are enough. */
static bool fill_level(struct store *store, int64_t run, int level, int64_t last, bool *added, struct error *error)
{
	static const char from_points[] =
		INSERT_BUCKET " SELECT ?1, ?2, min(step), max(step), count(*), min(time), max(time), min(epochs), max(epochs)"
		EVERY_SERIES(POINTS) " FROM (SELECT * FROM metric_points WHERE run_id = ?1 AND step > ?3 ORDER BY step LIMIT ?4)"
		" HAVING count(*) = ?4 RETURNING last_step";
	static const char from_buckets[] =
		INSERT_BUCKET " SELECT ?1, ?2, min(first_step), max(last_step), sum(points), min(first_time), max(last_time),"
		" min(first_epochs), max(last_epochs)" EVERY_SERIES(BUCKETS) " FROM (SELECT * FROM metric_buckets WHERE run_id = ?1"
		" AND level = ?2 - 1 AND first_step > ?3 ORDER BY first_step LIMIT ?4) HAVING count(*) = ?4 RETURNING last_step";
	struct statement statement;
	if (!statement_prepare(&statement, store, level == 1 ? from_points : from_buckets, error))
		return false;
	bool row = true, success = true;
	for (*added = false; success && row; *added = *added || row) {
		statement_bind_integer(&statement, run);
		statement_bind_integer(&statement, level);
		statement_bind_integer(&statement, last);
		statement_bind_integer(&statement, level == 1 ? METRIC_LEVEL_POINTS : METRIC_LEVEL_FACTOR);
		success = statement_step(&statement, &row, error);
		if (success && row) {
			last = statement_read_integer(&statement);
			success = statement_run(&statement, error); /* to its end */
		}
	}
	statement_finish(&statement);
	return success;
}

static bool forget_from(struct store *store, int64_t run, int64_t step, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, "DELETE FROM metric_buckets WHERE run_id = ? AND last_step >= ?", error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_integer(&statement, step);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

bool metric_buckets_extend(struct store *store, int64_t run, int64_t lowest, struct error *error)
{
	int64_t last;
	bool added = true;
	if (!find_last_step(store, run, 1, &last, error))
		return false;
	if (lowest <= last && (!forget_from(store, run, lowest, error) || !find_last_step(store, run, 1, &last, error)))
		return false;
	for (int level = 1; level <= METRIC_LEVELS && added; level++) {
		if (level > 1 && !find_last_step(store, run, level, &last, error))
			return false;
		if (!fill_level(store, run, level, last, &added, error))
			return false;
	}
	return true;
}

/* ---- reading ---- */

struct span {
	int64_t from, to; /* steps, both ends in it; empty when from > to */
};

struct series_sum {
	double low, high, sum, known;
};

struct bucket_sum {
	struct metric_bucket bucket; /* without its values */
	struct series_sum series[METRIC_SERIES];
};

struct gathering {
	struct store *store;
	int64_t run;
	struct span all;
	int buckets;
	int64_t index;            /* of the part being gathered */
	struct bucket_sum sum;    /* points 0: nothing yet */
	void (*visit)(void *context, const struct metric_bucket *bucket);
	void *context;
};

static void tell_part(struct gathering *gathering)
{
	struct bucket_sum *sum = &gathering->sum;
	if (sum->bucket.points == 0)
		return;
	for (int i = 0; i < METRIC_SERIES; i++) {
		const struct series_sum *series = &sum->series[i];
		sum->bucket.values[i].low = series->low;
		sum->bucket.values[i].high = series->high;
		sum->bucket.values[i].mean = series->known > 0 ? series->sum / series->known : NAN;
	}
	gathering->visit(gathering->context, &sum->bucket);
	sum->bucket.points = 0;
}

/* Comparisons, because fmin and fmax take their time over NaN; neither is ever better than a number. */
static void lower(double *low, double value)
{
	if (value < *low || isnan(*low))
		*low = value;
}

static void raise_to(double *high, double value)
{
	if (value > *high || isnan(*high))
		*high = value;
}

static void add_to_sum(struct bucket_sum *sum, const struct bucket_sum *more)
{
	struct metric_bucket *bucket = &sum->bucket;
	bucket->last_step = more->bucket.last_step;
	bucket->points += more->bucket.points;
	lower(&bucket->first_time, more->bucket.first_time);
	raise_to(&bucket->last_time, more->bucket.last_time);
	lower(&bucket->first_epochs, more->bucket.first_epochs);
	raise_to(&bucket->last_epochs, more->bucket.last_epochs);
	for (int i = 0; i < METRIC_SERIES; i++) {
		struct series_sum *series = &sum->series[i];
		lower(&series->low, more->series[i].low);
		raise_to(&series->high, more->series[i].high);
		series->sum += more->series[i].sum;
		series->known += more->series[i].known;
	}
}

/* The part where most of it lies. */
static void gather(struct gathering *gathering, const struct bucket_sum *more)
{
	const struct span *all = &gathering->all;
	double middle = ((double)more->bucket.first_step + (double)more->bucket.last_step) / 2 - (double)all->from;
	int64_t index = (int64_t)(middle / ((double)all->to - (double)all->from + 1) * gathering->buckets);
	if (index != gathering->index)
		tell_part(gathering);
	gathering->index = index;
	if (gathering->sum.bucket.points == 0)
		gathering->sum = *more;
	else
		add_to_sum(&gathering->sum, more);
}

/* In the order of the statements of visit_rows. */
static void read_point(struct statement *statement, struct bucket_sum *sum)
{
	struct metric_bucket *bucket = &sum->bucket;
	bucket->first_step = bucket->last_step = statement_read_integer(statement);
	bucket->points = 1;
	bucket->first_time = bucket->last_time = statement_read_real(statement);
	bucket->first_epochs = bucket->last_epochs = statement_read_real(statement);
	for (int i = 0; i < METRIC_SERIES; i++) {
		double value = statement_read_real(statement);
		sum->series[i] = isnan(value) ? (struct series_sum){NAN, NAN, 0, 0} : (struct series_sum){value, value, value, 1};
	}
}

static void read_sum(struct statement *statement, struct bucket_sum *sum)
{
	struct metric_bucket *bucket = &sum->bucket;
	bucket->first_step = statement_read_integer(statement);
	bucket->last_step = statement_read_integer(statement);
	bucket->points = statement_read_integer(statement);
	bucket->first_time = statement_read_real(statement);
	bucket->last_time = statement_read_real(statement);
	bucket->first_epochs = statement_read_real(statement);
	bucket->last_epochs = statement_read_real(statement);
	for (int i = 0; i < METRIC_SERIES; i++) {
		struct series_sum *series = &sum->series[i];
		series->low = statement_read_real(statement);
		series->high = statement_read_real(statement);
		series->sum = statement_read_real(statement);
		series->known = statement_read_real(statement);
		if (!(series->known > 0))
			series->sum = 0; /* NULL: the sum of nothing */
	}
}

/* The rows of one level that begin in `part`: there they also end. */
static bool visit_rows(struct gathering *gathering, int level, struct span part, struct error *error)
{
	static const char points[] =
		"SELECT step, time, epochs" EVERY_SERIES(AS_IT_IS)
		" FROM metric_points WHERE run_id = ?1 AND step BETWEEN ?2 AND ?3 ORDER BY step";
	static const char buckets[] =
		"SELECT first_step, last_step, points, first_time, last_time, first_epochs, last_epochs" EVERY_SERIES(NAMES)
		" FROM metric_buckets WHERE run_id = ?1 AND level = ?4 AND first_step BETWEEN ?2 AND ?3 ORDER BY first_step";
	struct statement statement;
	if (!statement_prepare(&statement, gathering->store, level == 0 ? points : buckets, error))
		return false;
	statement_bind_integer(&statement, gathering->run);
	statement_bind_integer(&statement, part.from);
	statement_bind_integer(&statement, part.to);
	if (level > 0)
		statement_bind_integer(&statement, level);
	bool row, success;
	while ((success = statement_step(&statement, &row, error)) && row) {
		struct bucket_sum sum;
		(level == 0 ? read_point : read_sum)(&statement, &sum);
		gather(gathering, &sum);
	}
	statement_finish(&statement);
	return success;
}

/* The steps that the level's buckets inside `part` cover, and how many they are. Only the first and the last can reach over
 * its ends; the first begins in it, the last is looked at by its own end. */
static bool find_covered(struct gathering *gathering, int level, struct span part, struct span *covered, int64_t *count,
                         struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, gathering->store,
	                       "SELECT count(*), min(first_step), max(last_step) FROM metric_buckets WHERE run_id = ? AND level = ?"
	                       " AND first_step BETWEEN ? AND ? AND last_step <= ?", error))
		return false;
	statement_bind_integer(&statement, gathering->run);
	statement_bind_integer(&statement, level);
	statement_bind_integer(&statement, part.from);
	statement_bind_integer(&statement, part.to);
	statement_bind_integer(&statement, part.to);
	bool row;
	bool success = statement_step(&statement, &row, error);
	if (success && row) {
		*count = statement_read_integer(&statement);
		covered->from = statement_read_integer(&statement);
		covered->to = statement_read_integer(&statement);
	}
	statement_finish(&statement);
	return success;
}

/* The level's buckets inside `part`, between what is left for the levels below at its two ends. */
static bool cover(struct gathering *gathering, int level, struct span part, struct error *error)
{
	struct span covered;
	int64_t count;
	if (part.from > part.to)
		return true;
	if (level == 0)
		return visit_rows(gathering, 0, part, error);
	if (!find_covered(gathering, level, part, &covered, &count, error))
		return false;
	if (count == 0)
		return cover(gathering, level - 1, part, error);
	return cover(gathering, level - 1, (struct span){part.from, covered.from - 1}, error) &&
	       visit_rows(gathering, level, (struct span){covered.from, covered.to}, error) &&
	       cover(gathering, level - 1, (struct span){covered.to + 1, part.to}, error);
}

/* The coarsest level with at least a bucket for each part; 0: the points themselves are few. */
static bool choose_level(struct gathering *gathering, int *level, struct error *error)
{
	struct span covered;
	int64_t count = 0;
	for (*level = METRIC_LEVELS; *level > 0; (*level)--) {
		if (!find_covered(gathering, *level, gathering->all, &covered, &count, error))
			return false;
		if (count >= gathering->buckets)
			break;
	}
	return true;
}

static bool find_ends(struct gathering *gathering, struct error *error)
{
	struct span *all = &gathering->all;
	int64_t first, last;
	if (!statement_query_integer(gathering->store, "SELECT min(step) FROM metric_points WHERE run_id = ?", gathering->run, 0, &first,
	                             error) ||
	    !statement_query_integer(gathering->store, "SELECT max(step) FROM metric_points WHERE run_id = ?", gathering->run, -1, &last,
	                             error))
		return false;
	all->from = all->from < 0 ? first : all->from;
	all->to = all->to < 0 ? last : all->to;
	return true;
}

bool store_visit_metric_buckets(struct store *store, int64_t run, int64_t from, int64_t to, int buckets,
                                void (*visit)(void *context, const struct metric_bucket *bucket), void *context,
                                struct error *error)
{
	struct gathering gathering = {
		.store = store, .run = run, .all = {from, to}, .buckets = buckets < 1 ? 1 : buckets, .visit = visit, .context = context,
	};
	int level;
	if (!find_ends(&gathering, error) || !choose_level(&gathering, &level, error) || !cover(&gathering, level, gathering.all, error))
		return false;
	tell_part(&gathering);
	return true;
}
