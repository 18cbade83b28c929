/* store: curves at any zoom say what the points say. */
#include "store/metric_buckets.h"
#include "tests/store_fixture.h"

enum { POINTS = 5000, SPIKE = 3210 };

/* Steps two or three apart; some values are not known, one is a spike. */
static int64_t step_of(int i)
{
	return 10 + 2 * i + i / 3;
}

static struct metric_point point_of(int i)
{
	struct metric_point point = new_point(step_of(i));
	point.loss_d = i == SPIKE ? 1e6 : sin(i / 50.0);
	point.loss_g = i % 3 == 0 ? NAN : i;
	point.wasserstein = NAN; /* older files have none */
	point.images_per_second = i < 100 ? NAN : 250;
	return point;
}

/* In blocks of `block` points. */
static void insert_block(struct store *store, int64_t run, int first, int last, int block)
{
	struct metric_point points[100];
	for (int i = first; i < last; i += block) {
		int count = 0;
		for (; count < block && i + count < last; count++)
			points[count] = point_of(i + count);
		assert_true(store_insert_metrics(store, run, points, (size_t)count, NULL));
	}
}

struct seen {
	int64_t from, to, last_step;
	int parts;
	int64_t points;
	double low_d, high_d, sum_d;
	double spike_at;
};

static void look(void *context, const struct metric_bucket *bucket)
{
	struct seen *seen = context;
	assert_true(bucket->first_step > seen->last_step && bucket->last_step >= bucket->first_step && bucket->points > 0);
	assert_true(bucket->first_step >= seen->from && bucket->last_step <= seen->to);
	assert_true(bucket->first_time == 1e9 + (double)bucket->first_step && bucket->last_time == 1e9 + (double)bucket->last_step);
	assert_true(bucket->first_epochs == (double)bucket->first_step / 100 && bucket->last_epochs == (double)bucket->last_step / 100);
	assert_true(isnan(bucket->values[METRIC_GRADIENT_D].low) == isnan(bucket->values[METRIC_GRADIENT_D].mean));
	seen->last_step = bucket->last_step;
	seen->parts++;
	seen->points += bucket->points;
	seen->low_d = fmin(seen->low_d, bucket->values[METRIC_LOSS_D].low);
	seen->high_d = fmax(seen->high_d, bucket->values[METRIC_LOSS_D].high);
	seen->sum_d += bucket->values[METRIC_LOSS_D].mean * (double)bucket->points;
	if (bucket->values[METRIC_LOSS_D].high >= 1e6)
		seen->spike_at = (double)(bucket->first_step + bucket->last_step) / 2;
}

static struct seen visit(struct store *store, int64_t run, int64_t from, int64_t to, int buckets)
{
	struct seen seen = {.from = from < 0 ? 0 : from, .to = to < 0 ? INT64_MAX : to, .last_step = -1, .low_d = INFINITY,
		.high_d = -INFINITY};
	struct error error = {0};
	if (!store_visit_metric_buckets(store, run, from, to, buckets, look, &seen, &error))
		fail_msg("%s", error.text);
	assert_true(seen.parts <= buckets);
	return seen;
}

static void check_range(struct store *store, int64_t run, int first, int last, int buckets)
{
	double low = INFINITY, high = -INFINITY, sum = 0;
	for (int i = first; i <= last; i++) {
		double value = point_of(i).loss_d;
		low = fmin(low, value);
		high = fmax(high, value);
		sum += value;
	}
	bool whole = first == 0 && last == POINTS - 1;
	struct seen seen = visit(store, run, whole ? -1 : step_of(first), whole ? -1 : step_of(last), buckets);
	assert_int_equal(seen.points, last - first + 1);
	assert_true(seen.low_d == low && seen.high_d == high);
	assert_true(fabs(seen.sum_d - sum) <= 1e-9 * (fabs(sum) + (double)seen.points));
	double width = (double)(step_of(last) - step_of(first) + 1) / buckets;
	if (first <= SPIKE && SPIKE <= last) /* in its part of the picture, or at its edge */
		assert_true(fabs(seen.spike_at - (double)step_of(SPIKE)) <= fmax(1.5 * width, 3));
	assert_true(seen.parts == buckets || seen.points < 3 * buckets);
}

