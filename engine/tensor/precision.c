#include "engine/tensor/precision.h"

#include <stdio.h>
#include <string.h>

#include "engine/tensor/kernel.h"

const char *const precision_wishes[] = {"auto", "float32", "bf16", NULL};

enum precision precision_of_wish(const char *wish)
{
	const bool open = strcmp(wish, "auto") == 0 || strcmp(wish, "bf16") == 0;
	return open && kernel_of_pairs() ? PRECISION_BF16 : PRECISION_FLOAT32;
}

void precision_describe(const char *wish, char *text, size_t size)
{
	if (precision_of_wish(wish) == PRECISION_BF16)
		snprintf(text, size, "bf16 %s", kernel_of_pairs()->name);
	else
		snprintf(text, size, "float32 %s", kernel_current()->name);
}

bool precision_denied(const char *wish)
{
	return strcmp(wish, "bf16") == 0 && precision_of_wish(wish) != PRECISION_BF16;
}
