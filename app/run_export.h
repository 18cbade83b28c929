/* Recorded runs in the formats that other tools read. CSV: a header, `step` first, `timestamp` second, `run` third, then
 * the quantities; unknown ones are empty. JSON lines: one flat object a line with the same names; unknown ones are left
 * out. Timestamps are RFC 3339 in UTC; numbers have nine digits, all that was measured in float32.
 * `scores` tells what fid, kid and is of a line depend on. TensorBoard: event files
 * with the same quantities as scalars, the samples as images, the layers' weights as histograms and their states'
 * numbers as scalars, settings and journal as text. Any thread with a store of its own. */
#ifndef QGAN_APP_RUN_EXPORT_H
#define QGAN_APP_RUN_EXPORT_H

#include "app/run_curves.h"
#include "engine/base/text.h"

/* Appended to `lines`; the header stands once above the rows of any number of runs with the same columns. */
void run_export_csv_header(struct text *lines, const struct run_curves *curves);
void run_export_csv(struct text *lines, const char *run, const struct run_curves *curves);
void run_export_jsonl(struct text *lines, const char *run, const struct run_curves *curves);

/* `file` becomes the run's event file. */
bool run_export_events(struct store *store, const struct run *run, const struct run_curves *curves, struct text *file,
                       struct error *error);

#endif
