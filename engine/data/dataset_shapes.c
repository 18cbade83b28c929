/* Pictures of geometric shapes, drawn from the seed: one shape a picture, anywhere, of any size, angle and colour, on a
 * background that fades between two colours. Picture i depends on (seed, i) alone, and is the same at every size.
 *
 * A shape is a function of a point (x, y) in its own frame, where it spans about -1..1 and y points down: the distance to
 * its edge, positive inside. Coverage of a pixel is that distance in pixels plus a half, clamped to 0..1: smooth edges. */
#include <math.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/data/dataset_parts.h"
#include "engine/data/picture_file.h"
#include "engine/tensor/random.h"

enum {
	TRAIN_COUNT = 20000, TEST_COUNT = 4000,
	DRAWS = 20,         /* random numbers a picture */
	BLOCKS = DRAWS / 4, /* of the random generator, which gives four at a time */
};

static float circle(float x, float y) { return 1 - sqrtf(x * x + y * y); }

static float square(float x, float y) { return 0.8f - fmaxf(fabsf(x), fabsf(y)); }

/* Half-planes y < h and, on both sides, the slanted edges of an equilateral triangle with its centre of mass at 0. */
static float triangle(float x, float y)
{
	return 0.5f - fmaxf(y, 0.8660254f * fabsf(x) - 0.5f * y);
}

static float diamond(float x, float y) { return 0.5547002f - 0.8320503f * fabsf(x) - 0.5547002f * fabsf(y); }

static float hexagon(float x, float y)
{
	x = fabsf(x);
	y = fabsf(y);
	return 0.8f - fmaxf(y, 0.8660254f * x + 0.5f * y);
}

/* Folded into the wedge of 36 degrees right of "up"; there the edge runs from the tip (0, -1) to the inner corner at
 * 36 degrees and radius 0.42. Two mirrors do the fold: at 36 degrees, twice, after the one at x = 0. */
static float star(float x, float y)
{
	static const float normal_x = 0.8090170f, normal_y = 0.5877853f; /* of the mirror through the inner corner */
	static const float inner = 0.42f;
	x = fabsf(x);
	for (int i = 0; i < 2; i++) {
		float beyond = normal_x * x + normal_y * y;
		if (beyond > 0) {
			x -= 2 * beyond * normal_x;
			y -= 2 * beyond * normal_y;
		}
		x = fabsf(x);
	}
	float corner_x = inner * normal_y, corner_y = -inner * normal_x;
	float edge_x = corner_x, edge_y = corner_y + 1, length = sqrtf(edge_x * edge_x + edge_y * edge_y);
	return (edge_x * (y + 1) - edge_y * x) / length;
}

static float cross(float x, float y)
{
	x = fabsf(x);
	y = fabsf(y);
	return fmaxf(fminf(0.3f - x, 0.95f - y), fminf(0.95f - x, 0.3f - y));
}

static float ring(float x, float y) { return 0.25f - fabsf(sqrtf(x * x + y * y) - 0.72f); }

static float crescent(float x, float y)
{
	float shifted = x - 0.5f;
	return fminf(0.95f - sqrtf(x * x + y * y), sqrtf(shifted * shifted + y * y) - 0.75f);
}

/* A square on its corner and a circle on each of its upper edges. */
static float heart(float x, float y)
{
	static const float half = 0.5f, root = 0.7071068f; /* half side of the square */
	x = fabsf(x);
	y -= 0.2f;
	float along = root * (x + y), across = root * (x - y); /* the square's own axes */
	float from_circle_x = x - root * half, from_circle_y = y + root * half;
	float in_circle = half - sqrtf(from_circle_x * from_circle_x + from_circle_y * from_circle_y);
	return fmaxf(in_circle, half - fmaxf(fabsf(along), fabsf(across)));
}

static const struct shape_class {
	const char *name;
	float (*inside)(float x, float y);
} classes[] = {
	{"circle", circle}, {"square", square}, {"triangle", triangle}, {"diamond", diamond}, {"hexagon", hexagon},
	{"star", star}, {"cross", cross}, {"ring", ring}, {"crescent", crescent}, {"heart", heart},
};

enum { CLASSES = sizeof classes / sizeof *classes };

struct scene {
	const struct shape_class *class;
	float x, y, radius, cosine, sine; /* the picture spans -1..1 */
	float colour[3], from[3], to[3];  /* 0..255: of the shape, of the two ends of the background */
	float fade_x, fade_y;             /* direction of the fade, unit length */
};

/* hue, saturation, value in 0..1 to 0..255; the usual six-sided colour wheel. */
static void colour_from_hsv(float hue, float saturation, float value, float colour[3])
{
	for (int c = 0; c < 3; c++) {
		float sixth = fmodf(6 * hue + (c == 0 ? 5 : c == 1 ? 3 : 1), 6);
		colour[c] = 255 * value * (1 - saturation * fmaxf(0, fminf(fminf(sixth, 4 - sixth), 1)));
	}
}

