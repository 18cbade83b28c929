/* Pictures made of characters. A cell is about twice as high as wide: half blocks give two square pixels a cell. */
#include "ui/graphics_text.h"

#include <string.h>

#include "ui/graphics_scale.h"

enum { UPPER_HALF_BLOCK = 0x2580, SMALLEST_TILE = 16 };

static int luminance(const uint8_t *pixel, int channels)
{
	return channels == 1 ? pixel[0] : (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000;
}

static uint8_t colour_of(const uint8_t *pixel, int channels, bool grey)
{
	if (grey || channels == 1)
		return (uint8_t)theme_nearest_grey(luminance(pixel, channels));
	return (uint8_t)theme_nearest_colour(pixel[0], pixel[1], pixel[2]);
}

/* How many whole tiles of `length` pixels have room side by side: all, or as many as stay recognisable. */
static int shown_length(int length, int tile, int room)
{
	int all = length / tile, fitting = room / (tile < SMALLEST_TILE ? tile : SMALLEST_TILE);
	return (fitting < 1 ? 1 : fitting < all ? fitting : all) * tile;
}

/* The first rows and columns of a grid whose tiles would become too small; else the whole picture. */
static struct image *shown_part(const struct picture_request *request, struct extent room)
{
	const struct image *image = request->image;
	bool grid = request->tile > 0 && request->tile <= image->width && request->tile <= image->height;
	int width = grid ? shown_length(image->width, request->tile, room.width) : image->width;
	int height = grid ? shown_length(image->height, request->tile, room.height) : image->height;
	struct image *part = image_create(width, height, image->channels, NULL);
	size_t row = (size_t)width * (size_t)image->channels, whole_row = (size_t)image->width * (size_t)image->channels;
	for (int y = 0; part && y < height; y++)
		memcpy(part->pixels + (size_t)y * row, image->pixels + (size_t)y * whole_row, row);
	return part;
}

/* The picture in at most so many square pixels; `lines`: how many of them one row of the result stands for. */
static struct image *fitted(const struct picture_request *request, int lines)
{
	struct extent room = {request->cells.width, 2 * request->cells.height};
	struct image *part = shown_part(request, room);
	if (!part)
		return NULL;
	struct extent size = graphics_fit((struct extent){part->width, part->height}, room);
	size.height = (size.height + lines - 1) / lines;
	struct image *image = graphics_scale(part, size);
	image_destroy(part);
	return image;
}

static const uint8_t *pixel_at(const struct image *image, int x, int y)
{
	return image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * (size_t)image->channels;
}

void graphics_draw_blocks(const struct terminal_ability *ability, const struct picture_request *request, struct canvas *canvas)
{
	struct rect place = request->cells;
	struct image *image = fitted(request, 1);
	if (!image)
		return;
	int rows = (image->height + 1) / 2, left = place.x + (place.width - image->width) / 2, top = place.y + (place.height - rows) / 2;
	int black = theme_nearest_grey(0);
	for (int y = 0; y < rows; y++)
		for (int x = 0; x < image->width; x++) {
			bool both = 2 * y + 1 < image->height;
			uint8_t upper = colour_of(pixel_at(image, x, 2 * y), image->channels, ability->grey);
			uint8_t lower = both ? colour_of(pixel_at(image, x, 2 * y + 1), image->channels, ability->grey) : (uint8_t)black;
			canvas_put_colours(canvas, left + x, top + y, UPPER_HALF_BLOCK, upper, lower);
		}
	image_destroy(image);
}

void graphics_draw_ascii(const struct terminal_ability *ability, const struct picture_request *request, struct canvas *canvas)
{
	static const char ramp[] = " .:-=+*#%@";
	(void)ability;
	struct rect place = request->cells;
	struct image *image = fitted(request, 2);
	if (!image)
		return;
	int left = place.x + (place.width - image->width) / 2, top = place.y + (place.height - image->height) / 2;
	for (int y = 0; y < image->height; y++)
		for (int x = 0; x < image->width; x++) {
			int level = luminance(pixel_at(image, x, y), image->channels) * (int)(sizeof ramp - 1) / 256;
			canvas_put(canvas, left + x, top + y, (uint32_t)ramp[level], ROLE_TEXT, 0);
		}
	image_destroy(image);
}
