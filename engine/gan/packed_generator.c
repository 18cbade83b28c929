#include "engine/gan/packed_generator.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/data/picture_file.h"
#include "engine/gan/model.h"
#include "engine/gan/packed_model_names.h"
#include "engine/tensor/conv_packed.h"
#include "engine/tensor/pointwise.h"
#include "engine/tensor/random.h"

struct packed_generator {
	int latent, max_batch;
	uint64_t seed; /* of the training */
	struct parallel *parallel;
	struct conv_packed *layers[NETWORK_MAX_LAYERS];
	int count;
	struct conv_packed_pass pass;
	float *pictures; /* of max_batch */
};

/* ---- reading layers ---- */

/* A convolution and what the layers behind it add. */
struct reading {
	const struct packed_model *model;
	struct packed_generator *generator;
	struct shape shape; /* of what the next layer reads */
	const struct layer_spec *spec; /* the convolution's; NULL: none begun */
	struct conv_geometry geometry;
	struct conv_packed_end end;
	float *maps;        /* owned: mean, scale, shift */
};

static bool refuse_shape(const struct packed_tensor *tensor, const struct conv_geometry *g, struct error *error)
{
	return error_set(error, ERROR_INPUT, "%s is not %d x %d x %d x %d as the settings ask for, or has scales for something else than"
	                 " the output's channels", tensor->name, g->small.channels, g->big.channels, g->kernel, g->kernel);
}

static bool fits(const struct packed_tensor *tensor, const struct conv_geometry *g)
{
	const size_t shape[] = {(size_t)g->small.channels, (size_t)g->big.channels, (size_t)g->kernel, (size_t)g->kernel};
	const struct quant_layout layout = tensor->codes.layout;
	return tensor->dimensions == 4 && memcmp(tensor->shape, shape, sizeof shape) == 0 &&
	       (layout.groups == 1 || (layout.groups == shape[1] && layout.outer == shape[0]));
}

static struct conv_packed *make_from_codes(const struct reading *reading, const struct packed_tensor *tensor, struct error *error)
{
	const struct packed_codes *codes = &tensor->codes;
	if (!fits(tensor, &reading->geometry)) {
		refuse_shape(tensor, &reading->geometry, error);
		return NULL;
	}
	uint8_t *states = memory_try_bytes(quant_layout_count(codes->layout), "the codes of a layer", error);
	float *levels = packed_codes_levels(codes);
	struct conv_packed_line *lines = memory_zeroed(codes->layout.groups, sizeof *lines);
	for (size_t g = 0; g < codes->layout.groups; g++) /* true of some methods: the layer will see */
		lines[g] = (struct conv_packed_line){codes->fits[g].alpha, codes->fits[g].beta};
	struct conv_packed *layer = NULL;
	if (states) {
		packed_codes_unpack(codes, states);
		const struct conv_packed_weights weights = {
			.bits = codes->bits, .codes = states, .levels = levels, .groups = (int)codes->layout.groups, .lines = lines,
		};
		layer = conv_packed_create(&reading->geometry, &weights, &reading->end, error);
	}
	free(states);
	free(levels);
	free(lines);
	return layer;
}

static struct conv_packed *make_from_floats(const struct reading *reading, const char *name, struct error *error)
{
	const size_t count = conv_weight_count(&reading->geometry);
	float *values = memory_try_floats(count, "the weights of a layer", error);
	struct conv_packed *layer = NULL;
	if (values && packed_model_expand(reading->model, name, count, values, error)) {
		const struct conv_packed_weights weights = {.values = values};
		layer = conv_packed_create(&reading->geometry, &weights, &reading->end, error);
	}
	free(values);
	return layer;
}

/* The convolution is whole: the next one begins, or the network ends. */
static bool end_layer(struct reading *reading, struct error *error)
{
	const struct packed_model *model = reading->model;
	char name[CHECKPOINT_NAME_SIZE];
	if (!reading->spec)
		return true;
	snprintf(name, sizeof name, "%s.%s.weight", packed_network_names[NETWORK_G], reading->spec->name);
	const struct packed_tensor *tensor = NULL;
	for (int i = 0; i < model->count && !tensor; i++)
		tensor = strcmp(model->tensors[i].name, name) == 0 ? &model->tensors[i] : NULL;
	struct conv_packed *layer = tensor ? make_from_codes(reading, tensor, error) : make_from_floats(reading, name, error);
	if (!layer)
		return false;
	reading->generator->layers[reading->generator->count++] = layer;
	reading->end = (struct conv_packed_end){.slope = 1};
	reading->spec = NULL;
	return true;
}

