/* store: studies and their cells, who may work on them, and that being killed loses nothing that was done. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/studies.h"
#include "tests/store_fixture.h"

static int64_t insert_study(struct store *store, const char *name)
{
	char spec[] = "fid-max = 50";
	struct study study = {.kind = "search", .spec = spec};
	struct error error;
	text_copy(study.name, sizeof study.name, name);
	if (!store_insert_study(store, &study, &error))
		fail_msg("%s", error.text);
	assert_true(study.id > 0);
	return study.id;
}

static struct study find_study(struct store *store, const char *name)
{
	struct study study;
	struct error error;
	if (!store_find_study(store, name, &study, &error))
		fail_msg("%s", error.text);
	return study;
}

static struct study_cell new_cell(const char *key)
{
	struct study_cell cell = {
		.group = "both", .method = "em", .model = "dcgan", .d_bits = 1, .g_bits = 2, .seed = UINT64_MAX, .overrides = "literal = yes\n",
		.fid = NAN, .fid_spread = NAN, .is_mean = NAN, .is_spread = NAN, .bytes = NAN,
	};
	text_copy(cell.key, sizeof cell.key, key);
	return cell;
}

static void studies_are_found_by_name_and_number(void **state)
{
	struct store *store = open_for_writing(state);
	struct error error;
	char spec[] = "";
	struct study study, second = {.name = "b", .kind = "grid", .spec = spec};
	int64_t id = insert_study(store, "a");
	study = find_study(store, "a");
	assert_true(study.id == id && study.status == STUDY_OPEN && study.created > 0 && study.cells == 0);
	assert_string_equal(study.kind, "search");
	assert_string_equal(study.spec, "fid-max = 50");
	study_clear(&study);
	assert_false(store_find_study(store, "b", &study, &error));
	assert_non_null(strstr(error.text, "there are a"));
	assert_true(store_insert_study(store, &second, &error));
	assert_false(store_insert_study(store, &second, &error));
	assert_int_equal(error.code, ERROR_STATE);
	assert_non_null(strstr(error.text, "b"));
	text_copy(second.name, sizeof second.name, "no/slash");
	assert_false(store_insert_study(store, &second, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	char number[24];
	snprintf(number, sizeof number, "%lld", (long long)id);
	assert_true(store_set_study_spec(store, id, "fid-max = 60", NULL));
	study = find_study(store, number);
	assert_string_equal(study.name, "a");
	assert_string_equal(study.spec, "fid-max = 60");
	study_clear(&study);
	struct study *studies;
	size_t count;
	assert_true(store_list_studies(store, &studies, &count, NULL));
	assert_int_equal(count, 2);
	assert_string_equal(studies[0].name, "b"); /* the newest first */
	free(studies);
	store_close(store);
}

