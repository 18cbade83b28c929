/* A study as the search screen shows it: the map or list of its cells, how far it is, the target. Filled by
 * app/session_search.c on the main thread; numbers that are not known are NaN. */
#ifndef QGAN_UI_VIEW_SEARCH_H
#define QGAN_UI_VIEW_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/image.h"

enum { VIEW_SEARCH_CELLS = 512, VIEW_SEARCH_STUDIES = 64, VIEW_SEARCH_WIDTHS = 9, VIEW_SEARCH_LAYERS = 32, VIEW_SEARCH_TEXT = 256 };

enum view_cell_state { VIEW_CELL_QUEUED, VIEW_CELL_RUNNING, VIEW_CELL_DONE, VIEW_CELL_CUT, VIEW_CELL_FAILED };

struct view_search_cell {
	int64_t id, run;           /* run 0: not begun */
	char key[64], method[16], verdict[16], message[VIEW_SEARCH_TEXT];
	int d_bits, g_bits;        /* 32: float */
	enum view_cell_state state;
	bool by_hand;
	bool on_map;               /* of the method shown, or float; the float run that cells start from is not */
	bool meets;                /* the target */
	bool chosen;               /* the search ended here */
	bool front;                /* nothing scored is both smaller and better */
	int path;                  /* its place on the greedy walk of the method shown, from 1; 0: not on it */
	double fid, fid_spread, is_mean, is_spread, bytes, ratio, seconds;
	double done;               /* share of its steps while it runs, 0..1 */
};

struct view_search_layer {     /* by how much it hurts to lower it alone, worst first */
	char name[32];
	int bits;
	double rise;               /* of the FID; NaN: no score at all */
};

struct view_search {
	int64_t id;                /* of the study; 0: the store has none */
	char name[64], kind[16], status[16], title[VIEW_SEARCH_TEXT], message[VIEW_SEARCH_TEXT];
	bool working;              /* some process is at it */
	bool has_map;              /* a search, or a grid of D and G bits: else a list of cells */
	bool has_target, higher_is_better;
	double target;             /* NaN: not known yet */
	int stage;                 /* of the search: 1 or 2; 0: over, or none */
	char method[16];           /* whose map is shown */
	int method_count;
	int widths[VIEW_SEARCH_WIDTHS], width_count; /* of the map, rising */
	struct view_search_cell cells[VIEW_SEARCH_CELLS];
	int cell_count, cells_done;
	struct view_search_layer layers[VIEW_SEARCH_LAYERS];
	int layer_count;
	int64_t first_cell;        /* where the cursor begins: at work, chosen, or scored last; 0: there is none */
	double seconds, seconds_left;
	char recipe[VIEW_SEARCH_TEXT];
	double scale;              /* share of the full length; 1: all */
	int shown, study_count;    /* which of the store's studies, from 0 */
	const struct image *picture; /* samples of the cell under the cursor; borrowed, NULL: none */
	unsigned picture_version;
	int64_t picture_cell;      /* whose; 0: none */
	int64_t picture_step;
	int picture_columns;       /* of its grid */
};

#endif
