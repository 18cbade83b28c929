/* The form behind its screen: rows from the settings table, values checked, what a run will take, new runs and forks
 * started, a live run stopped and saved first. */
#include "tests/session_fixture.h"

#include "app/run_plan.h"
#include "app/choices.h"
#include "engine/gan/model.h"
#include "engine/gan/trainer.h"

static const struct view_form *form_of(struct session *session) { return view_of(session)->form; }

static const struct view_form_row *row_of(struct session *session, const char *name)
{
	const struct view_form *form = form_of(session);
	assert_non_null(form);
	for (int i = 0; i < form->row_count; i++)
		if (strcmp(form->rows[i].name, name) == 0)
			return &form->rows[i];
	fail_msg("the form has no row %s", name);
	return NULL;
}

static void set(struct session *session, const char *name, const char *value)
{
	struct action_request wanted = {.action = ACTION_FORM_SET, .layer = (int)(row_of(session, name) - form_of(session)->rows)};
	text_copy(wanted.text, sizeof wanted.text, value);
	request(session, wanted);
}

static void start(struct session *session, double value)
{
	request(session, (struct action_request){.action = ACTION_FORM_START, .value = value});
}

static bool form_is_closed(struct session *session, int64_t nothing)
{
	(void)nothing;
	return !form_of(session);
}

static bool is_saved(struct session *session, int64_t step)
{
	char line[64];
	snprintf(line, sizeof line, "step %lld  checkpoint saved", (long long)step);
	return has_line(view_of(session), line);
}

static bool is_quantized(struct session *session, int64_t bits)
{
	const struct view_run *run = &view_of(session)->run;
	return run->bits[VIEW_D] == bits && run->bits[VIEW_G] == bits && strcmp(run->quantizer, "minmax") == 0;
}

static const char *summary_of(struct session *session, const char *name)
{
	const struct view_form *form = form_of(session);
	for (int i = 0; i < form->summary_count; i++)
		if (strcmp(form->summary[i].name, name) == 0)
			return form->summary[i].value;
	fail_msg("the summary has no line %s", name);
	return NULL;
}

/* Small and short, on the scene's pictures. */
static void make_tiny(struct session *session, const struct scene *scene)
{
	static const char *const values[][2] = {{"width", "4"}, {"latent", "10"}, {"batch", "8"}, {"threads", "1"}, {"metric-every", "1"},
		{"samples", "4"}, {"steps", "3"}};
	set(session, "data", scene->spec);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		set(session, values[i][0], values[i][1]);
}

/* ---- rows ---- */

static void the_rows_are_those_of_the_settings(void **state)
{
	struct session *session = open_session(*state, NULL);
	press(session, ACTION_NEW_RUN);
	const struct view_form *form = form_of(session);
	assert_int_equal(form->row_count, 2 + setting_count);
	for (int i = 0; i < setting_count; i++) {
		const struct view_form_row *row = &form->rows[i + 2];
		assert_string_equal(row->name, setting_rows[i].name);
		assert_true(*row->help && *row->value && !row->changed && !*row->error);
		for (int k = 0; row->choices && row->choices[k] && !row->other; k++) { /* every choice is taken */
			struct gan_settings settings;
			settings_set_defaults(&settings);
			assert_true(settings_set(&settings, &setting_rows[i], "it", row->choices[k], NULL));
		}
	}
	assert_string_equal(row_of(session, "per-channel")->choices[1], "yes");
	bool shapes = false;
	for (const char *const *data = row_of(session, "data")->choices; *data; data++)
		shapes |= strcmp(*data, "shapes") == 0;
	assert_true(shapes && row_of(session, "data")->other);
	press(session, ACTION_FORM_CLOSE);
	assert_null(form_of(session));
	session_destroy(session, 1);
}

