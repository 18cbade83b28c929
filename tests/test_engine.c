/* engine: the protocol between the main thread and the engine, without a thread: turn by turn. */
#include <math.h>
#include <string.h>

#include "engine/data/picture_file.h"
#include "tests/engine_fixture.h"
#include "tests/temporary_folder.h"

/* `turns` turns of the loop, or until the end. */
static void run(struct watched *watched, int64_t turns)
{
	for (int64_t i = 0; i < turns; i++) {
		bool more = engine_run_inline(watched->engine);
		collect(watched);
		if (!more)
			return;
	}
}

static void run_to_the_end(struct watched *watched) { run(watched, 1000000); }

static void assert_states(const struct watched *watched, const enum engine_state expected[], int count)
{
	int found = 0;
	for (size_t i = 0; i < watched->count; i++) {
		if (watched->events[i].kind != EVENT_STATE)
			continue;
		if (found < count)
			assert_string_equal(engine_state_name(watched->events[i].state), engine_state_name(expected[found]));
		found++;
	}
	assert_int_equal(found, count);
}

static int64_t steps_done(const struct watched *watched)
{
	const struct event *progress = find_last(watched, EVENT_PROGRESS);
	return progress ? progress->progress.report.step : 0;
}

/* Writes a state to a file; the sum covers weights, moments and running statistics. */
static const char *write_state(const struct event *event, const char *name, char hash[CHECKPOINT_HASH_SIZE])
{
	struct error error = {0};
	uint64_t bytes;
	const char *path = temporary_path(&folder, "%s", name);
	assert_int_equal(event->kind, EVENT_CHECKPOINT);
	if (!checkpoint_write(event->checkpoint, path, hash, &bytes, &error))
		fail_msg("%s", error.text);
	return path;
}

static void final_hash(const struct watched *watched, char hash[CHECKPOINT_HASH_SIZE])
{
	const struct event *last = find_last(watched, EVENT_CHECKPOINT);
	assert_non_null(last);
	write_state(last, "final.safetensors", hash);
}

/* ---- life ---- */

static void a_training_passes_its_states_in_order(void **state)
{
	(void)state;
	struct engine_options options = small_options(5);
	struct watched watched = watch(&options);
	run_to_the_end(&watched);
	static const enum engine_state states[] = {ENGINE_LOADING, ENGINE_RUNNING, ENGINE_STOPPING, ENGINE_FINISHED};
	assert_states(&watched, states, 4);
	assert_int_equal(watched.events[0].kind, EVENT_STATE);
	const struct event *started = find(&watched, EVENT_STARTED, 0);
	assert_non_null(started);
	assert_int_equal(started->facts.steps_per_epoch, STEPS_PER_EPOCH);
	assert_int_equal(started->facts.last_step, 5);
	assert_int_equal(started->facts.settings.channels, 1);
	assert_int_equal(steps_done(&watched), 5);
	/* ... layers, sample, verdict, checkpoint, and only then the end */
	assert_true(watched.count > 5);
	const struct event *end = &watched.events[watched.count - 5];
	static const enum event_kind kinds[] = {EVENT_LAYERS, EVENT_SAMPLE, EVENT_VERDICT, EVENT_CHECKPOINT, EVENT_STATE};
	for (int i = 0; i < 5; i++) {
		assert_int_equal(end[i].kind, kinds[i]);
		assert_int_equal(end[i].step, 5);
	}
	assert_true(end[3].last);
	assert_int_equal(end[3].command_id, 0);
	assert_int_equal(end[1].tiles, 4);
	assert_int_equal(end[1].columns, 2);
	assert_int_equal(end[1].picture->width, 64);
	assert_false(engine_run_inline(watched.engine));
	unwatch(&watched);
}

static void wrong_starts_fail_with_a_sentence(void **state)
{
	(void)state;
	static const char *const specs[] = {"mnist:/nowhere/at/all", "nonsense", "mnist"};
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
		struct engine_options options = small_options(5);
		text_copy(options.settings.data, sizeof options.settings.data, specs[i]);
		struct watched watched = watch(&options);
		run_to_the_end(&watched);
		static const enum engine_state states[] = {ENGINE_LOADING, ENGINE_FAILED};
		assert_states(&watched, states, 2);
		const struct event *failed = find_last(&watched, EVENT_STATE);
		assert_int_equal(failed->error.code, ERROR_INPUT);
		assert_true(strlen(failed->error.text) > 10);
		assert_null(find(&watched, EVENT_CHECKPOINT, 0));
		unwatch(&watched);
	}
	struct engine_options options = small_options(5);
	text_copy(options.start_path, sizeof options.start_path, temporary_path(&folder, "missing.safetensors"));
	struct watched watched = watch(&options);
	run_to_the_end(&watched);
	assert_non_null(strstr(find_last(&watched, EVENT_STATE)->error.text, "missing.safetensors"));
	unwatch(&watched);
}

