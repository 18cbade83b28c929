/* qgan study and qgan search as people use them: worked off, killed in the middle and gone on with, told, refused. */
#include <math.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "store/studies.h"
#include "tests/program_fixture.h"
#include "tests/tiny_pictures.h"

enum { KILLS = 4 };

static struct temporary_folder data;
static char spec[1024];

static void write_study(const char *name, const char *more)
{
	char text[4096];
	snprintf(text, sizeof text,
	         "data = %s\nwidth = 4\nlatent = 10\nbatch = 8\nthreads = 1\nsample-every = 0\nlayers-every = 2\nmetric-every = 1\n"
	         "eval-samples = 0\nbase-steps = 4\ncell-steps = 3\nsamples = 100\nevaluations = 2\nfeatures = classifier:fashion-mnist\n%s",
	         spec, more);
	temporary_write(temporary_path(&folder, "%s", name), text, strlen(text));
}

static int prepare(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	temporary_folder_create(&data);
	tiny_pictures_write(&data, spec, sizeof spec);
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	temporary_folder_remove(&data);
	return 0;
}

static json_t *parsed(void)
{
	json_error_t where;
	json_t *json = json_loads(output, 0, &where);
	if (!json)
		fail_msg("%s in: %.300s (%.300s)", where.text, output, complaint);
	return json;
}

static const char *text_of(const json_t *json, const char *name) { return json_string_value(json_object_get(json, name)); }
static double number_of(const json_t *json, const char *name) { return json_number_value(json_object_get(json, name)); }

static json_t *cell_of(const json_t *study, const char *key)
{
	size_t i;
	json_t *cell;
	json_array_foreach(json_object_get(study, "cells"), i, cell)
		if (!strcmp(text_of(cell, "cell"), key))
			return cell;
	fail_msg("there is no cell %s", key);
	return NULL;
}

static json_int_t count_runs(void)
{
	assert_int_equal(run("runs list --json"), 0);
	json_t *list = parsed(), *runs = json_is_array(list) ? list : json_object_get(list, "runs");
	json_int_t count = (json_int_t)json_array_size(runs);
	json_decref(list);
	return count;
}

/* All of report.md; every picture it names is there, and is a PNG. */
static size_t check_report(const char *where)
{
	char path[PATH_MAX], name[256];
	snprintf(path, sizeof path, "%s/report.md", where);
	FILE *file = fopen(temporary_path(&folder, "%s", path), "r");
	assert_non_null(file);
	output[fread(output, 1, sizeof output - 1, file)] = '\0';
	fclose(file);
	size_t pictures = 0;
	for (const char *at = output; (at = strstr(at, "](")); pictures++) {
		static const unsigned char png[] = {0x89, 'P', 'N', 'G'};
		unsigned char bytes[sizeof png];
		at += 2;
		snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ")"), at);
		snprintf(path, sizeof path, "%s/%s", where, name);
		file = fopen(temporary_path(&folder, "%s", path), "r");
		if (!file)
			fail_msg("report.md names %s, which is missing", name);
		assert_int_equal(fread(bytes, 1, sizeof bytes, file), sizeof bytes);
		assert_memory_equal(bytes, png, sizeof png);
		fclose(file);
	}
	return pictures;
}

static void a_grid_is_worked_off(void **state)
{
	(void)state;
	write_study("grid.conf", "methods = em, minmax\nbits = 1, 2\nnetworks = both\ntitle = a small grid\n");
	int status = run("study grid.conf --json --csv results.csv --report report");
	if (status)
		fail_msg("status %d: %s", status, complaint);
	json_t *study = parsed();
	assert_string_equal(text_of(study, "status"), "finished");
	assert_int_equal(json_array_size(json_object_get(study, "cells")), 6); /* base, float, four */
	size_t i;
	json_t *cell;
	json_array_foreach(json_object_get(study, "cells"), i, cell) {
		if (strcmp(text_of(cell, "status"), "done"))
			fail_msg("%s is %s: %s", text_of(cell, "cell"), text_of(cell, "status"), text_of(cell, "message"));
		assert_true(number_of(cell, "fid") > 0 && number_of(cell, "is_mean") >= 1 && number_of(cell, "evaluations") == 2);
		assert_true(number_of(cell, "fid_spread") >= 0);
		assert_non_null(strstr(text_of(cell, "recipe"), "100 pictures"));
	}
	assert_true(number_of(cell_of(study, "em D1 G1"), "ratio") > 8);
	assert_true(number_of(cell_of(study, "em D2 G2"), "packed_bytes") > number_of(cell_of(study, "em D1 G1"), "packed_bytes"));
	json_decref(study);
	assert_int_equal(count_runs(), 6);
	/* Once more: nothing is left to do. */
	assert_int_equal(run("study grid --json"), 0);
	json_decref(parsed());
	assert_int_equal(count_runs(), 6);
	assert_int_equal(access(temporary_path(&folder, "results.csv"), R_OK), 0);
	assert_int_equal(check_report("report"), 2 + 6); /* FID and IS over bits, samples of six runs */
	assert_non_null(strstr(output, "| minmax D2 G2 | done |"));
	assert_non_null(strstr(output, "](fid-both.png)"));
}

