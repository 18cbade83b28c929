#include "engine/gan/pyramid.h"

static const float SLOPE = 0.2f, DEVIATION = 0.02f;
enum { KERNEL = 4, SMALLEST = 4 };

static int stages_of(int size)
{
	int stages = 0;
	while (size > 2 * SMALLEST) {
		size /= 2;
		stages++;
	}
	return stages;
}

/* 4 x 4 with stride 2 and padding 1 between pictures; the whole of a 4 x 4 picture to or from one pixel. */
static void add_convolution(struct network_recipe *recipe, const char *kind, const char *name, int number, int channels,
                            bool whole)
{
	struct layer_spec *spec = network_recipe_add(recipe, kind, name, number);
	spec->channels = channels;
	spec->kernel = KERNEL;
	spec->stride = whole ? 1 : 2;
	spec->padding = whole ? 0 : 1;
	spec->deviation = DEVIATION;
}

static void add_norm(struct network_recipe *recipe, const char *kind, int number, float slope)
{
	struct layer_spec *spec = network_recipe_add(recipe, kind, "norm", number);
	spec->deviation = DEVIATION;
	spec->slope = slope;
}

static void describe_d(const struct pyramid *pyramid, const struct gan_settings *settings, struct network_recipe *recipe)
{
	int stages = stages_of(settings->size), channels = settings->width, number = 1;
	recipe->input = (struct shape){settings->size, settings->size, settings->channels};
	for (; number <= stages + 1; number++, channels *= 2) {
		bool norm = pyramid->norm && number > 1;
		add_convolution(recipe, pyramid->convolution, "conv", number, channels, false);
		if (norm)
			add_norm(recipe, pyramid->norm, number, SLOPE);
		if (!norm || !pyramid->rectifies)
			network_recipe_add(recipe, "leaky_relu", "leaky", number)->slope = SLOPE;
	}
	add_convolution(recipe, pyramid->convolution, "conv", number, 1, true);
}

static void describe_g(const struct gan_settings *settings, struct network_recipe *recipe)
{
	int stages = stages_of(settings->size), number = 1;
	recipe->input = (struct shape){1, 1, settings->latent};
	for (; number <= stages + 1; number++) {
		add_convolution(recipe, "conv_transpose2d", "deconv", number, settings->width << (stages + 1 - number), number == 1);
		add_norm(recipe, "batch_norm_leaky", number, 0);
	}
	add_convolution(recipe, "conv_transpose2d", "deconv", number, settings->channels, false);
	network_recipe_add(recipe, "tanh", "tanh", number);
}

void pyramid_describe(const struct pyramid *pyramid, const struct gan_settings *settings, enum network_id network,
                      struct network_recipe *recipe)
{
	if (network == NETWORK_D)
		describe_d(pyramid, settings, recipe);
	else
		describe_g(settings, recipe);
}

void pyramid_describe_dcgan(const struct gan_settings *settings, enum network_id network, struct network_recipe *recipe)
{
	static const struct pyramid pyramid = {.convolution = "conv2d", .norm = "batch_norm_leaky", .rectifies = true};
	pyramid_describe(&pyramid, settings, network, recipe);
}
