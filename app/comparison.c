/* What is still to be read is kept as one set of pieces a run; comparison_work takes the first piece of the first kind that
 * any run waits for:
 *
 *   row (at once) --> steps of samples --> curves --> journal --> layers --> strip --> all strips as one picture
 *
 * Runs of different seeds have recorded samples of different noise. Where all of them have checkpoints, their strips are drawn
 * from those instead, by one noise; the steps are those of the checkpoints then, of every run the nearest.
 */
#include "app/comparison.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/comparison_strips.h"
#include "app/lineage.h"
#include "app/run_seeds.h"
#include "app/settings.h"
#include "app/strip_drawer.h"
#include "app/view_fill.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/data/picture_file.h"

enum piece { PIECE_STEPS, PIECE_CURVES, PIECE_JOURNAL, PIECE_LAYERS, PIECE_STRIP, PIECES };
enum {
	ALL_PIECES = (1 << PIECES) - 1, CURVE_PARTS = SERIES_BUCKETS / 2, POINTS_A_PIECE = 32,
	DRAWN_COLUMNS = 6, DRAWN_TILES = DRAWN_COLUMNS * DRAWN_COLUMNS, /* as many as the widest strips show */
};

struct member {
	struct run run;              /* with its settings; owned */
	struct gan_settings config;
	bool configured;             /* they could be read */
	unsigned waiting;            /* pieces, bit by bit */
	int64_t *steps;              /* of its samples, or of the checkpoints they are drawn from, rising; owned */
	size_t step_count;
	struct image *grid;          /* the sample shown; owned */
	int tiles, columns;
};

struct comparison {
	struct store *store;
	int64_t *marked;
	size_t marked_count, points_read;
	struct member members[VIEW_COMPARED];
	char (*recipes)[STORE_TEXT_SIZE]; /* by recipe_number - 1 */
	int recipe_count;
	bool compose;                /* the strips are to be joined anew */
	bool follow;                 /* the strips are the newest: they stay so */
	struct strip_drawer drawer;
	struct image *strips;
	struct view *scratch;        /* for journals, which are read as those of a shown run; NULL: none was read yet */
	struct view_compare view;
};

/* ---- what depends on all runs ---- */

/* Equal only for scores that may be compared; 0: there are none. */
static int recipe_number(struct comparison *comparison, const char *identity)
{
	if (!*identity)
		return 0;
	for (int i = 0; i < comparison->recipe_count; i++)
		if (!strcmp(comparison->recipes[i], identity))
			return i + 1;
	comparison->recipes = memory_resized(comparison->recipes, (size_t)comparison->recipe_count + 1, sizeof *comparison->recipes);
	text_copy(comparison->recipes[comparison->recipe_count], sizeof *comparison->recipes, identity);
	return ++comparison->recipe_count;
}

static void find_groups(struct comparison *comparison)
{
	struct view_compare *view = &comparison->view;
	struct seeded_run runs[VIEW_COMPARED];
	int groups[VIEW_COMPARED];
	for (int i = 0; i < view->count; i++)
		runs[i] = (struct seeded_run){&comparison->members[i].run,
			comparison->members[i].configured ? &comparison->members[i].config : NULL};
	runs_find_seeds(runs, view->count, groups);
	for (int i = 0; i < view->count; i++)
		view->runs[i].group = groups[i];
	view->same_noise = true;
	for (int i = 0; i < view->count; i++) {
		const struct gan_settings *first = &comparison->members[0].config, *other = &comparison->members[i].config;
		view->same_noise = view->same_noise && comparison->members[i].configured && first->seed == other->seed &&
		                   first->latent == other->latent;
	}
}

static struct view_setting *new_setting(struct view_compare *view, const char *name)
{
	if (view->setting_count == VIEW_SETTINGS)
		return NULL;
	struct view_setting *setting = &view->settings[view->setting_count++];
	*setting = (struct view_setting){0};
	text_copy(setting->name, sizeof setting->name, name);
	return setting;
}

static void see_difference(const struct view_compare *view, struct view_setting *setting)
{
	for (int i = 1; i < view->count; i++)
		setting->differs = setting->differs || strcmp(setting->values[i], setting->values[0]) != 0;
}

