#include "app/comparison_strips.h"

#include <stdbool.h>
#include <string.h>

enum { DIGIT_WIDTH = 3, DIGIT_HEIGHT = 5, ACROSS = 12, GAP = 2, RGB = 3, GREY = 1, INK = 200 };

/* Rows of three dots, the left one highest. */
static const unsigned char digits[9][DIGIT_HEIGHT] = {
	{2, 6, 2, 2, 7}, {7, 1, 7, 4, 7}, {7, 1, 3, 1, 7}, {5, 5, 7, 1, 1}, {7, 4, 7, 1, 7}, {7, 4, 7, 5, 7}, {7, 1, 1, 2, 2},
	{7, 5, 7, 5, 7}, {7, 5, 7, 1, 7},
};

struct layout {
	int tile, rows, channels;   /* pixels of a tile; rows of tiles a strip; of the picture */
	int margin, strip, width, height;
};

static int tile_of(const struct strip_source *source)
{
	return source->grid && source->columns > 0 ? source->grid->width / source->columns : 0;
}

/* Few runs get more rows each, so that the picture keeps about one shape. */
static struct layout lay_out(const struct strip_source sources[], int count)
{
	struct layout layout = {.rows = count <= 2 ? 3 : count <= 4 ? 2 : 1, .channels = GREY};
	for (int i = 0; i < count; i++) {
		int tile = tile_of(&sources[i]);
		layout.tile = tile > layout.tile ? tile : layout.tile;
		if (tile && sources[i].grid->channels == RGB)
			layout.channels = RGB;
	}
	layout.margin = layout.tile / 2 + GAP;
	layout.strip = layout.rows * layout.tile + GAP;
	layout.width = layout.margin + ACROSS * layout.tile;
	layout.height = count * layout.strip - GAP;
	return layout;
}

static void put(struct image *picture, int x, int y, const uint8_t *colour, int channels)
{
	uint8_t *target = picture->pixels + ((size_t)y * (size_t)picture->width + (size_t)x) * (size_t)picture->channels;
	for (int c = 0; c < picture->channels; c++)
		target[c] = colour[channels == RGB ? c : 0];
}

static void draw_digit(struct image *picture, const struct layout *layout, int index, int top)
{
	static const uint8_t ink = INK;
	int scale = layout->tile / (2 * (DIGIT_WIDTH + 1));
	scale = scale < 1 ? 1 : scale;
	for (int y = 0; y < DIGIT_HEIGHT * scale && top + y < picture->height; y++)
		for (int x = 0; x < DIGIT_WIDTH * scale && x < layout->margin; x++)
			if (digits[index][y / scale] >> (DIGIT_WIDTH - 1 - x / scale) & 1)
				put(picture, x, top + y, &ink, GREY);
}

/* Every pixel of the place takes the pixel it falls on: a whole multiple where the sizes allow one. */
static void draw_tile(struct image *picture, const struct layout *layout, const struct strip_source *source, int tile, int x0, int y0)
{
	int side = tile_of(source), left = tile % source->columns * side, top = tile / source->columns * side;
	const struct image *grid = source->grid;
	if (top + side > grid->height)
		return;
	for (int y = 0; y < layout->tile; y++)
		for (int x = 0; x < layout->tile; x++) {
			size_t from = (size_t)(top + y * side / layout->tile) * (size_t)grid->width + (size_t)(left + x * side / layout->tile);
			put(picture, x0 + x, y0 + y, grid->pixels + from * (size_t)grid->channels, grid->channels);
		}
}

static void draw_strip(struct image *picture, const struct layout *layout, const struct strip_source *source, int index)
{
	int top = index * layout->strip, most = layout->rows * ACROSS;
	draw_digit(picture, layout, index, top);
	for (int tile = 0; tile_of(source) && tile < source->tiles && tile < most; tile++)
		draw_tile(picture, layout, source, tile, layout->margin + tile % ACROSS * layout->tile,
		          top + tile / ACROSS * layout->tile);
}

struct image *strips_compose(const struct strip_source sources[], int count)
{
	struct layout layout = lay_out(sources, count);
	if (layout.tile < 1 || count < 1 || count > (int)(sizeof digits / sizeof *digits))
		return NULL;
	struct image *picture = image_create(layout.width, layout.height, layout.channels, NULL);
	for (int i = 0; picture && i < count; i++)
		draw_strip(picture, &layout, &sources[i], i);
	return picture;
}
