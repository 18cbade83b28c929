/* The inspector's thread works in parts, each one answer long, and looks for newer orders between them: so the newest
 * question never waits for more than one part of an older one. The one part that can take seconds, the search for the
 * best levels, is told to stop.
 *
 *   main thread --orders (subject, question), under the lock--> inspector thread --answers, a queue--> main thread
 *
 * Every subject has a number; answers carry it, and those about a subject of the past are dropped when polled. What has
 * been worked out about a subject is remembered with it: error cells, best levels, sizes, the picture of its float
 * weights. */
#include "app/inspector.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/queue.h"
#include "engine/base/text.h"
#include "engine/base/thread.h"
#include "engine/gan/inspection.h"
#include "engine/quant/best_levels.h"

enum { MOST_METHODS = 16, PATH_LENGTH = 4096, WAYS = 4 /* literal or not, one scale a tensor or a channel */ };

/* What is wanted of the thread and not begun yet. */
struct orders {
	bool subject_waits, question_waits, quit;
	struct checkpoint *state; /* owned; or else */
	char path[PATH_LENGTH];   /* empty: none */
	char hash[CHECKPOINT_HASH_SIZE];
	uint64_t subject;         /* its number */
	struct inspector_question question;
};

/* What is known of a layer. NaN: not yet. */
struct layer_memory {
	double errors[WAYS][MOST_METHODS][QUANT_MAX_BITS]; /* MSE over variance */
	double best[QUANT_MAX_BITS], packed_bytes;         /* as trained */
};

struct subject {
	uint64_t number;
	struct inspection *inspection; /* NULL: not opened yet, or not to be opened: error */
	struct error error;
	struct checkpoint *state;
	char path[PATH_LENGTH], hash[CHECKPOINT_HASH_SIZE];
	struct layer_memory *layers[NETWORK_COUNT]; /* TRAINER_MAX_LAYERS each */
	struct image *picture;         /* of the float weights, of so many tiles from that seed */
	int samples;
	uint64_t seed;
};

struct parcel {
	uint64_t subject;
	struct inspector_answer answer;
};

struct inspector {
	pthread_t thread;
	bool has_thread;
	struct queue *answers;   /* of parcels */
	uint64_t subjects;       /* number of the present subject; the main thread's own */

	pthread_mutex_t lock;    /* guards the orders */
	pthread_cond_t ordered;
	struct orders orders;
	atomic_bool interrupted; /* orders wait: leave what can be left */

	/* the inspector thread's own */
	struct subject subject;
	struct inspector_question question;
	bool open;               /* it is being answered */
	int part, place;         /* which part of the answer; which layer or cell of that part */
	double asked_bytes;      /* of the described layer under the question */
	double variance;         /* of its weights */
	double network_bytes;    /* summed up so far */
};

/* ---- answers ---- */

static struct inspector_answer *new_answer(struct inspector *inspector, struct parcel *parcel, enum inspector_answer_kind kind)
{
	*parcel = (struct parcel){.subject = inspector->subject.number};
	parcel->answer.kind = kind;
	parcel->answer.id = inspector->question.id;
	parcel->answer.step = inspector->subject.inspection ? inspection_step(inspector->subject.inspection) : 0;
	return &parcel->answer;
}

static void tell_value(struct inspector *inspector, enum inspector_answer_kind kind, const struct quantizer *quantizer, int bits,
                       double value)
{
	struct parcel parcel;
	struct inspector_answer *answer = new_answer(inspector, &parcel, kind);
	answer->quantizer = quantizer;
	answer->bits = bits;
	answer->value = value;
	queue_push(inspector->answers, &parcel);
}

static void tell_picture(struct inspector *inspector, enum inspector_answer_kind kind, struct image *picture, double seconds)
{
	struct parcel parcel;
	struct inspector_answer *answer = new_answer(inspector, &parcel, kind);
	answer->picture = picture;
	answer->seconds = seconds;
	queue_push(inspector->answers, &parcel);
}

/* ---- the subject ---- */

