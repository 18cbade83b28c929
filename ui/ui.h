/* The terminal workbench: the only owner of the terminal. Main thread. */
#ifndef QGAN_UI_UI_H
#define QGAN_UI_UI_H

#include "engine/base/error.h"
#include "ui/action.h"
#include "ui/view.h"

enum ui_graphics { UI_GRAPHICS_AUTO, UI_GRAPHICS_SIXEL, UI_GRAPHICS_BLOCKS, UI_GRAPHICS_ASCII, UI_GRAPHICS_NONE };

struct ui_host { /* the session behind the screens */
	void *context;
	const struct view *(*view)(void *context);
	/* Takes events from the engine, updates the view; true when something visible changed. Called after a wake and
	 * once a second. */
	bool (*update)(void *context);
	void (*act)(void *context, const struct action_request *request);
	int wake_descriptors[4]; /* readable when update should be called; -1: unused */
	bool (*leaving)(void *context); /* true: the session is done, leave the loop */
};

struct ui_options {
	enum ui_graphics graphics;
	bool no_color, ascii;
	bool no_mouse;     /* the mouse stays with the terminal */
	int first_screen;  /* enum action ACTION_SCREEN_*; 0: train */
	int frames;        /* leave after so many frames (tests); 0: never */
	const char *theme; /* ui/theme.h; NULL: the default */
};

enum ui_end {
	UI_LEFT,     /* the session said so, or the person quit */
	UI_DETACHED, /* the person asked to train on headless */
	UI_LOST,     /* the terminal is gone (EOF, hang-up): train on headless and save */
	UI_SIGNAL,   /* SIGINT, SIGTERM, SIGQUIT: save and end; *signal_number says which */
};

/* Runs until the end. Restores the terminal in every case, also from a crash. False: the terminal cannot do it
 * (no tty, TERM=dumb): nothing was drawn. RUN_OPEN and RUN_RESUME show the first screen after they were sent;
 * QUIT_NOW and QUIT_DETACH end it at once, QUIT_SAVE when the host is leaving. NO_COLOR in the environment counts as
 * no_color. After UI_LOST SIGHUP stays ignored. Other threads must leave SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT
 * unblocked, or a crash in them cannot restore the terminal. */
bool ui_run(const struct ui_host *host, const struct ui_options *options, enum ui_end *end, int *signal_number, struct error *error);

#endif