static void a_training_that_diverges_keeps_its_last_good_state(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	struct watched watched = watch(&options);
	run(&watched, 3);
	send(&watched, (struct command){.kind = COMMAND_SET_LEARNING_RATE, .network = NETWORK_D, .rate = 1e38, .id = 1});
	run(&watched, 50);
	const struct event *failed = find_last(&watched, EVENT_STATE);
	assert_int_equal(failed->state, ENGINE_FAILED);
	assert_int_equal(failed->error.code, ERROR_NUMERIC);
	const struct event *checkpoint = find_last(&watched, EVENT_CHECKPOINT);
	assert_non_null(checkpoint);
	assert_true(checkpoint->last);
	assert_true(checkpoint < failed);
	assert_int_equal(checkpoint->step, steps_done(&watched));
	const struct verdict *verdict = &find_last(&watched, EVENT_VERDICT)->verdict;
	assert_int_equal(verdict->kind, VERDICT_FAILED);
	assert_int_equal(verdict->warnings, 1u << VERDICT_NOT_FINITE);
	assert_string_equal(verdict->reason, failed->error.text);
	unwatch(&watched);
}

/* With a person in front of it, it waits: another try, lower rates, or back to an older checkpoint. */
static void a_held_training_pauses_instead(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	options.hold = true;
	options.settings.checkpoint_every = 2;
	struct watched watched = watch(&options);
	run(&watched, 3);
	send(&watched, (struct command){.kind = COMMAND_SET_LEARNING_RATE, .network = NETWORK_D, .rate = 1e38, .id = 1});
	run(&watched, 50);
	const struct event *paused = find_last(&watched, EVENT_STATE);
	assert_int_equal(paused->state, ENGINE_PAUSED);
	assert_int_equal(paused->error.code, ERROR_NUMERIC);
	int64_t done = steps_done(&watched);
	assert_int_equal(find_last(&watched, EVENT_VERDICT)->verdict.warnings, 1u << VERDICT_NOT_FINITE);
	assert_string_equal(find_last(&watched, EVENT_JOURNAL)->text, paused->error.text);
	const struct event *checkpoint = find_last(&watched, EVENT_CHECKPOINT);
	assert_int_equal(checkpoint->step, done);
	assert_false(checkpoint->last);
	/* Trying again and again does not push older checkpoints out. */
	int checkpoints = count_kind(&watched, EVENT_CHECKPOINT);
	for (int i = 0; i < 3; i++) {
		send(&watched, (struct command){.kind = COMMAND_RESUME});
		run(&watched, 2);
		assert_int_equal(find_last(&watched, EVENT_STATE)->state, ENGINE_PAUSED);
	}
	assert_int_equal(count_kind(&watched, EVENT_CHECKPOINT), checkpoints);
	assert_int_equal(steps_done(&watched), done);
	send(&watched, (struct command){.kind = COMMAND_STOP});
	run_to_the_end(&watched);
	assert_int_equal(find_last(&watched, EVENT_STATE)->state, ENGINE_STOPPED);
	unwatch(&watched);
}

enum { FILES = 400 }; /* of 32 x 32 pixels in colour: more than the one MB that is allowed */

static void write_pictures(const struct temporary_folder *pictures)
{
	struct image *image = image_create(8, 8, 3, NULL);
	for (int i = 0; i < FILES; i++) {
		struct text png = {0};
		for (int j = 0; j < 8 * 8 * 3; j++)
			image->pixels[j] = (uint8_t)(i * 7 + j * j);
		assert_true(picture_encode_png(image, &png, NULL));
		temporary_write(temporary_path(pictures, "%03d.png", i), png.bytes, png.length);
		text_clear(&png);
	}
	image_destroy(image);
}

/* A picture that cannot be read any more: the state is kept, and the training goes on when the file is back. */
static void a_lost_picture_can_be_put_back(void **state)
{
	(void)state;
	struct temporary_folder pictures;
	struct engine_options options = small_options(0);
	temporary_folder_create(&pictures);
	write_pictures(&pictures);
	snprintf(options.settings.data, sizeof options.settings.data, "images:%s", pictures.path);
	options.settings.data_memory = 1;
	options.hold = true;
	struct watched watched = watch(&options);
	run(&watched, 2);
	const char *lost = temporary_path(&pictures, "123.png"), *aside = temporary_path(&pictures, "aside");
	assert_int_equal(rename(lost, aside), 0);
	run(&watched, 2 * FILES / BATCH); /* two epochs: it is met */
	const struct event *paused = find_last(&watched, EVENT_STATE);
	assert_int_equal(paused->state, ENGINE_PAUSED);
	assert_int_equal(paused->error.code, ERROR_INPUT);
	assert_non_null(strstr(paused->error.text, "/123.png cannot be read: No such file"));
	int64_t done = steps_done(&watched);
	assert_int_equal(find_last(&watched, EVENT_CHECKPOINT)->step, done);
	send(&watched, (struct command){.kind = COMMAND_RESUME});
	run(&watched, 2);
	assert_int_equal(find_last(&watched, EVENT_STATE)->state, ENGINE_PAUSED);
	assert_int_equal(rename(aside, lost), 0);
	send(&watched, (struct command){.kind = COMMAND_RESUME});
	run(&watched, 5);
	assert_int_equal(find_last(&watched, EVENT_STATE)->state, ENGINE_RUNNING);
	assert_true(steps_done(&watched) > done);
	unwatch(&watched);
	temporary_folder_remove(&pictures);
}

