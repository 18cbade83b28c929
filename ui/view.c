#include "ui/view.h"

#include <stdio.h>
#include <string.h>

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

const struct view_search_layer *view_layer_cost(const struct view *view, enum view_network network, const char *layer)
{
	char name[sizeof view->costs.layers[0].name];
	snprintf(name, sizeof name, "%s.%.24s", network == VIEW_D ? "D" : "G", layer);
	for (int i = 0; i < view->costs.count && i < VIEW_SEARCH_LAYERS; i++)
		if (!strcmp(view->costs.layers[i].name, name))
			return &view->costs.layers[i];
	return NULL;
}

int view_run_count(const struct view *view) { return view->runs ? view->runs->count : 0; }

struct view_run_row view_run_at(const struct view *view, int row)
{
	struct view_run_row found = {0};
	view->runs->row(view->runs->context, row, &found);
	return found;
}
