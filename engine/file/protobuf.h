/* Writes the wire form of protocol buffers, field by field, appended to a text: what ONNX models and TensorBoard's event
 * files are made of. A message inside another is written into a text of its own first, then added as bytes. Any thread. */
#ifndef QGAN_ENGINE_FILE_PROTOBUF_H
#define QGAN_ENGINE_FILE_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/text.h"

/* `field`: the number in the message's definition, 1 .. 2^29 - 1. */
void protobuf_integer(struct text *message, uint32_t field, int64_t value);  /* int32, int64, uint64, bool, enum */
void protobuf_double(struct text *message, uint32_t field, double value);
void protobuf_float(struct text *message, uint32_t field, float value);
void protobuf_bytes(struct text *message, uint32_t field, const void *bytes, size_t size);
void protobuf_text(struct text *message, uint32_t field, const char *text);

/* Adds `inner` as a message and empties it. */
void protobuf_message(struct text *message, uint32_t field, struct text *inner);

/* A packed list of doubles. */
void protobuf_doubles(struct text *message, uint32_t field, const double *values, size_t count);

#endif