/* Told when it changes, and with new numbers now and then; a change of bits begins anew. */
static void verdicts_are_told(void **state)
{
	(void)state;
	struct engine_options options = small_options(250);
	options.settings.sample_every = 50;
	struct watched watched = watch(&options);
	run(&watched, 1);
	const struct event *first = find(&watched, EVENT_VERDICT, 0);
	assert_int_equal(first->verdict.kind, VERDICT_UNDECIDED);
	assert_non_null(strstr(first->verdict.reason, "from step 1,000 on"));
	run(&watched, 120);
	assert_in_range(count_kind(&watched, EVENT_VERDICT), 2, 6);
	send(&watched, (struct command){.kind = COMMAND_SET_BITS, .network = NETWORK_D, .bits = 2});
	run_to_the_end(&watched);
	assert_non_null(strstr(find_last(&watched, EVENT_VERDICT)->verdict.reason, "from step 1,121 on"));
	for (size_t i = 0; i < watched.count; i++)
		if (watched.events[i].kind == EVENT_SAMPLE)
			assert_true(watched.events[i].diversity >= 0 && watched.events[i].diversity < 3);
	unwatch(&watched);
}

/* ---- commands ---- */

static void every_command_is_answered_once_and_in_order(void **state)
{
	(void)state;
	static const struct { struct command command; enum error_code expected; } cases[] = {
		{{.kind = COMMAND_STEP}, ERROR_STATE}, /* while running */
		{{.kind = COMMAND_RESUME}, ERROR_NONE},
		{{.kind = COMMAND_SET_BITS, .network = NETWORK_D, .bits = 2}, ERROR_NONE},
		{{.kind = COMMAND_SET_BITS, .network = NETWORK_G, .bits = 9}, ERROR_INPUT},
		{{.kind = COMMAND_SET_BITS, .network = NETWORK_G, .bits = 0}, ERROR_INPUT},
		{{.kind = COMMAND_SET_QUANTIZER, .name = "minmax"}, ERROR_NONE},
		{{.kind = COMMAND_SET_QUANTIZER, .name = "wishful"}, ERROR_INPUT},
		{{.kind = COMMAND_SET_LEARNING_RATE, .network = NETWORK_G, .rate = 1e-3}, ERROR_NONE},
		{{.kind = COMMAND_SET_LEARNING_RATE, .network = NETWORK_G, .rate = -1e-3}, ERROR_INPUT},
		{{.kind = COMMAND_SET_LEARNING_RATE, .network = NETWORK_G, .rate = NAN}, ERROR_INPUT},
		{{.kind = COMMAND_CHECKPOINT}, ERROR_NONE},
		{{.kind = COMMAND_SAMPLE, .seed = 3}, ERROR_NONE},
		{{.kind = COMMAND_SET_LAYER_BITS, .network = NETWORK_G, .name = "deconv2", .bits = 4}, ERROR_NONE},
		{{.kind = COMMAND_SET_LAYER_BITS, .network = NETWORK_G, .name = "conv9", .bits = 4}, ERROR_INPUT},
		{{.kind = COMMAND_SET_LAYER_BITS, .network = NETWORK_D, .name = "conv1", .bits = 11}, ERROR_INPUT},
		{{.kind = COMMAND_SNAPSHOT}, ERROR_NONE},
		{{.kind = COMMAND_PAUSE}, ERROR_NONE},
		{{.kind = COMMAND_PAUSE}, ERROR_NONE},
		{{.kind = COMMAND_STEP}, ERROR_NONE},
	};
	enum { CASES = sizeof cases / sizeof *cases };
	struct engine_options options = small_options(0);
	struct watched watched = watch(&options);
	run(&watched, 2);
	size_t before = watched.count;
	for (size_t i = 0; i < CASES; i++) {
		struct command command = cases[i].command;
		command.id = 100 + i;
		send(&watched, command);
	}
	run(&watched, 1);
	size_t answered = 0;
	for (size_t i = before; i < watched.count; i++) {
		const struct event *event = &watched.events[i];
		if (event->kind == EVENT_CHECKPOINT)
			assert_int_equal(event->command_id, 110);
		if (event->kind != EVENT_REPLY)
			continue;
		assert_true(answered < CASES);
		assert_int_equal(event->command_id, 100 + answered);
		assert_int_equal(event->command, cases[answered].command.kind);
		assert_int_equal(event->error.code, cases[answered].expected);
		assert_int_equal(event->error.text[0] != '\0', cases[answered].expected != ERROR_NONE);
		assert_int_equal(event->step, 2);
		answered++;
	}
	assert_int_equal(answered, CASES);
	assert_int_equal(steps_done(&watched), 3);
	unwatch(&watched);
}

