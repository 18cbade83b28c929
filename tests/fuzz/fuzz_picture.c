/* libFuzzer: PNG and JPEG files from arbitrary bytes; what is read was announced by its header, is resized, written as PNG and read again. Mutated PNG
 * chunks get right checksums, else nothing behind the first one would ever be reached. Seeds: tests/fuzz/corpus/picture,
 * written by tests/fuzz/make_data_seeds.py. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "engine/data/picture_file.h"

enum { SIGNATURE = 8, AROUND_DATA = 12, SMALL = 9 }; /* bytes of the PNG signature; of a chunk's length, type and checksum */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed);

static uint32_t read_be32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed)
{
	size = LLVMFuzzerMutate(bytes, size, most);
	if (size < SIGNATURE || memcmp(bytes, "\x89PNG\r\n\x1a\n", SIGNATURE) || seed % 8 == 0) /* some stay wrong */
		return size;
	for (size_t at = SIGNATURE; size - at >= AROUND_DATA;) {
		size_t length = read_be32(bytes + at);
		if (length > size - at - AROUND_DATA)
			break;
		uint32_t check = (uint32_t)crc32(0, bytes + at + 4, (uInt)(4 + length));
		for (int i = 0; i < 4; i++)
			bytes[at + 8 + length + (size_t)i] = (uint8_t)(check >> (24 - 8 * i));
		at += AROUND_DATA + length;
	}
	return size;
}

static void try_round_trip(const struct image *image)
{
	struct text png = {0};
	if (!picture_encode_png(image, &png, NULL))
		abort();
	struct image *back = picture_decode(png.bytes, png.length, 0, "output", NULL);
	if (!back || back->width != image->width || back->channels != image->channels
	    || memcmp(back->pixels, image->pixels, (size_t)image->width * (size_t)image->height * (size_t)image->channels))
		abort();
	image_destroy(back);
	text_clear(&png);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct error error;
	struct image *image = picture_decode(bytes, size, size % 2 ? 3 : 0, "input", &error);
	if (!image)
		return 0;
	struct picture_outline outline;
	if (!picture_outline(bytes, size, "input", &outline, &error) || outline.width != image->width
	    || outline.height != image->height || (size % 2 == 0 && outline.channels != image->channels))
		abort();
	struct image *square = picture_square(image, SMALL, &error);
	if (!square)
		abort();
	try_round_trip(square);
	image_destroy(square);
	image_destroy(image);
	return 0;
}
