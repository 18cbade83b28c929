/* app/view_fill: reports and recorded rows become the same view; histories of any length in bounded memory; marks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/view_fill.h"
#include "engine/base/text.h"
#include "tests/store_fixture.h"

enum { RECORDS = 5000 };

/* Four states, the first of which fills up with the records. */
static void add(struct view_history *history, int64_t record, int bits)
{
	const int64_t counts[4] = {record, RECORDS - record, 0, RECORDS};
	view_history_add(history, 10 * record, bits, bits == 2 ? 4 : 0, counts);
}

static void a_history_of_any_length_keeps_its_shape(void **state)
{
	(void)state;
	static struct view_history history;
	for (int64_t record = 0; record < RECORDS; record++) {
		add(&history, record, 2);
		assert_true(history.count >= 1 && history.count < VIEW_HISTORY);
		assert_int_equal(history.columns[history.count - 1].step, 10 * record);
		assert_int_equal(history.columns[0].step, 0);
	}
	/* Every column begins where the one before it ends, and says the mean of its records. */
	for (int i = 0; i + 1 < history.count; i++) {
		const struct view_history_column *column = &history.columns[i];
		int records = i + 2 < history.count ? history.merged : history.open;
		assert_int_equal(history.columns[i + 1].step - column->step, 10 * records);
		double middle = (double)column->step / 10 + (records - 1) / 2.0;
		assert_true(fabs(column->shares[0] - middle / (2.0 * RECORDS)) < 1e-5);
		assert_true(fabs(column->shares[0] + column->shares[1] + column->shares[2] + column->shares[3] - 1) < 1e-5);
		assert_int_equal(column->bits, 2);
	}
	assert_true(history.merged >= RECORDS / VIEW_HISTORY);
	assert_true(history.count > VIEW_HISTORY / 3);
}

static void the_same_step_again_replaces_its_record(void **state)
{
	(void)state;
	static struct view_history once, twice;
	for (int64_t record = 0; record < 700; record++) {
		add(&once, record, 2);
		add(&twice, record, 32);
		add(&twice, record, 2);
	}
	assert_int_equal(once.count, twice.count);
	assert_int_equal(once.merged, 4);
	for (int i = 0; i < once.count; i++)
		assert_int_equal(once.columns[i].bits, 2);
	assert_true(once.columns[once.count - 1].shares[0] == twice.columns[twice.count - 1].shares[0]);
}

static void changed_bits_show_from_their_record_on(void **state)
{
	(void)state;
	static struct view_history history;
	for (int64_t record = 0; record < 600; record++)
		add(&history, record, record < 301 ? 32 : 2);
	assert_int_equal(history.columns[0].bits, 32);
	assert_true(history.columns[0].shares[0] == 0);
	for (int i = 0; i < history.count; i++) {
		const struct view_history_column *column = &history.columns[i];
		int64_t next = i + 1 < history.count ? history.columns[i + 1].step : 6000;
		assert_int_equal(column->bits, next > 3010 ? 2 : 32);
	}
}

static void many_states_are_added_up(void **state)
{
	(void)state;
	static struct view_history history;
	int64_t counts[256];
	for (int i = 0; i < 256; i++)
		counts[i] = i < 16 ? 3 : 1;
	view_history_add(&history, 1, 8, 256, counts);
	assert_true(fabs(history.columns[0].shares[0] - 48.0 / 288) < 1e-6);
	for (int i = 1; i < VIEW_HISTORY_STATES; i++)
		assert_true(fabs(history.columns[0].shares[i] - 16.0 / 288) < 1e-6);
	memset(counts, 0, sizeof counts);
	view_history_add(&history, 2, 8, 256, counts); /* a damaged record: nothing, not NaN */
	assert_true(history.columns[1].shares[5] == 0);
}

