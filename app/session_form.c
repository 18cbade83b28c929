/* What the form's keys do: its rows, and the start of a run. What it adds up to is in session_form_plan.c. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/session_parts.h"
#include "app/train_options.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/gan/layer_bits.h"
#include "engine/gan/model.h"

enum { DATA_RUNS = 100 /* listed runs whose data sets are offered */ };

static const char *const switch_choices[] = {"no", "yes", NULL};

/* A fork has its parent's networks: what they are made of cannot change. */
static const char *const fixed_in_fork[] = {"model", "size", "channels", "width", "latent"};

/* Headings above the first setting of a group; the rows stand in the order of the settings table. */
static const struct { const char *setting, *heading; } groups[] = {
	{"model", "Networks and data"}, {"d-bits", "Quantization"}, {"critic-steps", "Training"}, {"seed", "Run"},
	{"checkpoint-every", "What is recorded, and how often"},
};

static bool is_fixed(const struct session_form *form, const struct setting_row *setting)
{
	for (size_t i = 0; form->start.parent_id && i < sizeof fixed_in_fork / sizeof *fixed_in_fork; i++)
		if (strcmp(fixed_in_fork[i], setting->name) == 0)
			return true;
	return false;
}

/* ---- choices ---- */

static const char *keep_word(struct session_form *form, const char *word)
{
	if (form->word_count == FORM_WORDS)
		return NULL;
	return form->words[form->word_count++] = memory_text(word);
}

/* Data sets that are found here, and those of the listed runs that still are. */
static void list_data(struct session *session, struct session_form *form, const char *choices[FORM_CHOICES])
{
	int count = 0;
	for (int i = 0; dataset_kinds[i] && count + 1 < FORM_CHOICES; i++) {
		const struct dataset_kind *kind = dataset_kinds[i];
		if ((!kind->takes_directory || kind->default_directory) && dataset_check(kind->name, NULL))
			choices[count++] = kind->name;
	}
	size_t runs;
	const struct run *const *listed = session_listed_runs(session, &runs);
	for (size_t run = 0; run < runs && run < DATA_RUNS && count + 1 < FORM_CHOICES; run++) {
		const char *data = listed[run]->data;
		bool known = strlen(data) + 1 >= sizeof listed[run]->data; /* may have been cut: not to be offered */
		for (int i = 0; i < count; i++)
			known |= strcmp(choices[i], data) == 0;
		if (!known && dataset_check(data, NULL) && (choices[count] = keep_word(form, data)))
			count++;
	}
	choices[count] = NULL;
}

static void list_choices(struct session *session, struct session_form *form, const struct setting_row *setting,
                         struct view_form_row *row, const char *choices[FORM_CHOICES])
{
	int count = 0;
	row->choices = choices;
	if (setting->kind == SETTING_SWITCH) {
		row->choices = switch_choices;
	} else if (setting->kind == SETTING_DATA) {
		list_data(session, form, choices);
		row->other = true;
	} else if (setting->kind == SETTING_NAME) {
		while (count + 1 < FORM_CHOICES && (choices[count] = setting->choice(count)))
			count++;
	} else if (setting->allowed) {
		for (char number[16]; setting->allowed[count] >= 0 && count + 1 < FORM_CHOICES; count++) {
			snprintf(number, sizeof number, "%d", setting->allowed[count]);
			choices[count] = keep_word(form, number);
		}
	} else {
		row->choices = NULL;
	}
}

/* A fork takes the part for fine-tuning, of those that have one. */
static void list_recipes(struct session *session, struct session_form *form)
{
	const char **choices = form->choices[FORM_RECIPE_ROW];
	struct error error = {0};
	int count = 0;
	recipes_free(form->recipes, form->recipe_count);
	form->recipes = NULL;
	form->recipe_count = 0;
	if (!recipes_list(&form->recipes, &form->recipe_count, &error))
		session_warn(session, &error);
	choices[count++] = "none";
	for (size_t i = 0; i < form->recipe_count && count + 1 < FORM_CHOICES; i++)
		if (!form->start.parent_id || form->recipes[i].has_fine_tune)
			choices[count++] = form->recipes[i].name;
	choices[count] = NULL;
}

/* ---- rows ---- */