static void reports_have_the_pictures_of_the_paper(void **state)
{
	(void)state;
	write_study("states.conf", "methods = em\nbits = 2\nnetworks = both\npaper = figure1\nsample-every = 1\nlayers-every = 1\n"
	            "evaluations = 1\n");
	assert_int_equal(run("study states.conf --report states"), 0);
	assert_int_equal(check_report("states"), 2 + 3 * 3); /* FID and IS over bits; three runs with samples and two layers */
	assert_non_null(strstr(output, "](states-d-em-D2-G2.png)"));
	assert_non_null(strstr(output, "](states-g-float.png)"));
	assert_non_null(strstr(output, "](samples-em-D2-G2.png)"));
	assert_non_null(strstr(output, "| data | mnist at 32 x 32 | CIFAR-10 at 32 x 32 | yes |"));
	assert_non_null(strstr(output, "| features of the first layer | 4 | 128 | yes |"));
	assert_non_null(strstr(output, "| evaluations a cell | 1 | not told | not known |"));
	assert_null(strstr(output, "published")); /* the paper has no scores of weights before fine-tuning */
	write_study("curves.conf", "phase = scratch\nmethods = log\nbits = 3, 4\nnetworks = D, G\npaper = figure2\neval-every = 1\n"
	            "eval-samples = 100\ncell-steps = 2\nevaluations = 1\n");
	assert_int_equal(run("study curves.conf --report curves"), 0);
	check_report("curves");
	assert_non_null(strstr(output, "](is-steps-D.png)"));
	assert_non_null(strstr(output, "](is-steps-G.png)"));
	assert_null(strstr(output, "is-steps-both")); /* there are no such cells */
}

/* Ratios are to the float cell of the same model; charts say which one they show. */
static void every_model_is_compared_with_its_own_float_run(void **state)
{
	(void)state;
	write_study("models.conf", "models = dcgan, lsgan\nmethods = em\npairs = 2/2\nevaluations = 1\n");
	assert_int_equal(run("study models.conf --report models"), 0);
	assert_null(strstr(complaint, "nan"));
	check_report("models");
	assert_non_null(strstr(output, "The charts over bits are of dcgan, seed 7."));
	size_t ones = 0;
	for (const char *at = output; (at = strstr(at, " float | done |")); at++)
		ones += strstr(at, "| 1.00x |") && strstr(at, "| 1.00x |") < strchr(at, '\n');
	assert_int_equal(ones, 2);
}

static void a_search_finds_and_misses(void **state)
{
	(void)state;
	write_study("found.conf", "kind = search\nfid-max = 1000000\nbits = 1, 2\nevaluations = 1\n");
	assert_int_equal(run("study found.conf --json"), 0);
	json_t *study = parsed(), *result = json_object_get(study, "result");
	assert_string_equal(text_of(study, "status"), "met");
	assert_true(json_is_true(json_object_get(result, "met")) && number_of(result, "d_bits") == 1 && number_of(result, "g_bits") == 1);
	assert_int_equal(json_array_size(json_object_get(study, "cells")), 3); /* base, D1 G32, D1 G1 */
	json_decref(study);
	write_study("missed.conf", "kind = search\nfid-ratio = 0.000001\nbits = 1\ncut = no\nevaluations = 1\n");
	assert_int_equal(run("study missed.conf --json"), 3);
	study = parsed();
	result = json_object_get(study, "result");
	assert_string_equal(text_of(study, "status"), "missed");
	assert_true(json_is_false(json_object_get(result, "met")) && number_of(result, "score") > 0);
	assert_int_equal(json_array_size(json_object_get(study, "cells")), 3); /* base, D1 G32, float */
	json_decref(study);
}

