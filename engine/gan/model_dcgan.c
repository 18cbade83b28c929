/* DCGAN (Radford et al. 2016) as in pytorch/examples, with as many stages as the picture needs (paper.md section 3).
 * w is the width of the layer next to the picture; every stage halves the pixels and doubles the features:
 *
 *   D  picture -conv-> w -leaky-> [-conv-> 2w, 4w .. -norm-leaky->]  until 4 x 4 pixels  -conv-> 1 score
 *   G  noise 1x1 -deconv-> 4 x 4 -norm-relu-> [-deconv-> .. 2w, w -norm-relu->]  -deconv-tanh-> picture
 *
 * All kernels 4 x 4, no biases, weights N(0, 0.02), gamma N(1, 0.02). */
#include "engine/gan/model.h"

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

static void add_norm(struct network_recipe *recipe, int number, float slope)
{
	struct layer_spec *spec = network_recipe_add(recipe, "batch_norm_leaky", "norm", number);
	spec->deviation = DEVIATION;
	spec->slope = slope;
}

static void describe_d(const struct gan_settings *settings, struct network_recipe *recipe)
{
	int stages = stages_of(settings->size), channels = settings->width, number = 1;
	recipe->input = (struct shape){settings->size, settings->size, settings->channels};
	for (; number <= stages + 1; number++, channels *= 2) {
		add_convolution(recipe, "conv2d", "conv", number, channels, false);
		if (number > 1)
			add_norm(recipe, number, SLOPE);
		else
			network_recipe_add(recipe, "leaky_relu", "leaky", number)->slope = SLOPE;
	}
	add_convolution(recipe, "conv2d", "conv", number, 1, true);
}

static void describe_g(const struct gan_settings *settings, struct network_recipe *recipe)
{
	int stages = stages_of(settings->size), number = 1;
	recipe->input = (struct shape){1, 1, settings->latent};
	for (; number <= stages + 1; number++) {
		add_convolution(recipe, "conv_transpose2d", "deconv", number, settings->width << (stages + 1 - number), number == 1);
		add_norm(recipe, number, 0);
	}
	add_convolution(recipe, "conv_transpose2d", "deconv", number, settings->channels, false);
	network_recipe_add(recipe, "tanh", "tanh", number);
}

static void describe(const struct gan_settings *settings, enum network_id network, struct network_recipe *recipe)
{
	(network == NETWORK_D ? describe_d : describe_g)(settings, recipe);
}

const struct model_family model_dcgan = {
	.name = "dcgan",
	.label = "DCGAN",
	.help = "deep convolutional GAN with batch norm and cross entropy",
	.sizes = {32, 64, 128},
	.loss = &loss_bce,
	.describe = describe,
};
