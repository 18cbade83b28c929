/* Pictures as sixel bytes. The colours of a run are chosen once, from its first pictures, and kept, so that a
 * picture differs from the one before only where the samples do; they are chosen anew only when they have become
 * clearly too poor. Plain data, one thread at a time. */
#ifndef QGAN_UI_GRAPHICS_SIXEL_H
#define QGAN_UI_GRAPHICS_SIXEL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/image.h"
#include "engine/base/text.h"
#include "ui/graphics_scale.h"

/* One band of six lines: libsixel 1.10 puts less into the second band. */
enum { SIXEL_LEAST_HEIGHT = 6 };

enum { SIXEL_COLOURS = 256, SIXEL_TABLE_BITS = 5, SIXEL_TABLE = 1 << (3 * SIXEL_TABLE_BITS) };

struct sixel_palette {
	int64_t run;           /* whose it is */
	int limit;             /* registers it was made for */
	bool grey;
	int count;
	double best_error;     /* mean squared error of the picture it was made from */
	uint8_t colours[SIXEL_COLOURS * 3];
	uint8_t nearest[SIXEL_TABLE]; /* colour cube of 32 levels a channel -> index; for grey 256 levels -> index */
};

/* Appends a whole sixel sequence that paints the image at `size` pixels from the cursor on. `registers`: colours the
 * terminal has for one picture (2 .. ). False: memory was refused or the size is lower than SIXEL_LEAST_HEIGHT; nothing
 * was appended. */
bool sixel_encode_image(struct sixel_palette *palette, const struct image *image, struct extent size, int registers,
	int64_t run, struct text *out);

#endif