static void forget_subject(struct subject *subject)
{
	inspection_destroy(subject->inspection);
	checkpoint_destroy(subject->state);
	for (int network = 0; network < NETWORK_COUNT; network++)
		free(subject->layers[network]);
	image_destroy(subject->picture);
	*subject = (struct subject){.number = subject->number};
}

static struct layer_memory *new_memories(void)
{
	struct layer_memory *layers = memory_zeroed(TRAINER_MAX_LAYERS, sizeof *layers);
	double *values = (double *)layers; /* nothing but numbers */
	for (size_t i = 0; i < TRAINER_MAX_LAYERS * sizeof *layers / sizeof *values; i++)
		values[i] = NAN;
	return layers;
}

static struct checkpoint *take_state(struct subject *subject, struct error *error)
{
	struct checkpoint *state = subject->state;
	subject->state = NULL;
	if (state)
		return state;
	if (*subject->path)
		return checkpoint_read(subject->path, *subject->hash ? subject->hash : NULL, error);
	error_set(error, ERROR_STATE, "there are no weights to look at");
	return NULL;
}

/* Opened when the first question is asked; a subject that cannot be opened is not tried again. */
static bool open_subject(struct subject *subject)
{
	if (subject->inspection || subject->error.code != ERROR_NONE)
		return subject->inspection != NULL;
	struct checkpoint *state = take_state(subject, &subject->error);
	if (!state)
		return false;
	subject->inspection = inspection_create(state, 0, &subject->error);
	checkpoint_destroy(state);
	if (!subject->inspection)
		return false;
	for (int network = 0; network < NETWORK_COUNT; network++)
		subject->layers[network] = new_memories();
	return true;
}

/* ---- the parts of an answer: false is failure; *again: the part has more to tell ---- */

static struct layer_memory *memory_of(struct inspector *inspector, int layer)
{
	return &inspector->subject.layers[inspector->question.what_if.network][layer];
}

static double *known_error(struct inspector *inspector, int method, int bits)
{
	const struct what_if *what_if = &inspector->question.what_if;
	int way = (what_if->literal ? 2 : 0) + (what_if->per_channel ? 1 : 0);
	return &memory_of(inspector, inspector->question.layer)->errors[way][method][bits - 1];
}

static double relative_error(double mean_squared_error, double variance)
{
	return variance > 0 ? mean_squared_error / variance : 0;
}

static double size_of(const struct quant_statistics *statistics)
{
	return statistics->fit.bits == QUANT_FLOAT_BITS ? (double)statistics->weights * sizeof(float) : statistics->packed_bytes;
}

/* One layer under the question's options, by this method at these bits; method NULL: as trained. */
static bool describe(struct inspector *inspector, int layer, const struct quantizer *quantizer, int bits,
                     struct layer_report *report, struct error *error)
{
	struct what_if what_if = inspector->question.what_if;
	what_if.layer = layer;
	what_if.quantizer = quantizer;
	what_if.bits = bits;
	return inspection_describe(inspector->subject.inspection, &what_if, layer, report, error);
}

static bool answer_layer(struct inspector *inspector, bool *again, struct error *error)
{
	(void)again;
	const struct inspector_question *question = &inspector->question;
	const struct what_if *what_if = &question->what_if;
	if (question->layer < 0 || question->layer >= inspection_layers(inspector->subject.inspection, what_if->network))
		return error_set(error, ERROR_INPUT, "%s has no layer %d", what_if->network == NETWORK_D ? "D" : "G", question->layer);
	double start = clock_seconds();
	struct layer_report *report = memory_zeroed(1, sizeof *report);
	if (!describe(inspector, question->layer, what_if->quantizer, what_if->bits, report, error)) {
		free(report);
		return false;
	}
	const struct quant_statistics *statistics = &report->statistics;
	inspector->asked_bytes = size_of(statistics);
	inspector->variance = statistics->variance;
	for (int i = 0; i < MOST_METHODS && quantizers[i]; i++)
		if (quantizers[i] == what_if->quantizer && what_if->bits >= quantizers[i]->least_bits && what_if->bits <= QUANT_MAX_BITS)
			*known_error(inspector, i, what_if->bits) = relative_error(statistics->mean_squared_error, statistics->variance);
	struct parcel parcel;
	struct inspector_answer *answer = new_answer(inspector, &parcel, INSPECTOR_LAYER);
	answer->report = report;
	answer->seconds = clock_seconds() - start;
	queue_push(inspector->answers, &parcel);
	return true;
}

