/* run fields, filters, sorting and the list they make. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/run_list.h"
#include "app/settings.h"
#include "tests/store_fixture.h"

#define NOW 2e9

static const char some_config[] = "{\"model\":\"dcgan\",\"data\":\"a \\\"quoted\\\" set\",\"latent\":100,\"d_learning_rate\":0.0002,"
	"\"literal\":false,\"per_channel\":true,\"steps\":5000,\"bits\":\"none\"}";

/* Two-bit G on CIFAR-10, scored, crashed at 12,500 of 50,000 steps two hours ago. */
static struct run some_run(void)
{
	struct run run = new_run("cifar-dcgan-7f3a");
	run.id = 12;
	run.status = RUN_CRASHED;
	run.step = 12500;
	run.last_step = 50000;
	run.heartbeat = NOW - 7200;
	run.created = NOW - 86400;
	run.train_seconds = 5400;
	run.loss_d = 0.75;
	run.scores = (struct run_scores){.step = 12000, .fid = 58.4, .best_fid = 55.1, .best_fid_step = 9000, .is_mean = NAN,
		.best_is = NAN, .kid = NAN};
	run.sizes = (struct run_sizes){.packed_d = 100, .float_d = 400, .packed_g = 50, .float_g = 800};
	text_copy(run.data, sizeof run.data, "cifar10:/data/cifar");
	text_copy(run.tags, sizeof run.tags, "good paper");
	text_copy(run.note, sizeof run.note, "Try again with a lower rate");
	run.config_json = (char *)some_config;
	return run;
}

static bool matches(const char *text)
{
	struct error error = {0};
	struct run_filter *filter = run_filter_create(text, &error);
	if (!filter)
		fail_msg("%s: %s", text, error.text);
	struct run run = some_run();
	bool answer = run_filter_matches(filter, &run, NOW);
	run_filter_destroy(filter);
	return answer;
}

static void filters_choose(void **state)
{
	(void)state;
	static const struct { const char *text; bool expected; } cases[] = {
		{"", true}, {"  ", true},
		{"cifar", true}, {"CIFAR", true}, {"paper", true}, {"lower", true}, {"fmnist", false}, {"\"lower rate\"", true},
		{"bits.g<=2", true}, {"bits.g<2", false}, {"g-bits=2", true}, {"bits.d:float", true}, {"bits.d=32", true},
		{"bits.d:2,3,float", true},
		{"bits.d:2,3", false},
		{"bits.g<=2 fid<60 tag:paper", true}, {"bits.g<=2 fid<58 tag:paper", false}, {"-status:crashed", false},
		{"not status:crashed", false},
		{"status:crashed,failed", true}, {"status=crash", false}, {"status:crash", true}, {"status!=live", true},
		{"tag:pap", false}, {"tag=PAPER", true}, {"tag!=paper", false}, {"tag~^good", true}, {"tags:none", false},
		{"fmnist or cifar", true}, {"fmnist or -cifar", false}, {"fmnist and x or cifar", true}, {"fmnist and (x or cifar)", false},
		{"not (fmnist or x)", true}, {"--cifar", true}, {"NOT not cifar", true}, {"cifar AND paper", true}, {"-(cifar paper)", false},
		{"name~^cifar.*[0-9a-f]{4}$", true}, {"name~(fmnist|mnist)-", false}, {"name~^c+i+f+a+r+.+", true}, {"(name~(cifar|mnist)-dcgan)", true},
		{"data~\"^cifar10:\"", true},
		{"step>=12.5k", true}, {"step>12.5k", false}, {"step<0.1M", true}, {"done>=25%", true}, {"done<25", false},
		{"age<3h", true}, {"age<120m", false}, {"age<=2h", true}, {"age>1.9h", true}, {"duration=90m", true}, {"duration=5400", true},
		{"age<1w", true},
		{"loss.d=0.75", true}, {"loss.g<5", false}, {"loss.g>-5", false}, {"loss.g:none", true}, {"-loss.g:none", false},
		{"loss.g!=5", true},
		{"loss.d>-1", true}, {"loss.d:none", false}, {"parent:none", true}, {"archived:no", true}, {"archived:yes", false},
		{"trashed:none", true},
		{"fid.best<=55.1", true}, {"is.best>0", false}, {"ratio=8", true}, {"ratio.g>=16", true}, {"kid:none", true},
		{"created>2033-05-16", true}, {"created<=2033-05-16T23:59", false}, {"created:2033-05-17", true}, {"created>2033-05-17", false},
		{"created>=2033-05-17 created<=2033-05-17", true}, {"created=2033-05-16", false}, {"created>2001-01-01T00:00", true},
		{"latent=100", true}, {"d-learning-rate<1e-3", true}, {"d-learning-rate=0.0002", true}, {"literal:no", true},
		{"per-channel:yes", true},
		{"per-channel=no", false}, {"cfg.steps=5k", true}, {"cfg.model=dcgan", true}, {"cfg.data:\"a \\\"quoted\\\"\"", true},
		{"beta1=0.5", false},
		{"beta1:none", true}, {"cfg.bits:none", true}, {"g-learning-rate>0", false},
	};
	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (matches(cases[i].text) != cases[i].expected)
			fail_msg("\"%s\" should be %s", cases[i].text, cases[i].expected ? "true" : "false");
}

