/* What the parts of the session share: session.c (life, news, the store read now and then), session_actions.c (run
 * control), session_weights.c (what-if questions), session_form.c (new runs and forks), session_back.c (looking back) and
 * session_other.c (side by side, export). Main thread. */
#ifndef QGAN_APP_SESSION_PARTS_H
#define QGAN_APP_SESSION_PARTS_H

#include "app/comparison.h"
#include "app/exporter.h"
#include "app/inspector.h"
#include "app/purger.h"
#include "app/session.h"
#include "app/session_form.h"
#include "app/view_fill.h"

/* A what-if question of the view it is asked in, and the weights it is about: those of the moment it was opened, until
 * it is closed, so that methods are compared on the same weights. */
struct session_question {
	struct inspector *inspector;    /* NULL: nothing was asked yet */
	struct view *view;              /* whose what_if is open; NULL: none */
	uint64_t id;                    /* of the newest question put to the inspector */
	uint64_t snapshot;              /* the command that asked the engine for its state; 0: none on its way */
	bool has_subject;               /* the inspector knows where the weights are */
	struct image *pictures[2];      /* by enum view_blink; lent to the view */
	unsigned versions;              /* pictures there have been */
};

/* What the charts of a view show, in steps, as far as it is not everything. */
struct session_range {
	const struct view *view;
	int64_t first, last;            /* equal: everything */
	int64_t newest;                 /* the last step there was when it was asked for */
	int64_t cursor;                 /* the step under it; -1: there is none */
};

struct session {
	char store_path[STORE_PATH_SIZE];
	struct recorder *recorder;
	struct store *reader;
	struct training *training;      /* NULL: nothing was trained here */
	struct view *live, *past;       /* the run trained here; another one from the store */
	bool showing_past;
	bool leaving;                   /* quit was asked for: leave when nothing is live and everything is on disk */
	uint64_t commands;              /* ids given out */
	int unanswered;                 /* commands on their way */
	bool stop_wanted;               /* a stop that found the engine's queue full: sent as soon as there is room */
	struct {                        /* asked for, perhaps not yet in effect: the next key counts from here */
		bool paused;
		int bits[VIEW_NETWORKS];
		char quantizer[GAN_NAME_SIZE];
	} wanted;
	struct session_question question;
	struct session_runs *runs;      /* the list */
	struct session_edits *edits;    /* NULL: nothing was edited yet */
	struct comparison *comparison;  /* NULL: nothing is compared */
	int compare_wake;               /* readable while pieces of it are to be read */
	struct inspector *strip_inspector; /* draws its samples; NULL: nothing was compared yet */
	struct session_range range;
	int player;                     /* a timer: the recorded samples are played; -1: none yet */
	struct session_search *search;  /* NULL: no studies were read yet */
	int64_t other_id;               /* the run beside the shown one */
	struct session_form *form;      /* NULL: none was opened yet */
	struct exporter *exporter;      /* NULL: nothing was exported yet */
	struct purger *purger;          /* NULL: nothing was deleted for ever yet */
	int wake;                       /* an epoll descriptor over recorder, engine, inspector, exporter, purger: they come and go */
	char notice[VIEW_TEXT];         /* what was refused last; the next action clears it */
	char trouble[VIEW_TEXT];        /* the store cannot be written: stays until it can */
	double list_time, read_time;    /* when the store was asked for changes, and when it was read */
	int64_t list_changes;           /* store_changes() when the list was read */
};

/* ---- session.c ---- */

struct view *session_shown(const struct session *session);
int64_t session_trained_here(const struct session *session); /* the live run's id; 0: none */
bool session_follows_another(const struct session *session); /* the run looked at is trained by another process */
void session_warn(struct session *session, const struct error *error);
/* A line in the log; a warning also stays at the foot of the screen until the next action. */
void session_tell(struct session *session, bool warning, const char *format, ...) __attribute__((format(printf, 3, 4)));
void session_watch(struct session *session, int descriptor); /* readable: the session has news */
bool session_start_training(struct session *session, const struct training_start *start, struct error *error);

