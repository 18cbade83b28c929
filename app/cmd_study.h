/* What qgan study and qgan search share: working a study off with a progress line, and telling its results. Main thread. */
#ifndef QGAN_APP_CMD_STUDY_H
#define QGAN_APP_CMD_STUDY_H

#include "app/commands.h"
#include "app/study_results.h"

struct study_output {
	bool json;
	const char *csv, *report; /* files that are written too; NULL: none */
};

/* Until nothing is left or a signal came; then prints. The exit status: 3 when a search missed its target. */
int study_work_and_tell(const char *store_path, const char *name, const struct study_output *output);

/* The results as they are, nothing is worked on. */
int study_tell(const char *store_path, const char *name, const struct study_output *output);

/* The cells that would be worked on, and how long they would take by what this machine has done so far (the newest run of
 * about that size in the store), else without a time. */
int study_tell_plan(const char *store_path, const char *name, const struct study_spec *spec, bool json);

/* The studies of the store and those built in, or the searches of the store alone, newest first. */
int study_list(const char *store_path, bool searches, bool json);

#endif
