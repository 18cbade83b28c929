/* What `qgan quantize` has found out about a tensor, and the two ways of printing it. Main thread. */
#ifndef QGAN_APP_CMD_QUANTIZE_H
#define QGAN_APP_CMD_QUANTIZE_H

#include "engine/file/npy.h"
#include "engine/quant/grouped.h"

struct quantize_report {
	const char *path;                   /* borrowed, as the next two */
	const struct quantizer *quantizer;
	const struct npy *tensor;
	struct quant_statistics statistics; /* packed_bytes: read back from the packed codes */
	struct quant_trace trace;
	bool literal;                       /* the paper's procedure, which methods in closed form always follow */
	bool degenerate;                    /* fewer bits than the formula needs */
	float ends[2];                      /* what training writes for the first and the last state (of the first channel) */
	double best_levels_error;           /* MSE of the best 2^bits levels of all; NaN: not searched for */
};

/* Both return the exit status. */
int quantize_report_print_json(const struct quantize_report *report);
int quantize_report_print_text(const struct quantize_report *report);

#endif
