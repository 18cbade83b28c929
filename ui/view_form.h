/* A form as the screen shows it: rows of names and values with what they may be, and what they add up to. Filled by
 * app/session, drawn and steered by ui/form.c, which knows names, values and texts only. Plain data; main thread. */
#ifndef QGAN_UI_VIEW_FORM_H
#define QGAN_UI_VIEW_FORM_H

#include <stdbool.h>

enum {
	VIEW_FORM_ROWS = 80, VIEW_FORM_NAME = 32, VIEW_FORM_HELP = 160, VIEW_FORM_VALUE = 1024, VIEW_FORM_SUMMARY = 10,
	VIEW_FORM_SENTENCE = 256,
};

struct view_form_row {
	char name[VIEW_FORM_NAME];
	char value[VIEW_FORM_VALUE];
	char help[VIEW_FORM_HELP];
	char expected[VIEW_FORM_HELP];   /* "an integer from 1 to 1024" */
	char origin[VIEW_FORM_NAME];     /* where the value comes from: "default", "config file", "here" */
	char standard[VIEW_FORM_VALUE];  /* what the key for the default puts there */
	char error[VIEW_FORM_SENTENCE];  /* why the value is not taken; empty: it is */
	const char *const *choices;      /* borrowed from the session; NULL-terminated; NULL: any text */
	bool other;                      /* besides the choices any text is a value */
	bool fixed;                      /* cannot be changed; help says why */
	bool changed;                    /* here, by the person */
	const char *group;               /* heading above this row and those that follow; NULL: none */
};

struct view_form_line {
	char name[VIEW_FORM_NAME], value[VIEW_FORM_SENTENCE];
	bool warning;
};

struct view_form {
	unsigned serial;                 /* another one is another form */
	char title[VIEW_FORM_HELP];      /* "new run", "fork of cifar-float at step 42,000" */
	struct view_form_row rows[VIEW_FORM_ROWS];
	int row_count;
	struct view_form_line summary[VIEW_FORM_SUMMARY];
	int summary_count;
	char message[VIEW_FORM_SENTENCE]; /* why it cannot start; empty: it can */
	char in_the_way[VIEW_FORM_NAME * 2]; /* the run that must be stopped first, asked about; empty: none */
	bool starting;                   /* the run in the way is being saved */
};

#endif
