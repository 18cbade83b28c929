#include "engine/tensor/precision.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/log.h"
#include "engine/base/text.h"
#include "engine/tensor/kernel.h"

const char *const precision_wishes[] = {"auto", "float32", "bf16", NULL};

enum precision precision_of_wish(const char *wish)
{
	const bool bf16 = strcmp(wish, "bf16") == 0 || (strcmp(wish, "auto") == 0 && precision_gain() > 1);
	return bf16 && kernel_of_pairs() ? PRECISION_BF16 : PRECISION_FLOAT32;
}

double precision_gain(void)
{
	return kernel_pairs_gain();
}

void precision_describe(const char *wish, char *text, size_t size)
{
	if (precision_of_wish(wish) == PRECISION_BF16)
		snprintf(text, size, "bf16 %s", kernel_of_pairs()->name);
	else
		snprintf(text, size, "float32 %s", kernel_current()->name);
}

void precision_settle(char *wish, size_t size)
{
	const bool narrow = precision_of_wish(wish) == PRECISION_BF16;
	if (strcmp(wish, "bf16") == 0 && !narrow)
		log_write(LOG_LEVEL_WARNING, "precision bf16: this processor has no kernel for it; float32 (%s) is used",
		          kernel_current()->name);
	text_copy(wish, size, narrow ? "bf16" : "float32");
}