static bool add_convolution(struct reading *reading, const struct layer_spec *spec, struct shape output, struct error *error)
{
	if (!end_layer(reading, error))
		return false;
	reading->spec = spec;
	reading->geometry = (struct conv_geometry){
		.big = output, .small = reading->shape, .kernel = spec->kernel, .stride = spec->stride, .padding = spec->padding,
	};
	return true;
}

static bool read_vector(const struct reading *reading, const struct layer_spec *spec, const char *what, float *values,
                        struct error *error)
{
	char name[CHECKPOINT_NAME_SIZE];
	snprintf(name, sizeof name, "%s.%s.%s", packed_network_names[NETWORK_G], spec->name, what);
	return packed_model_expand(reading->model, name, (size_t)reading->shape.channels, values, error);
}

static bool add_norm(struct reading *reading, const struct layer_spec *spec, struct shape output, struct error *error)
{
	enum { MEAN, SCALE, SHIFT, GAMMA, VARIANCE, VECTORS };
	const size_t channels = (size_t)output.channels;
	free(reading->maps);
	reading->maps = memory_zeroed(VECTORS * channels, sizeof *reading->maps);
	float *at[VECTORS];
	for (size_t i = 0; i < VECTORS; i++)
		at[i] = reading->maps + i * channels;
	if (!read_vector(reading, spec, "weight", at[GAMMA], error) || !read_vector(reading, spec, "bias", at[SHIFT], error) ||
	    !read_vector(reading, spec, "running_mean", at[MEAN], error) ||
	    !read_vector(reading, spec, "running_var", at[VARIANCE], error))
		return false;
	const struct batch_norm norm = {
		.channels = output.channels, .epsilon = layer_batch_norm_epsilon, .gamma = at[GAMMA], .running_variance = at[VARIANCE],
	};
	batch_norm_running_scale(&norm, at[SCALE]);
	reading->end = (struct conv_packed_end){.mean = at[MEAN], .scale = at[SCALE], .shift = at[SHIFT], .slope = 1};
	return true;
}

static bool add_leaky_norm(struct reading *reading, const struct layer_spec *spec, struct shape output, struct error *error)
{
	bool good = add_norm(reading, spec, output, error);
	reading->end.slope = spec->slope;
	return good;
}

static bool add_tanh(struct reading *reading, const struct layer_spec *spec, struct shape output, struct error *error)
{
	(void)spec, (void)output, (void)error;
	reading->end.tanh = true;
	return true;
}

/* What generators are made of. Everything but a convolution stands behind one. */
static const struct {
	const char *kind;
	bool (*add)(struct reading *reading, const struct layer_spec *spec, struct shape output, struct error *error);
	bool begins;
} parts[] = {
	{"conv_transpose2d", add_convolution, true}, {"batch_norm", add_norm, false}, {"batch_norm_leaky", add_leaky_norm, false},
	{"tanh", add_tanh, false},
};

static bool add_layer(struct reading *reading, const struct layer_spec *spec, struct error *error)
{
	const struct layer_kind *kind = layer_kind_find(spec->kind, error);
	struct shape output;
	if (!kind || !kind->shape(spec, reading->shape, &output, error))
		return false;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (strcmp(parts[i].kind, spec->kind) != 0 || !(parts[i].begins || reading->spec))
			continue;
		bool good = parts[i].add(reading, spec, output, error);
		reading->shape = output;
		return good;
	}
	return error_set(error, ERROR_INPUT, "layer %s (%s): packed generators are transposed convolutions, each with batch norm or tanh"
	                 " behind it", spec->name, spec->kind);
}