/* What is no setting, but may explain a difference. */
static void write_origin(struct comparison *comparison, const struct run *run, char *text, size_t size)
{
	char id[24];
	struct run parent = {0};
	text[0] = '\0';
	if (!run->parent_id)
		return;
	snprintf(id, sizeof id, "%" PRId64, run->parent_id);
	bool found = store_find_run(comparison->store, id, &parent, NULL);
	snprintf(text, size, "%.40s@%" PRId64, found ? parent.name : id, run->parent_step);
	run_clear(&parent);
}

static void list_settings(struct comparison *comparison)
{
	struct view_compare *view = &comparison->view;
	struct view_setting *setting;
	view->setting_count = 0;
	for (const struct setting_row *row = setting_rows; row->name && (setting = new_setting(view, row->name)); row++) {
		for (int i = 0; i < view->count; i++) {
			char value[SETTING_TEXT_SIZE] = "";
			if (comparison->members[i].configured)
				settings_get(&comparison->members[i].config, row, value, sizeof value);
			text_copy(setting->values[i], sizeof setting->values[i], value);
		}
		see_difference(view, setting);
	}
	static const char *const others[] = {"forked from", "version", "machine"};
	for (int other = 0; other < 3 && (setting = new_setting(view, others[other])); other++) {
		for (int i = 0; i < view->count; i++) {
			const struct run *run = &comparison->members[i].run;
			if (other == 0)
				write_origin(comparison, run, setting->values[i], sizeof setting->values[i]);
			else
				text_copy(setting->values[i], sizeof setting->values[i], other == 1 ? run->version : run->machine);
		}
		see_difference(view, setting);
	}
}

/* ---- rows ---- */

static void show_row(struct comparison *comparison, int index)
{
	const struct run *run = &comparison->members[index].run;
	struct view_compared *shown = &comparison->view.runs[index];
	shown->id = run->id;
	text_copy(shown->name, sizeof shown->name, run->name);
	text_copy(shown->status, sizeof shown->status, run_status_name(run->status));
	text_copy(shown->verdict, sizeof shown->verdict, run->verdict.kind);
	text_copy(shown->quantizer, sizeof shown->quantizer, run->quantizer);
	shown->bits[VIEW_D] = run->d_bits;
	shown->bits[VIEW_G] = run->g_bits;
	shown->step = run->step;
	shown->fid = run->scores.fid;
	shown->fid_std = run->scores.fid_std;
	shown->best_fid = run->scores.best_fid;
	shown->best_fid_std = run->scores.best_fid_std;
	shown->is = run->scores.is_mean;
	shown->is_std = run->scores.is_std;
	shown->best_is = run->scores.best_is;
	shown->best_is_std = run->scores.best_is_std;
	text_copy(shown->recipe, sizeof shown->recipe, run->scores.identity);
	shown->recipe_number = recipe_number(comparison, run->scores.identity);
	shown->packed_bytes = run->sizes.packed_g;
	shown->float_bytes = run->sizes.float_g;
}

static bool read_row(struct comparison *comparison, int index, int64_t id, struct error *error)
{
	struct member *member = &comparison->members[index];
	struct run run = {0};
	char name[24];
	snprintf(name, sizeof name, "%" PRId64, id);
	if (!store_find_run(comparison->store, name, &run, error))
		return false;
	run_clear(&member->run);
	member->run = run;
	member->configured = run.config_json && settings_from_text(run.config_json, &member->config, NULL);
	show_row(comparison, index);
	return true;
}

/* ---- pieces ---- */

/* Of the checkpoints whose files are there. */
static bool list_checkpoints(struct store *store, int64_t run, int64_t **steps, size_t *count, struct error *error)
{
	struct checkpoint_row *rows;
	size_t all;
	if (!store_list_checkpoints(store, run, &rows, &all, error))
		return false;
	*steps = memory_zeroed(all + 1, sizeof **steps);
	*count = 0;
	for (size_t i = 0; i < all; i++)
		if (access(rows[i].path, R_OK) == 0)
			(*steps)[(*count)++] = rows[i].step;
	free(rows);
	return true;
}