static void begin_row(struct session *session, struct session_form *form, int index)
{
	const struct setting_row *setting = &setting_rows[index - FORM_FIRST_SETTING];
	struct view_form_row *row = &form->view.rows[index];
	struct text expected = {0};
	*row = (struct view_form_row){.fixed = is_fixed(form, setting)};
	text_copy(row->name, sizeof row->name, setting->name);
	text_copy(row->help, sizeof row->help, row->fixed ? "a fork keeps its parent's networks" : setting->help);
	settings_describe(setting, &expected);
	if (!row->fixed && setting->kind != SETTING_SWITCH)
		text_copy(row->expected, sizeof row->expected, expected.bytes);
	text_clear(&expected);
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if (strcmp(groups[i].setting, setting->name) == 0)
			row->group = groups[i].heading;
	if (!row->fixed)
		list_choices(session, form, setting, row, form->choices[index]);
	settings_get(&form->settings, setting, row->standard, sizeof row->standard);
}

static void begin_rows(struct session *session, struct session_form *form)
{
	struct view_form_row *name = &form->view.rows[FORM_NAME_ROW], *recipe = &form->view.rows[FORM_RECIPE_ROW];
	*recipe = (struct view_form_row){.name = "recipe", .value = "none", .standard = "none",
		.choices = form->choices[FORM_RECIPE_ROW], .fixed = form->recipe_count == 0};
	*name = (struct view_form_row){.name = "name", .help = "letters, digits, '.', '_' and '-'; empty: made up from data and model"};
	form->view.row_count = FORM_FIRST_SETTING + setting_count;
	for (int i = FORM_FIRST_SETTING; i < form->view.row_count; i++)
		begin_row(session, form, i);
}

/* Values, where they come from, what is wrong with them. */
static void show_recipe(struct session_form *form)
{
	struct view_form_row *row = &form->view.rows[FORM_RECIPE_ROW];
	const struct recipe *recipe = NULL;
	for (size_t i = 0; i < form->recipe_count; i++)
		if (strcmp(form->recipes[i].name, form->recipe) == 0)
			recipe = &form->recipes[i];
	text_copy(row->value, sizeof row->value, recipe ? recipe->name : "none");
	text_copy(row->help, sizeof row->help,
	          recipe ? recipe->title : "settings that belong together, such as the paper's; below, what they are");
}

static void show_rows(struct session_form *form)
{
	show_recipe(form);
	for (int i = 0; i < form->view.row_count; i++) {
		struct view_form_row *row = &form->view.rows[i];
		bool refused = *form->own_errors[i];
		if (i == FORM_NAME_ROW)
			text_copy(row->value, sizeof row->value, form->name);
		else if (i >= FORM_FIRST_SETTING && !refused)
			settings_get(&form->settings, &setting_rows[i - FORM_FIRST_SETTING], row->value, sizeof row->value);
		row->changed = strcmp(row->value, row->standard) != 0;
		text_copy(row->error, sizeof row->error, form->own_errors[i]);
		text_copy(row->origin, sizeof row->origin, i < FORM_FIRST_SETTING ? "" : row->changed ? "here" :
		          setting_origin_name(form->origins.of[i - FORM_FIRST_SETTING]));
	}
}

/* A sentence that begins with a setting's name ("width 3: ...") belongs to that row; any other to the whole. */
static void show_conflict(struct session_form *form, const char *sentence)
{
	for (int i = FORM_FIRST_SETTING; i < form->view.row_count; i++) {
		struct view_form_row *row = &form->view.rows[i];
		size_t length = strlen(row->name);
		if (strncmp(sentence, row->name, length) == 0 && strchr(" :,", sentence[length]) && !*row->error)
			text_copy(row->error, sizeof row->error, sentence);
	}
	text_copy(form->view.message, sizeof form->view.message, sentence);
}

static void show(struct session_form *form)
{
	struct error error = {0};
	show_rows(form);
	form->view.message[0] = '\0';
	if (!session_form_plan(form, &error))
		show_conflict(form, error.text);
	else if (*form->general)
		text_copy(form->view.message, sizeof form->view.message, form->general);
}

/* ---- opening ---- */

static struct session_form *fresh_form(struct session *session)
{
	if (!session->form)
		session->form = memory_zeroed(1, sizeof *session->form);
	struct session_form *form = session->form;
	for (int i = 0; i < form->word_count; i++)
		free(form->words[i]);
	form->word_count = 0;
	form->view = (struct view_form){.serial = form->view.serial + 1};
	form->start = (struct training_start){0};
	form->name[0] = form->general[0] = form->recipe[0] = '\0';
	form->waiting = false;
	memset(form->own_errors, 0, sizeof form->own_errors);
	return form;
}

static void open_form(struct session *session, struct session_form *form)
{
	form->speeds = (struct run_speeds){.measured_gflops = form->measured};
	size_t runs;
	const struct run *const *listed = session_listed_runs(session, &runs);
	for (size_t i = 0; i < runs; i++)
		if (!run_speeds_add(&form->speeds, session->reader, listed[i]->id))
			break;
	session_form_measure(form);
	form->opened_with = form->settings;
	form->standard_origins = form->origins;
	list_recipes(session, form);
	form->open = true;
	begin_rows(session, form);
	show(form);
}

