/* The gradient penalty of WGAN-GP (Gulrajani et al. 2017), exact: weight x mean over the batch of (|g| - 1)^2, where g is the
 * gradient of D's score by the picture, taken at pictures that lie somewhere between a real and a generated one.
 *
 * D must judge every picture by itself (no batch norm). Then, with v the derivative of the penalty by g, the penalty's gradient
 * by D's weights is that of the plain number v . g, which is the slope of the scores in direction v: one forward pass, one
 * backward pass for g, one pass of v through the layers (nn/network.h), and weight gradients; nothing is computed twice.
 *
 * Quantized weights: the penalty is that of the critic that plays, Q(W). Its gradient by Q(W) goes to the float W unchanged,
 * like every other gradient (straight-through, paper R11): rounding is never looked through, inside the penalty neither.
 * Engine thread. */
#ifndef QGAN_ENGINE_GAN_PENALTY_H
#define QGAN_ENGINE_GAN_PENALTY_H

#include "engine/nn/network.h"

struct penalty {
	double weight;            /* 0: none */
	float *between;           /* owned: pictures between real and generated ones */
	float *direction;         /* owned: g, then v */
	float *ones, *factors;    /* owned: a value a picture */
	double *squares;          /* owned: a value a row of pixels and picture */
};

/* For a D made for batches of `batch` pictures. False: memory is refused, or a layer has no second derivatives (named). */
bool penalty_init(struct penalty *penalty, double weight, struct network *d, int batch, struct error *error);
void penalty_clear(struct penalty *penalty); /* of a zeroed struct too */

/* Adds to D's gradients; returns the penalty. mix: a number a picture, 1: the real one, 0: the generated one. */
double penalty_add(struct penalty *penalty, struct network *d, struct parallel *parallel, int batch, const float *real,
                   const float *fake, const float *mix);

#endif