static bool read_steps(struct comparison *comparison, int index, struct error *error)
{
	struct member *member = &comparison->members[index];
	struct view_compare *view = &comparison->view;
	int64_t *steps;
	size_t count;
	if (!(view->drawn ? list_checkpoints : store_list_sample_steps)(comparison->store, member->run.id, &steps, &count, error))
		return false;
	free(member->steps);
	member->steps = steps;
	member->step_count = count;
	view->first_sample = view->last_sample = -1;
	for (int i = 0; i < view->count; i++) {
		const struct member *other = &comparison->members[i];
		if (!other->step_count)
			continue;
		int64_t first = other->steps[0], last = other->steps[other->step_count - 1];
		view->first_sample = view->first_sample < 0 || first < view->first_sample ? first : view->first_sample;
		view->last_sample = last > view->last_sample ? last : view->last_sample;
	}
	return true;
}

static const struct {
	enum view_quantity quantity;
	enum metric_series metric;
} measured[] = {
	{VIEW_LOSS_G, METRIC_LOSS_G}, {VIEW_LOSS_D, METRIC_LOSS_D}, {VIEW_D_REAL, METRIC_D_REAL}, {VIEW_D_FAKE, METRIC_D_FAKE},
	{VIEW_WASSERSTEIN, METRIC_WASSERSTEIN}, {VIEW_PENALTY, METRIC_PENALTY}, {VIEW_GRADIENT_G, METRIC_GRADIENT_G},
	{VIEW_GRADIENT_D, METRIC_GRADIENT_D}, {VIEW_SPEED, METRIC_IMAGES_PER_SECOND},
};

struct curve_reader {
	struct view_compared *run;
	struct run_work work;
};

static void visit_bucket(void *context, const struct metric_bucket *bucket)
{
	struct curve_reader *reader = context;
	struct view_compared *run = reader->run;
	for (size_t i = 0; i < sizeof measured / sizeof *measured; i++)
		view_append_bucket(&run->curves[measured[i].quantity], bucket, measured[i].metric);
	run_work_add(&reader->work, bucket->last_step, bucket->values[METRIC_IMAGES_PER_SECOND].mean);
	series_append(&run->epochs, bucket->last_step, bucket->last_epochs);
	series_append(&run->images, bucket->last_step, reader->work.images);
	series_append(&run->seconds, bucket->last_step, reader->work.seconds);
}

/* The newest value exactly, not the mean of its bucket. */
static void set_newest(struct series *series, double value)
{
	if (series->count && isfinite(value))
		series->last = (float)value;
}

static void visit_score(void *context, const struct score *score)
{
	struct view_compared *run = context;
	series_append(&run->curves[VIEW_FID], score->step, score->fid);
	series_append(&run->curves[VIEW_IS], score->step, score->is_mean);
	series_append(&run->curves[VIEW_KID], score->step, score->kid);
}

static void visit_diversity(void *context, int64_t step, double diversity)
{
	struct view_compared *run = context;
	series_append(&run->curves[VIEW_DIVERSITY], step, diversity);
}

static bool read_curves(struct comparison *comparison, int index, struct error *error)
{
	struct view_compared *run = &comparison->view.runs[index];
	const struct run *row = &comparison->members[index].run;
	struct curve_reader reader = {.run = run};
	for (int i = 0; i < VIEW_QUANTITIES; i++)
		series_reset(&run->curves[i]);
	series_reset(&run->epochs);
	series_reset(&run->images);
	series_reset(&run->seconds);
	if (!lineage_work(comparison->store, row->parent_id, row->parent_step, &reader.work, error))
		return false;
	reader.work.batch = row->batch;
	if (!store_visit_metric_buckets(comparison->store, run->id, -1, -1, CURVE_PARTS, visit_bucket, &reader, error))
		return false;
	set_newest(&run->curves[VIEW_LOSS_G], row->loss_g);
	set_newest(&run->curves[VIEW_LOSS_D], row->loss_d);
	return store_visit_diversities(comparison->store, run->id, visit_diversity, run, error) &&
	       (!*row->scores.identity ||
	        store_visit_scores(comparison->store, run->id, row->scores.identity, visit_score, run, error));
}

