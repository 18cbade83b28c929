/* The generator of a packed model (packed_model.h) at work: its weights stay k-bit codes in memory and become floats a panel
 * at a time, while they are used (tensor/conv_packed.h). Its pictures are, bit for bit, those of the fake-quantized generator
 * that training used, batch norm with running statistics. One thread at a time; computes with a pool of its own. */
#ifndef QGAN_ENGINE_GAN_PACKED_GENERATOR_H
#define QGAN_ENGINE_GAN_PACKED_GENERATOR_H

#include "engine/base/image.h"
#include "engine/gan/packed_model.h"
#include "engine/tensor/tensor.h"

struct packed_generator;

/* threads 0: one per usable core. The model is not kept. ERROR_INPUT naming the tensor where it lacks what its settings ask
 * for, or holds it in another shape. */
struct packed_generator *packed_generator_create(const struct packed_model *model, int max_batch, int threads,
                                                 struct error *error);
void packed_generator_destroy(struct packed_generator *generator); /* NULL is fine */

struct shape packed_generator_output(const struct packed_generator *generator);
int packed_generator_threads(const struct packed_generator *generator);
size_t packed_generator_bytes(const struct packed_generator *generator); /* of the weights with all that belongs to them */
double packed_generator_multiply_adds(const struct packed_generator *generator); /* of one picture */

/* noise: `batch` (<= max_batch) vectors. Returns pictures in [H][W][N][C], -1..1, valid until the next call. */
const float *packed_generator_run(struct packed_generator *generator, int batch, const float *noise);

/* A grid as trainer_sample's. seed 0: the run's fixed noise. */
struct image *packed_generator_sample(struct packed_generator *generator, int count, uint64_t seed, struct error *error);

#endif