static pid_t start_study(const char *name)
{
	pid_t child = fork();
	if (child)
		return child;
	if (chdir(folder.path) || setenv("QGAN_STORE", "runs.db", 1) || setenv("HOME", folder.path, 1) ||
	    !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(127);
	execl(QGAN_PROGRAM, "qgan", "study", name, (char *)NULL);
	_exit(127);
}

static int64_t cells_done(const char *name)
{
	struct error ignored;
	struct study study = {0};
	struct store *store = store_open(temporary_path(&folder, "runs.db"), STORE_READ, &ignored);
	int64_t done = store && store_find_study(store, name, &study, &ignored) ? study.cells_done : 0;
	study_clear(&study);
	store_close(store);
	return done;
}

/* Killed at different moments of different cells; in the end every cell was made once, by one run. */
static void killed_studies_are_gone_on_with(void **state)
{
	(void)state;
	write_study("killed.conf", "methods = em\nbits = 1, 2, 3\nnetworks = both\ncell-steps = 12\ncheckpoint-every = 3\n");
	json_int_t before = count_runs();
	for (int kill_number = 0; kill_number < KILLS; kill_number++) {
		int64_t begun_at = cells_done("killed");
		pid_t child = start_study(kill_number ? "killed" : "killed.conf");
		int status;
		struct timespec moment = {0, 20 * 1000 * 1000};
		for (int wait = 0; wait < 3000 && cells_done("killed") <= begun_at && waitpid(child, &status, WNOHANG) == 0; wait++)
			nanosleep(&moment, NULL);
		struct timespec more = {0, (long)kill_number * 70 * 1000 * 1000};
		nanosleep(&more, NULL);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	int status = run("study killed --json");
	if (status)
		fail_msg("status %d: %s", status, complaint);
	json_t *study = parsed();
	assert_string_equal(text_of(study, "status"), "finished");
	assert_int_equal(json_array_size(json_object_get(study, "cells")), 5);
	size_t i;
	json_t *cell;
	json_array_foreach(json_object_get(study, "cells"), i, cell) {
		assert_string_equal(text_of(cell, "status"), "done");
		assert_true(number_of(cell, "evaluations") == 2);
	}
	json_decref(study);
	/* A run that was begun but not yet noted when the process died may be left over: at most one a kill. */
	json_int_t runs = count_runs() - before;
	assert_true(runs >= 5 && runs <= 5 + KILLS);
}

static void a_dry_run_trains_nothing(void **state)
{
	(void)state;
	json_int_t before = count_runs();
	assert_int_equal(run("study paper/table2 --data '%s' --scale 0.01 --dry-run --json", spec), 0);
	json_t *plan = parsed();
	assert_int_equal(json_array_size(json_object_get(plan, "cells")), 18); /* base, float, four methods at four widths */
	assert_true(number_of(plan, "cell_steps") == 39 && number_of(plan, "seconds") > 0);
	json_decref(plan);
	assert_int_equal(count_runs(), before);
	assert_int_equal(run("study --list --json"), 0);
	assert_non_null(strstr(output, "paper/figure4"));
	assert_null(strstr(output, "paper-table2"));
	assert_int_equal(run("search --list --json"), 0);
	json_t *list = parsed(), *searches = json_object_get(list, "searches");
	assert_int_equal(json_array_size(searches), 2);
	assert_string_equal(text_of(json_array_get(searches, 0), "study"), "missed");
	json_decref(list);
	assert_int_equal(run("search --list --store none.db"), 0);
	assert_non_null(strstr(output, "no search has been begun"));
}

static void mistakes_get_a_sentence_and_a_status(void **state)
{
	(void)state;
	static const struct {
		const char *words, *said;
	} wrong[] = {
		{"study nothing", "is no study in the store"},
		{"study ./nothing.conf", "nothing.conf"},
		{"study bad.conf", "bad.conf:15: unknown name \"colour\""},
		{"study grid --set bits=1", "has begun with what it was asked"},
		{"study paper/table1 --set bits=9", "\"9\" is none of"},
		{"study paper/table1 --set width", "--set must be NAME=VALUE"},
		{"search --data shapes", "a search needs one target"},
		{"search --fid-max 5 --is-min 2 --data shapes", "not several"},
		{"search --fid-ratio 1.3 --from nobody", "from"},
		{"search --fid-ratio 1.3 --from grid-em-D1-G1", "is quantized there"},
		{"search found --fid-max 5", "has begun with what it was asked"},
		{"search nobody", "no search \"nobody\"; there are missed, found"},
		{"search grid", "grid is no search but a study"},
		{"study paper/table1 --results", "there is no study"},
	};
	write_study("bad.conf", "colour = red\n");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		int status = run("%s", wrong[i].words);
		if (status != 2 || !strstr(complaint, wrong[i].said))
			fail_msg("%s: status %d, \"%s\" does not say \"%s\"", wrong[i].words, status, complaint, wrong[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_grid_is_worked_off),
		cmocka_unit_test(reports_have_the_pictures_of_the_paper),
		cmocka_unit_test(every_model_is_compared_with_its_own_float_run),
		cmocka_unit_test(a_search_finds_and_misses),
		cmocka_unit_test(killed_studies_are_gone_on_with),
		cmocka_unit_test(a_dry_run_trains_nothing),
		cmocka_unit_test(mistakes_get_a_sentence_and_a_status),
	};
	return cmocka_run_group_tests_name("study_command", tests, prepare, clean_up);
}
