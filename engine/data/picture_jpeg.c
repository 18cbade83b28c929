/* JPEG through TurboJPEG. Every warning is an error: it means that pixels were guessed. */
#include "engine/data/picture_codec.h"

#include <stdlib.h>
#include <turbojpeg.h>

#include "engine/base/memory.h"
#include "engine/data/picture_file.h"

/* Huffman coding spends at least one bit on each 8x8 block (512 pixels a byte), arithmetic coding somewhat less. A
 * file shorter than that is cut or lies about its size, and is refused before memory is asked for. */
enum { MAX_PIXELS_A_BYTE = 4096 };

enum { DECODE_FLAGS = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS };

static bool refuse(tjhandle decoder, const char *name, struct error *error)
{
	return error_set(error, ERROR_INPUT, "%s is a damaged JPEG file: %s", name, tjGetErrorStr2(decoder));
}

/* CMYK in JPEG is stored inverted (Adobe's habit): 255 is no ink. */
static void rgb_from_cmyk(const uint8_t *cmyk, size_t count, uint8_t *rgb)
{
	for (size_t i = 0; i < count; i++)
		for (size_t c = 0; c < 3; c++)
			rgb[3 * i + c] = (uint8_t)((cmyk[4 * i + c] * cmyk[4 * i + 3] + 127) / 255);
}

static bool decode_cmyk(tjhandle decoder, const uint8_t *bytes, size_t size, struct image *image, const char *name,
                        struct error *error)
{
	size_t count = (size_t)image->width * (size_t)image->height;
	uint8_t *cmyk = memory_try_bytes(count * 4, name, error);
	if (!cmyk)
		return false;
	bool good = !tjDecompress2(decoder, bytes, size, cmyk, image->width, 0, image->height, TJPF_CMYK, DECODE_FLAGS)
	            || refuse(decoder, name, error);
	if (good)
		rgb_from_cmyk(cmyk, count, image->pixels);
	free(cmyk);
	return good;
}

static bool read_header(tjhandle decoder, const uint8_t *bytes, size_t size, const char *name, struct picture_outline *outline,
                        bool *inks, struct error *error)
{
	int width = 0, height = 0, subsampling = 0, colours = 0; /* not touched when the file has tables only, which is no failure */
	if (tjDecompressHeader3(decoder, bytes, size, &width, &height, &subsampling, &colours))
		return refuse(decoder, name, error);
	if (width == 0)
		return error_set(error, ERROR_INPUT, "%s is a damaged JPEG file: it holds no picture", name);
	if (!picture_check_size(width, height, name, error))
		return false;
	*inks = colours == TJCS_CMYK || colours == TJCS_YCCK;
	outline->width = width;
	outline->height = height;
	outline->channels = colours == TJCS_GRAY ? 1 : 3;
	return true;
}

static struct image *decode_with(tjhandle decoder, const uint8_t *bytes, size_t size, const char *name, struct error *error)
{
	struct picture_outline outline = {0};
	bool inks = false;
	if (!read_header(decoder, bytes, size, name, &outline, &inks, error))
		return NULL;
	int width = outline.width, height = outline.height;
	if ((size_t)width * (size_t)height / MAX_PIXELS_A_BYTE > size) {
		error_set(error, ERROR_INPUT, "%s is a damaged JPEG file: %zu bytes cannot hold %d x %d pixels", name, size, width,
		          height);
		return NULL;
	}
	struct image *image = image_create(width, height, outline.channels, error);
	if (!image)
		return NULL;
	bool good = inks ? decode_cmyk(decoder, bytes, size, image, name, error)
	                 : !tjDecompress2(decoder, bytes, size, image->pixels, width, 0, height,
	                                  outline.channels == 1 ? TJPF_GRAY : TJPF_RGB, DECODE_FLAGS) || refuse(decoder, name, error);
	if (good)
		return image;
	image_destroy(image);
	return NULL;
}

struct image *picture_decode_jpeg(const uint8_t *bytes, size_t size, const char *name, struct error *error)
{
	tjhandle decoder = tjInitDecompress();
	if (!decoder) {
		error_set(error, ERROR_MEMORY, "%s: no memory for the JPEG decoder", name);
		return NULL;
	}
	struct image *image = decode_with(decoder, bytes, size, name, error);
	tjDestroy(decoder);
	return image;
}

bool picture_outline_jpeg(const uint8_t *bytes, size_t size, const char *name, struct picture_outline *outline, struct error *error)
{
	bool inks;
	tjhandle decoder = tjInitDecompress();
	if (!decoder)
		return error_set(error, ERROR_MEMORY, "%s: no memory for the JPEG decoder", name);
	bool good = read_header(decoder, bytes, size, name, outline, &inks, error);
	tjDestroy(decoder);
	return good;
}
