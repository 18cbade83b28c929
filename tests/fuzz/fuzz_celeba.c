/* libFuzzer: celeba_list_parse on arbitrary bytes; what it accepts must be sorted, without doubles, and found again. Seeds:
 * tests/fuzz/corpus/celeba, written by tests/fuzz/make_data_seeds.py. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/celeba.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct error error;
	struct celeba_list list;
	if (!celeba_list_parse(bytes, size, "input", &list, &error))
		return 0;
	if (list.count == 0)
		abort();
	for (size_t i = 0; i < list.count; i++) {
		const struct celeba_entry *entry = &list.entries[i];
		if (!*entry->name || entry->part > CELEBA_TEST || celeba_list_find(&list, entry->name) != entry->part)
			abort();
		if (i > 0 && strcmp(list.entries[i - 1].name, entry->name) >= 0)
			abort();
	}
	celeba_list_clear(&list);
	return 0;
}