static void recorded_rows_may_say_anything(void **state)
{
	(void)state;
	static int64_t counts[2 * VIEW_MAX_STATES], bins[2 * VIEW_BINS];
	static double levels[2 * VIEW_MAX_STATES], trace[2 * VIEW_TRACE];
	for (int i = 0; i < 2 * VIEW_TRACE; i++)
		trace[i] = i;
	struct layer_stats stats = {
		.network = 'D', .layer = "conv1", .shape = "1x1", .quantizer = "log", .bits = 1, .states = 2 * VIEW_MAX_STATES,
		.counts = counts, .levels = levels, .trace = trace, .trace_count = 2 * VIEW_TRACE, .bins = 2 * VIEW_BINS,
		.histogram = bins, .flips = NAN,
	};
	struct view_layer layer;
	view_fill_stored_layer(&layer, &stats);
	assert_int_equal(layer.states, VIEW_MAX_STATES);
	assert_int_equal(layer.trace_count, VIEW_TRACE);
	assert_true(layer.trace[VIEW_TRACE - 1] == 2 * VIEW_TRACE - 1); /* the latest */
	assert_true(layer.degenerate);
	text_copy(stats.quantizer, sizeof stats.quantizer, "a method of the future");
	view_fill_stored_layer(&layer, &stats);
	assert_false(layer.degenerate);
}

static void a_journal_marks_layers_by_name(void **state)
{
	(void)state;
	static const struct { const char *value, *text, *label; } rows[] = {
		{"G.deconv1=4", "G.deconv1 bits 32 > 4", "G.deconv1>4"},
		{"G.deconv1=4,D.conv4=32", "D.conv4 bits 2 > 32", "D.conv4>32"},
		{"none", "G.deconv1 bits 4 > 32", "G.deconv1>32"},
	};
	struct view *view = view_create();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct event event = {.kind = EVENT_JOURNAL, .step = 7, .field = "bits"};
		text_copy(event.value, sizeof event.value, rows[i].value);
		text_copy(event.text, sizeof event.text, rows[i].text);
		view_take_event(view, &event);
		assert_int_equal(view->mark_count, i + 1);
		assert_string_equal(view->marks[i].label, rows[i].label);
		assert_int_equal(view->marks[i].step, 7);
	}
	struct event strange = {.kind = EVENT_JOURNAL, .field = "bits", .text = "something else"};
	view_take_event(view, &strange);
	assert_int_equal(view->mark_count, sizeof rows / sizeof *rows);
	view_destroy(view);
}

/* A run of an older program, or one that crashed at its beginning. */
static void a_run_without_layer_rows_is_empty_not_wrong(void **state)
{
	struct store *store = open_for_writing(state);
	struct view *view = view_create();
	struct error error = {0};
	int64_t run = insert_run(store, "bare");
	insert_points(store, run, 1, 5);
	assert_true(view_load_past(view, store, run, &error));
	assert_int_equal(view->layer_count[VIEW_D], 0);
	assert_int_equal(view->history[VIEW_D][0].count, 0);
	assert_true(view->run.packed_bytes[VIEW_G] == 0 && view->run.float_bytes[VIEW_G] == 0);
	assert_true(view_follow_past(view, store, &error));
	/* Rows that come later are found, once. */
	for (int64_t step = 10; step <= 30; step += 10) {
		struct layer_stats stats[] = {new_stats(step, 'D', 0, 2), new_stats(step, 'G', 0, 32)};
		assert_true(store_insert_layer_stats(store, run, stats, 2, &error));
		assert_true(view_follow_past(view, store, &error));
		assert_true(view_follow_past(view, store, &error));
	}
	assert_int_equal(view->history[VIEW_D][0].count, 3);
	assert_int_equal(view->history[VIEW_G][0].count, 3);
	assert_int_equal(view->layers_step, 30);
	assert_int_equal(view->layer_count[VIEW_G], 1);
	view_destroy(view);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_history_of_any_length_keeps_its_shape),
		cmocka_unit_test(the_same_step_again_replaces_its_record),
		cmocka_unit_test(changed_bits_show_from_their_record_on),
		cmocka_unit_test(many_states_are_added_up),
		cmocka_unit_test(recorded_rows_may_say_anything),
		cmocka_unit_test(a_journal_marks_layers_by_name),
		IN_FOLDER(a_run_without_layer_rows_is_empty_not_wrong),
	};
	return cmocka_run_group_tests_name("view_fill", tests, NULL, NULL);
}
