/* The networks of DCGAN (Radford et al. 2016, as in pytorch/examples), which the other families vary: as many stages as the
 * picture needs (paper.md section 3). w is the width of the layer next to the picture; every stage halves the pixels and
 * doubles the features:
 *
 *   D  picture -conv-> w -leaky-> [-conv-> 2w, 4w .. -norm-leaky->]  until 4 x 4 pixels  -conv-> 1 score
 *   G  noise 1x1 -deconv-> 4 x 4 -norm-relu-> [-deconv-> .. 2w, w -norm-relu->]  -deconv-tanh-> picture
 *
 * All kernels 4 x 4, no biases, weights N(0, 0.02), batch norm's gamma N(1, 0.02). */
#ifndef QGAN_ENGINE_GAN_PYRAMID_H
#define QGAN_ENGINE_GAN_PYRAMID_H

#include "engine/gan/model.h"

/* What a family makes D of; G is always the same. */
struct pyramid {
	const char *convolution; /* kind of D's convolutions */
	const char *norm;        /* kind between a convolution and its rectifier; NULL: none */
	bool rectifies;          /* the norm's kind ends with the rectifier itself */
};

/* As DCGAN has them: batch norm in D. */
void pyramid_describe_dcgan(const struct gan_settings *settings, enum network_id network, struct network_recipe *recipe);

void pyramid_describe(const struct pyramid *pyramid, const struct gan_settings *settings, enum network_id network,
                      struct network_recipe *recipe);

#endif