static void a_wrong_value_is_said_at_its_row(void **state)
{
	struct session *session = open_session(*state, NULL);
	press(session, ACTION_NEW_RUN);
	set(session, "width", "0");
	assert_string_equal(row_of(session, "width")->error, "width must be an integer from 1 to 1024, not \"0\"");
	assert_string_equal(row_of(session, "width")->value, "0"); /* to be corrected */
	set(session, "data", "images:/nowhere/at/all");
	assert_non_null(strstr(row_of(session, "data")->error, "/nowhere/at/all"));
	set(session, "bits", "G.nothing=2");
	assert_non_null(strstr(row_of(session, "bits")->error, "nothing"));
	start(session, 0);
	assert_non_null(form_of(session));
	set(session, "width", "16");
	set(session, "bits", "none");
	set(session, "data", "shapes");
	const struct view_form_row *width = row_of(session, "width");
	assert_true(!*width->error && width->changed && !strcmp(width->origin, "here") && !strcmp(width->standard, "32"));
	assert_string_equal(form_of(session)->message, "");
	set(session, "quantizer", "log"); /* fits together only with two bits or more */
	set(session, "g-bits", "1");
	assert_non_null(strstr(form_of(session)->message, "Log-Q"));
	set(session, "allow-degenerate", "yes");
	assert_string_equal(form_of(session)->message, "");
	session_destroy(session, 1);
}

static void defaults_follow_the_model(void **state)
{
	struct session *session = open_session(*state, NULL);
	press(session, ACTION_NEW_RUN);
	set(session, "d-learning-rate", "0.003");
	set(session, "model", "wgan-gp");
	const struct model_family *family = model_family_find("wgan-gp", NULL);
	assert_string_equal(row_of(session, "critic-steps")->value, model_family_default(family, "critic-steps"));
	assert_string_equal(row_of(session, "critic-steps")->standard, model_family_default(family, "critic-steps"));
	assert_false(row_of(session, "critic-steps")->changed);
	assert_string_equal(row_of(session, "d-learning-rate")->value, "0.003"); /* set by the person: stays */
	assert_string_equal(row_of(session, "g-learning-rate")->value, model_family_default(family, "g-learning-rate"));
	set(session, "model", "dcgan");
	assert_string_equal(row_of(session, "critic-steps")->value, "1");
	session_destroy(session, 1);
}

static void a_recipe_sets_what_belongs_together(void **state)
{
	const struct scene *scene = *state;
	struct session *session = open_session(scene, NULL);
	press(session, ACTION_NEW_RUN);
	assert_string_equal(row_of(session, "recipe")->value, "none");
	size_t count = 0;
	for (const char *const *choice = row_of(session, "recipe")->choices; *choice; choice++)
		count++;
	assert_true(count > 3);
	set(session, "width", "9");
	set(session, "recipe", "paper/wgan-gp-cifar10");
	const struct settings_words words = {.recipe = "paper/wgan-gp-cifar10"};
	struct gan_settings expected;
	struct settings_origins origins;
	assert_true(settings_load(&words, &expected, &origins, NULL));
	for (int i = 0; i < setting_count; i++) {
		char value[SETTING_TEXT_SIZE];
		const struct view_form_row *row = row_of(session, setting_rows[i].name);
		settings_get(&expected, &setting_rows[i], value, sizeof value);
		if (strcmp(row->value, value) != 0 || row->changed)
			fail_msg("%s: %s in the form, %s by the recipe, standard %s", row->name, row->value, value, row->standard);
		assert_true(origins.of[i] != ORIGIN_RECIPE || strcmp(row->origin, "recipe") == 0);
	}
	assert_non_null(strstr(row_of(session, "data")->error, "cifar10")); /* no folder is known: said at once */
	set(session, "data", scene->spec);
	assert_string_equal(row_of(session, "data")->error, "");
	set(session, "recipe", "none");
	assert_string_equal(row_of(session, "model")->value, "dcgan");
	assert_string_equal(row_of(session, "width")->value, "32");
	session_destroy(session, 1);
}

/* ---- what it takes ---- */