static void cells_come_back_in_their_order(void **state)
{
	struct store *store = open_for_writing(state);
	int64_t study = insert_study(store, "a"), run = insert_run(store, "r");
	struct study_cell first = new_cell("em D1 G2"), second = new_cell("em D2 G2"), again = new_cell("em D1 G2"), *cells;
	size_t count;
	bool added;
	assert_true(store_add_cell(store, study, &first, &added, NULL) && added && first.position == 1);
	assert_true(store_add_cell(store, study, &second, &added, NULL) && added && second.position == 2);
	assert_true(store_add_cell(store, study, &again, &added, NULL) && !added);
	first.status = CELL_DONE;
	first.run = run;
	first.evaluations = 3;
	first.fid = 42.5;
	first.fid_spread = 0.5;
	first.is_mean = 4;
	first.is_spread = 0.125;
	first.bytes = 1e6;
	first.seconds = 12;
	text_copy(first.identity, sizeof first.identity, "classifier, 5000 pictures");
	text_copy(first.verdict, sizeof first.verdict, "convergent");
	text_copy(first.message, sizeof first.message, "well");
	bool asked;
	assert_true(store_cut_asked(store, first.id, &asked, NULL) && !asked);
	assert_true(store_ask_cut(store, first.id, NULL));
	assert_true(store_cut_asked(store, first.id, &asked, NULL) && asked);
	assert_true(store_update_cell(store, &first, NULL));
	again.by_hand = true;
	assert_true(store_add_cell(store, study, &again, &added, NULL) && !added);
	assert_true(store_list_cells(store, study, &cells, &count, NULL));
	assert_int_equal(count, 2);
	assert_true(cells[0].id == first.id && cells[0].status == CELL_DONE && cells[0].run == run && cells[0].evaluations == 3);
	assert_true(cells[0].fid == 42.5 && cells[0].fid_spread == 0.5 && cells[0].is_mean == 4 && cells[0].is_spread == 0.125);
	assert_true(cells[0].bytes == 1e6 && cells[0].seconds == 12 && cells[0].by_hand && cells[0].cut_asked);
	assert_true(cells[0].d_bits == 1 && cells[0].g_bits == 2 && cells[0].seed == UINT64_MAX);
	assert_string_equal(cells[0].overrides, "literal = yes\n");
	assert_string_equal(cells[0].identity, "classifier, 5000 pictures");
	assert_string_equal(cells[0].verdict, "convergent");
	assert_string_equal(cells[0].group, "both");
	assert_true(cells[1].status == CELL_QUEUED && cells[1].run == 0 && isnan(cells[1].fid) && !cells[1].by_hand);
	free(cells);
	struct study counted = find_study(store, "a");
	assert_true(counted.cells == 2 && counted.cells_done == 1);
	study_clear(&counted);
	store_close(store);
}

/* A child works on it and is killed: until then it is the child's alone, afterwards anybody's, and what it wrote is there. */
static void a_killed_worker_leaves_an_open_study(void **state)
{
	const struct store_folder *folder = *state;
	struct store *store = open_for_writing(state);
	struct error error;
	int64_t id = insert_study(store, "a");
	store_close(store);
	int ready[2];
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct store *own = store_open(folder->store, STORE_WRITE, NULL);
		struct study_cell cell = new_cell("em D1 G32");
		cell.status = CELL_DONE;
		bool good = own && store_claim_study(own, id, NULL) && store_add_cell(own, id, &cell, NULL, NULL) &&
		            store_update_study(own, id, STUDY_RUNNING, "D 1 bit", 5, NULL);
		if (write(ready[1], &good, sizeof good) == sizeof good)
			pause();
		_exit(1);
	}
	bool good = false;
	assert_int_equal(read(ready[0], &good, sizeof good), sizeof good);
	assert_true(good);
	store = store_open(folder->store, STORE_WRITE, &error);
	assert_non_null(store);
	assert_false(store_claim_study(store, id, &error));
	assert_int_equal(error.code, ERROR_STATE);
	struct study study = find_study(store, "a");
	assert_int_equal(study.status, STUDY_RUNNING);
	study_clear(&study);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	study = find_study(store, "a");
	assert_true(study.status == STUDY_OPEN && study.seconds == 5 && study.cells_done == 1);
	assert_string_equal(study.message, "D 1 bit");
	study_clear(&study);
	assert_true(store_claim_study(store, id, &error));
	assert_true(store_claim_study(store, id, &error)); /* its own */
	assert_true(store_update_study(store, id, STUDY_MET, "D 1 G 2", 2.5, NULL));
	study = find_study(store, "a");
	assert_true(study.status == STUDY_MET && study.seconds == 7.5 && study.ended > 0 && study.pid == 0);
	study_clear(&study);
	assert_false(store_claim_study(store, id + 1, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	store_close(store);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(studies_are_found_by_name_and_number),
		IN_FOLDER(cells_come_back_in_their_order),
		IN_FOLDER(a_killed_worker_leaves_an_open_study),
	};
	return cmocka_run_group_tests_name("store_studies", tests, NULL, NULL);
}
