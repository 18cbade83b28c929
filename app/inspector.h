/* Answers "what if" questions of the weights screen on a thread of its own, from a copy of the weights: training goes on
 * and keys are answered meanwhile. The newest question replaces an older one that is not answered yet. Created, asked,
 * polled and destroyed by the main thread. */
#ifndef QGAN_APP_INSPECTOR_H
#define QGAN_APP_INSPECTOR_H

#include "engine/gan/inspection.h"

struct inspector;

struct inspector *inspector_create(struct error *error);

/* Without a thread, for tests: inspector_run_inline does the next part of the work, one answer at most, on the calling
 * thread; false: there was nothing to do. */
struct inspector *inspector_create_inline(struct error *error);
bool inspector_run_inline(struct inspector *inspector);

void inspector_destroy(struct inspector *inspector); /* cancels what it is at; NULL is fine */

/* The weights to look at from now on: a copy of a live state (taken over; NULL: none, memory is given back), or a
 * recorded file (hash may be empty). Questions about the subject before and their answers are dropped. */
void inspector_set_subject(struct inspector *inspector, struct checkpoint *state);
void inspector_set_subject_file(struct inspector *inspector, const char *path, const char *hash);

struct inspector_question {
	uint64_t id;             /* comes back with every answer */
	struct what_if what_if;  /* what_if.layer is -1 for the whole network; `layer` says which one is described */
	int layer;
	int samples;             /* tiles of the pictures; 0: none wanted */
	uint64_t seed;           /* 0: the fixed noise */
};
void inspector_ask(struct inspector *inspector, const struct inspector_question *question);

/* In this order, each as soon as it is known: LAYER; PICTURE of the question (G only); FLOAT_PICTURE, from the same noise and
 * float weights (G only); BYTES of the network; ERROR_CELL of the table, every method at 1 bit, at 2 .. at 8; BEST_LEVELS (1..8
 * bits only); DONE, or FAILED anywhere. What is already known of the subject is answered from memory. A question that a newer
 * one replaces may stay without DONE. */
enum inspector_answer_kind {
	INSPECTOR_LAYER, INSPECTOR_PICTURE, INSPECTOR_FLOAT_PICTURE, INSPECTOR_BYTES, INSPECTOR_ERROR_CELL, INSPECTOR_BEST_LEVELS,
	INSPECTOR_DONE, INSPECTOR_FAILED,
};
struct inspector_answer {
	enum inspector_answer_kind kind;
	uint64_t id;
	int64_t step;                /* of the weights */
	struct layer_report *report; /* LAYER: owned by the receiver */
	struct image *picture;       /* PICTURE, FLOAT_PICTURE: owned by the receiver */
	const struct quantizer *quantizer; /* ERROR_CELL */
	int bits;                    /* ERROR_CELL */
	double value;                /* ERROR_CELL, BEST_LEVELS: MSE over variance (infinite: not applicable); BYTES: bytes */
	double seconds;              /* LAYER, PICTURE, FLOAT_PICTURE: spent computing */
	struct error error;          /* FAILED */
};
bool inspector_poll(struct inspector *inspector, struct inspector_answer *answer); /* false: nothing new */
void inspector_answer_clear(struct inspector_answer *answer);
int inspector_wake_descriptor(const struct inspector *inspector); /* readable while answers may wait */
void inspector_drain_wake(struct inspector *inspector);

#endif