/* Layer reports of one event: every weight is in a state, and the states are as many as the bits say. */
static void assert_layers(const struct event *event, enum network_id network, int bits)
{
	int layers = 0;
	for (int i = 0; i < event->layer_count; i++) {
		const struct layer_report *report = &event->layers[i];
		if (report->network != network)
			continue;
		layers++;
		assert_int_equal(report->statistics.fit.bits, bits);
		uint64_t counted = 0;
		for (int s = 0; bits != QUANT_FLOAT_BITS && s < 1 << bits; s++)
			counted += report->statistics.counts[s];
		if (bits != QUANT_FLOAT_BITS)
			assert_int_equal(counted, report->statistics.weights);
	}
	assert_int_equal(layers, 4);
}

static void a_change_takes_effect_at_the_next_step(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	options.settings.metric_every = 1;
	struct watched changed = watch(&options), left_alone = watch(&options);
	run(&changed, 3);
	run(&left_alone, 3);
	size_t before = changed.count;
	send(&changed, (struct command){.kind = COMMAND_SET_BITS, .network = NETWORK_D, .bits = 2, .id = 1});
	run(&changed, 1);
	run(&left_alone, 1);
	const struct event *journal = find(&changed, EVENT_JOURNAL, before), *layers = find(&changed, EVENT_LAYERS, before);
	assert_int_equal(reply_to(&changed, 1)->error.code, ERROR_NONE);
	assert_non_null(journal);
	assert_int_equal(journal->step, 3);
	assert_int_equal(journal->command, COMMAND_SET_BITS);
	assert_string_equal(journal->field, "d-bits");
	assert_string_equal(journal->value, "2");
	assert_string_equal(journal->text, "D bits 32 > 2");
	assert_non_null(layers);
	assert_int_equal(layers->step, 4);
	assert_layers(layers, NETWORK_D, 2);
	assert_layers(layers, NETWORK_G, 32);
	assert_int_equal(find(&changed, EVENT_SAMPLE, before)->step, 4);
	/* equal up to step 3, different from step 4 on */
	const struct event *a = find(&changed, EVENT_METRICS, 0), *b = find(&left_alone, EVENT_METRICS, 0);
	assert_true(a->progress.report.loss[NETWORK_D] == b->progress.report.loss[NETWORK_D]);
	a = find_last(&changed, EVENT_METRICS);
	b = find_last(&left_alone, EVENT_METRICS);
	assert_int_equal(a->step, 4);
	assert_int_equal(b->step, 4);
	assert_true(a->progress.report.loss[NETWORK_D] != b->progress.report.loss[NETWORK_D]);
	unwatch(&changed);
	unwatch(&left_alone);
}

static void quantizer_and_rates_change_live(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	options.settings.bits[NETWORK_D] = options.settings.bits[NETWORK_G] = 2;
	struct watched watched = watch(&options);
	run(&watched, 2);
	send(&watched, (struct command){.kind = COMMAND_SET_QUANTIZER, .name = "minmax", .id = 1});
	run(&watched, 1);
	const struct event *before = find(&watched, EVENT_LAYERS, 0), *after = find_last(&watched, EVENT_LAYERS);
	assert_int_equal(after->step, 3);
	/* EM draws its states in from the extremes; minmax spans them. */
	assert_true(after->layers[1].statistics.fit.alpha > 1.2 * before->layers[1].statistics.fit.alpha);
	/* A learning rate of 0 is the one whose effect can be told exactly. */
	send(&watched, (struct command){.kind = COMMAND_SET_LEARNING_RATE, .network = NETWORK_D, .rate = 0, .id = 2});
	send(&watched, (struct command){.kind = COMMAND_SET_LEARNING_RATE, .network = NETWORK_G, .rate = 0, .id = 3});
	send(&watched, (struct command){.kind = COMMAND_CHECKPOINT, .id = 4});
	run(&watched, 2);
	send(&watched, (struct command){.kind = COMMAND_CHECKPOINT, .id = 5});
	run(&watched, 1);
	const struct event *first = find(&watched, EVENT_CHECKPOINT, 0), *last = find_last(&watched, EVENT_CHECKPOINT);
	assert_int_equal(last->step, 5);
	int weights = 0;
	for (int i = 0; i < checkpoint_tensor_count(first->checkpoint); i++) {
		const struct checkpoint_tensor *a = checkpoint_tensor_at(first->checkpoint, i);
		const struct checkpoint_tensor *b = checkpoint_find(last->checkpoint, a->name);
		size_t length = strlen(a->name);
		if (length < 7 || strcmp(a->name + length - 7, ".weight") != 0)
			continue;
		assert_memory_equal(a->values, b->values, a->count * sizeof *a->values);
		weights++;
	}
	assert_true(weights >= 8);
	unwatch(&watched);
}

