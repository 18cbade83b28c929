/* Computed with Python by tests/make_golden_pictures.py; not to be edited. */
#ifndef QGAN_TESTS_GOLDEN_ORDER_H
#define QGAN_TESTS_GOLDEN_ORDER_H

#include <stdint.h>

/* The order of 20 pictures, seed 2^32 + 7, in epochs 0 and 3. */
static const uint8_t golden_order_0[20] = {
	7, 1, 17, 3, 11, 9, 8, 13, 5, 10, 12, 0, 2, 15, 18, 6, 19, 14, 16, 4,
};
static const uint8_t golden_order_3[20] = {
	4, 19, 3, 11, 12, 8, 9, 1, 10, 16, 18, 5, 15, 2, 7, 0, 17, 14, 6, 13,
};

#endif
