/* libFuzzer: the records of CIFAR-10 and its file of class names on arbitrary bytes. Seeds: tests/fuzz/corpus/cifar10,
 * written by tests/fuzz/make_data_seeds.py. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/cifar10.h"

enum { NAME_SIZE = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void try_batch(const uint8_t *bytes, size_t size)
{
	struct error error;
	size_t count;
	uint8_t rgb[3 * CIFAR10_PLANE];
	if (!cifar10_check_batch(bytes, size, "input", &count, &error))
		return;
	for (size_t i = 0; i < count; i++) {
		cifar10_unpack(bytes + i * CIFAR10_RECORD, rgb);
		if (rgb[3 * 5 + 2] != bytes[i * CIFAR10_RECORD + 1 + 2 * CIFAR10_PLANE + 5])
			abort();
	}
}

static void try_names(const uint8_t *bytes, size_t size)
{
	struct error error;
	char names[CIFAR10_CLASSES][NAME_SIZE];
	if (!cifar10_read_names(bytes, size, "input", *names, sizeof *names, &error))
		return;
	for (int i = 0; i < CIFAR10_CLASSES; i++) {
		size_t length = strnlen(names[i], NAME_SIZE);
		if (length == 0 || length == NAME_SIZE)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	try_batch(bytes, size);
	try_names(bytes, size);
	return 0;
}
