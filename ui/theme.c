#include "ui/theme.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ui/canvas.h"

enum { CUBE_FIRST = 16, GREY_FIRST = 232, GREYS = 24, GREY_STEP = 10, GREY_DARKEST = 8 };

static const unsigned char cube_levels[6] = {0, 95, 135, 175, 215, 255};

/* ROLE_PICTURE's pair must differ from every other pair: the terminal must see those blanks as different from the
 * blanks of the next page, or it would not write over the picture. */
const struct theme themes[] = {
	{"dark", "for a dark background", {
		[ROLE_TEXT] = {-1, -1, 0},
		[ROLE_QUIET] = {245, -1, 0},
		[ROLE_TITLE] = {255, -1, CELL_BOLD},
		[ROLE_FRAME] = {240, -1, 0},
		[ROLE_FOCUS] = {75, -1, 0},
		[ROLE_KEY] = {117, -1, CELL_BOLD},
		[ROLE_D] = {75, -1, 0},
		[ROLE_G] = {215, -1, 0},
		[ROLE_MARK] = {141, -1, 0},
		[ROLE_GOOD] = {114, -1, 0},
		[ROLE_WARNING] = {221, -1, 0},
		[ROLE_BAD] = {203, -1, CELL_BOLD},
		[ROLE_SELECTED] = {255, 24, CELL_BOLD},
		[ROLE_BAR] = {109, -1, 0},
		[ROLE_BAR_EMPTY] = {238, -1, 0},
		[ROLE_RUN_1] = {75, -1, 0}, [ROLE_RUN_2] = {215, -1, 0}, [ROLE_RUN_3] = {114, -1, 0}, [ROLE_RUN_4] = {176, -1, 0},
		[ROLE_RUN_5] = {227, -1, 0}, [ROLE_RUN_6] = {80, -1, 0}, [ROLE_RUN_7] = {203, -1, 0}, [ROLE_RUN_8] = {252, -1, 0},
		[ROLE_PICTURE] = {231, -1, 0},
	}},
	{"light", "for a light background", {
		[ROLE_TEXT] = {-1, -1, 0},
		[ROLE_QUIET] = {243, -1, 0},
		[ROLE_TITLE] = {16, -1, CELL_BOLD},
		[ROLE_FRAME] = {249, -1, 0},
		[ROLE_FOCUS] = {25, -1, 0},
		[ROLE_KEY] = {25, -1, CELL_BOLD},
		[ROLE_D] = {26, -1, 0},
		[ROLE_G] = {130, -1, 0},
		[ROLE_MARK] = {91, -1, 0},
		[ROLE_GOOD] = {28, -1, 0},
		[ROLE_WARNING] = {94, -1, CELL_BOLD},
		[ROLE_BAD] = {160, -1, CELL_BOLD},
		[ROLE_SELECTED] = {16, 153, CELL_BOLD},
		[ROLE_BAR] = {66, -1, 0},
		[ROLE_BAR_EMPTY] = {252, -1, 0},
		[ROLE_RUN_1] = {26, -1, 0}, [ROLE_RUN_2] = {130, -1, 0}, [ROLE_RUN_3] = {28, -1, 0}, [ROLE_RUN_4] = {127, -1, 0},
		[ROLE_RUN_5] = {94, -1, 0}, [ROLE_RUN_6] = {30, -1, 0}, [ROLE_RUN_7] = {160, -1, 0}, [ROLE_RUN_8] = {16, -1, 0},
		[ROLE_PICTURE] = {231, -1, 0},
	}},
	{"colour-blind", "blue and orange only, told apart by everyone", {
		[ROLE_TEXT] = {-1, -1, 0},
		[ROLE_QUIET] = {245, -1, 0},
		[ROLE_TITLE] = {255, -1, CELL_BOLD},
		[ROLE_FRAME] = {240, -1, 0},
		[ROLE_FOCUS] = {74, -1, CELL_BOLD},
		[ROLE_KEY] = {74, -1, CELL_BOLD},
		[ROLE_D] = {74, -1, 0},
		[ROLE_G] = {214, -1, 0},
		[ROLE_MARK] = {175, -1, 0},
		[ROLE_GOOD] = {74, -1, 0},
		[ROLE_WARNING] = {227, -1, CELL_BOLD},
		[ROLE_BAD] = {208, -1, CELL_BOLD | CELL_UNDERLINE},
		[ROLE_SELECTED] = {16, 74, CELL_BOLD},
		[ROLE_BAR] = {110, -1, 0},
		[ROLE_BAR_EMPTY] = {238, -1, 0},
		[ROLE_RUN_1] = {74, -1, 0}, [ROLE_RUN_2] = {214, -1, 0}, [ROLE_RUN_3] = {36, -1, 0}, [ROLE_RUN_4] = {227, -1, 0},
		[ROLE_RUN_5] = {33, -1, 0}, [ROLE_RUN_6] = {166, -1, 0}, [ROLE_RUN_7] = {175, -1, 0}, [ROLE_RUN_8] = {252, -1, 0},
		[ROLE_PICTURE] = {231, -1, 0},
	}},
	{"mono", "no colour; bold, underline and reverse only", {
		[ROLE_TEXT] = {-1, -1, 0},
		[ROLE_QUIET] = {-1, -1, 0},
		[ROLE_TITLE] = {-1, -1, CELL_BOLD},
		[ROLE_FRAME] = {-1, -1, 0},
		[ROLE_FOCUS] = {-1, -1, CELL_BOLD},
		[ROLE_KEY] = {-1, -1, CELL_BOLD},
		[ROLE_D] = {-1, -1, 0},
		[ROLE_G] = {-1, -1, CELL_BOLD},
		[ROLE_MARK] = {-1, -1, CELL_BOLD},
		[ROLE_GOOD] = {-1, -1, 0},
		[ROLE_WARNING] = {-1, -1, CELL_BOLD},
		[ROLE_BAD] = {-1, -1, CELL_BOLD | CELL_UNDERLINE},
		[ROLE_SELECTED] = {-1, -1, CELL_REVERSE},
		[ROLE_BAR] = {-1, -1, 0},
		[ROLE_BAR_EMPTY] = {-1, -1, 0},
		[ROLE_RUN_1] = {-1, -1, 0}, [ROLE_RUN_2] = {-1, -1, CELL_BOLD}, [ROLE_RUN_3] = {-1, -1, 0},
		[ROLE_RUN_4] = {-1, -1, CELL_BOLD}, [ROLE_RUN_5] = {-1, -1, 0}, [ROLE_RUN_6] = {-1, -1, CELL_BOLD},
		[ROLE_RUN_7] = {-1, -1, 0}, [ROLE_RUN_8] = {-1, -1, CELL_BOLD},
		[ROLE_PICTURE] = {231, -1, 0},
	}},
	{0},
};

