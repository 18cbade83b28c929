#include "ui/graphics_encoder.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/base/thread.h"
#include "ui/graphics_sixel.h"

struct encoder {
	pthread_t thread;
	int wake;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t ordered;
	bool stop, has_order, has_result;
	struct encoded_picture order, result;
	struct image *image; /* of the order */
};

static void finish(struct encoder *encoder, struct encoded_picture *picture)
{
	pthread_mutex_lock(&encoder->mutex);
	if (encoder->has_result)
		text_clear(&encoder->result.bytes);
	encoder->result = *picture;
	encoder->has_result = true;
	pthread_mutex_unlock(&encoder->mutex);
	uint64_t one = 1;
	ssize_t written = write(encoder->wake, &one, sizeof one);
	(void)written;
}

/* Waits for an order; false: the end. The image is the caller's. */
static bool next_order(struct encoder *encoder, struct encoded_picture *order, struct image **image)
{
	pthread_mutex_lock(&encoder->mutex);
	while (!encoder->has_order && !encoder->stop)
		pthread_cond_wait(&encoder->ordered, &encoder->mutex);
	bool go = !encoder->stop;
	*order = encoder->order;
	if (go) {
		*image = encoder->image;
		encoder->image = NULL;
		encoder->has_order = false;
	}
	pthread_mutex_unlock(&encoder->mutex);
	return go;
}

static void *work(void *context)
{
	struct encoder *encoder = context;
	struct sixel_palette *palette = memory_zeroed(1, sizeof *palette);
	struct encoded_picture order;
	struct image *image;
	while (next_order(encoder, &order, &image)) {
		if (sixel_encode_image(palette, image, order.size, order.registers, order.run, &order.bytes))
			finish(encoder, &order);
		image_destroy(image);
	}
	free(palette);
	return NULL;
}

struct encoder *encoder_create(struct error *error)
{
	struct encoder *encoder = memory_zeroed(1, sizeof *encoder);
	pthread_mutex_init(&encoder->mutex, NULL);
	pthread_cond_init(&encoder->ordered, NULL);
	encoder->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (encoder->wake < 0)
		error_set_errno(error, "cannot make a wake-up for the thread that draws pictures");
	else if (thread_start(&encoder->thread, work, encoder, "the thread that draws pictures", error))
		return encoder;
	if (encoder->wake >= 0)
		close(encoder->wake);
	free(encoder);
	return NULL;
}

void encoder_destroy(struct encoder *encoder)
{
	if (!encoder)
		return;
	pthread_mutex_lock(&encoder->mutex);
	encoder->stop = true;
	pthread_cond_signal(&encoder->ordered);
	pthread_mutex_unlock(&encoder->mutex);
	pthread_join(encoder->thread, NULL);
	image_destroy(encoder->image);
	if (encoder->has_result)
		text_clear(&encoder->result.bytes);
	close(encoder->wake);
	pthread_mutex_destroy(&encoder->mutex);
	pthread_cond_destroy(&encoder->ordered);
	free(encoder);
}

void encoder_order(struct encoder *encoder, const struct encoded_picture *what, struct image *image)
{
	pthread_mutex_lock(&encoder->mutex);
	image_destroy(encoder->image);
	encoder->image = image;
	encoder->order = *what;
	encoder->order.bytes = (struct text){0};
	encoder->has_order = true;
	pthread_cond_signal(&encoder->ordered);
	pthread_mutex_unlock(&encoder->mutex);
}

int encoder_wake_descriptor(const struct encoder *encoder) { return encoder->wake; }

bool encoder_take(struct encoder *encoder, struct encoded_picture *picture)
{
	uint64_t count;
	ssize_t got = read(encoder->wake, &count, sizeof count);
	(void)got;
	pthread_mutex_lock(&encoder->mutex);
	bool taken = encoder->has_result;
	if (taken)
		*picture = encoder->result;
	encoder->has_result = false;
	pthread_mutex_unlock(&encoder->mutex);
	return taken;
}
