/* Writes what the weights screen shows of a layer: its figure and numbers (app/figure.h), its states over time as CSV, and
 * the pictures of a what-if question; or the charts (app/figure_chart.h) of one run or of several over one another, all their
 * curves as CSV (app/run_export.h), and of several their scores against their sizes (app/figure_sizes.h). On a thread of its
 * own: drawing takes a moment, and the disk may take longer. One at a time. Main thread. */
#ifndef QGAN_APP_EXPORTER_H
#define QGAN_APP_EXPORTER_H

#include "engine/base/error.h"
#include "store/store.h"
#include "ui/chart_clock.h"
#include "ui/view.h"

enum { EXPORT_STEM_SIZE = 256, EXPORT_TITLE_SIZE = 192 };

struct exporter;

struct export_job {
	char stem[EXPORT_STEM_SIZE];             /* "fmnist-step3120-D.conv1": STEM.png, STEM.csv and so on are written */
	char title[EXPORT_TITLE_SIZE], network[4];
	struct view_layer layer;
	char other_title[EXPORT_TITLE_SIZE];     /* empty: the layer alone */
	struct view_layer other;
	struct view_history history;             /* STEM-over-time.csv; no columns: none */
	struct image *pictures;                  /* STEM-pictures.png, of runs STEM-samples.png; owned; NULL: none */
	int64_t runs[VIEW_POINTS];               /* these runs' charts instead, read from the store: STEM-loss.png .., STEM.csv; .. */
	int run_count;                           /* .. 0: no. Curves are those of the first VIEW_COMPARED, sizes those of all */
	char store[STORE_PATH_SIZE];
	struct view_mark marks[VIEW_MAX_MARKS];
	int mark_count;
	enum chart_unit over;                    /* the x axis of the curves */
};

struct exporter *exporter_create(struct error *error);
void exporter_destroy(struct exporter *exporter); /* waits for the files; NULL is fine */

/* Takes a copy of the job, and its pictures in any case. ERROR_STATE while another one is being written. */
bool exporter_start(struct exporter *exporter, const struct export_job *job, struct error *error);

struct export_result {
	char stem[EXPORT_STEM_SIZE];
	char endings[192];  /* of the files written: " .png .csv" */
	struct error error; /* ERROR_NONE: the files are there */
};
bool exporter_poll(struct exporter *exporter, struct export_result *result); /* false: nothing new */
int exporter_wake_descriptor(const struct exporter *exporter);                /* readable while a result may wait */

#endif
