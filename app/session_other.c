/* Beside the shown layers: those of another run, or of this one at another step, from the store; and what the weights
 * screen shows, as files. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/session_parts.h"
#include "engine/base/text.h"

/* ---- side by side ---- */

static void visit_layer(void *context, const struct layer_stats *stats)
{
	struct view_other *other = context;
	int network = stats->network == 'D' ? VIEW_D : VIEW_G;
	if (other->layer_count[network] < VIEW_MAX_LAYERS)
		view_fill_stored_layer(&other->layers[network][other->layer_count[network]++], stats);
	other->step = stats->step;
	other->shown = true;
}

/* The run's first recorded step, for a sentence; -1: none. */
static bool first_step(struct session *session, int64_t run, int64_t *step, struct error *error)
{
	int64_t *steps;
	size_t count;
	if (!store_list_layer_steps(session->reader, run, &steps, &count, error))
		return false;
	*step = count > 0 ? steps[0] : -1;
	free(steps);
	return true;
}

static bool refuse_step(struct session *session, int64_t run, const char *name, struct error *error)
{
	int64_t first;
	if (!first_step(session, run, &first, error))
		return false;
	if (first < 0)
		return error_set(error, ERROR_INPUT, "%s has no layer statistics", name);
	return error_set(error, ERROR_INPUT, "the layers of %s are recorded from step %" PRId64 " on", name, first);
}

/* At the last recorded step that is not after `step`; -1: the newest. */
static bool show_other(struct session *session, int64_t run, const char *name, int64_t step, struct error *error)
{
	static struct view_other fresh; /* large; kept apart until it is known to be good */
	memset(&fresh, 0, sizeof fresh);
	if (!store_visit_layer_stats(session->reader, run, step, visit_layer, &fresh, error))
		return false;
	if (!fresh.shown)
		return refuse_step(session, run, name, error);
	text_copy(fresh.run, sizeof fresh.run, name);
	session_shown(session)->other = fresh;
	session->other_id = run;
	return true;
}

/* "RUN@STEP", "@STEP", "RUN" or "": a name (empty: the shown run) and a step (-1: not said). */
static bool parse_other(const char *text, char name[RUN_NAME_SIZE], int64_t *step, struct error *error)
{
	const char *begin = text + strspn(text, " \t"), *end = begin + strlen(begin);
	while (end > begin && isspace((unsigned char)end[-1]))
		end--;
	const char *at = memchr(begin, '@', (size_t)(end - begin));
	size_t length = (size_t)((at ? at : end) - begin);
	char number[24] = "-1";
	if (at)
		snprintf(number, sizeof number, "%.*s", (int)(end - at - 1), at + 1);
	if (length >= RUN_NAME_SIZE || !text_to_int64(number, step) || (at && *step < 0))
		return error_set(error, ERROR_INPUT, "%.100s: expected RUN, RUN@STEP or @STEP", text);
	memcpy(name, begin, length);
	name[length] = '\0';
	return true;
}

static bool open_other(struct session *session, const char *text, struct error *error)
{
	const struct view_run *shown = &session_shown(session)->run;
	char name[RUN_NAME_SIZE];
	int64_t step;
	if (!parse_other(text, name, &step, error))
		return false;
	if (!*name) {
		if (step < 0 && !first_step(session, shown->id, &step, error))
			return false;
		return show_other(session, shown->id, shown->name, step, error);
	}
	struct run run = {0};
	if (!store_find_run(session->reader, name, &run, error))
		return false;
	bool good = show_other(session, run.id, run.name, step, error);
	run_clear(&run);
	return good;
}

void session_act_other_open(struct session *session, const struct action_request *request)
{
	struct error error = {0};
	if (!open_other(session, request->text, &error))
		session_warn(session, &error);
}