static bool read_journal(struct comparison *comparison, int index, struct error *error)
{
	struct view_compared *run = &comparison->view.runs[index];
	if (!comparison->scratch)
		comparison->scratch = view_create();
	struct view *scratch = comparison->scratch;
	scratch->mark_count = 0;
	if (!store_visit_journal(comparison->store, run->id, view_take_journal, scratch, error))
		return false;
	int first = scratch->mark_count > VIEW_TWEAKS ? scratch->mark_count - VIEW_TWEAKS : 0;
	run->tweak_count = scratch->mark_count - first;
	for (int i = 0; i < run->tweak_count; i++) {
		run->tweaks[i].step = scratch->marks[first + i].step;
		text_copy(run->tweaks[i].label, sizeof run->tweaks[i].label, scratch->marks[first + i].label);
	}
	return true;
}

static void visit_layer(void *context, const struct layer_stats *stats)
{
	struct view_compared *run = context;
	int network = stats->network == 'D' ? VIEW_D : VIEW_G;
	if (run->layer_count[network] < VIEW_MAX_LAYERS)
		view_fill_stored_layer(&run->layers[network][run->layer_count[network]++], stats);
	run->layers_step = stats->step;
}

/* The newest, or those of the scrubber's step where it was moved back. */
static bool read_layers(struct comparison *comparison, int index, struct error *error)
{
	const struct view_compare *view = &comparison->view;
	struct view_compared *run = &comparison->view.runs[index];
	const int64_t step = comparison->follow || view->scrub >= view->last_sample ? -1 : view->scrub;
	run->layer_count[VIEW_D] = run->layer_count[VIEW_G] = 0;
	return store_visit_layer_stats(comparison->store, run->id, step, visit_layer, run, error);
}

/* The step at which every run that has samples has one, as late as possible. */
static int64_t common_step(const struct comparison *comparison)
{
	int64_t step = -1;
	for (int i = 0; i < comparison->view.count; i++) {
		const struct member *member = &comparison->members[i];
		int64_t last = member->step_count ? member->steps[member->step_count - 1] : -1;
		if (last >= 0 && (step < 0 || last < step))
			step = last;
	}
	return step;
}

/* Where it was, as far as there is something: samples and checkpoints have other steps. */
static void place_scrubber(struct comparison *comparison)
{
	struct view_compare *view = &comparison->view;
	if (comparison->follow)
		view->scrub = common_step(comparison);
	else
		view->scrub = view->scrub < view->first_sample ? view->first_sample :
		              view->scrub > view->last_sample ? view->last_sample : view->scrub;
}

static void show_grid(struct comparison *comparison, int index, struct image *grid, int64_t step, int tiles, int columns)
{
	struct member *member = &comparison->members[index];
	image_destroy(member->grid);
	member->grid = grid;
	member->tiles = tiles;
	member->columns = columns;
	comparison->view.runs[index].sample_step = step;
	comparison->compose = true;
}

/* Checkpoints are few: the one nearest to a step, the earlier of two. -1: there is none. */
static int64_t nearest_step(const struct member *member, int64_t wanted)
{
	int64_t found = -1;
	for (size_t i = 0; i < member->step_count; i++)
		if (found < 0 || llabs(member->steps[i] - wanted) < llabs(found - wanted))
			found = member->steps[i];
	return found;
}

/* The picture comes later. */
static bool order_strip(struct comparison *comparison, int index, struct error *error)
{
	struct member *member = &comparison->members[index];
	struct view_compared *run = &comparison->view.runs[index];
	struct checkpoint_row checkpoint;
	int64_t step = nearest_step(member, comparison->view.scrub);
	if (step == run->sample_step && (step < 0 || member->grid))
		return true;
	if (step < 0) {
		strip_drawer_order(&comparison->drawer, index, NULL);
		show_grid(comparison, index, NULL, -1, 0, 0);
		return true;
	}
	if (!store_find_checkpoint(comparison->store, run->id, step, &checkpoint, error))
		return false;
	strip_drawer_order(&comparison->drawer, index, &checkpoint);
	run->sample_step = step;
	return true;
}

