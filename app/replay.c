#include "app/replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/gan/layer_bits.h"

void replay_clear(struct replay *replay)
{
	free(replay->cues);
	*replay = (struct replay){0};
}

/* ---- from journal to commands ---- */

struct reading {
	struct replay *replay;
	char layer_bits[LAYER_BITS_SIZE]; /* as they are at this place of the journal */
	int64_t end;
	struct error *error;
	bool good;
};

static void add_cue(struct reading *reading, int64_t step, const struct command *command)
{
	struct replay *replay = reading->replay;
	replay->cues = memory_resized(replay->cues, (size_t)replay->count + 1, sizeof *replay->cues);
	replay->cues[replay->count++] = (struct engine_cue){step, *command};
}

static const struct layer_exception *find_exception(const struct layer_exceptions *list, const struct layer_exception *wanted)
{
	for (int i = 0; i < list->count; i++)
		if (list->items[i].network == wanted->network && strcmp(list->items[i].layer, wanted->layer) == 0)
			return &list->items[i];
	return NULL;
}

static void add_layer(struct reading *reading, int64_t step, const struct layer_exception *layer, int bits)
{
	struct command command = {.kind = COMMAND_SET_LAYER_BITS, .network = layer->network, .bits = bits};
	text_copy(command.name, sizeof command.name, layer->layer);
	add_cue(reading, step, &command);
}

/* The journal has the whole list, a command changes one layer: what is not as before is changed. */
static bool add_layers(struct reading *reading, const struct journal_entry *entry)
{
	struct layer_exceptions before, after;
	if (!layer_exceptions_parse(reading->layer_bits, &before, reading->error) ||
	    !layer_exceptions_parse(entry->value, &after, reading->error))
		return false;
	for (int i = 0; i < before.count; i++)
		if (!find_exception(&after, &before.items[i]))
			add_layer(reading, entry->step, &before.items[i], 0);
	for (int i = 0; i < after.count; i++) {
		const struct layer_exception *old = find_exception(&before, &after.items[i]);
		if (!old || old->bits != after.items[i].bits)
			add_layer(reading, entry->step, &after.items[i], after.items[i].bits);
	}
	text_copy(reading->layer_bits, sizeof reading->layer_bits, entry->value);
	return true;
}

static bool add_bits(struct reading *reading, const struct journal_entry *entry)
{
	int64_t bits;
	struct command command = {.kind = COMMAND_SET_BITS, .network = entry->field[0] == 'd' ? NETWORK_D : NETWORK_G};
	if (!text_to_int64(entry->value, &bits))
		return false;
	command.bits = (int)bits;
	add_cue(reading, entry->step, &command);
	return true;
}

static bool add_rate(struct reading *reading, const struct journal_entry *entry)
{
	struct command command = {.kind = COMMAND_SET_LEARNING_RATE, .network = entry->field[0] == 'd' ? NETWORK_D : NETWORK_G};
	if (!text_to_double(entry->value, &command.rate))
		return false;
	add_cue(reading, entry->step, &command);
	return true;
}

static bool add_quantizer(struct reading *reading, const struct journal_entry *entry)
{
	struct command command = {.kind = COMMAND_SET_QUANTIZER};
	text_copy(command.name, sizeof command.name, entry->value);
	add_cue(reading, entry->step, &command);
	return true;
}

static const struct {
	const char *field;
	bool (*add)(struct reading *reading, const struct journal_entry *entry);
} changes[] = {
	{"d-bits", add_bits}, {"g-bits", add_bits}, {"bits", add_layers}, {"quantizer", add_quantizer},
	{"d-learning-rate", add_rate}, {"g-learning-rate", add_rate},
};

/* Pauses, stops and the like change no weights; a setting that is changed in a way not known here would. */
static void read_entry(void *context, const struct journal_entry *entry)
{
	struct reading *reading = context;
	if (!reading->good || entry->step >= reading->end)
		return;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		if (strcmp(changes[i].field, entry->field) == 0) {
			reading->good = changes[i].add(reading, entry) ||
			                error_set(reading->error, ERROR_INPUT, "the journal of the run says %.32s %.60s: not a value", entry->field,
			                          entry->value);
			return;
		}
	if (setting_find(entry->field))
		reading->good = error_set(reading->error, ERROR_INPUT, "the journal changes %s, which cannot be replayed", entry->field);
}

/* ---- where it begins ---- */

static bool fill_start(struct store *store, const struct run *run, struct replay *replay, struct training_start *start,
                       struct error *error)
{
	*start = (struct training_start){.parent_id = run->parent_id, .parent_step = run->parent_step};
	if (!settings_from_text(run->config_json, &start->settings, error))
		return error_prefix(error, "run %s", run->name);
	if (run->step <= run->parent_step)
		return error_set(error, ERROR_INPUT, "run \"%s\" has made no step: there is nothing to replay", run->name);
	struct reading reading = {.replay = replay, .end = run->step, .error = error, .good = true};
	text_copy(reading.layer_bits, sizeof reading.layer_bits, start->settings.layer_bits);
	if (!training_take_origin(store, run, start, error) || !store_visit_journal(store, run->id, read_entry, &reading, error) ||
	    !reading.good)
		return false;
	start->settings.steps = run->step;
	start->settings.epochs = 0;
	start->cues = replay->cues;
	start->cue_count = replay->count;
	snprintf(start->name, sizeof start->name, "%.*s-replay", RUN_NAME_SIZE - 8, run->name);
	return true;
}

bool replay_prepare(struct store *store, const char *name, struct replay *replay, struct training_start *start, struct error *error)
{
	struct run run = {0};
	*replay = (struct replay){0};
	if (!store_find_run(store, name, &run, error))
		return false;
	replay->run = run.id;
	text_copy(replay->name, sizeof replay->name, run.name);
	bool good = fill_start(store, &run, replay, start, error);
	run_clear(&run);
	return good;
}

/* ---- how it went ---- */

struct points {
	struct metric_point *items; /* owned */
	size_t count;
};

static void keep_point(void *context, const struct metric_point *point)
{
	struct points *points = context;
	points->items = memory_resized(points->items, points->count + 1, sizeof *points->items);
	points->items[points->count++] = *point;
}

static bool same(double left, double right)
{
	return left == right || (isnan(left) && isnan(right));
}

/* Everything but time and speed. */
static bool same_points(const struct metric_point *left, const struct metric_point *right)
{
	return same(left->loss_d, right->loss_d) && same(left->loss_g, right->loss_g) && same(left->d_real, right->d_real) &&
	       same(left->d_fake, right->d_fake) && same(left->gradient_d, right->gradient_d) &&
	       same(left->gradient_g, right->gradient_g) && same(left->wasserstein, right->wasserstein) &&
	       same(left->penalty, right->penalty);
}

bool replay_compare(struct store *store, const struct replay *replay, int64_t copy, struct replay_result *result,
                    struct error *error)
{
	struct points original = {0}, replayed = {0};
	*result = (struct replay_result){0};
	bool good = store_visit_metrics(store, replay->run, -1, keep_point, &original, error) &&
	            store_visit_metrics(store, copy, -1, keep_point, &replayed, error);
	size_t place = 0;
	for (size_t i = 0; good && i < original.count; i++) {
		while (place < replayed.count && replayed.items[place].step < original.items[i].step)
			place++;
		if (place == replayed.count || replayed.items[place].step != original.items[i].step)
			continue;
		result->points++;
		if (result->differs_at == 0 && !same_points(&original.items[i], &replayed.items[place]))
			result->differs_at = original.items[i].step;
	}
	free(original.items);
	free(replayed.items);
	return good;
}