void session_act_new_run(struct session *session, const struct action_request *request)
{
	struct session_form *form = fresh_form(session);
	const struct settings_words none = {0};
	struct error error = {0};
	(void)request;
	text_copy(form->view.title, sizeof form->view.title, "new run");
	if (!settings_load(&none, &form->settings, &form->origins, &error)) {
		settings_set_defaults(&form->settings);
		memset(&form->origins, 0, sizeof form->origins);
		session_warn(session, &error);
	}
	open_form(session, form);
}

/* run 0: the one that is shown, at its newest checkpoint. */
static bool prepare_fork(struct session *session, const struct action_request *request, struct training_start *start,
                         char title[VIEW_FORM_HELP], struct error *error)
{
	char name[48], step[32];
	int64_t id = request->run ? request->run : session_shown(session)->run.id;
	struct run parent = {0};
	if (!id)
		return error_set(error, ERROR_STATE, "no run is open to fork: a starts a new one");
	snprintf(name, sizeof name, "%" PRId64, id);
	if (!store_find_run(session->reader, name, &parent, error))
		return false;
	if (request->run && request->step >= 0)
		snprintf(name, sizeof name, "%" PRId64 "@%" PRId64, id, request->step);
	bool good = training_prepare_fork(session->reader, name, start, error);
	if (good)
		snprintf(title, VIEW_FORM_HELP, "fork of %s at step %s", parent.name, text_count(step, sizeof step, start->checkpoint_step));
	run_clear(&parent);
	return good;
}

void session_act_fork(struct session *session, const struct action_request *request)
{
	struct training_start start;
	struct error error = {0};
	char title[VIEW_FORM_HELP];
	if (!prepare_fork(session, request, &start, title, &error)) {
		session_warn(session, &error);
		return;
	}
	struct session_form *form = fresh_form(session);
	text_copy(form->view.title, sizeof form->view.title, title);
	form->start = start;
	form->settings = start.settings;
	for (int i = 0; i < SETTINGS_MAX; i++)
		form->origins.of[i] = ORIGIN_RUN;
	open_form(session, form);
}

/* ---- changing ---- */

/* Values nobody has set become those the model family starts from. */
static void follow_model(struct session_form *form)
{
	settings_follow_model(&form->settings, &form->origins);
	for (int i = 0; i < setting_count; i++)
		if (form->standard_origins.of[i] == ORIGIN_DEFAULT)
			text_copy(form->view.rows[FORM_FIRST_SETTING + i].standard, VIEW_FORM_VALUE,
			          settings_standard(&setting_rows[i], form->settings.model));
}

static bool check_value(struct session_form *form, const struct setting_row *setting, const char *value, struct error *error)
{
	struct gan_settings wanted = form->settings;
	if (!settings_set(&wanted, setting, setting->name, value, error))
		return false;
	if (setting->kind == SETTING_DATA && !dataset_check(wanted.data, error))
		return false;
	int index = (int)(setting - setting_rows);
	const struct view_form_row *row = &form->view.rows[FORM_FIRST_SETTING + index];
	form->settings = wanted;
	form->origins.of[index] = strcmp(value, row->standard) == 0 ? form->standard_origins.of[index] : ORIGIN_FORM;
	if (strcmp(setting->name, "model") == 0)
		follow_model(form);
	return true;
}

/* A kind without its folder lies where it was chosen to lie, or where a run before found it. */
static void find_data(const struct session_form *form, struct gan_settings *wanted)
{
	const char *const *choices = form->choices[FORM_FIRST_SETTING + (setting_find("data") - setting_rows)];
	const char *present = form->settings.data;
	size_t length = strlen(wanted->data);
	if (strchr(wanted->data, ':') || dataset_check(wanted->data, NULL))
		return;
	bool chosen = strncmp(present, wanted->data, length) == 0 && present[length] == ':';
	for (int i = 0; !chosen && choices[i]; i++)
		if (strncmp(choices[i], wanted->data, length) == 0 && choices[i][length] == ':') {
			present = choices[i];
			chosen = true;
		}
	if (chosen)
		text_copy(wanted->data, sizeof wanted->data, present);
}

