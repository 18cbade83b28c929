/* Deletes runs of the trash for ever, on a thread with a connection of its own: one with millions of points takes seconds.
 * One order at a time. Main thread. */
#ifndef QGAN_APP_PURGER_H
#define QGAN_APP_PURGER_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

struct purger;

struct purger *purger_create(const char *store_path, struct error *error);
void purger_destroy(struct purger *purger); /* finishes the run at hand, leaves the others in the trash; NULL is fine */

/* ERROR_STATE while another order is at work. */
bool purger_start(struct purger *purger, const int64_t *runs, size_t count, struct error *error);

struct purger_news {
	size_t done, count;
	double bytes;       /* of the checkpoints deleted so far */
	bool over;          /* with everything, or because of the error */
	struct error error; /* ERROR_NONE: none */
};
bool purger_poll(struct purger *purger, struct purger_news *news); /* the newest; false: nothing new */
int purger_wake_descriptor(const struct purger *purger);            /* readable while news may wait */

#endif