/* ---- session_actions.c ---- */

typedef void session_action(struct session *session, const struct action_request *request);

/* The command's id; 0: the engine takes no more at the moment. */
uint64_t session_give(struct session *session, struct command command);
/* Only to the run that is shown and live; false: not sent, and the log says why. */
bool session_send(struct session *session, struct command command);
void session_open_run(struct session *session, int64_t run);
session_action *session_find_action(enum action action); /* NULL: none of the session's */

/* ---- session_weights.c ---- */

session_action session_act_what_if, session_act_what_if_close, session_act_blink, session_act_layer_shown, session_act_apply;
void session_close_question(struct session *session); /* gives its memory back */
void session_question_event(struct session *session, struct event *event); /* may take its checkpoint */
bool session_pump_question(struct session *session);
void session_destroy_question(struct session *session);

/* ---- session_runs.c: the list ---- */

session_action session_act_filter, session_act_sort, session_act_columns, session_act_trash_shelf, session_act_view,
	session_act_view_save, session_act_view_delete, session_act_mark, session_act_mark_range, session_act_mark_all,
	session_act_compare;
bool session_create_runs(struct session *session, struct error *error);
void session_destroy_runs(struct session *session);
bool session_read_runs(struct session *session, struct error *error); /* what is new in the store */
const struct view_runs *session_runs_view(struct session *session);
const struct run *const *session_listed_runs(const struct session *session, size_t *count); /* as shown */
const struct run *session_find_run(const struct session *session, int64_t id); /* NULL: there is none; valid until the next reading */
/* The marked ones, those that are shown first; without marks the one under the cursor. Returns how many. */
size_t session_chosen_runs(const struct session *session, int64_t cursor, int64_t *ids, size_t most);

/* ---- session_edit.c ---- */

session_action session_act_edit, session_act_undo;
struct store *session_editor(struct session *session, struct error *error); /* a connection that writes; NULL and an error */
const char *session_undo_name(const struct session *session); /* what would be taken back; empty: nothing */
void session_read_again(struct session *session); /* the list, after a change made here */
void session_destroy_edits(struct session *session);

/* ---- session_purge.c ---- */

session_action session_act_purge;
bool session_pump_purge(struct session *session);

/* ---- session_compare.c ---- */

session_action session_act_scrub, session_act_noise;
bool session_compare_runs(struct session *session, const int64_t runs[], size_t count, struct error *error);
bool session_pump_compare(struct session *session); /* some milliseconds of reading at a time */
void session_refresh_compare(struct session *session); /* the store has changed */
void session_destroy_compare(struct session *session);

/* ---- session_search.c ---- */

session_action session_act_search_queue, session_act_search_cut, session_act_search_target, session_act_search_method;
session_action session_act_search_walk, session_act_search_cell, session_act_search_work, session_act_search_new;
void session_refresh_search(struct session *session); /* the store has changed */
const struct view_search *session_view_search(const struct session *session); /* NULL: not read yet */
void session_destroy_search(struct session *session);

/* ---- session_form.c, session_form_plan.c ---- */

session_action session_act_new_run, session_act_fork, session_act_form_set, session_act_form_close, session_act_form_start;
bool session_pump_form(struct session *session);
void session_destroy_form(struct session *session);
/* The summary; false and why the settings do not fit together. */
bool session_form_plan(struct session_form *form, struct error *error);
void session_form_measure(struct session_form *form); /* where no run tells how fast the machine is */

/* ---- session_back.c ---- */

session_action session_act_range, session_act_samples, session_act_play, session_act_layers;
void session_follow_range(struct session *session); /* the shown run has new points */
bool session_pump_play(struct session *session);

/* ---- session_other.c ---- */

session_action session_act_other_open, session_act_other_walk, session_act_other_close, session_act_export,
	session_act_export_charts, session_act_export_comparison;
bool session_pump_export(struct session *session);

#endif