static bool wants_pictures(const struct inspector_question *question)
{
	return question->samples > 0 && question->what_if.network == NETWORK_G;
}

static bool answer_picture(struct inspector *inspector, bool *again, struct error *error)
{
	(void)again;
	const struct inspector_question *question = &inspector->question;
	if (!wants_pictures(question))
		return true;
	double start = clock_seconds();
	struct image *picture = inspection_sample(inspector->subject.inspection, &question->what_if, question->samples, question->seed,
	                                          error);
	if (picture)
		tell_picture(inspector, INSPECTOR_PICTURE, picture, clock_seconds() - start);
	return picture != NULL;
}

static bool answer_float_picture(struct inspector *inspector, bool *again, struct error *error)
{
	(void)again;
	static const struct what_if whole_in_float = {
		.network = NETWORK_G, .layer = -1, .quantizer = &quantizer_em, .bits = QUANT_FLOAT_BITS,
	};
	const struct inspector_question *question = &inspector->question;
	struct subject *subject = &inspector->subject;
	if (!wants_pictures(question))
		return true;
	double start = clock_seconds();
	if (!subject->picture || subject->samples != question->samples || subject->seed != question->seed) {
		image_destroy(subject->picture);
		subject->samples = question->samples;
		subject->seed = question->seed;
		subject->picture = inspection_sample(subject->inspection, &whole_in_float, question->samples, question->seed, error);
	}
	struct image *copy = subject->picture ? image_copy(subject->picture, error) : NULL;
	if (copy)
		tell_picture(inspector, INSPECTOR_FLOAT_PICTURE, copy, clock_seconds() - start);
	return copy != NULL;
}

/* Packed size of the layer at `place` under the question, or as it was trained. */
static bool measure_layer(struct inspector *inspector, double *bytes, struct error *error)
{
	const struct what_if *what_if = &inspector->question.what_if;
	double *as_trained = &memory_of(inspector, inspector->place)->packed_bytes;
	bool asked = inspector->place == inspector->question.layer, concerned = asked || what_if->layer < 0;
	struct layer_report report;
	*bytes = asked ? inspector->asked_bytes : *as_trained;
	if (asked || (!concerned && !isnan(*as_trained)))
		return true;
	if (!describe(inspector, inspector->place, concerned ? what_if->quantizer : NULL, what_if->bits, &report, error))
		return false;
	*bytes = size_of(&report.statistics);
	if (!concerned)
		*as_trained = *bytes;
	return true;
}

static bool answer_bytes(struct inspector *inspector, bool *again, struct error *error)
{
	double bytes;
	if (!measure_layer(inspector, &bytes, error))
		return false;
	inspector->network_bytes = inspector->place == 0 ? bytes : inspector->network_bytes + bytes;
	*again = inspector->place + 1 < inspection_layers(inspector->subject.inspection, inspector->question.what_if.network);
	if (!*again)
		tell_value(inspector, INSPECTOR_BYTES, NULL, 0, inspector->network_bytes);
	return true;
}

/* Few bits first: they are what is looked at. */
static bool answer_cell(struct inspector *inspector, bool *again, struct error *error)
{
	int methods = 0;
	while (methods < MOST_METHODS && quantizers[methods])
		methods++;
	int method = inspector->place % methods, bits = QUANT_MIN_BITS + inspector->place / methods;
	const struct quantizer *quantizer = quantizers[method];
	double *error_known = known_error(inspector, method, bits);
	if (bits < quantizer->least_bits) {
		*error_known = INFINITY;
	} else if (isnan(*error_known)) {
		struct layer_report report;
		if (!describe(inspector, inspector->question.layer, quantizer, bits, &report, error))
			return false;
		*error_known = relative_error(report.statistics.mean_squared_error, inspector->variance);
	}
	tell_value(inspector, INSPECTOR_ERROR_CELL, quantizer, bits, *error_known);
	*again = inspector->place + 1 < methods * QUANT_MAX_BITS;
	return true;
}

