#include "store/metric_buckets.h"
#include "store/statement.h"

bool store_insert_metrics(struct store *store, int64_t run, const struct metric_point *points, size_t count, struct error *error)
{
	struct statement statement;
	int64_t lowest = INT64_MAX;
	if (!store_begin_span(store, error))
		return false;
	bool success = statement_prepare(&statement, store,
	                                 "INSERT OR REPLACE INTO metric_points (run_id, step, time, epochs, loss_d, loss_g, d_real,"
	                                 " d_fake, gradient_d, gradient_g, images_per_second, wasserstein, penalty)"
	                                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", error);
	for (size_t i = 0; success && i < count; i++) {
		statement_bind_integer(&statement, run);
		statement_bind_integer(&statement, points[i].step);
		statement_bind_real(&statement, points[i].time);
		statement_bind_real(&statement, points[i].epochs);
		statement_bind_real(&statement, points[i].loss_d);
		statement_bind_real(&statement, points[i].loss_g);
		statement_bind_real(&statement, points[i].d_real);
		statement_bind_real(&statement, points[i].d_fake);
		statement_bind_real(&statement, points[i].gradient_d);
		statement_bind_real(&statement, points[i].gradient_g);
		statement_bind_real(&statement, points[i].images_per_second);
		statement_bind_real(&statement, points[i].wasserstein);
		statement_bind_real(&statement, points[i].penalty);
		success = statement_run(&statement, error);
		lowest = points[i].step < lowest ? points[i].step : lowest;
	}
	statement_finish(&statement);
	success = success && (count == 0 || metric_buckets_extend(store, run, lowest, error));
	return store_end_span(store, success, error);
}

static void read_point(struct statement *statement, struct metric_point *point)
{
	point->step = statement_read_integer(statement);
	point->time = statement_read_real(statement);
	point->epochs = statement_read_real(statement);
	point->loss_d = statement_read_real(statement);
	point->loss_g = statement_read_real(statement);
	point->d_real = statement_read_real(statement);
	point->d_fake = statement_read_real(statement);
	point->gradient_d = statement_read_real(statement);
	point->gradient_g = statement_read_real(statement);
	point->images_per_second = statement_read_real(statement);
	point->wasserstein = statement_read_real(statement);
	point->penalty = statement_read_real(statement);
}

#define POINT_COLUMNS \
	"step, time, epochs, loss_d, loss_g, d_real, d_fake, gradient_d, gradient_g, images_per_second, wasserstein, penalty"

bool store_find_last_metric(struct store *store, int64_t run, struct metric_point *point, bool *found, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "SELECT " POINT_COLUMNS " FROM metric_points WHERE run_id = ? ORDER BY step DESC LIMIT 1", error))
		return false;
	statement_bind_integer(&statement, run);
	bool success = statement_step(&statement, found, error);
	if (success && *found)
		read_point(&statement, point);
	statement_finish(&statement);
	return success;
}

bool store_has_more_metrics(struct store *store, int64_t run, int64_t than, bool *more, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store, "SELECT 1 FROM metric_points WHERE run_id = ? ORDER BY step LIMIT 1 OFFSET ?", error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_integer(&statement, than);
	bool success = statement_step(&statement, more, error);
	statement_finish(&statement);
	return success;
}

bool store_visit_metrics(struct store *store, int64_t run, int64_t after_step,
                         void (*visit)(void *context, const struct metric_point *point), void *context, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "SELECT " POINT_COLUMNS " FROM metric_points WHERE run_id = ? AND step > ? ORDER BY step", error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_integer(&statement, after_step);
	bool row, success;
	while ((success = statement_step(&statement, &row, error)) && row) {
		struct metric_point point;
		read_point(&statement, &point);
		visit(context, &point);
	}
	statement_finish(&statement);
	return success;
}
