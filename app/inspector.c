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
#include <stdlib.h>

#include "app/inspector_parts.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/base/thread.h"

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
	if (open_subject(&inspector->subject))
		inspector_answer_part(inspector);
	else
		inspector_fail(inspector, &inspector->subject.error);
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