/* The neighbour of `step` among the recorded ones; `step` itself when there is none. */
static int64_t neighbour(const int64_t *steps, size_t count, int64_t step, bool after)
{
	int64_t found = step;
	for (size_t i = 0; i < count; i++) {
		if (!after && steps[i] < step)
			found = steps[i];
		else if (after && steps[i] > step)
			return steps[i];
	}
	return found;
}

void session_act_other_walk(struct session *session, const struct action_request *request)
{
	const struct view_other *other = &session_shown(session)->other;
	bool after = request->action == ACTION_OTHER_AFTER;
	struct error error = {0};
	int64_t *steps;
	size_t count;
	if (!other->shown) {
		session_tell(session, true, "nothing is beside this run: o puts another run or step there");
		return;
	}
	if (!store_list_layer_steps(session->reader, session->other_id, &steps, &count, &error)) {
		session_warn(session, &error);
		return;
	}
	int64_t step = neighbour(steps, count, other->step, after);
	free(steps);
	if (step == other->step)
		session_tell(session, false, "step %" PRId64 " is the %s recorded of %s", step, after ? "last" : "first", other->run);
	else if (!show_other(session, session->other_id, other->run, step, &error))
		session_warn(session, &error);
}

void session_act_other_close(struct session *session, const struct action_request *request)
{
	(void)request;
	session_shown(session)->other = (struct view_other){0};
}

/* ---- export ---- */

static const char *const network_names[VIEW_NETWORKS] = {[VIEW_D] = "D", [VIEW_G] = "G"};

static const struct view_layer *find_layer(const struct view_other *other, int network, const struct view_layer *like,
                                           int position)
{
	for (int i = 0; i < other->layer_count[network]; i++)
		if (!strcmp(other->layers[network][i].name, like->name))
			return &other->layers[network][i];
	return position < other->layer_count[network] ? &other->layers[network][position] : NULL;
}

static void write_title(char title[EXPORT_TITLE_SIZE], const char *what, int64_t step)
{
	char number[32];
	snprintf(title, EXPORT_TITLE_SIZE, "%.120s, step %s", what, text_count(number, sizeof number, step));
}

static void place(struct image *target, int x, const struct image *picture)
{
	size_t row = (size_t)picture->width * (size_t)picture->channels, target_row = (size_t)target->width * (size_t)target->channels;
	for (int y = 0; y < picture->height; y++)
		memcpy(target->pixels + (size_t)y * target_row + (size_t)x * (size_t)target->channels, picture->pixels + (size_t)y * row, row);
}

/* Float on the left, as on the screen; NULL: not both are there. */
static struct image *join_pictures(const struct image *left, const struct image *right)
{
	enum { GAP = 8 };
	bool alike = left && right && left->height == right->height && left->channels == right->channels;
	struct image *both = alike ? image_create(left->width + GAP + right->width, left->height, left->channels, NULL) : NULL;
	if (both) {
		place(both, 0, left);
		place(both, left->width + GAP, right);
	}
	return both;
}

/* Beside the layer stands what the screen shows beside it: the other run's, or else the open question's answer. */
static void add_beside(const struct view *view, const struct action_request *request, struct export_job *job)
{
	const struct view_what_if *what_if = &view->what_if;
	const struct view_layer *other =
		view->other.shown ? find_layer(&view->other, request->network, &job->layer, request->layer) : NULL;
	size_t length = strlen(job->stem);
	if (other) {
		job->other = *other;
		write_title(job->other_title, view->other.run, view->other.step);
	} else if (what_if->asked && *what_if->answer.name && !strcmp(what_if->answer.name, job->layer.name)) {
		char question[EXPORT_TITLE_SIZE / 2];
		snprintf(question, sizeof question, "what if: %s, %d bit%s%s", what_if->method, what_if->bits, what_if->bits == 1 ? "" : "s",
		         what_if->per_channel ? ", one scale a channel" : "");
		job->other = what_if->answer;
		write_title(job->other_title, question, what_if->step);
		snprintf(job->stem + length, sizeof job->stem - length, "-%s%d", what_if->method, what_if->bits);
		job->pictures = join_pictures(what_if->picture[VIEW_BLINK_FLOAT], what_if->picture[VIEW_BLINK_QUANTIZED]);
	}
}

