/* A queue of fixed-size items between two threads, with a file descriptor that becomes readable when something is
 * waiting, so that the receiver sleeps in poll(). Items are copied in and out; what they point to changes owner.
 * Senders never wait. A queue made with a limit refuses items beyond it; one without a limit grows, because facts
 * must not be dropped. All functions may be called from any thread. */
#ifndef QGAN_ENGINE_BASE_QUEUE_H
#define QGAN_ENGINE_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"

struct queue;

/* limit 0: no limit. NULL and an error when the system has no file descriptors left. */
struct queue *queue_create(size_t item_size, size_t limit, struct error *error);

/* Items still inside are not looked at: drain the queue first when they own something. NULL is fine. */
void queue_destroy(struct queue *queue);

bool queue_push(struct queue *queue, const void *item); /* false: the limit is reached, nothing was taken */
bool queue_pop(struct queue *queue, void *item);        /* false: empty */
size_t queue_length(struct queue *queue);

/* Readable (POLLIN) while items may be waiting. Owned by the queue. Call queue_drain_wake before popping until empty. */
int queue_wake_descriptor(const struct queue *queue);
void queue_drain_wake(struct queue *queue);

/* Waits until something is there or the time is over (negative: no limit); true when something is there. */
bool queue_wait(struct queue *queue, double seconds);

#endif
