/* The binary version of CIFAR-10 (cs.toronto.edu/~kriz/cifar.html): records of 1 label byte and 3 planes (red, green,
 * blue) of 32x32 bytes; class names in a text file, one a line. Any thread. */
#ifndef QGAN_ENGINE_DATA_CIFAR10_H
#define QGAN_ENGINE_DATA_CIFAR10_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

enum { CIFAR10_SIDE = 32, CIFAR10_PLANE = CIFAR10_SIDE * CIFAR10_SIDE, CIFAR10_RECORD = 1 + 3 * CIFAR10_PLANE,
       CIFAR10_CLASSES = 10 };

/* How many records a file of that length holds; it must hold whole ones. Errors begin with `name`. */
bool cifar10_check_size(size_t size, const char *name, size_t *count, struct error *error);

/* Whole records only, every label in range; gives how many. Errors begin with `name`. */
bool cifar10_check_batch(const uint8_t *bytes, size_t size, const char *name, size_t *count, struct error *error);

/* Planes to interleaved RGB. */
void cifar10_unpack(const uint8_t record[CIFAR10_RECORD], uint8_t rgb[3 * CIFAR10_PLANE]);

/* Exactly CIFAR10_CLASSES names of 1..name_size - 1 printable bytes (blank lines are skipped), copied to names[i * name_size]. */
bool cifar10_read_names(const uint8_t *bytes, size_t size, const char *name, char *names, size_t name_size, struct error *error);

#endif