static bool read_layers(struct packed_generator *generator, const struct packed_model *model, struct error *error)
{
	const struct model_family *family = model_family_check(&model->settings, error);
	if (!family)
		return false;
	struct network_recipe *recipe = memory_zeroed(1, sizeof *recipe);
	family->describe(&model->settings, NETWORK_G, recipe);
	struct reading reading = {.model = model, .generator = generator, .shape = recipe->input, .end = {.slope = 1}};
	bool good = true;
	for (int i = 0; good && i < recipe->count; i++)
		good = add_layer(&reading, &recipe->layers[i], error);
	good = good && end_layer(&reading, error);
	free(reading.maps);
	free(recipe);
	return good;
}

/* ---- life ---- */

struct packed_generator *packed_generator_create(const struct packed_model *model, int max_batch, int threads,
                                                 struct error *error)
{
	assert(max_batch >= 1);
	if (!model->holds[NETWORK_G]) {
		error_set(error, ERROR_INPUT, "the model holds no generator");
		return NULL;
	}
	struct packed_generator *generator = memory_zeroed(1, sizeof *generator);
	generator->latent = model->settings.latent;
	generator->seed = model->settings.seed;
	generator->max_batch = max_batch;
	generator->parallel = parallel_create(threads, error);
	if (generator->parallel && read_layers(generator, model, error) &&
	    conv_packed_pass_init(&generator->pass, generator->parallel, generator->layers, generator->count, max_batch, error))
		generator->pictures = memory_try_floats((size_t)max_batch * shape_count(packed_generator_output(generator)), "pictures", error);
	if (generator->pictures)
		return generator;
	packed_generator_destroy(generator);
	return NULL;
}

void packed_generator_destroy(struct packed_generator *generator)
{
	if (!generator)
		return;
	for (int i = 0; i < generator->count; i++)
		conv_packed_destroy(generator->layers[i]);
	conv_packed_pass_clear(&generator->pass);
	parallel_destroy(generator->parallel);
	free(generator->pictures);
	free(generator);
}

struct shape packed_generator_output(const struct packed_generator *generator)
{
	return conv_packed_geometry(generator->layers[generator->count - 1])->big;
}

int packed_generator_threads(const struct packed_generator *generator)
{
	return parallel_threads(generator->parallel);
}

size_t packed_generator_bytes(const struct packed_generator *generator)
{
	size_t bytes = 0;
	for (int i = 0; i < generator->count; i++)
		bytes += conv_packed_bytes(generator->layers[i]);
	return bytes;
}

double packed_generator_multiply_adds(const struct packed_generator *generator)
{
	double sum = 0;
	for (int i = 0; i < generator->count; i++)
		sum += conv_multiply_adds(conv_packed_geometry(generator->layers[i]));
	return sum;
}

/* ---- pictures ---- */

const float *packed_generator_run(struct packed_generator *generator, int batch, const float *noise)
{
	conv_packed_run(&generator->pass, batch, noise, generator->pictures);
	return generator->pictures;
}

/* The next `count` pictures; each draws its noise alone, as trainer_draw does. */
static void draw(struct packed_generator *generator, struct random *random, int count, float *noise, uint8_t *pixels)
{
	const struct shape shape = packed_generator_output(generator);
	const size_t latent = (size_t)generator->latent;
	for (int done = 0; done < count; done += generator->max_batch) {
		const int part = count - done < generator->max_batch ? count - done : generator->max_batch;
		for (int i = 0; i < part; i++)
			random_fill_normal(random, noise + (size_t)i * latent, latent, 0, 1);
		tensor_to_pixels(packed_generator_run(generator, part, noise), part, shape, pixels + (size_t)done * shape_count(shape));
	}
}

struct image *packed_generator_sample(struct packed_generator *generator, int count, uint64_t seed, struct error *error)
{
	const struct shape shape = packed_generator_output(generator);
	uint8_t *pixels = memory_try_bytes((size_t)count * shape_count(shape), "a sample grid", error);
	float *noise = memory_try_floats((size_t)generator->max_batch * (size_t)generator->latent, "the noise of a batch", error);
	struct image *grid = NULL;
	if (pixels && noise) {
		struct random random;
		random_start(&random, seed ? seed : generator->seed, RANDOM_FIXED_NOISE);
		draw(generator, &random, count, noise, pixels);
		grid = picture_grid(pixels, count, shape.height, shape.channels, (int)ceil(sqrt(count)), 0, error);
	}
	free(pixels);
	free(noise);
	return grid;
}
