/* Pictures made of characters. A cell is about twice as high as wide: half blocks give two square pixels a cell. */
#include "ui/graphics_text.h"

#include <string.h>

#include "ui/graphics_scale.h"

enum { UPPER_HALF_BLOCK = 0x2580 };

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

static struct image *fitted(const struct picture_request *request, int width, int height)
{
	struct extent picture = {request->image->width, request->image->height};
	return graphics_scale(request->image, graphics_fit(picture, (struct extent){width, height}));
}

static const uint8_t *pixel_at(const struct image *image, int x, int y)
{
	return image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * (size_t)image->channels;
}

void graphics_draw_blocks(const struct terminal_ability *ability, const struct picture_request *request, struct canvas *canvas)
{
	struct rect place = request->cells;
	struct image *image = fitted(request, place.width, 2 * place.height);
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
	struct extent square = graphics_fit((struct extent){request->image->width, request->image->height},
		(struct extent){place.width, 2 * place.height});
	struct image *image = graphics_scale(request->image, (struct extent){square.width, (square.height + 1) / 2});
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
