/* What `qgan weights` has found out, and its two forms: JSON and tables. Main thread. */
#ifndef QGAN_APP_CMD_WEIGHTS_H
#define QGAN_APP_CMD_WEIGHTS_H

#include "engine/gan/inspection.h"
#include "store/store.h"
#include "ui/view.h"

struct weights_row {
	enum network_id network;
	int index;              /* of the layer in its network */
	struct view_layer layer;
	double best_mse;        /* of the best levels of all, so many; NaN: float, or more than 4 bits */
};

struct weights_report {
	char run[RUN_NAME_SIZE];
	int64_t step;
	bool asked;             /* the layers are what the question makes of them, not as trained */
	struct what_if what_if[NETWORK_COUNT]; /* the question to each network */
	const char *png, *csv, *pictures;      /* files that were written, NULL: none; borrowed */
	int row_count;
	struct weights_row rows[NETWORK_COUNT * TRAINER_MAX_LAYERS];
};

/* "D" and "G". */
const char *weights_network_name(enum network_id network);

int weights_report_print_json(const struct weights_report *report); /* the exit status */
int weights_report_print(const struct weights_report *report);      /* one layer in full, several as a table */

#endif
