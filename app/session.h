/* The workbench's state on the main thread: the run being trained here (if any), the run being looked at, the run
 * list. Keys arrive as actions and leave as engine commands; events and stored rows arrive and become the view. */
#ifndef QGAN_APP_SESSION_H
#define QGAN_APP_SESSION_H

#include "app/training.h"
#include "ui/ui.h"

struct session;

/* Opens the store (with a recorder that writes it, and a reader). `start` NULL: nothing is trained, the newest run
 * is shown. NULL and an error when store or run are refused. */
struct session *session_create(const char *store_path, const struct training_start *start, struct error *error);

/* Waits up to `seconds` for the disk. Returns how many facts were lost. NULL is fine. */
size_t session_destroy(struct session *session, double seconds);

struct ui_host session_host(struct session *session);

/* The screen is gone (or was never wanted): trains on until the end, or until stop_requested() says so: then saves.
 * A paused training is saved at once: nobody is left to resume it. Returns when everything is on disk or
 * `stop_requested` said so a second time. */
void session_train_headless(struct session *session, bool (*stop_requested)(void));

/* A run is being trained here and has not ended. */
bool session_live(const struct session *session);
void session_stop(struct session *session); /* asks the engine to stop and save */

/* The run trained last in this session, for a closing line; NULL: none. Valid until session_destroy. */
const struct view_run *session_last_run(const struct session *session);
const char *session_store_path(const struct session *session);

#endif
