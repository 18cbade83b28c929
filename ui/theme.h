/* Colour roles. Code asks for a role; a theme is a row of colours (ui/theme.c). Colour is a second channel only. */
#ifndef QGAN_UI_THEME_H
#define QGAN_UI_THEME_H

enum theme_role {
	ROLE_TEXT, ROLE_QUIET, ROLE_TITLE, ROLE_FRAME, ROLE_FOCUS, ROLE_KEY,
	ROLE_D, ROLE_G,               /* the two networks, everywhere the same */
	ROLE_MARK,                    /* journal marks */
	ROLE_GOOD, ROLE_WARNING, ROLE_BAD,
	ROLE_SELECTED, ROLE_BAR, ROLE_BAR_EMPTY,
	ROLE_PICTURE,                 /* cells under a sixel picture: used for nothing else */
	ROLE_COUNT,
};

struct theme_colour { short foreground, background; }; /* 256-colour index, -1: the terminal's default */
struct theme {
	const char *name, *help;
	struct theme_colour roles[ROLE_COUNT];
};
extern const struct theme themes[]; /* ends with a row whose name is NULL */

#endif
