#include "engine/nn/losses.h"

#include <math.h>
#include <string.h>

#include "engine/base/text.h"

const struct loss *const losses[] = {&loss_bce, NULL};

const struct loss *loss_find(const char *name, struct error *error)
{
	struct text known = {0};
	for (int i = 0; losses[i]; i++) {
		if (strcmp(losses[i]->name, name) == 0) {
			text_clear(&known);
			return losses[i];
		}
		text_format(&known, "%s%s", i ? ", " : "", losses[i]->name);
	}
	error_set(error, ERROR_INPUT, "unknown loss \"%s\"; known: %s", name, known.bytes);
	text_clear(&known);
	return NULL;
}

double loss_evaluate(const struct loss *loss, enum loss_role role, int count, const float *scores, float *gradient)
{
	double sum = 0;
	for (int i = 0; i < count; i++) {
		sum += loss->value(role, scores[i]);
		gradient[i] = (float)(loss->slope(role, scores[i]) / count);
	}
	return sum / count;
}

double loss_mean_probability(int count, const float *scores)
{
	double sum = 0;
	for (int i = 0; i < count; i++)
		sum += 1 / (1 + exp(-(double)scores[i]));
	return sum / count;
}
