/* Event files as TensorBoard and the tools around it read them, built in memory. A file is a row of records:
 *
 *	u64 length | u32 masked CRC32C of the length | the bytes of an Event message | u32 masked CRC32C of those bytes
 *
 * all little-endian; masked: rotated right by 15 bits, plus 0xA282EAD8. The first event names the version, every other
 * carries the values of one step. Tags with a slash are grouped by what stands before it. Any thread. */
#ifndef QGAN_ENGINE_FILE_EVENT_FILE_H
#define QGAN_ENGINE_FILE_EVENT_FILE_H

#include "engine/base/text.h"

/* `file` becomes an event file without values. Times are unix seconds. */
void event_file_begin(struct text *file, double time);

/* The values of one event are gathered in a text ({0} is none), then added to the file, which empties it. */
void event_add_scalar(struct text *values, const char *tag, double value); /* not finite: left out */
void event_add_text(struct text *values, const char *tag, const char *markdown);
void event_add_png(struct text *values, const char *tag, int width, int height, int channels, const void *png, size_t size);

struct event_histogram {
	double min, max;       /* of the values */
	double sum, sum_of_squares;
	const double *limits;  /* upper edges of the bins, rising */
	const double *counts;
	size_t bins;
};
void event_add_histogram(struct text *values, const char *tag, const struct event_histogram *histogram);

void event_file_add(struct text *file, double time, int64_t step, struct text *values); /* no values: nothing */

/* CRC-32 with Castagnoli's polynomial, as SCTP and iSCSI use it. */
uint32_t crc32c(const void *bytes, size_t size);

#endif
