/* What the products of a network are computed in. Weights, gradients, moments, statistics and sums are float32 in every
 * precision; only the operands of products are not.
 *
 *   float32     the truth, on every machine
 *   bf16        operands rounded to bfloat16 (8 bits of mantissa), sums in float32
 *   bf16 split  each operand as the sum of two bf16, three of the four products: errs by about 2^-16 of each term, near
 *               enough to float32 for second derivatives, at a third of the speed of bf16. Where floats take less time than
 *               that, they are taken instead
 *
 * Where the machine has no kernel for bf16, both bf16 are float32. */
#ifndef QGAN_ENGINE_TENSOR_PRECISION_H
#define QGAN_ENGINE_TENSOR_PRECISION_H

#include <stdbool.h>
#include <stddef.h>

enum precision { PRECISION_FLOAT32, PRECISION_BF16, PRECISION_BF16_SPLIT };

/* What people ask for: "auto" (bf16 where that is faster), "float32", "bf16". Text of a settings row. */
extern const char *const precision_wishes[]; /* NULL-terminated */

/* The precision that a wish comes to on this machine. Any thread. */
enum precision precision_of_wish(const char *wish);

/* How many times as fast as in float32 a training step in bf16 is on this machine, about; 1: no faster. Any thread. */
double precision_gain(void);

/* Writes over a wish (of `size` letters) what it comes to: "float32" or "bf16". Where bf16 was wished and there is no kernel for
 * it, a warning in the log says so. Any thread. */
void precision_settle(char *wish, size_t size);

/* The precision and the kernel that a network of that wish runs with: "float32 avx2", "bf16 amx-bf16". Any thread. */
void precision_describe(const char *wish, char *text, size_t size);

#endif
