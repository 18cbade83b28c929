/* Colour roles. Code asks for a role; a theme is a row of colours (ui/theme.c). Colour is a second channel only. */
#ifndef QGAN_UI_THEME_H
#define QGAN_UI_THEME_H

enum theme_role {
	ROLE_TEXT, ROLE_QUIET, ROLE_TITLE, ROLE_FRAME, ROLE_FOCUS, ROLE_KEY,
	ROLE_D, ROLE_G,               /* the two networks, everywhere the same */
	ROLE_MARK,                    /* journal marks */
	ROLE_GOOD, ROLE_WARNING, ROLE_BAD,
	ROLE_SELECTED, ROLE_BAR, ROLE_BAR_EMPTY,
	ROLE_RUN_1, ROLE_RUN_2, ROLE_RUN_3, ROLE_RUN_4, ROLE_RUN_5, ROLE_RUN_6, ROLE_RUN_7, ROLE_RUN_8, /* compared runs */
	ROLE_PICTURE,                 /* cells under a sixel picture: used for nothing else */
	ROLE_COUNT,
};

struct theme_colour {
	short foreground, background; /* 256-colour index, -1: the terminal's default */
	unsigned char attributes;     /* CELL_* added to what the drawing code asks for: how a role shows without colour */
};
struct theme {
	const char *name, *help;
	struct theme_colour roles[ROLE_COUNT];
};
extern const struct theme themes[]; /* ends with a row whose name is NULL; the first is the default */
const struct theme *theme_find(const char *name); /* NULL: no such theme */

/* The nearest of the 8 basic colours for an index of 256, for poor terminals. */
int theme_basic_colour(int index);
/* The red, green and blue, 0..255 each, that xterm gives index 16..255; 0..15 by the usual defaults. */
void theme_colour_rgb(int index, unsigned char rgb[3]);
/* The nearest index among 16..255. */
int theme_nearest_colour(int red, int green, int blue);
/* Likewise among the greys only. */
int theme_nearest_grey(int grey);

#endif
