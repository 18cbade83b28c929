/* What the writer and the reader of packed models share. Private to engine/gan. */
#ifndef QGAN_ENGINE_GAN_PACKED_MODEL_NAMES_H
#define QGAN_ENGINE_GAN_PACKED_MODEL_NAMES_H

#include "engine/file/checkpoint.h"
#include "engine/gan/settings.h"
#include "engine/quant/grouped.h"

/* Ends of the names of a packed tensor's parts, and of its keys in the metadata. */
#define PACKED_CODES ".codes"
#define PACKED_SCALES ".scales"
#define PACKED_METHOD ".method"
#define PACKED_BITS ".bits"
#define PACKED_SHAPE ".shape"
#define PACKED_DIMENSION ".dimension"
#define PACKED_CONSTANT ".constant"
enum {
	PACKED_SUFFIX_SIZE = 11, /* the longest of them with its end */
	PACKED_NAME_SIZE = CHECKPOINT_NAME_SIZE + PACKED_SUFFIX_SIZE,
	PACKED_WHOLE = -1,       /* no dimension has scales of its own */
};

extern const char PACKED_MODEL_FORMAT[];
extern const char *const packed_network_names[NETWORK_COUNT];

/* How scales divide weights that lie in PyTorch's order. */
struct quant_layout packed_layout(int dimensions, const size_t shape[], int dimension);

#endif
