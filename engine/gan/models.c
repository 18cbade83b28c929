#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/gan/model.h"

const struct model_family *const model_families[] = {&model_dcgan, NULL};

const struct model_family *model_family_find(const char *name, struct error *error)
{
	struct text known = {0};
	for (int i = 0; model_families[i]; i++) {
		if (strcmp(model_families[i]->name, name) == 0) {
			text_clear(&known);
			return model_families[i];
		}
		text_format(&known, "%s%s", i ? ", " : "", model_families[i]->name);
	}
	error_set(error, ERROR_INPUT, "unknown model \"%s\"; known: %s", name, known.bytes);
	text_clear(&known);
	return NULL;
}

static bool size_known(const struct model_family *family, int size, struct error *error)
{
	char known[64] = "";
	size_t used = 0;
	for (int i = 0; family->sizes[i]; i++) {
		if (family->sizes[i] == size)
			return true;
		used += (size_t)snprintf(known + used, sizeof known - used, "%s%d", i ? ", " : "", family->sizes[i]);
	}
	return error_set(error, ERROR_INPUT, "size %d: %s is made for %s pixels", size, family->label, known);
}

static bool in_range(const char *name, int value, int max, struct error *error)
{
	return (value >= 1 && value <= max) || error_set(error, ERROR_INPUT, "%s %d: must be 1 to %d", name, value, max);
}

const struct model_family *model_family_check(const struct gan_settings *settings, struct error *error)
{
	const struct model_family *family = model_family_find(settings->model, error);
	if (!family || !size_known(family, settings->size, error))
		return NULL;
	if (settings->channels != 1 && settings->channels != 3) {
		error_set(error, ERROR_INPUT, "channels %d: must be 1 or 3", settings->channels);
		return NULL;
	}
	bool valid = in_range("width", settings->width, MODEL_MAX_WIDTH, error) &&
	             in_range("latent", settings->latent, MODEL_MAX_LATENT, error) &&
	             in_range("batch", settings->batch, MODEL_MAX_BATCH, error);
	return valid ? family : NULL;
}

struct layer_spec *network_recipe_add(struct network_recipe *recipe, const char *kind, const char *name, int number)
{
	assert(recipe->count < NETWORK_MAX_LAYERS);
	struct layer_spec *spec = &recipe->layers[recipe->count++];
	*spec = (struct layer_spec){.kind = kind};
	snprintf(spec->name, sizeof spec->name, "%s%d", name, number);
	return spec;
}
