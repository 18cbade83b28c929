/* A thread that turns pictures into sixel bytes, so that keys never wait for it. The newest order wins. Called from
 * the main thread. */
#ifndef QGAN_UI_GRAPHICS_ENCODER_H
#define QGAN_UI_GRAPHICS_ENCODER_H

#include "engine/base/image.h"
#include "engine/base/text.h"
#include "ui/canvas.h"
#include "ui/graphics_scale.h"

struct encoded_picture {
	unsigned version;
	int64_t run;
	struct extent size;  /* pixels */
	struct rect cells;   /* where it goes, on the whole canvas */
	int registers;
	struct text bytes;   /* a whole sequence; empty in an order */
};

struct encoder;
struct encoder *encoder_create(struct error *error);
void encoder_destroy(struct encoder *encoder); /* NULL is fine */

/* Takes `image`. An order not begun yet is dropped. */
void encoder_order(struct encoder *encoder, const struct encoded_picture *what, struct image *image);

/* Readable when a picture is done. */
int encoder_wake_descriptor(const struct encoder *encoder);

/* The newest finished picture; its bytes are the caller's now. False: none. */
bool encoder_take(struct encoder *encoder, struct encoded_picture *picture);

#endif
