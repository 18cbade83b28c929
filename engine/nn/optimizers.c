#include <string.h>

#include "engine/base/text.h"
#include "engine/nn/optimizer.h"

const struct optimizer *const optimizers[] = {&optimizer_adam, &optimizer_sgd, NULL};

const struct optimizer *optimizer_find(const char *name, struct error *error)
{
	struct text known = {0};
	for (int i = 0; optimizers[i]; i++) {
		if (strcmp(optimizers[i]->name, name) == 0) {
			text_clear(&known);
			return optimizers[i];
		}
		text_format(&known, "%s%s", i ? ", " : "", optimizers[i]->name);
	}
	error_set(error, ERROR_INPUT, "unknown optimizer \"%s\"; known: %s", name, known.bytes);
	text_clear(&known);
	return NULL;
}
