#include "ui/view.h"

#include <stddef.h>

const char *view_state_name(enum view_state state)
{
	static const char *const names[] = {
		[VIEW_NOTHING] = "NO RUN",
		[VIEW_LOADING] = "LOADING",
		[VIEW_LIVE] = "LIVE",
		[VIEW_PAUSED] = "PAUSED",
		[VIEW_STOPPING] = "STOPPING",
		[VIEW_FINISHED] = "FINISHED",
		[VIEW_STOPPED] = "STOPPED",
		[VIEW_CRASHED] = "CRASHED",
		[VIEW_FAILED] = "FAILED",
	};
	return (unsigned)state < sizeof names / sizeof *names ? names[state] : "UNKNOWN";
}

int view_run_count(const struct view *view) { return view->runs ? view->runs->count : 0; }

struct view_run_row view_run_at(const struct view *view, int row)
{
	struct view_run_row found = {0};
	view->runs->row(view->runs->context, row, &found);
	return found;
}