static bool have_exporter(struct session *session)
{
	struct error error = {0};
	if (session->exporter)
		return true;
	session->exporter = exporter_create(&error);
	if (session->exporter)
		session_watch(session, exporter_wake_descriptor(session->exporter));
	else
		session_warn(session, &error);
	return session->exporter != NULL;
}

void session_act_export(struct session *session, const struct action_request *request)
{
	static struct export_job job; /* large */
	const struct view *view = session_shown(session);
	struct error error = {0};
	if (request->network < 0 || request->network >= VIEW_NETWORKS || request->layer < 0 ||
	    request->layer >= view->layer_count[request->network]) {
		session_tell(session, true, "no layer statistics are known of this run yet");
		return;
	}
	if (!have_exporter(session))
		return;
	memset(&job, 0, sizeof job);
	job.layer = view->layers[request->network][request->layer];
	text_copy(job.network, sizeof job.network, network_names[request->network]);
	job.history = view->history[request->network][request->layer];
	write_title(job.title, view->run.name, view->layers_step);
	snprintf(job.stem, sizeof job.stem, "%s-step%" PRId64 "-%s.%s", view->run.name, view->layers_step, job.network, job.layer.name);
	add_beside(view, request, &job);
	if (!exporter_start(session->exporter, &job, &error))
		session_warn(session, &error);
}

/* From the store: exact points, not what the screen has gathered of them. What a live run has told is on its way there. Takes
 * the job's pictures. */
static void export_runs(struct session *session, const struct action_request *request, struct export_job *job)
{
	static const double FLUSH_SECONDS = 0.05;
	struct error error = {0};
	if (!have_exporter(session)) {
		image_destroy(job->pictures);
		return;
	}
	job->over = request->value > 0 && request->value < CHART_UNITS ? (enum chart_unit)request->value : CHART_STEPS;
	if (session_live(session))
		recorder_flush(session->recorder, FLUSH_SECONDS);
	text_copy(job->store, sizeof job->store, session->store_path);
	if (!exporter_start(session->exporter, job, &error))
		session_warn(session, &error);
}

void session_act_export_charts(struct session *session, const struct action_request *request)
{
	static struct export_job job; /* large */
	const struct view *view = session_shown(session);
	if (!view->run.id) {
		session_tell(session, true, "no run is open whose charts could be written");
		return;
	}
	memset(&job, 0, sizeof job);
	job.runs[job.run_count++] = view->run.id;
	text_copy(job.stem, sizeof job.stem, view->run.name);
	memcpy(job.marks, view->marks, sizeof job.marks);
	job.mark_count = view->mark_count;
	export_runs(session, request, &job);
}

/* "compare-alpha-and-3-more" */
void session_act_export_comparison(struct session *session, const struct action_request *request)
{
	static struct export_job job; /* large */
	if (!session->comparison) {
		session_tell(session, true, "nothing is compared whose charts could be written");
		return;
	}
	memset(&job, 0, sizeof job);
	const struct view_compare *compare = comparison_view(session->comparison);
	job.run_count = (int)comparison_runs(session->comparison, job.runs, VIEW_POINTS);
	job.pictures = compare->strips ? image_copy(compare->strips, NULL) : NULL; /* as they are shown */
	snprintf(job.stem, sizeof job.stem, "compare-%s-and-%d-more", compare->runs[0].name, job.run_count - 1);
	export_runs(session, request, &job);
}

bool session_pump_export(struct session *session)
{
	struct export_result result;
	if (!session->exporter || !exporter_poll(session->exporter, &result))
		return false;
	if (result.error.code == ERROR_NONE)
		session_tell(session, false, "saved %.100s:%s", result.stem, result.endings);
	else
		session_warn(session, &result.error);
	return true;
}
