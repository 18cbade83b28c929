#include "engine/tensor/precision.h"

#include <stdio.h>
#include <string.h>

#include "engine/tensor/kernel.h"

const char *const precision_wishes[] = {"auto", "float32", "bf16", NULL};

enum precision precision_of_wish(const char *wish)
{
	const struct kernel *kernel = kernel_of_pairs();
	const bool bf16 = strcmp(wish, "bf16") == 0 || (strcmp(wish, "auto") == 0 && kernel && kernel->worthwhile);
	return bf16 && kernel ? PRECISION_BF16 : PRECISION_FLOAT32;
}

const char *precision_name(enum precision precision)
{
	return precision == PRECISION_FLOAT32 ? "float32" : "bf16";
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