/* Journalled as the setting "bits" with all that is in force, so that replaying the last entry is enough. */
static void one_layer_changes_live(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	options.settings.bits[NETWORK_G] = 2;
	struct watched watched = watch(&options);
	run(&watched, 2);
	static const struct { enum network_id network; const char *layer; int bits; const char *value, *text; } changes[] = {
		{NETWORK_G, "conv2", 4, "G.deconv2=4", "G.deconv2 bits 2 > 4"},
		{NETWORK_D, "conv4", 1, "D.conv4=1,G.deconv2=4", "D.conv4 bits 32 > 1"},
		{NETWORK_G, "deconv2", 0, "D.conv4=1", "G.deconv2 bits 4 > 2"},
		{NETWORK_D, "conv4", 0, "none", "D.conv4 bits 1 > 32"},
	};
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct command command = {.kind = COMMAND_SET_LAYER_BITS, .network = changes[i].network, .bits = changes[i].bits, .id = i + 1};
		text_copy(command.name, sizeof command.name, changes[i].layer);
		size_t before = watched.count;
		send(&watched, command);
		run(&watched, 1);
		assert_int_equal(reply_to(&watched, i + 1)->error.code, ERROR_NONE);
		const struct event *journal = find(&watched, EVENT_JOURNAL, before), *layers = find(&watched, EVENT_LAYERS, before);
		assert_int_equal(journal->command, COMMAND_SET_LAYER_BITS);
		assert_string_equal(journal->field, "bits");
		assert_string_equal(journal->value, changes[i].value);
		assert_string_equal(journal->text, changes[i].text);
		assert_int_equal(layers->layers[5].statistics.fit.bits, i < 2 ? 4 : 2);
		assert_int_equal(layers->layers[3].statistics.fit.bits, i == 1 || i == 2 ? 1 : 32);
	}
	unwatch(&watched);
}

/* A snapshot is what a checkpoint would be, but no fact of the run: nobody has to say that it is written. */
static void snapshots_are_copies_to_look_at(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	options.settings.bits[NETWORK_D] = 2;
	struct watched watched = watch(&options);
	run(&watched, 3);
	for (uint64_t id = 1; id <= 5; id++) {
		send(&watched, (struct command){.kind = COMMAND_SNAPSHOT, .id = id});
		if (id == 3)
			send(&watched, (struct command){.kind = COMMAND_PAUSE});
		run(&watched, 1);
		const struct event *snapshot = find_last(&watched, EVENT_SNAPSHOT);
		assert_int_equal(reply_to(&watched, id)->error.code, ERROR_NONE);
		assert_int_equal(snapshot->command_id, id);
		assert_int_equal(snapshot->step, id < 3 ? 2 + (int)id : 5);
	}
	assert_int_equal(count_kind(&watched, EVENT_SNAPSHOT), 5);
	assert_int_equal(count_kind(&watched, EVENT_JOURNAL), 1); /* the pause */
	assert_null(find(&watched, EVENT_CHECKPOINT, 0));
	send(&watched, (struct command){.kind = COMMAND_CHECKPOINT, .id = 9}); /* none is counted as in flight */
	run(&watched, 1);
	const struct checkpoint *copy = find_last(&watched, EVENT_SNAPSHOT)->checkpoint;
	const struct checkpoint *kept = find_last(&watched, EVENT_CHECKPOINT)->checkpoint;
	for (int i = 0; i < checkpoint_tensor_count(kept); i++) {
		const struct checkpoint_tensor *a = checkpoint_tensor_at(kept, i), *b = checkpoint_find(copy, a->name);
		assert_memory_equal(a->values, b->values, a->count * sizeof *a->values);
	}
	unwatch(&watched);
}