static void compare_with_trainer(const struct gan_settings *settings)
{
	struct error error = {0};
	struct gan_size size;
	struct dataset *dataset = dataset_open("shapes", &(struct dataset_options){.size = settings->size, .channels = settings->channels,
		.limit = 8, .seed = 1}, &error);
	assert_non_null(dataset);
	struct trainer *trainer = trainer_create(settings, dataset, NULL, &error);
	if (!trainer)
		fail_msg("%s: %s", settings->model, error.text);
	assert_true(gan_size_of(settings, settings->channels, &size, &error));
	const struct trainer_facts *facts = trainer_facts(trainer);
	for (int id = 0; id < NETWORK_COUNT; id++) {
		assert_int_equal(size.weights[id], facts->weights[id]);
		assert_int_equal(size.parameters[id], facts->parameters[id]);
	}
	assert_true(size.multiply_adds_per_step == facts->multiply_adds_per_step && size.memory_bytes > 0);
	trainer_destroy(trainer);
	dataset_destroy(dataset);
}

static void sizes_and_arithmetic_are_those_of_the_trainer(void **state)
{
	(void)state;
	for (int model = 0; model_families[model]; model++)
		for (int i = 0; model_families[model]->sizes[i] && i < 2; i++) {
			struct gan_settings settings;
			struct settings_origins none = {0};
			settings_set_defaults(&settings);
			text_copy(settings.model, sizeof settings.model, model_families[model]->name);
			settings_follow_model(&settings, &none);
			text_copy(settings.data, sizeof settings.data, "shapes");
			settings.size = model_families[model]->sizes[i];
			settings.width = 5;
			settings.channels = i ? 3 : 1;
			settings.batch = 4;
			settings.threads = 1;
			settings.bits[NETWORK_D] = 3;
			compare_with_trainer(&settings);
		}
}

static void packed_sizes_are_those_of_the_layers(void **state)
{
	const struct scene *scene = *state;
	struct training_start training = tiny_start(scene, "sized");
	training.settings.bits[NETWORK_D] = 3;
	training.settings.per_channel = true;
	training.settings.layers_every = 1;
	struct gan_size size;
	struct session *session = open_session(scene, &training);
	wait_until(session, step_reached, 2);
	assert_true(gan_size_of(&training.settings, view_of(session)->run.channels, &size, NULL));
	for (int id = 0; id < NETWORK_COUNT; id++) {
		enum view_network network = id == NETWORK_D ? VIEW_D : VIEW_G;
		assert_true(view_of(session)->run.packed_bytes[network] == size.packed_bytes[id]);
	}
	save_and_leave(session);
}

static void time_is_told_with_its_basis(void **state)
{
	(void)state;
	struct gan_settings settings;
	struct run_plan plan;
	settings_set_defaults(&settings);
	text_copy(settings.data, sizeof settings.data, "shapes");
	settings.epochs = 4;
	struct run_speeds speeds = {.count = 2};
	assert_true(run_plan_make(&settings, &speeds, &plan, NULL)); /* no run of these pictures: the set itself says how many */
	assert_true(isnan(plan.step_seconds) && plan.steps_per_epoch == 20000.0 / settings.batch);
	assert_true(plan.last_step == 4 * plan.steps_per_epoch);
	text_copy(settings.data, sizeof settings.data, "images:/nowhere");
	assert_true(run_plan_make(&settings, &speeds, &plan, NULL));
	assert_true(isnan(plan.steps_per_epoch) && isnan(plan.last_step));
	text_copy(settings.data, sizeof settings.data, "shapes");
	speeds.runs[0] = (struct run_speed){.name = "far", .data = "shapes", .gflops = 7, .multiply_adds = 1, .pictures = 6400, .channels = 3};
	speeds.runs[1] = (struct run_speed){.name = "near", .gflops = 50, .multiply_adds = plan.size.multiply_adds_per_step / 2,
		.pictures = NAN};
	assert_true(run_plan_make(&settings, &speeds, &plan, NULL));
	assert_true(plan.steps_per_epoch == 100 && plan.last_step == 400);
	assert_float_equal(plan.step_seconds, 2e-9 * plan.size.multiply_adds_per_step / 50, 1e-12);
	assert_non_null(strstr(plan.basis, "near: 50 GFLOP/s"));
	settings.steps = 30;
	settings.threads = 2; /* no run had as many: still the nearest */
	speeds.runs[0].threads = 2;
	assert_true(run_plan_make(&settings, &speeds, &plan, NULL));
	assert_true(plan.last_step == 30 && strstr(plan.basis, "far: 7 GFLOP/s"));
	speeds = (struct run_speeds){.count = 2}; /* the same family tells more than the same amount of arithmetic */
	speeds.runs[0] = (struct run_speed){.name = "critic", .model = "wgan-gp", .gflops = 7, .threads = 2, .pictures = NAN,
	                                    .multiply_adds = plan.size.multiply_adds_per_step};
	speeds.runs[1] = (struct run_speed){.name = "narrow", .model = "dcgan", .gflops = 40, .threads = 2, .pictures = NAN,
	                                    .multiply_adds = plan.size.multiply_adds_per_step / 16};
	assert_true(run_plan_make(&settings, &speeds, &plan, NULL));
	assert_non_null(strstr(plan.basis, "narrow: 40 GFLOP/s"));
	speeds = (struct run_speeds){.measured_gflops = 20};
	assert_true(run_plan_make(&settings, &speeds, &plan, NULL));
	assert_non_null(strstr(plan.basis, "short test: 20 GFLOP/s"));
}