static void take_strip(struct comparison *comparison, int index, struct image *picture, const struct error *error)
{
	struct view_compare *view = &comparison->view;
	if (!picture)
		snprintf(view->message, sizeof view->message, "%.40s: %.80s", view->runs[index].name, error->text);
	show_grid(comparison, index, picture, picture ? view->runs[index].sample_step : -1, DRAWN_TILES, DRAWN_COLUMNS);
}

static bool read_strip(struct comparison *comparison, int index, struct error *error)
{
	struct member *member = &comparison->members[index];
	struct view_compared *run = &comparison->view.runs[index];
	struct sample sample = {0};
	bool found;
	place_scrubber(comparison);
	if (comparison->view.drawn)
		return order_strip(comparison, index, error);
	if (!store_find_sample(comparison->store, run->id, comparison->view.scrub, &sample, &found, error))
		return false;
	int64_t step = found ? sample.step : -1;
	bool good = true;
	if (step != run->sample_step || (found && !member->grid)) {
		struct image *grid = found ? picture_decode(sample.png, sample.png_size, 0, "a run's sample", error) : NULL;
		good = !found || grid;
		show_grid(comparison, index, grid, grid ? step : -1, sample.tiles, sample.columns);
	}
	sample_clear(&sample);
	return good;
}

static void compose_strips(struct comparison *comparison)
{
	struct strip_source sources[VIEW_COMPARED];
	struct view_compare *view = &comparison->view;
	for (int i = 0; i < view->count; i++)
		sources[i] = (struct strip_source){comparison->members[i].grid, comparison->members[i].tiles, comparison->members[i].columns};
	image_destroy(comparison->strips);
	view->strips = comparison->strips = strips_compose(sources, view->count);
	view->strips_version++;
	comparison->compose = false;
}

/* ---- scores against size ---- */

static int compare_bytes(const void *left, const void *right)
{
	const struct view_point *a = left, *b = right;
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	return (a->fid > b->fid) - (a->fid < b->fid);
}

static void mark_front(struct view_compare *view)
{
	qsort(view->points, (size_t)view->point_count, sizeof *view->points, compare_bytes);
	for (int i = 0; i < view->point_count; i++) {
		struct view_point *point = &view->points[i];
		point->front = true;
		for (int k = 0; k < i; k++)
			if (view->points[k].recipe_number == point->recipe_number && view->points[k].fid <= point->fid)
				point->front = false;
	}
}

static void add_point(struct comparison *comparison, size_t index, const struct run *run)
{
	struct view_compare *view = &comparison->view;
	if (!isfinite(run->scores.best_fid) || !(run->sizes.packed_g > 0) || view->point_count == VIEW_POINTS)
		return;
	view->points[view->point_count++] = (struct view_point){
		.run = index < VIEW_COMPARED ? (int)index : -1, .bytes = run->sizes.packed_g, .fid = run->scores.best_fid,
		.recipe_number = recipe_number(comparison, run->scores.identity),
	};
}

/* A run that is gone is no point. */
static void read_points(struct comparison *comparison)
{
	for (int i = 0; i < POINTS_A_PIECE && comparison->points_read < comparison->marked_count; i++) {
		struct run run = {0};
		char name[24];
		snprintf(name, sizeof name, "%" PRId64, comparison->marked[comparison->points_read]);
		if (store_find_run(comparison->store, name, &run, NULL))
			add_point(comparison, comparison->points_read, &run);
		run_clear(&run);
		comparison->points_read++;
	}
	if (comparison->points_read == comparison->marked_count)
		mark_front(&comparison->view);
}

static void begin_points(struct comparison *comparison)
{
	comparison->points_read = 0;
	comparison->view.point_count = 0;
}

/* ---- work ---- */

static bool next_piece(const struct comparison *comparison, int *index, enum piece *piece)
{
	for (*piece = 0; *piece < PIECES; ++*piece)
		for (*index = 0; *index < comparison->view.count; ++*index)
			if (comparison->members[*index].waiting >> *piece & 1)
				return true;
	return false;
}