static void mistakes_in_filters_are_named(void **state)
{
	(void)state;
	static const struct { const char *text; int place; const char *says; } cases[] = {
		{"bits.g<=", 9, "expected a number of bits, 1 to 8, or float after <="},
		{"fid<many", 5, "expected a number, such as 5, 10k or 1.5M after <"},
		{"fid<5s", 5, "expected a number"}, {"age<5k", 5, "expected a duration, such as 90s, 5m, 2h or 3d after <"},
		{"age<nan", 5, "expected a duration"},
		{"created>yesterday", 9, "expected a date"}, {"archived:perhaps", 10, "expected yes or no"}, {"fdi<5", 1, "did you mean fid?"},
		{"x nothing:5", 3, "unknown field \"nothing\"; there are id, name"}, {"(a or b", 8, "expected ) for the ( at character 1"},
		{"a)", 2, "has no ("},
		{"a or", 5, "expected a word"}, {"or a", 1, "expected a word"}, {"()", 2, "expected a word"}, {"-", 2, "expected a word"},
		{"a and and b", 7, "expected"},
		{"name~[", 6, "not a regular expression"}, {"name~(a)\\1", 6, "no back references"}, {"name~((a{9}){9}){9}", 6, "one {n}"},
		{"name~a{500}", 6, "up to 99"}, {"name~a+++++++", 6, "and 6 +"}, {"fid~5", 4, "fid is no text"}, {"name<b", 5, "name has no order"},
		{"=5", 1, "name of a field before ="},
		{"name:\"open", 6, "this quote has no end"}, {"status:", 8, "expected a text after :"}, {"bits.d:2,,3", 10, "expected a number"},
		{"cfg.fid<5", 1, "unknown field"}, {"archived<yes", 9, "archived has no order"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error error = {0};
		struct run_filter *filter = run_filter_create(cases[i].text, &error);
		char place[40];
		snprintf(place, sizeof place, "filter, character %d: ", cases[i].place);
		if (filter || error.code != ERROR_INPUT || strncmp(error.text, place, strlen(place)) || !strstr(error.text, cases[i].says))
			fail_msg("\"%s\": %s", cases[i].text, filter ? "accepted" : error.text);
	}
	char deep[400] = "", longer[2000] = "";
	memset(deep, '(', 300);
	for (size_t i = 0; i < 300; i++)
		memcpy(longer + 2 * i, "a ", 2);
	struct error error = {0};
	assert_null(run_filter_create(deep, &error));
	assert_non_null(strstr(error.text, "nested too deep"));
	assert_null(run_filter_create(longer, &error));
	assert_non_null(strstr(error.text, "too long"));
}

/* ---- the table ---- */

static void every_field_has_its_place(void **state)
{
	(void)state;
	struct run run = some_run(), empty = {.loss_d = NAN};
	for (const struct run_field *field = run_fields; field->name; field++) {
		char cell[RUN_CELL_SIZE];
		assert_ptr_equal(run_field_find(field->name), field);
		assert_true(field->width > 0 && field->title && field->help && field->help[strlen(field->help) - 1] != '.');
		assert_true(run_field_cell(field, &run, NOW, cell)[0] != '\0');
		assert_true(run_field_cell(field, &empty, NOW, cell)[0] != '\0');
		assert_null(strstr(cell, "nan"));
		json_t *json = run_field_to_json(field, &empty, NOW);
		assert_non_null(json);
		json_decref(json);
		for (const struct run_field *other = run_fields; other->name; other++) {
			assert_true(other == field || !field->json || !other->json || strcmp(field->json, other->json) != 0);
			assert_true(other == field || !other->aliases || !run_words_have(other->aliases, field->name));
		}
	}
	assert_ptr_equal(run_field_find("g-bits"), run_field_find("bits.g"));
	assert_null(run_field_find("nothing"));
}

static void cells_are_for_people(void **state)
{
	(void)state;
	static const struct { const char *name, *cell; } cases[] = {
		{"bits.d", "float"}, {"bits.g", "2"}, {"step", "12,500"}, {"done", "25 %"}, {"age", "2 h"}, {"duration", "1:30:00"},
		{"seed", "18446744073709551614"},
		{"loss.g", "-"}, {"loss.d", "0.750"}, {"fid", "58.4"}, {"is", "-"}, {"ratio", "8.0"}, {"parent", "-"}, {"archived", "no"},
		{"ended", "-"},
		{"tags", "good paper"}, {"bytes.g", "50 B"}, {"status", "crashed"},
	};
	struct run run = some_run();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char cell[RUN_CELL_SIZE];
		assert_string_equal(run_field_cell(run_field_find(cases[i].name), &run, NOW, cell), cases[i].cell);
	}
	json_t *json = run_to_json(&run);
	assert_true((uint64_t)json_integer_value(json_object_get(json, "seed")) == UINT64_MAX - 1);
	assert_int_equal(json_array_size(json_object_get(json, "tags")), 2);
	assert_true(json_is_null(json_object_get(json, "verdict")) && json_is_null(json_object_get(json, "loss_g")));
	assert_true(json_is_false(json_object_get(json, "archived")) && json_is_integer(json_object_get(json, "d_bits")));
	json_decref(json);
}

