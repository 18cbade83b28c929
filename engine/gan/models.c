#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/gan/model.h"

const struct model_family *const model_families[] = {&model_dcgan, &model_wgan_gp, &model_lsgan, &model_hinge, NULL};

static const struct model_family *find(const char *name)
{
	for (int i = 0; model_families[i]; i++)
		if (strcmp(model_families[i]->name, name) == 0)
			return model_families[i];
	return NULL;
}

const struct model_family *model_family_find(const char *name, struct error *error)
{
	const struct model_family *family = find(name);
	struct text known = {0};
	for (int i = 0; !family && model_families[i]; i++)
		text_format(&known, "%s%s", i ? ", " : "", model_families[i]->name);
	if (!family)
		error_set(error, ERROR_INPUT, "unknown model \"%s\"; known: %s", name, known.bytes);
	text_clear(&known);
	return family;
}

const char *model_family_default(const struct model_family *family, const char *setting)
{
	for (const struct model_default *row = family->defaults; row && row->setting; row++)
		if (strcmp(row->setting, setting) == 0)
			return row->value;
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
	             in_range("batch", settings->batch, MODEL_MAX_BATCH, error) &&
	             in_range("critic steps", settings->critic_steps, MODEL_MAX_CRITIC_STEPS, error);
	return valid ? family : NULL;
}

static bool bears_penalty(const struct gan_settings *settings, const struct model_family *family, struct error *error)
{
	struct network_recipe recipe = {.count = 0};
	family->describe(settings, NETWORK_D, &recipe);
	for (int i = 0; i < recipe.count; i++) {
		const struct layer_kind *kind = layer_kind_find(recipe.layers[i].kind, error);
		if (!kind || !kind->second)
			return error_set(error, ERROR_INPUT, "gradient penalty %g: %s's D has a layer %s (%s), which bears none; it must be 0",
			                 settings->gradient_penalty, family->label, recipe.layers[i].name, recipe.layers[i].kind);
	}
	return true;
}

bool model_game_check(const struct gan_settings *settings, struct error *error)
{
	const struct model_family *family = model_family_find(settings->model, error);
	if (!family)
		return false;
	if (!(isfinite(settings->gradient_penalty) && settings->gradient_penalty >= 0))
		return error_set(error, ERROR_INPUT, "gradient penalty %g: must be a finite number, 0 or more", settings->gradient_penalty);
	if (!isfinite(settings->loss_a) || !isfinite(settings->loss_b) || !isfinite(settings->loss_c) ||
	    settings->loss_a == settings->loss_b)
		return error_set(error, ERROR_INPUT, "loss labels a %g, b %g and c %g: must be finite, and a another number than b",
		                 settings->loss_a, settings->loss_b, settings->loss_c);
	return settings->gradient_penalty == 0 || bears_penalty(settings, family, error);
}

double model_loss(const struct gan_settings *settings, const struct model_family *family, enum loss_role role, int count,
                  const float *scores, float *gradient)
{
	double sum = 0;
	for (int i = 0; i < count; i++) {
		sum += family->loss(settings, role, scores[i]);
		gradient[i] = (float)(family->slope(settings, role, scores[i]) / count);
	}
	return sum / count;
}

double model_mean_told(const struct model_family *family, int count, const float *scores)
{
	double sum = 0;
	for (int i = 0; i < count; i++)
		sum += family->told ? family->told(scores[i]) : scores[i];
	return sum / count;
}

void model_put_on_scale(const struct gan_settings *settings, struct verdict_point *point)
{
	const struct model_family *family = find(settings->model);
	if (family && family->realness) {
		point->d_real = family->realness(settings, point->d_real);
		point->d_fake = family->realness(settings, point->d_fake);
	} else {
		point->d_real = point->d_fake = point->loss_g = NAN;
	}
}

struct layer_spec *network_recipe_add(struct network_recipe *recipe, const char *kind, const char *name, int number)
{
	assert(recipe->count < NETWORK_MAX_LAYERS);
	struct layer_spec *spec = &recipe->layers[recipe->count++];
	*spec = (struct layer_spec){.kind = kind};
	snprintf(spec->name, sizeof spec->name, "%s%d", name, number);
	return spec;
}
