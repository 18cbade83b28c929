#include "engine/base/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

struct queue {
	size_t item_size, limit;
	int wake[2]; /* a pipe holding at most one byte: "look into the queue" */

	pthread_mutex_t lock; /* guards everything below */
	char *items;          /* ring of `capacity` items */
	size_t capacity, first, length;
};

struct queue *queue_create(size_t item_size, size_t limit, struct error *error)
{
	int wake[2];
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) {
		error_set_errno(error, "cannot make a pipe between threads");
		return NULL;
	}
	struct queue *queue = memory_zeroed(1, sizeof *queue);
	queue->item_size = item_size;
	queue->limit = limit;
	queue->wake[0] = wake[0];
	queue->wake[1] = wake[1];
	pthread_mutex_init(&queue->lock, NULL);
	return queue;
}

void queue_destroy(struct queue *queue)
{
	if (!queue)
		return;
	close(queue->wake[0]);
	close(queue->wake[1]);
	pthread_mutex_destroy(&queue->lock);
	free(queue->items);
	free(queue);
}

/* Doubles the ring and lays the items out from its beginning. Called with the lock held. */
static void grow(struct queue *queue)
{
	size_t capacity = queue->capacity ? 2 * queue->capacity : 16;
	char *items = memory_zeroed(capacity, queue->item_size);
	for (size_t i = 0; i < queue->length; i++)
		memcpy(items + i * queue->item_size,
		       queue->items + (queue->first + i) % queue->capacity * queue->item_size, queue->item_size);
	free(queue->items);
	queue->items = items;
	queue->capacity = capacity;
	queue->first = 0;
}

bool queue_push(struct queue *queue, const void *item)
{
	pthread_mutex_lock(&queue->lock);
	bool taken = !queue->limit || queue->length < queue->limit;
	if (taken) {
		if (queue->length == queue->capacity)
			grow(queue);
		size_t slot = (queue->first + queue->length) % queue->capacity;
		memcpy(queue->items + slot * queue->item_size, item, queue->item_size);
		queue->length++;
	}
	pthread_mutex_unlock(&queue->lock);
	if (taken) {
		/* A full pipe already says what this byte would say. */
		ssize_t written = write(queue->wake[1], "", 1);
		(void)written;
	}
	return taken;
}

bool queue_pop(struct queue *queue, void *item)
{
	pthread_mutex_lock(&queue->lock);
	bool any = queue->length > 0;
	if (any) {
		memcpy(item, queue->items + queue->first * queue->item_size, queue->item_size);
		queue->first = (queue->first + 1) % queue->capacity;
		queue->length--;
	}
	pthread_mutex_unlock(&queue->lock);
	return any;
}

size_t queue_length(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	size_t length = queue->length;
	pthread_mutex_unlock(&queue->lock);
	return length;
}

int queue_wake_descriptor(const struct queue *queue)
{
	return queue->wake[0];
}

void queue_drain_wake(struct queue *queue)
{
	char bytes[256];
	while (read(queue->wake[0], bytes, sizeof bytes) > 0)
		;
}

bool queue_wait(struct queue *queue, double seconds)
{
	double end = clock_seconds() + seconds;
	for (;;) {
		queue_drain_wake(queue);
		if (queue_length(queue) > 0)
			return true;
		double left = seconds < 0 ? -1 : end - clock_seconds();
		if (seconds >= 0 && left <= 0)
			return false;
		struct pollfd wake = {.fd = queue->wake[0], .events = POLLIN};
		if (poll(&wake, 1, left < 0 ? -1 : (int)(left * 1000) + 1) < 0 && errno != EINTR)
			return queue_length(queue) > 0;
	}
}
