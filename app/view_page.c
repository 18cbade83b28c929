/* The run page: what is written down about a run, as lines of text. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/settings.h"
#include "app/view_fill.h"
#include "engine/base/text.h"
#include "engine/tensor/precision.h"

enum { MOST_PARENTS = 3, FORKS_LENGTH = 96 /* of their names on the page */ };

static void add(struct view_page *page, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Empty values are left out. */
static void add(struct view_page *page, const char *name, const char *format, ...)
{
	struct view_fact *fact = &page->facts[page->fact_count];
	va_list arguments;
	if (page->fact_count == VIEW_FACTS)
		return;
	*fact = (struct view_fact){0};
	text_copy(fact->name, sizeof fact->name, name);
	va_start(arguments, format);
	vsnprintf(fact->value, sizeof fact->value, format, arguments);
	va_end(arguments);
	page->fact_count += *fact->value != '\0';
}

static char *date(char *target, size_t size, double unix_seconds)
{
	time_t seconds = (time_t)unix_seconds;
	struct tm parts;
	if (!localtime_r(&seconds, &parts) || !strftime(target, size, "%Y-%m-%d %H:%M:%S", &parts))
		snprintf(target, size, "-");
	return target;
}

static bool find_by_id(struct store *store, int64_t id, struct run *run, struct error *error)
{
	char name[24];
	snprintf(name, sizeof name, "%" PRId64, id);
	return store_find_run(store, name, run, error);
}

static void add_progress(struct view_page *page, const struct run *run)
{
	char step[32], last[32], time[32];
	bool ends = run->last_step > 0;
	add(page, "step", "%s%s%s, epoch %.2f", text_count(step, sizeof step, run->step), ends ? " of " : "",
	    ends ? text_count(last, sizeof last, run->last_step) : "", run->epochs);
	add(page, "trained", "%s", text_duration(time, sizeof time, run->train_seconds));
	add(page, "created", "%s", date(time, sizeof time, run->created));
	if (run->ended > 0)
		add(page, "ended", "%s", date(time, sizeof time, run->ended));
	else
		add(page, "last sign of life", "%s", date(time, sizeof time, run->heartbeat));
}

static void add_scores(struct view_page *page, const struct run *run)
{
	const struct run_scores *scores = &run->scores;
	char step[32];
	if (!*scores->identity)
		return;
	add(page, "best FID", "%.2f at step %s", scores->best_fid, text_count(step, sizeof step, scores->best_fid_step));
	add(page, "best IS", "%.2f at step %s", scores->best_is, text_count(step, sizeof step, scores->best_is_step));
	add(page, "scored by", "%s", scores->identity);
}

/* "child at step 700, of first at step 300" */
static void add_parents(struct view_page *page, struct store *store, const struct run *run, const struct run *parent)
{
	struct text words = {0};
	char step[32];
	struct run before = {.id = parent->parent_id, .parent_step = parent->parent_step}, next;
	text_format(&words, "%s at step %s", parent->name, text_count(step, sizeof step, run->parent_step));
	for (int i = 1; i < MOST_PARENTS && before.id > 0 && find_by_id(store, before.id, &next, NULL); i++) {
		text_format(&words, ", of %s at step %s", next.name, text_count(step, sizeof step, before.parent_step));
		before = (struct run){.id = next.parent_id, .parent_step = next.parent_step};
		run_clear(&next);
	}
	add(page, "parent", "%s", words.bytes);
	text_clear(&words);
}

/* The newest ones; how many there are besides. */
static bool add_forks(struct view_page *page, struct store *store, const struct run *run, struct error *error)
{
	struct run *forks;
	size_t count, named = 0;
	struct text words = {0};
	if (!store_list_forks(store, run->id, &forks, &count, error))
		return false;
	for (; named < count && words.length + strlen(forks[named].name) < FORKS_LENGTH; named++)
		text_format(&words, "%s%s", named ? ", " : "", forks[named].name);
	if (named < count)
		text_format(&words, " and %zu more", count - named);
	if (count > 0)
		add(page, "forks", "%s", words.bytes);
	text_clear(&words);
	store_free_runs(forks, count);
	return true;
}

static void add_origin(struct view_page *page, struct store *store, const struct run *run, const struct run *parent)
{
	char step[32];
	if (run->parent_id > 0 && parent->id)
		add_parents(page, store, run, parent);
	else if (run->parent_id > 0)
		add(page, "parent", "run %" PRId64 " at step %s, not in this store any more", run->parent_id,
		    text_count(step, sizeof step, run->parent_step));
	add(page, "machine", "%s", run->machine);
	add(page, "host", "%s, process %" PRId64, run->host, run->pid);
	add(page, "version", "qgan %s", run->version);
}

static bool add_files(struct view_page *page, struct store *store, const struct run *run, struct error *error)
{
	struct checkpoint_row *rows;
	size_t count;
	double bytes = 0;
	char amount[32], step[32];
	if (!store_list_checkpoints(store, run->id, &rows, &count, error))
		return false;
	for (size_t i = 0; i < count; i++)
		bytes += (double)rows[i].bytes;
	if (count > 0)
		add(page, "checkpoints", "%zu, %s, the newest at step %s", count, text_bytes_amount(amount, sizeof amount, bytes),
		    text_count(step, sizeof step, rows[count - 1].step));
	else
		add(page, "checkpoints", "none");
	free(rows);
	return true;
}

static bool read_settings(const struct run *run, struct gan_settings *settings)
{
	return run->config_json && settings_from_text(run->config_json, settings, NULL);
}

/* Empty where nothing is known of any. */
static const char *origin_of(const json_t *origins, const struct setting_row *row)
{
	char name[SETTING_NAME_SIZE];
	setting_json_name(row, name);
	const char *origin = json_string_value(json_object_get(origins, name));
	return origin ? origin : origins ? setting_origin_name(ORIGIN_DEFAULT) : "";
}

/* Every setting with where it came from, beside its default, and beside the parent's where that is another. */
static void add_settings(struct view_page *page, const struct run *run, const struct run *parent, const json_t *origins)
{
	static const struct settings_origins untouched;
	struct gan_settings own, plain, usual, before; /* usual: of the model it has */
	char value[SETTING_TEXT_SIZE], other[SETTING_TEXT_SIZE];
	bool has_parent = parent->id && read_settings(parent, &before);
	if (!read_settings(run, &own))
		return;
	settings_set_defaults(&plain);
	usual = plain;
	text_copy(usual.model, sizeof usual.model, own.model);
	settings_follow_model(&usual, &untouched);
	if (strcmp(own.precision, usual.precision) != 0)
		precision_settle(usual.precision, sizeof usual.precision); /* what was trained records what auto came to */
	for (const struct setting_row *row = setting_rows; row->name && page->setting_count < VIEW_FACTS; row++) {
		struct view_fact *fact = &page->settings[page->setting_count++];
		*fact = (struct view_fact){0};
		settings_get(&own, row, value, sizeof value);
		text_copy(fact->name, sizeof fact->name, row->name);
		text_copy(fact->value, sizeof fact->value, *value ? value : "none");
		text_copy(fact->help, sizeof fact->help, row->help);
		text_copy(fact->origin, sizeof fact->origin, origin_of(origins, row));
		if (strcmp(value, settings_get(strcmp(row->name, "model") ? &usual : &plain, row, other, sizeof other)) != 0)
			text_copy(fact->standard, sizeof fact->standard, *other ? other : "none");
		if (has_parent && strcmp(value, settings_get(&before, row, other, sizeof other)) != 0)
			text_copy(fact->parent, sizeof fact->parent, *other ? other : "none");
		page->differing += *fact->standard != '\0';
	}
}

bool view_load_page(struct view *view, struct store *store, struct error *error)
{
	static struct view_page page; /* large; kept apart until it is whole */
	struct run run = {0}, parent = {0};
	if (!find_by_id(store, view->run.id, &run, error))
		return false;
	if (run.parent_id > 0)
		find_by_id(store, run.parent_id, &parent, NULL);
	page = (struct view_page){0};
	add(&page, "name", "%s", run.name);
	add(&page, "number", "%" PRId64, run.id);
	add(&page, "status", "%s", run_status_name(run.status));
	add(&page, "message", "%s", run.message);
	add(&page, "verdict", "%s%s%s", run.verdict.kind, *run.verdict.reason ? ": " : "", run.verdict.reason);
	add(&page, "tags", "%s", run.tags);
	add(&page, "kept", "%s", run.trashed > 0 ? "in the trash" : run.archived ? "in the archive" : "");
	add_progress(&page, &run);
	add_scores(&page, &run);
	add_origin(&page, store, &run, &parent);
	char *origins = NULL;
	bool good = add_forks(&page, store, &run, error) && add_files(&page, store, &run, error) &&
	            store_find_run_origins(store, run.id, &origins, error);
	json_t *known = origins ? json_loads(origins, 0, NULL) : NULL;
	add_settings(&page, &run, &parent, known);
	json_decref(known);
	free(origins);
	text_copy(page.note, sizeof page.note, run.note);
	text_copy(page.tags, sizeof page.tags, run.tags);
	if (good)
		view->page = page;
	run_clear(&run);
	run_clear(&parent);
	return good;
}