/* ---- starting ---- */

static void a_run_is_started_from_an_empty_store(void **state)
{
	struct session *session = open_session(*state, NULL);
	press(session, ACTION_NEW_RUN);
	make_tiny(session, *state);
	set(session, "name", "mine");
	assert_non_null(strstr(summary_of(session, "all"), "3 steps"));
	assert_non_null(strstr(summary_of(session, "D"), "weights"));
	start(session, 0);
	assert_null(form_of(session));
	wait_until(session, state_is, VIEW_FINISHED);
	assert_string_equal(view_of(session)->run.name, "mine");
	assert_int_equal(view_of(session)->run.step, 3);
	press(session, ACTION_NEW_RUN); /* and another one after it: nothing of the first is left */
	make_tiny(session, *state);
	set(session, "name", "not a name");
	start(session, 0);
	assert_true(form_of(session) && strstr(form_of(session)->message, "not a name"));
	set(session, "name", "next");
	start(session, 0);
	assert_null(form_of(session));
	assert_int_equal(view_of(session)->loss[VIEW_D].count, 0);
	wait_until(session, state_is, VIEW_FINISHED);
	session_destroy(session, 10);
}

static void a_live_run_is_stopped_and_saved_first(void **state)
{
	const struct scene *scene = *state;
	struct training_start training = tiny_start(scene, "first");
	struct session *session = open_session(scene, &training);
	wait_until(session, step_reached, 3);
	press(session, ACTION_NEW_RUN);
	make_tiny(session, scene);
	start(session, 0);
	assert_string_equal(form_of(session)->in_the_way, "first");
	start(session, -1); /* think better of it */
	assert_string_equal(form_of(session)->in_the_way, "");
	assert_true(session_live(session));
	start(session, 0);
	start(session, 1);
	wait_until(session, form_is_closed, 0);
	wait_until(session, state_is, VIEW_FINISHED);
	session_destroy(session, 10);
	struct error error = {0};
	struct store *store = store_open(scene->store, STORE_READ, &error);
	struct run run;
	struct checkpoint_row checkpoint;
	assert_true(store && store_find_run(store, "first", &run, &error) && run.status == RUN_STOPPED);
	assert_true(store_find_checkpoint(store, run.id, -1, &checkpoint, &error) && checkpoint.step == run.step);
	run_clear(&run);
	store_close(store);
}

