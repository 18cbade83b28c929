#include "ui/view.h"

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
