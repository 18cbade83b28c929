/* What the two halves of the inspector share: inspector.c (threads, orders, the subject) and inspector_answers.c (what is
 * worked out and told, part by part). */
#ifndef QGAN_APP_INSPECTOR_PARTS_H
#define QGAN_APP_INSPECTOR_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "app/inspector.h"
#include "engine/base/queue.h"

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

/* Does one part of the open question. */
void inspector_answer_part(struct inspector *inspector);

/* The open question is over; a newer one follows a cancelled one, which says nothing. */
void inspector_fail(struct inspector *inspector, const struct error *error);

#endif