static void a_fork_keeps_networks_and_lineage(void **state)
{
	const struct scene *scene = *state;
	struct training_start training = tiny_start(scene, "parent");
	training.settings.steps = 6;
	training.settings.checkpoint_every = 2;
	training.settings.bits[NETWORK_G] = 4;
	struct session *session = open_session(scene, &training);
	wait_until(session, state_is, VIEW_FINISHED);
	wait_until(session, is_saved, 6);
	int64_t parent = view_of(session)->run.id;
	request(session, (struct action_request){.action = ACTION_RUN_FORK, .run = parent, .step = 3});
	assert_null(form_of(session)); /* there is none: the steps there are are told */
	assert_non_null(strstr(view_of(session)->warning, "2, 4, 6"));
	request(session, (struct action_request){.action = ACTION_RUN_FORK, .run = parent, .step = 4});
	assert_string_equal(form_of(session)->title, "fork of parent at step 4");
	assert_true(row_of(session, "width")->fixed && !row_of(session, "g-bits")->fixed);
	assert_string_equal(row_of(session, "g-bits")->value, "4");
	set(session, "width", "64");
	assert_string_equal(row_of(session, "width")->value, "4");
	set(session, "g-bits", "2");
	set(session, "steps", "5");
	start(session, 0);
	wait_until(session, state_is, VIEW_FINISHED);
	assert_int_equal(view_of(session)->run.step, 9); /* five more from step 4 */
	wait_until(session, is_saved, 9);
	char child[24];
	snprintf(child, sizeof child, "%lld", (long long)view_of(session)->run.id);
	press(session, ACTION_RUN_FORK); /* of the shown run, at its newest checkpoint */
	assert_non_null(strstr(form_of(session)->title, "at step 9"));
	session_destroy(session, 10);
	struct error error = {0};
	struct store *store = store_open(scene->store, STORE_READ, &error);
	struct run run;
	assert_true(store && store_find_run(store, child, &run, &error));
	assert_true(run.parent_id == parent && run.parent_step == 4 && run.g_bits == 2);
	char *origins;
	assert_true(store_find_run_origins(store, run.id, &origins, &error));
	assert_non_null(strstr(origins, "\"g_bits\":\"form\"")); /* what was changed, and what the parent had */
	assert_non_null(strstr(origins, "\"width\":\"run\""));
	free(origins);
	assert_true(store_find_run_origins(store, parent, &origins, &error) && !origins); /* nobody has told */
	run_clear(&run);
	store_close(store);
}

static void commands_of_the_palette_steer_the_run(void **state)
{
	const struct scene *scene = *state;
	struct training_start training = tiny_start(scene, "steered");
	struct session *session = open_session(scene, &training);
	wait_until(session, step_reached, 2);
	request(session, (struct action_request){.action = ACTION_SET_BITS, .network = -1, .value = 3});
	request(session, (struct action_request){.action = ACTION_RATES, .network = -1, .value = 0.001});
	request(session, (struct action_request){.action = ACTION_SET_QUANTIZER, .text = "minmax"});
	wait_until(session, is_quantized, 3);
	const struct view_run *run = &view_of(session)->run;
	assert_true(run->learning_rate[VIEW_D] == 0.001 && run->learning_rate[VIEW_G] == 0.001);
	request(session, (struct action_request){.action = ACTION_SET_QUANTIZER, .text = "nothing"});
	assert_non_null(strstr(view_of(session)->warning, "nothing"));
	save_and_leave(session);
}

static void a_theme_is_remembered(void **state)
{
	const struct scene *scene = *state;
	struct session *session = open_session(scene, NULL);
	assert_null(theme_remembered());
	request(session, (struct action_request){.action = ACTION_SET_THEME, .text = "light"});
	assert_string_equal(theme_remembered()->name, "light");
	request(session, (struct action_request){.action = ACTION_SET_THEME, .text = "mono"});
	assert_string_equal(theme_remembered()->name, "mono");
	session_destroy(session, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(the_rows_are_those_of_the_settings),
		SCENE(a_wrong_value_is_said_at_its_row),
		SCENE(defaults_follow_the_model),
		SCENE(a_recipe_sets_what_belongs_together),
		cmocka_unit_test(sizes_and_arithmetic_are_those_of_the_trainer),
		SCENE(packed_sizes_are_those_of_the_layers),
		cmocka_unit_test(time_is_told_with_its_basis),
		SCENE(a_run_is_started_from_an_empty_store),
		SCENE(a_live_run_is_stopped_and_saved_first),
		SCENE(a_fork_keeps_networks_and_lineage),
		SCENE(commands_of_the_palette_steer_the_run),
		SCENE(a_theme_is_remembered),
	};
	return cmocka_run_group_tests_name("session_form", tests, NULL, NULL);
}