static void refused_commands_change_nothing(void **state)
{
	(void)state;
	static const struct command refused[] = {
		{.kind = COMMAND_SET_BITS, .network = NETWORK_D, .bits = 9, .id = 1},
		{.kind = COMMAND_SET_QUANTIZER, .name = "wishful", .id = 2},
		{.kind = COMMAND_SET_LEARNING_RATE, .network = NETWORK_G, .rate = -1, .id = 3},
		{.kind = COMMAND_STEP, .id = 4},
		{.kind = COMMAND_SET_LAYER_BITS, .network = NETWORK_D, .name = "norm2", .bits = 1, .id = 5},
	};
	char plain[CHECKPOINT_HASH_SIZE], disturbed[CHECKPOINT_HASH_SIZE];
	struct engine_options options = small_options(15);
	options.settings.bits[NETWORK_D] = 3;
	struct watched left_alone = watch(&options), watched = watch(&options);
	run_to_the_end(&left_alone);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		run(&watched, 2);
		send(&watched, refused[i]);
	}
	run_to_the_end(&watched);
	for (uint64_t id = 1; id <= 5; id++)
		assert_int_not_equal(reply_to(&watched, id)->error.code, ERROR_NONE);
	assert_null(find(&watched, EVENT_JOURNAL, 0));
	final_hash(&left_alone, plain);
	final_hash(&watched, disturbed);
	assert_string_equal(plain, disturbed);
	unwatch(&left_alone);
	unwatch(&watched);
}

static void pausing_and_single_steps(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	options.start_paused = true;
	struct watched watched = watch(&options);
	run(&watched, 4);
	assert_int_equal(steps_done(&watched), 0);
	send(&watched, (struct command){.kind = COMMAND_STEP, .id = 1});
	run(&watched, 4);
	assert_int_equal(steps_done(&watched), 1);
	/* Keys pressed faster than steps are made: none is lost. */
	for (uint64_t id = 2; id <= 4; id++)
		send(&watched, (struct command){.kind = COMMAND_STEP, .id = id});
	run(&watched, 6);
	assert_int_equal(steps_done(&watched), 4);
	assert_int_equal(find_last(&watched, EVENT_STATE)->state, ENGINE_PAUSED);
	/* A change while paused shows at once. */
	send(&watched, (struct command){.kind = COMMAND_SET_BITS, .network = NETWORK_G, .bits = 1, .id = 5});
	run(&watched, 1);
	assert_int_equal(steps_done(&watched), 4);
	assert_int_equal(find_last(&watched, EVENT_LAYERS)->step, 4);
	assert_layers(find_last(&watched, EVENT_LAYERS), NETWORK_G, 1);
	send(&watched, (struct command){.kind = COMMAND_RESUME, .id = 6});
	run(&watched, 3);
	assert_int_equal(steps_done(&watched), 7);
	send(&watched, (struct command){.kind = COMMAND_PAUSE, .id = 7});
	run(&watched, 3);
	assert_int_equal(steps_done(&watched), 7);
	/* A pause takes back steps that were asked for, and the next resumption is not cut short by them. */
	send(&watched, (struct command){.kind = COMMAND_STEP, .id = 8});
	send(&watched, (struct command){.kind = COMMAND_PAUSE, .id = 9});
	run(&watched, 2);
	assert_int_equal(steps_done(&watched), 7);
	send(&watched, (struct command){.kind = COMMAND_RESUME, .id = 10});
	run(&watched, 3);
	assert_int_equal(steps_done(&watched), 10);
	unwatch(&watched);
}

static void a_stop_saves_and_answers_everybody(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	struct watched watched = watch(&options);
	run(&watched, 3);
	size_t before = watched.count;
	send(&watched, (struct command){.kind = COMMAND_STOP, .id = 1});
	send(&watched, (struct command){.kind = COMMAND_SAMPLE, .id = 2});
	send(&watched, (struct command){.kind = COMMAND_STOP, .id = 3});
	run_to_the_end(&watched);
	static const enum engine_state states[] = {ENGINE_LOADING, ENGINE_RUNNING, ENGINE_STOPPING, ENGINE_STOPPED};
	assert_states(&watched, states, 4);
	const struct event *checkpoint = find(&watched, EVENT_CHECKPOINT, before);
	assert_true(checkpoint->last);
	assert_int_equal(checkpoint->step, 3);
	assert_int_equal(count_kind(&watched, EVENT_CHECKPOINT), 1);
	assert_non_null(find(&watched, EVENT_LAYERS, before));
	assert_int_equal(find(&watched, EVENT_SAMPLE, before)->seed, 0);
	assert_string_equal(find(&watched, EVENT_JOURNAL, before)->value, "stopped");
	assert_int_equal(reply_to(&watched, 1)->error.code, ERROR_NONE);
	assert_int_equal(reply_to(&watched, 2)->error.code, ERROR_STATE);
	assert_int_equal(reply_to(&watched, 3)->error.code, ERROR_NONE);
	send(&watched, (struct command){.kind = COMMAND_PAUSE, .id = 4});
	collect(&watched);
	assert_int_equal(reply_to(&watched, 4)->error.code, ERROR_STATE);
	unwatch(&watched);
}

