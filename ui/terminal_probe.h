/* Questions to the terminal and what their answers mean.
 *
 *   asked: ESC[c ──4 is there──▶ registers, largest size, cell size, synchronized, ESC[c ──▶ few registers: more, ESC[c ──▶ known
 *             └──no 4──▶ (a VT200 or later: synchronized, ESC[c ──▶) known
 *
 * The device attributes come last in each batch, so what a terminal leaves unanswered costs nothing. Main thread. */
#ifndef QGAN_UI_TERMINAL_PROBE_H
#define QGAN_UI_TERMINAL_PROBE_H

#include <stdbool.h>

#include "engine/base/text.h"
#include "ui/input.h"

struct terminal_ability;

struct terminal_probe {
	int stage;            /* batches asked */
	int expected;         /* device attributes not yet answered */
	double asked;         /* time of the last question */
	int registers_before; /* what to give back at the end; 0: unchanged */
	bool cell_told;       /* by the terminal itself */
};

/* Asks by adding to `out`. */
void terminal_probe_start(struct terminal_probe *probe, struct text *out);
void terminal_probe_again(struct terminal_probe *probe, struct text *out); /* what was changed is changed again */
void terminal_probe_cell(struct terminal_probe *probe, struct text *out);  /* the font may have changed */
void terminal_probe_restore(struct terminal_probe *probe, struct text *out); /* gives back what was changed */

/* Takes an answer, updates the ability, may ask more. */
void terminal_probe_take(struct terminal_probe *probe, struct terminal_ability *ability, const struct input_event *reply,
	struct text *out);
/* Takes it off the expected ones only. */
void terminal_probe_count(struct terminal_probe *probe, const struct input_event *reply);

/* The cell size as the system tells it, 0: not; the terminal's own word counts more. */
void terminal_probe_pixels(struct terminal_probe *probe, struct terminal_ability *ability, int cell_width, int cell_height);

/* Whether an answer may still be on its way: false for a terminal that has kept silent for long. */
bool terminal_probe_expects(const struct terminal_probe *probe);

#endif
