/* Which bits every layer of a network gets: its network's (the paper), unless it is exempt or has bits of its own. Names
 * are those of layer reports; "G.conv1" also means "G.deconv1". Plain data; any thread. */
#ifndef QGAN_ENGINE_GAN_LAYER_BITS_H
#define QGAN_ENGINE_GAN_LAYER_BITS_H

#include "engine/base/error.h"
#include "engine/gan/settings.h"
#include "engine/nn/parameter.h"

enum { LAYER_PLAN_MAX = 16, LAYER_EXCEPTIONS_MAX = NETWORK_COUNT * LAYER_PLAN_MAX };

/* settings.layer_bits as data, in the order of the text; a layer named twice stands once, with the later bits. */
struct layer_exceptions {
	int count;
	struct layer_exception {
		enum network_id network;
		char layer[NN_NAME_SIZE]; /* as written */
		int bits;                 /* 1..8, or QUANT_FLOAT_BITS: the layer stays float */
	} items[LAYER_EXCEPTIONS_MAX];
};

/* "G.conv1=4,D.conv4=32"; "none" and the empty text hold nothing. Says nothing about whether there are such layers. */
bool layer_exceptions_parse(const char *text, struct layer_exceptions *exceptions, struct error *error);
/* False, and nothing written: it does not fit. */
bool layer_exceptions_format(const struct layer_exceptions *exceptions, char text[LAYER_BITS_SIZE], struct error *error);

extern const char *const layer_exemption_names[]; /* settings.exempt; the empty text is the first */
extern const int layer_exemption_count;

/* The quantizable layers of one network, in its order, with the bits that are in force. */
struct layer_plan {
	int count;
	struct layer_plan_row {
		char name[NN_NAME_SIZE];
		int bits; /* 1..8 or QUANT_FLOAT_BITS */
		bool own; /* from settings.layer_bits: stronger than an exemption and than the network's */
	} rows[LAYER_PLAN_MAX];
};

/* Works the plans out of settings whose model, size, width and so on are in range. ERROR_INPUT: an unknown layer (the
 * sentence lists the known ones), an unknown exemption, or fewer bits than the quantizer can be trained at
 * (quantizer.least_bits) without settings.allow_degenerate. */
bool layer_plans_make(const struct gan_settings *settings, struct layer_plan plans[NETWORK_COUNT], struct error *error);

/* Index in the plan; -1: unknown. */
int layer_plan_find(const struct layer_plan *plan, const char *name);

/* Writes settings->layer_bits anew with the layers' full names, D's first, in the networks' order: two texts that mean
 * the same become the same. Fails as layer_plans_make does. */
bool layer_bits_settle(struct gan_settings *settings, struct error *error);

/* Gives one layer bits of its own (0: its network's again) in settings->layer_bits. Fails as layer_plans_make does, and on
 * bits that are none; then nothing has changed. */
bool layer_bits_change(struct gan_settings *settings, enum network_id network, const char *layer, int bits, struct error *error);

#endif
