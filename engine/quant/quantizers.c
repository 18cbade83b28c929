#include <string.h>

#include "engine/base/text.h"
#include "engine/quant/quantizer.h"

const struct quantizer *const quantizers[] = {&quantizer_em, &quantizer_minmax, &quantizer_log, &quantizer_tanh, NULL};
const char *const quantizer_names[] = {"em", "minmax", "log", "tanh", NULL};

const struct quantizer *quantizer_find(const char *name, struct error *error)
{
	struct text known = {0};
	for (int i = 0; quantizers[i]; i++) {
		if (!strcmp(quantizers[i]->name, name)) {
			text_clear(&known);
			return quantizers[i];
		}
		text_format(&known, "%s%s", i ? ", " : "", quantizers[i]->name);
	}
	error_set(error, ERROR_INPUT, "unknown quantizer \"%.40s\"; the known ones are %s", name, known.bytes);
	text_clear(&known);
	return NULL;
}