/* ---- sorting and the list ---- */

static void check_order(const char *sort_text, const char *expected)
{
	struct run runs[5];
	const struct run *order[5];
	static const double fids[] = {60, NAN, 55, 60, NAN};
	static const char *const names[] = {"b", "a", "C", "d", "e"};
	for (int i = 0; i < 5; i++) {
		runs[i] = new_run(names[i]);
		runs[i].id = i + 1;
		runs[i].scores.fid = fids[i];
		order[i] = &runs[i];
	}
	struct run_sort sort;
	struct error error = {0};
	assert_true(run_sort_parse(sort_text, &sort, &error));
	run_sort_apply(&sort, order, 5, NOW);
	char got[6] = "";
	for (int i = 0; i < 5; i++)
		got[i] = order[i]->name[0];
	assert_string_equal(got, expected);
}

static void unknown_values_come_last(void **state)
{
	(void)state;
	check_order("", "edCab");
	check_order("fid", "Cdbea");
	check_order("-fid", "dbCea");
	check_order("fid,name", "Cbdae");
	check_order("-name", "edCba");
	struct run_sort sort;
	struct run_columns columns;
	struct error error = {0};
	assert_false(run_sort_parse("fid,-nmae", &sort, &error));
	assert_non_null(strstr(error.text, "did you mean name?"));
	assert_false(run_columns_parse("name,losss.d", &columns, &error));
	assert_non_null(strstr(error.text, "did you mean loss.d?"));
	assert_true(run_columns_parse(" name , fid.best", &columns, &error) && columns.count == 2);
	assert_true(run_columns_parse("", &columns, &error) && columns.count > 10);
}

