#include <string.h>

#include "engine/quant/quantizer.h"

void quant_trace_add(struct quant_trace *trace, double error)
{
	if (!trace)
		return;
	if (trace->count == QUANT_TRACE) {
		memmove(trace->errors, trace->errors + 1, (QUANT_TRACE - 1) * sizeof *trace->errors);
		trace->count--;
	}
	trace->errors[trace->count++] = (float)error;
}