/* Bits without states (float weights, or as trained) have no best levels. */
static bool answer_best_levels(struct inspector *inspector, bool *again, struct error *error)
{
	(void)again;
	const struct inspector_question *question = &inspector->question;
	int bits = question->what_if.bits;
	if (!question->what_if.quantizer || bits > QUANT_MAX_BITS)
		return true;
	double *best = &memory_of(inspector, question->layer)->best[bits - 1];
	if (isnan(*best)) {
		size_t count;
		const float *weights = inspection_weights(inspector->subject.inspection, question->what_if.network, question->layer, &count);
		double levels[QUANT_MAX_STATES], squared;
		int used;
		if (!best_levels_find(weights, count, 1 << bits, levels, &used, &squared, &inspector->interrupted, error))
			return false;
		*best = relative_error(squared, inspector->variance);
	}
	tell_value(inspector, INSPECTOR_BEST_LEVELS, NULL, bits, *best);
	return true;
}

static bool answer_done(struct inspector *inspector, bool *again, struct error *error)
{
	(void)again;
	(void)error;
	tell_value(inspector, INSPECTOR_DONE, NULL, 0, 0);
	inspector->open = false;
	return true;
}

static bool (*const parts[])(struct inspector *inspector, bool *again, struct error *error) = {
	answer_layer, answer_picture, answer_float_picture, answer_bytes, answer_cell, answer_best_levels, answer_done,
};

/* ---- the thread ---- */

static void begin_subject(struct inspector *inspector, const struct orders *orders)
{
	struct subject *subject = &inspector->subject;
	forget_subject(subject);
	subject->number = orders->subject;
	subject->state = orders->state;
	text_copy(subject->path, sizeof subject->path, orders->path);
	text_copy(subject->hash, sizeof subject->hash, orders->hash);
	inspector->open = false;
}

static bool orders_wait(const struct orders *orders)
{
	return orders->subject_waits || orders->question_waits || orders->quit;
}

static struct orders take_orders(struct inspector *inspector)
{
	pthread_mutex_lock(&inspector->lock);
	struct orders orders = inspector->orders;
	inspector->orders.subject_waits = inspector->orders.question_waits = false;
	inspector->orders.state = NULL;
	atomic_store(&inspector->interrupted, orders.quit);
	pthread_mutex_unlock(&inspector->lock);
	return orders;
}

static void fail(struct inspector *inspector, const struct error *error)
{
	inspector->open = false;
	if (error->code == ERROR_CANCELLED) /* a newer question follows, and answers */
		return;
	struct parcel parcel;
	new_answer(inspector, &parcel, INSPECTOR_FAILED)->error = *error;
	queue_push(inspector->answers, &parcel);
}

static void do_part(struct inspector *inspector)
{
	struct error error = {0};
	bool again = false;
	if (!open_subject(&inspector->subject)) {
		fail(inspector, &inspector->subject.error);
	} else if (!parts[inspector->part](inspector, &again, &error)) {
		fail(inspector, &error);
	} else if (again) {
		inspector->place++;
	} else {
		inspector->part++;
		inspector->place = 0;
	}
}

bool inspector_run_inline(struct inspector *inspector)
{
	struct orders orders = take_orders(inspector);
	if (orders.subject_waits)
		begin_subject(inspector, &orders);
	if (orders.question_waits) {
		inspector->question = orders.question;
		inspector->part = inspector->place = 0;
		inspector->open = true;
	}
	if (orders.quit || !inspector->open)
		return false;
	do_part(inspector);
	return true;
}