static void a_full_command_queue_refuses_and_recovers(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	struct watched watched = watch(&options);
	uint64_t taken = 0;
	struct command command = {.kind = COMMAND_RESUME};
	for (command.id = 1; engine_send(watched.engine, &command); command.id++)
		assert_true(++taken < 100000);
	run(&watched, 1);
	for (uint64_t id = 1; id <= taken; id++)
		reply_to(&watched, id);
	assert_int_equal(count_kind(&watched, EVENT_REPLY), taken);
	assert_true(engine_send(watched.engine, &command));
	unwatch(&watched);
}

/* ---- facts ---- */

static void metric_points_are_means(void **state)
{
	(void)state;
	struct engine_options options = small_options(12);
	options.settings.metric_every = 4;
	struct watched watched = watch(&options);
	run_to_the_end(&watched);
	double loss_d = 0, loss_g = 0, d_real = 0, gradient = 0;
	int points = 0;
	for (size_t i = 0; i < watched.count; i++) {
		const struct step_report *report = &watched.events[i].progress.report;
		if (watched.events[i].kind == EVENT_PROGRESS) {
			loss_d += report->loss[NETWORK_D];
			loss_g += report->loss[NETWORK_G];
			d_real += report->d_real;
			gradient += report->gradient_norm[NETWORK_G];
		} else if (watched.events[i].kind == EVENT_METRICS) {
			assert_int_equal(report->step, 4 * ++points);
			assert_true(report->loss[NETWORK_D] == (float)(loss_d / 4));
			assert_true(report->loss[NETWORK_G] == (float)(loss_g / 4));
			assert_true(report->d_real == (float)(d_real / 4));
			assert_true(report->gradient_norm[NETWORK_G] == (float)(gradient / 4));
			loss_d = loss_g = d_real = gradient = 0;
		}
	}
	assert_int_equal(points, 3);
	unwatch(&watched);
}

/* The numbers of a metric point that must repeat: all but times. */
struct point {
	int64_t step, epoch;
	double epochs;
	float values[6];
};

static int take_points(const struct watched *watched, struct point points[], int max)
{
	int count = 0;
	for (size_t i = 0; i < watched->count && count < max; i++) {
		const struct step_report *mean = &watched->events[i].progress.report;
		if (watched->events[i].kind == EVENT_METRICS)
			points[count++] = (struct point){mean->step, mean->epoch, mean->epochs,
				{mean->loss[0], mean->loss[1], mean->d_real, mean->d_fake, mean->gradient_norm[0], mean->gradient_norm[1]}};
	}
	return count;
}

/* Bits of G change at step 12, so the resumed settings are not those of the beginning. */
static void train_with_a_change(struct watched *watched, int64_t turns)
{
	run(watched, 12);
	send(watched, (struct command){.kind = COMMAND_SET_BITS, .network = NETWORK_G, .bits = 1, .id = 1});
	run(watched, turns - 12);
}

static void a_resumed_training_tells_the_same_points(void **state)
{
	(void)state;
	enum { STEPS = 35, STOPPED = 17, POINTS = 3 };
	struct point whole[POINTS + 1], parts[POINTS + 1];
	char whole_hash[CHECKPOINT_HASH_SIZE], parts_hash[CHECKPOINT_HASH_SIZE];
	struct engine_options options = small_options(STEPS);
	options.settings.bits[NETWORK_D] = 2;
	struct watched uninterrupted = watch(&options), first = watch(&options);
	train_with_a_change(&uninterrupted, STEPS + 1);
	assert_int_equal(find_last(&uninterrupted, EVENT_STATE)->state, ENGINE_FINISHED);
	train_with_a_change(&first, STOPPED);
	send(&first, (struct command){.kind = COMMAND_STOP, .id = 2});
	run_to_the_end(&first);
	const struct event *saved = find_last(&first, EVENT_CHECKPOINT);
	assert_int_equal(saved->step, STOPPED);
	const char *path = write_state(saved, "stopped.safetensors", options.start_hash);
	text_copy(options.start_path, sizeof options.start_path, path);
	options.settings.bits[NETWORK_G] = 1;
	struct watched second = watch(&options);
	run_to_the_end(&second);
	assert_int_equal(find(&second, EVENT_STARTED, 0)->step, STOPPED);
	assert_int_equal(find(&second, EVENT_PROGRESS, 0)->progress.report.step, STOPPED + 1);
	assert_int_equal(take_points(&uninterrupted, whole, POINTS + 1), POINTS);
	int begun = take_points(&first, parts, POINTS);
	assert_int_equal(begun, 1);
	assert_int_equal(take_points(&second, parts + begun, POINTS + 1 - begun), POINTS - begun);
	assert_memory_equal(whole, parts, POINTS * sizeof *whole);
	final_hash(&uninterrupted, whole_hash);
	final_hash(&second, parts_hash);
	assert_string_equal(whole_hash, parts_hash);
	unwatch(&uninterrupted);
	unwatch(&first);
	unwatch(&second);
}