const struct theme *theme_find(const char *name)
{
	for (const struct theme *theme = themes; theme->name; theme++)
		if (strcmp(theme->name, name) == 0)
			return theme;
	return NULL;
}

void theme_colour_rgb(int index, unsigned char rgb[3])
{
	static const unsigned char basic[16][3] = {
		{0, 0, 0}, {205, 0, 0}, {0, 205, 0}, {205, 205, 0}, {0, 0, 238}, {205, 0, 205}, {0, 205, 205}, {229, 229, 229},
		{127, 127, 127}, {255, 0, 0}, {0, 255, 0}, {255, 255, 0}, {92, 92, 255}, {255, 0, 255}, {0, 255, 255}, {255, 255, 255},
	};
	if (index < CUBE_FIRST) {
		memcpy(rgb, basic[index], 3);
	} else if (index >= GREY_FIRST) {
		memset(rgb, GREY_DARKEST + GREY_STEP * (index - GREY_FIRST), 3);
	} else {
		int cube = index - CUBE_FIRST;
		rgb[0] = cube_levels[cube / 36];
		rgb[1] = cube_levels[cube / 6 % 6];
		rgb[2] = cube_levels[cube % 6];
	}
}

static int distance(int index, int red, int green, int blue)
{
	unsigned char rgb[3];
	theme_colour_rgb(index, rgb);
	int r = rgb[0] - red, g = rgb[1] - green, b = rgb[2] - blue;
	return r * r + g * g + b * b;
}

static int nearest_level(int value)
{
	int best = 0;
	for (int i = 1; i < 6; i++)
		if (abs(cube_levels[i] - value) < abs(cube_levels[best] - value))
			best = i;
	return best;
}

int theme_nearest_grey(int grey)
{
	static const int ends[2] = {CUBE_FIRST, CUBE_FIRST + 215}; /* the cube's black and white */
	int step = (grey - GREY_DARKEST + GREY_STEP / 2) / GREY_STEP;
	int best = GREY_FIRST + (step < 0 ? 0 : step >= GREYS ? GREYS - 1 : step);
	for (int i = 0; i < 2; i++)
		if (distance(ends[i], grey, grey, grey) < distance(best, grey, grey, grey))
			best = ends[i];
	return best;
}

int theme_nearest_colour(int red, int green, int blue)
{
	int cube = CUBE_FIRST + 36 * nearest_level(red) + 6 * nearest_level(green) + nearest_level(blue);
	int grey = theme_nearest_grey((red + green + blue) / 3);
	return distance(grey, red, green, blue) < distance(cube, red, green, blue) ? grey : cube;
}

int theme_basic_colour(int index)
{
	unsigned char rgb[3];
	if (index < 8)
		return index;
	theme_colour_rgb(index, rgb);
	int highest = rgb[0] > rgb[1] ? rgb[0] : rgb[1];
	highest = rgb[2] > highest ? rgb[2] : highest;
	int limit = highest > 120 ? highest * 2 / 3 : 120; /* a channel counts when it is near the strongest */
	return (rgb[0] >= limit) | (rgb[1] >= limit) << 1 | (rgb[2] >= limit) << 2;
}