/* The shape is either a good deal brighter or a good deal darker than what lies behind it, so that its edge shows. */
static void choose_colours(struct scene *scene, const float draws[])
{
	bool bright = draws[0] < 0.5f;
	float behind = bright ? 0.10f + 0.30f * draws[1] : 0.65f + 0.35f * draws[1];
	float value = bright ? 0.80f + 0.20f * draws[2] : 0.10f + 0.30f * draws[2];
	float hue = draws[3];
	colour_from_hsv(hue, 0.55f + 0.45f * draws[4], value, scene->colour);
	colour_from_hsv(draws[5], 0.15f + 0.50f * draws[6], behind, scene->from);
	colour_from_hsv(fmodf(draws[5] + 0.25f * (draws[7] - 0.5f) + 1, 1), 0.15f + 0.50f * draws[8],
	                fminf(behind + (bright ? 0.10f : -0.15f) * draws[9], 1), scene->to);
}

static void choose_scene(struct scene *scene, uint64_t seed, uint64_t number)
{
	static const float turn = 6.2831853f;
	struct random random;
	float draws[DRAWS];
	random_start(&random, seed, RANDOM_SHAPES);
	random.counter = number * BLOCKS;
	random_fill_uniform(&random, draws, DRAWS);
	scene->class = &classes[number % CLASSES];
	scene->radius = 0.35f + 0.40f * draws[0];
	float free_way = 0.95f - scene->radius; /* the shape stays inside the picture */
	scene->x = free_way * (2 * draws[1] - 1);
	scene->y = free_way * (2 * draws[2] - 1);
	scene->cosine = cosf(turn * draws[3]);
	scene->sine = sinf(turn * draws[3]);
	scene->fade_x = cosf(turn * draws[4]);
	scene->fade_y = sinf(turn * draws[4]);
	choose_colours(scene, draws + 5);
}

/* x, y: the pixel's centre in -1..1; pixel: its width in the same unit. */
static void draw_pixel(const struct scene *scene, float x, float y, float pixel, uint8_t rgb[3])
{
	float dx = (x - scene->x) / scene->radius, dy = (y - scene->y) / scene->radius, cover = 0;
	if (dx * dx + dy * dy < 1.5f * 1.5f) {
		float inside = scene->class->inside(scene->cosine * dx + scene->sine * dy, scene->cosine * dy - scene->sine * dx);
		cover = fminf(fmaxf(inside * scene->radius / pixel + 0.5f, 0), 1);
	}
	float fade = 0.5f + 0.35f * (x * scene->fade_x + y * scene->fade_y);
	for (int c = 0; c < 3; c++) {
		float behind = scene->from[c] + fade * (scene->to[c] - scene->from[c]);
		rgb[c] = (uint8_t)fminf(fmaxf(behind + cover * (scene->colour[c] - behind) + 0.5f, 0), 255);
	}
}

struct drawing {
	uint64_t seed, first; /* number of the split's first picture */
};

static bool make_picture(void *context, const struct dataset *dataset, size_t index, uint8_t *target, struct error *error)
{
	(void)error;
	const struct drawing *drawing = context;
	struct scene scene;
	choose_scene(&scene, drawing->seed, drawing->first + index);
	dataset->labels[index] = (uint16_t)(scene.class - classes);
	size_t channels = (size_t)dataset->channels;
	uint8_t rgb[3];
	float pixel = 2.0f / (float)dataset->size;
	for (int y = 0; y < dataset->size; y++)
		for (int x = 0; x < dataset->size; x++, target += channels) {
			draw_pixel(&scene, ((float)x + 0.5f) * pixel - 1, ((float)y + 0.5f) * pixel - 1, pixel, rgb);
			if (channels == 1)
				picture_grey_from_rgb(rgb, 1, target);
			else
				memcpy(target, rgb, sizeof rgb);
		}
	return true;
}

static bool open_shapes(const char *directory, const struct dataset_options *options, struct dataset *dataset,
                        struct error *error)
{
	(void)directory;
	bool test = dataset_is_test_split(options);
	struct drawing drawing = {options->seed, test ? TRAIN_COUNT : 0};
	struct dataset_maker maker = {make_picture, &drawing};
	size_t count = dataset_limited(options, test ? TEST_COUNT : TRAIN_COUNT);
	if (!dataset_reserve(dataset, count, options->size, dataset_channels(options, 3), CLASSES, error))
		return false;
	for (int i = 0; i < CLASSES; i++)
		text_copy(dataset->class_names[i], DATASET_CLASS_NAME_SIZE, classes[i].name);
	return dataset_fill(dataset, options, &maker, error);
}

static bool count(const char *directory, size_t *pictures, int *channels, struct error *error)
{
	(void)directory;
	(void)error;
	*pictures = TRAIN_COUNT;
	*channels = 3;
	return true;
}

const struct dataset_kind dataset_kind_shapes = {
	.name = "shapes",
	.usage = "shapes",
	.help = "20,000 generated pictures in colour, 10 classes of shapes: needs no file",
	.count = count,
	.open = open_shapes,
};
