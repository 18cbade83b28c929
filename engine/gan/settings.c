#include "engine/gan/settings.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/file/checkpoint.h"

enum field_kind { FIELD_TEXT, FIELD_SWITCH, FIELD_INT, FIELD_INT64, FIELD_UINT64, FIELD_DOUBLE };

#define FIELD(name_, kind_, member_) \
	{.key = "settings." name_, .kind = kind_, .offset = offsetof(struct gan_settings, member_), \
	 .size = sizeof(((struct gan_settings *)0)->member_)}
#define LATER_FIELD(name_, kind_, member_, missing_) \
	{.key = "settings." name_, .kind = kind_, .offset = offsetof(struct gan_settings, member_), \
	 .size = sizeof(((struct gan_settings *)0)->member_), .missing = missing_}

static const struct field {
	const char *key;
	enum field_kind kind;
	size_t offset, size;
	const char *missing; /* what files mean that were written before there was the field; NULL: every file has it */
} fields[] = {
	FIELD("model", FIELD_TEXT, model),
	FIELD("data", FIELD_TEXT, data),
	FIELD("size", FIELD_INT, size),
	FIELD("channels", FIELD_INT, channels),
	LATER_FIELD("crop", FIELD_INT, crop, "178"),
	LATER_FIELD("data-memory", FIELD_INT64, data_memory, "2048"),
	FIELD("width", FIELD_INT, width),
	FIELD("latent", FIELD_INT, latent),
	FIELD("batch", FIELD_INT, batch),
	FIELD("d-bits", FIELD_INT, bits[NETWORK_D]),
	FIELD("g-bits", FIELD_INT, bits[NETWORK_G]),
	LATER_FIELD("bits", FIELD_TEXT, layer_bits, ""),
	LATER_FIELD("exempt", FIELD_TEXT, exempt, "none"),
	FIELD("quantizer", FIELD_TEXT, quantizer),
	FIELD("quantizer-iterations", FIELD_INT, quantizer_iterations),
	LATER_FIELD("literal", FIELD_SWITCH, literal, "no"),
	LATER_FIELD("per-channel", FIELD_SWITCH, per_channel, "no"),
	LATER_FIELD("allow-degenerate", FIELD_SWITCH, allow_degenerate, "no"),
	LATER_FIELD("critic-steps", FIELD_INT, critic_steps, "1"),
	LATER_FIELD("gradient-penalty", FIELD_DOUBLE, gradient_penalty, "0"),
	LATER_FIELD("layer-norm", FIELD_SWITCH, layer_norm, "no"),
	LATER_FIELD("loss-a", FIELD_DOUBLE, loss_a, "0"),
	LATER_FIELD("loss-b", FIELD_DOUBLE, loss_b, "1"),
	LATER_FIELD("loss-c", FIELD_DOUBLE, loss_c, "1"),
	LATER_FIELD("precision", FIELD_TEXT, precision, "float32"),
	FIELD("optimizer", FIELD_TEXT, optimizer),
	FIELD("d-learning-rate", FIELD_DOUBLE, learning_rate[NETWORK_D]),
	FIELD("g-learning-rate", FIELD_DOUBLE, learning_rate[NETWORK_G]),
	FIELD("beta1", FIELD_DOUBLE, beta1),
	FIELD("beta2", FIELD_DOUBLE, beta2),
	FIELD("seed", FIELD_UINT64, seed),
	FIELD("threads", FIELD_INT, threads),
	FIELD("steps", FIELD_INT64, steps),
	FIELD("epochs", FIELD_INT64, epochs),
	FIELD("checkpoint-every", FIELD_INT64, checkpoint_every),
	FIELD("sample-every", FIELD_INT64, sample_every),
	FIELD("layers-every", FIELD_INT64, layers_every),
	FIELD("metric-every", FIELD_INT64, metric_every),
	FIELD("samples", FIELD_INT, samples),
	LATER_FIELD("eval-every", FIELD_INT64, eval_every, "0"),
	LATER_FIELD("eval-samples", FIELD_INT, eval_samples, "1000"),
	LATER_FIELD("features", FIELD_TEXT, features, FEATURES_AUTO),
};
enum { FIELDS = sizeof fields / sizeof *fields };

/* Whole numbers are written as text of their own sign, so that the file reads well. */
static void put(const struct field *field, const char *bytes, struct checkpoint *checkpoint)
{
	const void *value = bytes + field->offset;
	char text[32];
	switch (field->kind) {
	case FIELD_TEXT:
		checkpoint_set_text(checkpoint, field->key, value);
		return;
	case FIELD_SWITCH:
		checkpoint_set_text(checkpoint, field->key, *(const bool *)value ? "yes" : "no");
		return;
	case FIELD_INT:
		snprintf(text, sizeof text, "%d", *(const int *)value);
		break;
	case FIELD_INT64:
		snprintf(text, sizeof text, "%lld", (long long)*(const int64_t *)value);
		break;
	case FIELD_UINT64:
		checkpoint_set_integer(checkpoint, field->key, *(const uint64_t *)value);
		return;
	case FIELD_DOUBLE:
		checkpoint_set_number(checkpoint, field->key, *(const double *)value);
		return;
	}
	checkpoint_set_text(checkpoint, field->key, text);
}

void gan_settings_to_checkpoint(const struct gan_settings *settings, struct checkpoint *checkpoint)
{
	for (int i = 0; i < FIELDS; i++)
		put(&fields[i], (const char *)settings, checkpoint);
}

static bool take_whole(const struct field *field, void *value, const char *text)
{
	int64_t whole;
	if (!text_to_int64(text, &whole))
		return false;
	if (field->kind == FIELD_INT64) {
		*(int64_t *)value = whole;
		return true;
	}
	*(int *)value = (int)whole;
	return whole == (int)whole;
}

static bool take_switch(bool *value, const char *text)
{
	*value = strcmp(text, "yes") == 0;
	return *value || strcmp(text, "no") == 0;
}

static bool take(const struct field *field, char *bytes, const char *text)
{
	void *value = bytes + field->offset;
	switch (field->kind) {
	case FIELD_TEXT:
		return text_copy(value, field->size, text);
	case FIELD_SWITCH:
		return take_switch(value, text);
	case FIELD_INT:
	case FIELD_INT64:
		return take_whole(field, value, text);
	case FIELD_UINT64:
		return text_to_uint64(text, value);
	case FIELD_DOUBLE:
		return text_to_double(text, value);
	}
	return false;
}

bool gan_settings_from_checkpoint(struct gan_settings *settings, const struct checkpoint *checkpoint, struct error *error)
{
	struct gan_settings read = {0};
	for (int i = 0; i < FIELDS; i++) {
		const char *text = fields[i].missing;
		if (!checkpoint_get_text(checkpoint, fields[i].key, &text, text ? NULL : error) && !text)
			return false;
		if (!take(&fields[i], (char *)&read, text))
			return error_set(error, ERROR_INPUT, "checkpoint: \"%s\" is \"%.64s\", which it cannot be", fields[i].key, text);
	}
	*settings = read;
	return true;
}