static void narrow_lists_keep_what_matters(void **state)
{
	(void)state;
	struct run_columns columns;
	int widths[RUN_FIELDS_MAX] = {10, 10, 10, 10, 10}; /* 58 with the blanks between */
	assert_true(run_columns_parse("name,status,epochs,step,model", &columns, NULL));
	run_columns_fit(&columns, widths, 58);
	assert_int_equal(columns.count, 5);
	widths[3] = 11;
	run_columns_fit(&columns, widths, 58);
	assert_int_equal(columns.count, 4); /* the model went, then the epochs */
	run_columns_fit(&columns, widths, 40);
	assert_true(columns.count == 3 && widths[2] == 11);
	assert_string_equal(columns.fields[2]->name, "step");
	run_columns_fit(&columns, widths, 5);
	assert_int_equal(columns.count, 2); /* name and status stay */
}

/* The names that are shown, blanks between them. */
static void check_shown(struct run_list *list, const char *filter, const char *sort, enum run_shelf shelf, const char *expected)
{
	struct run_view view = {0};
	struct run_look look;
	struct error error = {0};
	text_copy(view.filter, sizeof view.filter, filter);
	text_copy(view.sort, sizeof view.sort, sort);
	if (!run_look_parse(&view, &look, &error))
		fail_msg("%s", error.text);
	look.shelf = shelf;
	run_list_apply(list, &look, NOW);
	size_t count;
	const struct run *const *runs = run_list_shown(list, &count);
	char names[200] = "";
	for (size_t i = 0; i < count; i++) {
		strcat(names, i > 0 ? " " : "");
		strcat(names, runs[i]->name);
	}
	assert_string_equal(names, expected);
	run_look_clear(&look);
}

static bool refresh(struct run_list *list, struct store *reader)
{
	bool changed;
	struct error error = {0};
	if (!run_list_refresh(list, reader, &changed, &error))
		fail_msg("%s", error.text);
	return changed;
}

static void the_list_follows_the_store(void **state)
{
	struct store *writer = open_for_writing(state);
	int64_t one = insert_run(writer, "one"), two = insert_run(writer, "two");
	struct store *reader = store_open(store_path(writer), STORE_READ, NULL);
	struct run_list *list = run_list_create();
	assert_true(refresh(list, reader));
	assert_false(refresh(list, reader));
	check_shown(list, "", "", RUN_SHELF_USUAL, "two one");
	struct run_progress progress = {.status = RUN_STOPPED, .step = 5, .quantizer = "em"};
	assert_true(store_update_run(writer, one, &progress, NULL));
	int64_t three = insert_run(writer, "three");
	assert_true(refresh(list, reader));
	check_shown(list, "status:stopped", "", RUN_SHELF_USUAL, "one");
	check_shown(list, "", "name", RUN_SHELF_USUAL, "one three two");
	assert_true(run_list_find(list, one)->step == 5 && run_list_find(list, three) && !run_list_find(list, 99));
	assert_true(store_update_run(writer, two, &progress, NULL) && store_update_run(writer, three, &progress, NULL));
	assert_true(store_trash_run(writer, two, true, NULL) && store_archive_run(writer, three, true, NULL));
	assert_true(refresh(list, reader));
	check_shown(list, "", "", RUN_SHELF_USUAL, "one");
	check_shown(list, "", "", RUN_SHELF_ALL, "three one");
	check_shown(list, "archived:yes", "", RUN_SHELF_USUAL, "three");
	check_shown(list, "", "", RUN_SHELF_TRASH, "two");
	/* One goes and one comes between two looks: the number of runs alone would not tell. */
	assert_true(store_purge_run(writer, two, NULL, NULL));
	insert_run(writer, "four");
	assert_true(refresh(list, reader));
	check_shown(list, "", "", RUN_SHELF_ALL, "four three one");
	assert_int_equal(run_list_total(list), 3);
	run_list_destroy(list);
	store_close(reader);
	store_close(writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_choose),
		cmocka_unit_test(mistakes_in_filters_are_named),
		cmocka_unit_test(every_field_has_its_place),
		cmocka_unit_test(cells_are_for_people),
		cmocka_unit_test(unknown_values_come_last),
		cmocka_unit_test(narrow_lists_keep_what_matters),
		IN_FOLDER(the_list_follows_the_store),
	};
	return cmocka_run_group_tests_name("run_filter", tests, NULL, NULL);
}
