#include "engine/file/event_file.h"

#include <math.h>

#include "engine/file/protobuf.h"

/* Numbers of the fields in tensorflow/core/util/event.proto, framework/summary.proto and framework/tensor.proto. */
enum { EVENT_TIME = 1, EVENT_STEP = 2, EVENT_VERSION = 3, EVENT_SUMMARY = 5 };
enum { SUMMARY_VALUE = 1 };
enum { VALUE_TAG = 1, VALUE_SCALAR = 2, VALUE_IMAGE = 4, VALUE_HISTOGRAM = 5, VALUE_TENSOR = 8, VALUE_METADATA = 9 };
enum { IMAGE_HEIGHT = 1, IMAGE_WIDTH = 2, IMAGE_CHANNELS = 3, IMAGE_PNG = 4 };
enum { HISTOGRAM_MIN = 1, HISTOGRAM_MAX, HISTOGRAM_COUNT, HISTOGRAM_SUM, HISTOGRAM_SQUARES, HISTOGRAM_LIMITS, HISTOGRAM_COUNTS };
enum { TENSOR_TYPE = 1, TENSOR_SHAPE = 2, TENSOR_STRINGS = 8, TYPE_STRING = 7 };
enum { METADATA_PLUGIN = 1, PLUGIN_NAME = 1 };

/* ---- checksums ---- */

/* Four bits at a time: what the polynomial 0x82F63B78 (reflected) makes of each value of four bits. */
uint32_t crc32c(const void *bytes, size_t size)
{
	static const uint32_t table[16] = {
		0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
		0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
	};
	uint32_t crc = 0xFFFFFFFF;
	for (const unsigned char *byte = bytes; size > 0; size--, byte++) {
		crc = crc >> 4 ^ table[(crc ^ *byte) & 0xF];
		crc = crc >> 4 ^ table[(crc ^ (uint32_t)*byte >> 4) & 0xF];
	}
	return ~crc;
}

static void add_checksum(struct text *file, const void *bytes, size_t size)
{
	uint32_t crc = crc32c(bytes, size), masked = (crc >> 15 | crc << 17) + 0xA282EAD8;
	char little[4];
	for (int i = 0; i < 4; i++)
		little[i] = (char)(masked >> 8 * i);
	text_append(file, little, sizeof little);
}

/* ---- records ---- */

static void add_record(struct text *file, struct text *event)
{
	char length[8];
	for (int i = 0; i < 8; i++)
		length[i] = (char)((uint64_t)event->length >> 8 * i);
	text_append(file, length, sizeof length);
	add_checksum(file, length, sizeof length);
	text_append(file, event->bytes, event->length);
	add_checksum(file, event->bytes, event->length);
	text_clear(event);
}

void event_file_begin(struct text *file, double time)
{
	struct text event = {0};
	text_clear(file);
	protobuf_double(&event, EVENT_TIME, time);
	protobuf_text(&event, EVENT_VERSION, "brain.Event:2");
	add_record(file, &event);
}

void event_file_add(struct text *file, double time, int64_t step, struct text *values)
{
	struct text event = {0};
	if (values->length == 0)
		return;
	protobuf_double(&event, EVENT_TIME, time);
	protobuf_integer(&event, EVENT_STEP, step);
	protobuf_message(&event, EVENT_SUMMARY, values);
	add_record(file, &event);
}

/* ---- values ---- */

void event_add_scalar(struct text *values, const char *tag, double scalar)
{
	struct text value = {0};
	if (!isfinite(scalar))
		return;
	protobuf_text(&value, VALUE_TAG, tag);
	protobuf_float(&value, VALUE_SCALAR, (float)scalar);
	protobuf_message(values, SUMMARY_VALUE, &value);
}

/* Words are a tensor of one string, shown by the plugin of that name. */
void event_add_text(struct text *values, const char *tag, const char *markdown)
{
	struct text value = {0}, tensor = {0}, shape = {0}, metadata = {0}, plugin = {0};
	protobuf_integer(&tensor, TENSOR_TYPE, TYPE_STRING);
	protobuf_message(&tensor, TENSOR_SHAPE, &shape);
	protobuf_text(&tensor, TENSOR_STRINGS, markdown);
	protobuf_text(&plugin, PLUGIN_NAME, "text");
	protobuf_message(&metadata, METADATA_PLUGIN, &plugin);
	protobuf_text(&value, VALUE_TAG, tag);
	protobuf_message(&value, VALUE_TENSOR, &tensor);
	protobuf_message(&value, VALUE_METADATA, &metadata);
	protobuf_message(values, SUMMARY_VALUE, &value);
}

void event_add_png(struct text *values, const char *tag, int width, int height, int channels, const void *png, size_t size)
{
	struct text value = {0}, image = {0};
	protobuf_integer(&image, IMAGE_HEIGHT, height);
	protobuf_integer(&image, IMAGE_WIDTH, width);
	protobuf_integer(&image, IMAGE_CHANNELS, channels);
	protobuf_bytes(&image, IMAGE_PNG, png, size);
	protobuf_text(&value, VALUE_TAG, tag);
	protobuf_message(&value, VALUE_IMAGE, &image);
	protobuf_message(values, SUMMARY_VALUE, &value);
}

void event_add_histogram(struct text *values, const char *tag, const struct event_histogram *histogram)
{
	struct text value = {0}, inner = {0};
	double count = 0;
	for (size_t i = 0; i < histogram->bins; i++)
		count += histogram->counts[i];
	protobuf_double(&inner, HISTOGRAM_MIN, histogram->min);
	protobuf_double(&inner, HISTOGRAM_MAX, histogram->max);
	protobuf_double(&inner, HISTOGRAM_COUNT, count);
	protobuf_double(&inner, HISTOGRAM_SUM, histogram->sum);
	protobuf_double(&inner, HISTOGRAM_SQUARES, histogram->sum_of_squares);
	protobuf_doubles(&inner, HISTOGRAM_LIMITS, histogram->limits, histogram->bins);
	protobuf_doubles(&inner, HISTOGRAM_COUNTS, histogram->counts, histogram->bins);
	protobuf_text(&value, VALUE_TAG, tag);
	protobuf_message(&value, VALUE_HISTOGRAM, &inner);
	protobuf_message(values, SUMMARY_VALUE, &value);
}