static void every_zoom_keeps_sums_and_spikes(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "run"), other = insert_run(store, "other");
	insert_block(store, other, 0, 300, 100);
	insert_block(store, run, 0, POINTS, 100);
	static const struct { int first, last; } ranges[] = {
		{0, POINTS - 1}, {0, 1}, {3200, 3220}, {64, 127}, {63, 128}, {1, POINTS - 2}, {500, 4500}, {4900, POINTS - 1}, {SPIKE, SPIKE},
	};
	static const int buckets[] = {1, 7, 37, 300, 100000};
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		for (size_t j = 0; j < sizeof buckets / sizeof *buckets; j++)
			check_range(store, run, ranges[i].first, ranges[i].last, buckets[j]);
	assert_int_equal(visit(store, run, 1000000, 2000000, 10).parts, 0);
	assert_int_equal(visit(store, 99, -1, -1, 10).parts, 0);
	assert_int_equal(count_rows(store, "SELECT max(level) FROM metric_buckets WHERE run_id = 1"), 3);
	store_close(store);
}

static void keep(void *context, const struct metric_bucket *bucket)
{
	*(struct metric_bucket *)context = *bucket;
}

static void means_are_of_what_is_known(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "run");
	insert_block(store, run, 0, 640, 64);
	struct metric_bucket all;
	assert_true(store_visit_metric_buckets(store, run, -1, -1, 1, keep, &all, NULL));
	double sum = 0, known = 0;
	for (int i = 0; i < 640; i++)
		if (i % 3) {
			sum += i;
			known++;
		}
	assert_true(fabs(all.values[METRIC_LOSS_G].mean - sum / known) < 1e-9 && all.values[METRIC_LOSS_G].low == 1);
	assert_true(isnan(all.values[METRIC_D_FAKE].mean) && isnan(all.values[METRIC_D_FAKE].low));
	assert_true(all.values[METRIC_IMAGES_PER_SECOND].mean == 250);
	store_close(store);
}

/* What is in metric_buckets is what is in the table `copy`. */
static void check_same(struct store *store)
{
	assert_true(count_rows(store, "SELECT count(*) FROM copy") > 80);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM (SELECT * FROM copy EXCEPT SELECT * FROM metric_buckets)"), 0);
	assert_int_equal(count_rows(store, "SELECT count(*) FROM (SELECT * FROM metric_buckets EXCEPT SELECT * FROM copy)"), 0);
}

static void buckets_do_not_depend_on_how_points_came(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "run");
	insert_block(store, run, 0, POINTS, 100);
	assert_true(store_execute(store, "CREATE TABLE copy AS SELECT * FROM metric_buckets", NULL));
	assert_true(store_rewind_run(store, run, 1234, NULL));
	assert_int_equal(count_rows(store, "SELECT count(*) FROM metric_buckets WHERE last_step > 1234"), 0);
	for (int i = 0; i < POINTS; i++)
		if (step_of(i) > 1234) {
			insert_block(store, run, i, i + 900, 1); /* one at a time, as the recorder does */
			insert_block(store, run, i + 900, POINTS, 37);
			break;
		}
	check_same(store);
	struct metric_point wrong = point_of(2000);
	wrong.loss_d = -5;
	assert_true(store_insert_metrics(store, run, &wrong, 1, NULL));
	assert_true(visit(store, run, -1, -1, 1).low_d == -5);
	insert_block(store, run, 2000, 2001, 1);
	check_same(store);
	store_close(store);
}

static void old_files_get_theirs(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t run = insert_run(store, "run"), other = insert_run(store, "other");
	insert_block(store, run, 0, POINTS, 100);
	insert_block(store, other, 0, 1000, 100);
	assert_true(store_execute(store, "CREATE TABLE copy AS SELECT * FROM metric_buckets; DROP TABLE metric_buckets;"
	                          "ALTER TABLE metric_points DROP COLUMN wasserstein; ALTER TABLE metric_points DROP COLUMN penalty", NULL));
	for (size_t i = 0; i < migration_count; i++)
		if (strcmp(migrations[i].purpose, "coarser levels of the curves") == 0 ||
		    strcmp(migrations[i].purpose, "Wasserstein estimate and gradient penalty") == 0)
			assert_true(store_execute(store, migrations[i].sql, NULL));
	check_same(store);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(every_zoom_keeps_sums_and_spikes),
		IN_FOLDER(means_are_of_what_is_known),
		IN_FOLDER(buckets_do_not_depend_on_how_points_came),
		IN_FOLDER(old_files_get_theirs),
	};
	return cmocka_run_group_tests_name("store_buckets", tests, NULL, NULL);
}
