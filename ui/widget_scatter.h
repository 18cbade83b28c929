/* Points in a plane of packed bytes and a score, with the Pareto front drawn through them and a target as a line. */
#ifndef QGAN_UI_WIDGET_SCATTER_H
#define QGAN_UI_WIDGET_SCATTER_H

#include "ui/canvas.h"

enum { SCATTER_LABEL = 16 };

struct scatter_point {
	double bytes, score;    /* both finite and not absurd, else it is left out */
	char label[SCATTER_LABEL]; /* beside its mark where there is room */
	uint32_t mark;
	enum theme_role role;
	bool front;             /* on the Pareto front */
	bool selected;
};

struct scatter {
	const struct scatter_point *points; /* any order; later ones above earlier ones, the selected one above all */
	int count;
	double target;          /* NaN: none */
	const char *name;       /* of the score: "FID" */
};

bool scatter_has_points(const struct scatter *scatter); /* any that can be drawn */
void scatter_draw(struct canvas *canvas, const struct scatter *scatter);

#endif
