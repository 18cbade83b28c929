/* The paper's published figures, to stand beside a study's own: Tables 1 to 3, with Inception-v3 as the feature network, so
 * that ratios to the full-precision baseline and orders may be compared, never the numbers themselves. Any thread. */
#ifndef QGAN_APP_STUDY_PAPER_H
#define QGAN_APP_STUDY_PAPER_H

#include "app/study_spec.h"

struct study_published {
	double is, fid;                   /* NaN: N/A in the paper */
	double is_baseline, fid_baseline; /* of its 32-bit network */
};

/* Whether the paper has scores of what spec->paper names: pictures of weights and curves from scratch have none. */
bool study_paper_has_scores(const struct study_spec *spec);

/* What the table that spec->paper names has for a cell; false: nothing. */
bool study_paper_find(const struct study_spec *spec, const struct study_cell *cell, struct study_published *published);

#endif