/* As --recipe on the command line: those values are the defaults now. */
static bool take_recipe(struct session_form *form, const char *name, struct error *error)
{
	const struct settings_words words = {.recipe = strcmp(name, "none") != 0 ? name : NULL};
	struct gan_settings wanted = form->opened_with;
	struct settings_origins origins = {0};
	if (form->start.parent_id ? !settings_apply_flags(&words, &wanted, &origins, error)
	                          : !settings_load(&words, &wanted, &origins, error))
		return false;
	find_data(form, &wanted);
	form->settings = wanted;
	form->origins = form->standard_origins = origins;
	text_copy(form->recipe, sizeof form->recipe, words.recipe ? name : "");
	memset(form->own_errors, 0, sizeof form->own_errors);
	for (int i = 0; i < setting_count; i++)
		settings_get(&form->settings, &setting_rows[i], form->view.rows[FORM_FIRST_SETTING + i].standard, VIEW_FORM_VALUE);
	return true;
}

/* Where the pictures are is looked at when the data set changes only: it may take a moment. */
static void check_data(struct session_form *form)
{
	struct error error = {0};
	int index = FORM_FIRST_SETTING + (int)(setting_find("data") - setting_rows);
	text_copy(form->view.rows[index].value, VIEW_FORM_VALUE, form->settings.data);
	if (!dataset_check(form->settings.data, &error))
		text_copy(form->own_errors[index], VIEW_FORM_SENTENCE, error.text);
}

void session_act_form_set(struct session *session, const struct action_request *request)
{
	struct session_form *form = session->form;
	int index = request->layer;
	struct error error = {0};
	if (!form || !form->open || index < 0 || index >= form->view.row_count || form->view.rows[index].fixed)
		return;
	form->general[0] = form->own_errors[index][0] = '\0';
	if (index == FORM_RECIPE_ROW) {
		if (take_recipe(form, request->text, &error))
			check_data(form);
		else
			text_copy(form->general, sizeof form->general, error.text);
	} else if (index == FORM_NAME_ROW) {
		if (!text_copy(form->name, sizeof form->name, request->text))
			snprintf(form->own_errors[index], VIEW_FORM_SENTENCE, "name must be at most %d bytes", RUN_NAME_SIZE - 1);
	} else if (!check_value(form, &setting_rows[index - FORM_FIRST_SETTING], request->text, &error)) {
		text_copy(form->own_errors[index], VIEW_FORM_SENTENCE, error.text);
		text_copy(form->view.rows[index].value, VIEW_FORM_VALUE, request->text);
	}
	show(form);
}

void session_act_form_close(struct session *session, const struct action_request *request)
{
	(void)request;
	if (session->form)
		session->form->open = session->form->waiting = false;
}

/* ---- starting ---- */

static bool start_now(struct session *session, struct session_form *form, struct error *error)
{
	struct training_start start = form->start;
	start.settings = form->settings;
	start.origins = form->origins;
	start.origins_known = true;
	text_copy(start.name, sizeof start.name, form->name);
	if (start.parent_id)
		train_options_count_from_checkpoint(&start);
	return settings_check(&start.settings, error) && model_game_check(&start.settings, error) &&
	       layer_bits_settle(&start.settings, error) && dataset_check(start.settings.data, error) &&
	       session_start_training(session, &start, error);
}

static void try_to_start(struct session *session, struct session_form *form)
{
	struct error error = {0};
	form->waiting = form->view.starting = false;
	form->view.in_the_way[0] = '\0';
	form->open = !start_now(session, form, &error);
	if (!form->open)
		return;
	text_copy(form->general, sizeof form->general, error.text);
	show(form);
}

void session_act_form_start(struct session *session, const struct action_request *request)
{
	struct session_form *form = session->form;
	if (!form || !form->open)
		return;
	form->general[0] = '\0';
	show(form);
	if (request->value < 0 || *form->view.message) {
		form->waiting = form->view.starting = false;
		form->view.in_the_way[0] = '\0';
	} else if (!session_live(session)) {
		try_to_start(session, form);
	} else {
		text_copy(form->view.in_the_way, sizeof form->view.in_the_way, session->live->run.name);
		form->waiting = form->view.starting = request->value > 0;
		if (form->waiting)
			session_stop(session);
	}
}

bool session_pump_form(struct session *session)
{
	struct session_form *form = session->form;
	if (!form || !form->open)
		return false;
	if (form->measured > 0 && form->speeds.measured_gflops == 0) {
		form->speeds.measured_gflops = form->measured;
		show(form);
		return true;
	}
	if (!form->waiting || session_live(session))
		return false;
	try_to_start(session, form);
	return true;
}

void session_destroy_form(struct session *session)
{
	struct session_form *form = session->form;
	if (!form)
		return;
	if (form->measure_started)
		pthread_join(form->measuring, NULL);
	for (int i = 0; i < form->word_count; i++)
		free(form->words[i]);
	recipes_free(form->recipes, form->recipe_count);
	free(form);
	session->form = NULL;
}
