/* The form that starts a run: a new one, or a fork of a recorded checkpoint. Its rows come from the settings table. Part of
 * the session; main thread. */
#ifndef QGAN_APP_SESSION_FORM_H
#define QGAN_APP_SESSION_FORM_H

#include "app/recipes.h"
#include "app/run_plan.h"
#include "app/settings.h"
#include "app/training.h"
#include "engine/base/thread.h"
#include "ui/view_form.h"

enum { FORM_RECIPE_ROW, FORM_NAME_ROW, FORM_FIRST_SETTING, FORM_CHOICES = 33, FORM_WORDS = 256 };

struct session_form {
	bool open;
	struct view_form view;
	struct gan_settings settings, opened_with; /* now; when it was opened, before any recipe */
	struct settings_origins origins, standard_origins; /* now; of the values that the key for the default puts there */
	struct recipe *recipes;             /* owned: those that can be chosen */
	size_t recipe_count;
	char recipe[RECIPE_NAME_SIZE];      /* the chosen one; empty: none */
	struct training_start start;        /* of a fork: its checkpoint; parent_id 0: fresh weights */
	char name[RUN_NAME_SIZE];
	char own_errors[VIEW_FORM_ROWS][VIEW_FORM_SENTENCE]; /* of values that were not taken */
	char general[VIEW_FORM_SENTENCE];   /* what does not belong to a row; empty: nothing */
	bool waiting;                       /* to start as soon as no other run is live */
	struct run_speeds speeds;
	const char *choices[VIEW_FORM_ROWS][FORM_CHOICES]; /* NULL-terminated */
	char *words[FORM_WORDS];            /* owned: choices that are in no table */
	int word_count;
	pthread_t measuring;                /* a short test of the machine .. */
	bool measure_started;
	_Atomic double measured;            /* .. and what it found, GFLOP/s; 0: nothing yet */
};

#endif