static void a_finished_training_resumed_is_finished(void **state)
{
	(void)state;
	struct engine_options options = small_options(3);
	struct watched first = watch(&options);
	run_to_the_end(&first);
	text_copy(options.start_path, sizeof options.start_path,
	          write_state(find_last(&first, EVENT_CHECKPOINT), "finished.safetensors", options.start_hash));
	struct watched again = watch(&options);
	run_to_the_end(&again);
	assert_int_equal(find_last(&again, EVENT_STATE)->state, ENGINE_FINISHED);
	assert_null(find(&again, EVENT_PROGRESS, 0));
	/* A file that is not the one recorded is refused. */
	options.start_hash[0] = options.start_hash[0] == '0' ? '1' : '0';
	struct watched wrong = watch(&options);
	run_to_the_end(&wrong);
	assert_int_equal(find_last(&wrong, EVENT_STATE)->state, ENGINE_FAILED);
	unwatch(&first);
	unwatch(&again);
	unwatch(&wrong);
}

static void progress_merges_and_facts_do_not(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	options.settings.metric_every = 1;
	options.settings.layers_every = 7;
	options.settings.sample_every = 9;
	struct watched watched = watch(&options);
	for (int i = 0; i < 30; i++)
		engine_run_inline(watched.engine);
	collect(&watched);
	assert_int_equal(count_kind(&watched, EVENT_PROGRESS), 1);
	assert_int_equal(steps_done(&watched), 30);
	assert_int_equal(count_kind(&watched, EVENT_LAYERS), 1 + 30 / 7);
	assert_int_equal(count_kind(&watched, EVENT_SAMPLE), 1 + 30 / 9);
	int64_t step = 0;
	for (size_t i = 0; i < watched.count; i++)
		if (watched.events[i].kind == EVENT_METRICS)
			assert_int_equal(watched.events[i].step, ++step);
	assert_int_equal(step, 30);
	unwatch(&watched);
}

static void a_slow_disk_holds_two_copies_at_most(void **state)
{
	(void)state;
	struct engine_options options = small_options(0);
	options.settings.checkpoint_every = 2;
	struct watched watched = watch(&options);
	run(&watched, 9);
	assert_int_equal(count_kind(&watched, EVENT_CHECKPOINT), 2);
	send(&watched, (struct command){.kind = COMMAND_CHECKPOINT, .id = 1});
	run(&watched, 1);
	assert_int_equal(reply_to(&watched, 1)->error.code, ERROR_STATE);
	engine_checkpoint_done(watched.engine);
	run(&watched, 1); /* step 11: the one that was due comes late */
	assert_int_equal(count_kind(&watched, EVENT_CHECKPOINT), 3);
	assert_int_equal(find_last(&watched, EVENT_CHECKPOINT)->step, 11);
	engine_checkpoint_done(watched.engine);
	engine_checkpoint_done(watched.engine);
	engine_checkpoint_done(watched.engine);
	run(&watched, 2);
	assert_int_equal(count_kind(&watched, EVENT_CHECKPOINT), 4);
	assert_int_equal(find_last(&watched, EVENT_CHECKPOINT)->step, 12);
	unwatch(&watched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_training_passes_its_states_in_order),
		cmocka_unit_test(wrong_starts_fail_with_a_sentence),
		cmocka_unit_test(a_training_that_diverges_keeps_its_last_good_state),
		cmocka_unit_test(a_held_training_pauses_instead),
		cmocka_unit_test(a_lost_picture_can_be_put_back),
		cmocka_unit_test(verdicts_are_told),
		cmocka_unit_test(every_command_is_answered_once_and_in_order),
		cmocka_unit_test(a_change_takes_effect_at_the_next_step),
		cmocka_unit_test(quantizer_and_rates_change_live),
		cmocka_unit_test(one_layer_changes_live),
		cmocka_unit_test(snapshots_are_copies_to_look_at),
		cmocka_unit_test(refused_commands_change_nothing),
		cmocka_unit_test(pausing_and_single_steps),
		cmocka_unit_test(a_stop_saves_and_answers_everybody),
		cmocka_unit_test(a_full_command_queue_refuses_and_recovers),
		cmocka_unit_test(metric_points_are_means),
		cmocka_unit_test(a_resumed_training_tells_the_same_points),
		cmocka_unit_test(a_finished_training_resumed_is_finished),
		cmocka_unit_test(progress_merges_and_facts_do_not),
		cmocka_unit_test(a_slow_disk_holds_two_copies_at_most),
	};
	return cmocka_run_group_tests_name("engine", tests, prepare, clean_up);
}