bool comparison_waits(const struct comparison *comparison)
{
	int index;
	enum piece piece;
	return next_piece(comparison, &index, &piece) || comparison->points_read < comparison->marked_count || comparison->compose ||
	       strip_drawer_waits(&comparison->drawer);
}

static void read_piece(struct comparison *comparison, int index, enum piece piece)
{
	static bool (*const readers[PIECES])(struct comparison *, int, struct error *) = {
		[PIECE_STEPS] = read_steps, [PIECE_CURVES] = read_curves, [PIECE_JOURNAL] = read_journal, [PIECE_LAYERS] = read_layers,
		[PIECE_STRIP] = read_strip,
	};
	struct error error = {0};
	struct member *member = &comparison->members[index];
	struct view_compare *view = &comparison->view;
	member->waiting &= ~(1u << piece);
	if (!readers[piece](comparison, index, &error))
		snprintf(view->message, sizeof view->message, "%.40s: %.80s", view->runs[index].name, error.text);
	view->runs[index].loaded = !member->waiting;
}

bool comparison_work(struct comparison *comparison)
{
	int index;
	enum piece piece;
	struct image *picture;
	struct error error;
	if (strip_drawer_take(&comparison->drawer, &index, &picture, &error))
		take_strip(comparison, index, picture, &error);
	else if (next_piece(comparison, &index, &piece))
		read_piece(comparison, index, piece);
	else if (comparison->points_read < comparison->marked_count)
		read_points(comparison);
	else if (comparison->compose)
		compose_strips(comparison);
	else if (!strip_drawer_begin(&comparison->drawer))
		return false;
	comparison->view.drawing = strip_drawer_busy(&comparison->drawer);
	comparison->view.loading = comparison_waits(comparison) && !strip_drawer_waits(&comparison->drawer);
	return true;
}

static bool can_grow(const struct run *run)
{
	return run->status == RUN_LIVE || run->status == RUN_PAUSED;
}

void comparison_refresh(struct comparison *comparison)
{
	struct view_compare *view = &comparison->view;
	bool any = false;
	for (int i = 0; i < view->count; i++) {
		struct member *member = &comparison->members[i];
		struct error error = {0};
		if (!can_grow(&member->run) || member->waiting)
			continue;
		any = true;
		if (read_row(comparison, i, member->run.id, &error))
			member->waiting = ALL_PIECES;
		else
			text_copy(view->message, sizeof view->message, error.text);
	}
	if (any)
		begin_points(comparison);
}

/* ---- the step of the strips ---- */

/* The next step of any run that way; the present one when there is none. */
static int64_t neighbour(const struct comparison *comparison, bool after)
{
	int64_t now = comparison->view.scrub, found = now;
	for (int i = 0; i < comparison->view.count; i++)
		for (size_t k = 0; k < comparison->members[i].step_count; k++) {
			int64_t step = comparison->members[i].steps[k];
			bool beyond = after ? step > now : step < now;
			if (beyond && (found == now || (after ? step < found : step > found)))
				found = step;
		}
	return found;
}

bool comparison_scrub(struct comparison *comparison, enum action action)
{
	struct view_compare *view = &comparison->view;
	int64_t step = action == ACTION_COMPARE_FIRST ? view->first_sample : action == ACTION_COMPARE_LAST ? view->last_sample :
		neighbour(comparison, action == ACTION_COMPARE_AFTER);
	if (step < 0 || step == view->scrub)
		return false;
	view->scrub = step;
	comparison->follow = false;
	for (int i = 0; i < view->count; i++)
		comparison->members[i].waiting |= 1u << PIECE_STRIP | 1u << PIECE_LAYERS;
	return true;
}

/* ---- one noise for all ---- */