static void *inspector_main(void *context)
{
	struct inspector *inspector = context;
	parallel_lower_priority();
	for (bool quit = false; !quit;) {
		pthread_mutex_lock(&inspector->lock);
		while (!inspector->open && !orders_wait(&inspector->orders))
			pthread_cond_wait(&inspector->ordered, &inspector->lock);
		quit = inspector->orders.quit;
		pthread_mutex_unlock(&inspector->lock);
		if (!quit)
			inspector_run_inline(inspector);
	}
	return NULL;
}

/* ---- the main thread's side ---- */

struct inspector *inspector_create_inline(struct error *error)
{
	struct queue *answers = queue_create(sizeof(struct parcel), 0, error);
	if (!answers)
		return NULL;
	struct inspector *inspector = memory_zeroed(1, sizeof *inspector);
	inspector->answers = answers;
	pthread_mutex_init(&inspector->lock, NULL);
	pthread_cond_init(&inspector->ordered, NULL);
	return inspector;
}

struct inspector *inspector_create(struct error *error)
{
	struct inspector *inspector = inspector_create_inline(error);
	if (!inspector)
		return NULL;
	inspector->has_thread = thread_start(&inspector->thread, inspector_main, inspector, "the inspector's thread", error);
	if (inspector->has_thread)
		return inspector;
	inspector_destroy(inspector);
	return NULL;
}

/* The changed orders are looked at after the part at hand. */
static void finish_orders(struct inspector *inspector)
{
	atomic_store(&inspector->interrupted, true);
	pthread_cond_signal(&inspector->ordered);
	pthread_mutex_unlock(&inspector->lock);
}

void inspector_destroy(struct inspector *inspector)
{
	if (!inspector)
		return;
	pthread_mutex_lock(&inspector->lock);
	inspector->orders.quit = true;
	finish_orders(inspector);
	if (inspector->has_thread)
		pthread_join(inspector->thread, NULL);
	checkpoint_destroy(inspector->orders.state);
	forget_subject(&inspector->subject);
	struct parcel parcel;
	while (queue_pop(inspector->answers, &parcel))
		inspector_answer_clear(&parcel.answer);
	queue_destroy(inspector->answers);
	pthread_mutex_destroy(&inspector->lock);
	pthread_cond_destroy(&inspector->ordered);
	free(inspector);
}

static void order_subject(struct inspector *inspector, struct checkpoint *state, const char *path, const char *hash)
{
	pthread_mutex_lock(&inspector->lock);
	struct orders *orders = &inspector->orders;
	checkpoint_destroy(orders->state); /* of a subject nobody has come to look at */
	orders->state = state;
	text_copy(orders->path, sizeof orders->path, path);
	text_copy(orders->hash, sizeof orders->hash, hash);
	orders->subject = ++inspector->subjects;
	orders->subject_waits = true;
	orders->question_waits = false;
	finish_orders(inspector);
}

void inspector_set_subject(struct inspector *inspector, struct checkpoint *state)
{
	order_subject(inspector, state, "", "");
}

void inspector_set_subject_file(struct inspector *inspector, const char *path, const char *hash)
{
	order_subject(inspector, NULL, path, hash);
}

void inspector_ask(struct inspector *inspector, const struct inspector_question *question)
{
	pthread_mutex_lock(&inspector->lock);
	inspector->orders.question = *question;
	inspector->orders.question_waits = true;
	finish_orders(inspector);
}

bool inspector_poll(struct inspector *inspector, struct inspector_answer *answer)
{
	struct parcel parcel;
	while (queue_pop(inspector->answers, &parcel)) {
		*answer = parcel.answer;
		if (parcel.subject == inspector->subjects)
			return true;
		inspector_answer_clear(answer);
	}
	return false;
}

void inspector_answer_clear(struct inspector_answer *answer)
{
	free(answer->report);
	image_destroy(answer->picture);
	answer->report = NULL;
	answer->picture = NULL;
}

int inspector_wake_descriptor(const struct inspector *inspector)
{
	return queue_wake_descriptor(inspector->answers);
}

void inspector_drain_wake(struct inspector *inspector)
{
	queue_drain_wake(inspector->answers);
}