/* Whether the strips can be drawn, and would show more than what is recorded. */
static bool may_draw(const struct comparison *comparison, struct error *error)
{
	const struct view_compare *view = &comparison->view;
	if (view->same_noise)
		return error_set(error, ERROR_STATE, "the recorded samples are of the same noise already");
	if (!comparison->drawer.inspector)
		return error_set(error, ERROR_STATE, "samples cannot be drawn here: only what was recorded is shown");
	for (int i = 0; i < view->count; i++) {
		const struct member *member = &comparison->members[i], *first = &comparison->members[0];
		int64_t *steps = NULL;
		size_t steps_count = 0;
		if (!member->configured || member->config.latent != first->config.latent)
			return error_set(error, ERROR_STATE, "the noise of %s is not as long as that of %s", view->runs[i].name, view->runs[0].name);
		bool good = list_checkpoints(comparison->store, member->run.id, &steps, &steps_count, error);
		free(steps);
		if (!good)
			return false;
		if (steps_count == 0)
			return error_set(error, ERROR_STATE, "no checkpoint of %s is there to draw from", view->runs[i].name);
	}
	return true;
}

bool comparison_change_noise(struct comparison *comparison, struct error *error)
{
	struct view_compare *view = &comparison->view;
	if (!view->drawn && !may_draw(comparison, error))
		return false;
	view->drawn = !view->drawn;
	strip_drawer_stop(&comparison->drawer);
	comparison->compose = true;
	for (int i = 0; i < view->count; i++) {
		view->runs[i].sample_step = -1;
		image_destroy(comparison->members[i].grid);
		comparison->members[i].grid = NULL;
		comparison->members[i].waiting |= 1u << PIECE_STEPS | 1u << PIECE_STRIP;
	}
	return true;
}

/* The first run's noise, so that its strip is what it recorded itself. */
static void choose_noise(struct comparison *comparison, struct inspector *inspector)
{
	struct view_compare *view = &comparison->view;
	uint64_t seed = comparison->members[0].config.seed;
	comparison->drawer = (struct strip_drawer){.inspector = inspector, .seed = seed ? seed : 1, .tiles = DRAWN_TILES};
	view->drawn = view->may_draw = view->count > 1 && may_draw(comparison, NULL);
}

/* ---- life ---- */

struct comparison *comparison_create(struct store *store, struct inspector *inspector, const int64_t runs[], size_t count,
                                     struct error *error)
{
	struct comparison *comparison = memory_zeroed(1, sizeof *comparison);
	struct view_compare *view = &comparison->view;
	comparison->store = store;
	comparison->follow = true;
	comparison->marked_count = count < VIEW_POINTS ? count : VIEW_POINTS;
	comparison->marked = memory_zeroed(comparison->marked_count + 1, sizeof *comparison->marked);
	if (count)
		memcpy(comparison->marked, runs, comparison->marked_count * sizeof *runs);
	view->scrub = view->first_sample = view->last_sample = -1;
	view->marked = (int)comparison->marked_count;
	view->loading = true;
	for (size_t i = 0; i < count && i < VIEW_COMPARED; i++) {
		view->runs[i].sample_step = -1;
		if (!read_row(comparison, (int)i, runs[i], error)) {
			comparison_destroy(comparison);
			return NULL;
		}
		comparison->members[i].waiting = ALL_PIECES;
		view->count++;
	}
	find_groups(comparison);
	list_settings(comparison);
	choose_noise(comparison, inspector);
	return comparison;
}

void comparison_destroy(struct comparison *comparison)
{
	if (!comparison)
		return;
	for (int i = 0; i < VIEW_COMPARED; i++) {
		run_clear(&comparison->members[i].run);
		free(comparison->members[i].steps);
		image_destroy(comparison->members[i].grid);
	}
	strip_drawer_stop(&comparison->drawer);
	image_destroy(comparison->strips);
	view_destroy(comparison->scratch);
	free(comparison->recipes);
	free(comparison->marked);
	free(comparison);
}

const struct view_compare *comparison_view(const struct comparison *comparison)
{
	return &comparison->view;
}

size_t comparison_runs(const struct comparison *comparison, int64_t runs[], size_t most)
{
	size_t count = comparison->marked_count < most ? comparison->marked_count : most;
	memcpy(runs, comparison->marked, count * sizeof *runs);
	return count;
}
