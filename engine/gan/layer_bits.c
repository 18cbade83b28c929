#include "engine/gan/layer_bits.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/gan/model.h"
#include "engine/quant/quantizer.h"

static const char *const names[NETWORK_COUNT] = {[NETWORK_D] = "D", [NETWORK_G] = "G"};
#define NOTHING "none"

/* ---- the text ---- */

static bool same_layer(const struct layer_exception *a, const struct layer_exception *b)
{
	return a->network == b->network && strcmp(a->layer, b->layer) == 0;
}

static bool add_exception(struct layer_exceptions *exceptions, const struct layer_exception *added)
{
	int place = 0;
	while (place < exceptions->count && !same_layer(&exceptions->items[place], added))
		place++;
	if (place == LAYER_EXCEPTIONS_MAX)
		return false;
	exceptions->items[place] = *added;
	exceptions->count += place == exceptions->count;
	return true;
}

/* One entry, "G.conv1=4", of `length` bytes. */
static bool parse_exception(const char *text, size_t length, struct layer_exception *exception)
{
	char entry[NN_NAME_SIZE + 8];
	int64_t bits;
	if (length < 3 || length >= sizeof entry)
		return false;
	memcpy(entry, text, length);
	entry[length] = '\0';
	char *equals = strchr(entry, '=');
	if ((entry[0] != 'D' && entry[0] != 'G') || entry[1] != '.' || !equals)
		return false;
	*equals = '\0';
	if (!entry[2] || entry[2 + strspn(entry + 2, "abcdefghijklmnopqrstuvwxyz0123456789_")] ||
	    !text_to_int64(equals + 1, &bits) || bits != (int)bits || !quant_bits_valid((int)bits))
		return false;
	*exception = (struct layer_exception){.network = entry[0] == 'D' ? NETWORK_D : NETWORK_G, .bits = (int)bits};
	return text_copy(exception->layer, sizeof exception->layer, entry + 2);
}

bool layer_exceptions_parse(const char *text, struct layer_exceptions *exceptions, struct error *error)
{
	struct layer_exceptions read = {0};
	size_t length = strlen(text);
	if (length >= LAYER_BITS_SIZE)
		return error_set(error, ERROR_INPUT, "bits: the text must be shorter than %d bytes", LAYER_BITS_SIZE);
	const char *end = strcmp(text, NOTHING) == 0 ? text : text + length;
	for (const char *at = text; at < end; at++) {
		size_t entry = strcspn(at, ",");
		struct layer_exception exception;
		bool trailing = at[entry] == ',' && at + entry + 1 == end;
		if (trailing || !parse_exception(at, entry, &exception))
			return error_set(error, ERROR_INPUT, "bits: expected NETWORK.LAYER=BITS, such as G.deconv1=4 or D.conv4=32, not \"%.*s\"",
			                 (int)(entry < 60 ? entry + trailing : 60), at);
		if (!add_exception(&read, &exception))
			return error_set(error, ERROR_INPUT, "bits: more than %d layers", LAYER_EXCEPTIONS_MAX);
		at += entry;
	}
	*exceptions = read;
	return true;
}

bool layer_exceptions_format(const struct layer_exceptions *exceptions, char text[LAYER_BITS_SIZE], struct error *error)
{
	struct text written = {0};
	for (int i = 0; i < exceptions->count; i++) {
		const struct layer_exception *item = &exceptions->items[i];
		text_format(&written, "%s%s.%s=%d", i ? "," : "", names[item->network], item->layer, item->bits);
	}
	bool fits = written.length < LAYER_BITS_SIZE;
	if (fits)
		text_copy(text, LAYER_BITS_SIZE, written.bytes ? written.bytes : "");
	text_clear(&written);
	return fits || error_set(error, ERROR_INPUT, "bits: the text must be shorter than %d bytes", LAYER_BITS_SIZE);
}

/* ---- which layers there are ---- */

static void add_tensors(const struct layer *layer, struct layer_plan *plan)
{
	struct parameter_list trained = {0}, running = {0};
	if (layer->kind->declare)
		layer->kind->declare(layer, &trained, &running);
	for (int i = 0; i < trained.count; i++) {
		if (!trained.items[i].quantized)
			continue;
		assert(plan->count < LAYER_PLAN_MAX);
		text_copy(plan->rows[plan->count++].name, NN_NAME_SIZE, trained.items[i].layer);
	}
	parameter_list_clear(&trained);
	parameter_list_clear(&running);
}

/* Which layers there are does not depend on the channels, which may not be known yet. */
static bool list_layers(const struct model_family *family, const struct gan_settings *settings, enum network_id network,
                        struct layer_plan *plan, struct error *error)
{
	struct network_recipe recipe = {0};
	struct gan_settings resolved = *settings;
	resolved.channels = settings->channels ? settings->channels : 1;
	family->describe(&resolved, network, &recipe);
	struct shape shape = recipe.input;
	*plan = (struct layer_plan){0};
	for (int i = 0; i < recipe.count; i++) {
		struct layer layer = {.kind = layer_kind_find(recipe.layers[i].kind, error), .spec = recipe.layers[i], .input = shape};
		if (!layer.kind || !layer.kind->shape(&layer.spec, shape, &layer.output, error))
			return false;
		add_tensors(&layer, plan);
		shape = layer.output;
	}
	return true;
}

int layer_plan_find(const struct layer_plan *plan, const char *name)
{
	char transposed[NN_NAME_SIZE + 2];
	snprintf(transposed, sizeof transposed, "de%.*s", NN_NAME_SIZE - 1, name);
	int found = -1;
	for (int i = 0; i < plan->count; i++) {
		if (strcmp(plan->rows[i].name, name) == 0)
			return i;
		if (strcmp(plan->rows[i].name, transposed) == 0)
			found = i;
	}
	return found;
}

static bool refuse_layer(const struct layer_plan *plan, enum network_id network, const char *name, struct error *error)
{
	char known[LAYER_PLAN_MAX * (NN_NAME_SIZE + 2)] = "";
	size_t used = 0;
	for (int i = 0; i < plan->count; i++)
		used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", plan->rows[i].name);
	return error_set(error, ERROR_INPUT, "bits: %s has no layer \"%.*s\"; it has %s", names[network], NN_NAME_SIZE, name, known);
}

/* ---- who gets what ---- */

struct exemption {
	bool first, last;
};
static const struct exemption exemptions[] = {{false, false}, {true, false}, {false, true}, {true, true}};
const char *const layer_exemption_names[] = {NOTHING, "first", "last", "ends"};
const int layer_exemption_count = sizeof exemptions / sizeof *exemptions;

static const struct exemption *find_exemption(const char *name, struct error *error)
{
	for (int i = 0; i < layer_exemption_count; i++)
		if (strcmp(layer_exemption_names[i], *name ? name : NOTHING) == 0)
			return &exemptions[i];
	error_set(error, ERROR_INPUT, "exempt must be one of none, first, last, ends, not \"%.32s\"", name);
	return NULL;
}

static void give_bits(struct layer_plan *plan, int bits, const struct exemption *exemption)
{
	for (int i = 0; i < plan->count; i++) {
		bool exempt = (i == 0 && exemption->first) || (i == plan->count - 1 && exemption->last);
		plan->rows[i].bits = exempt ? QUANT_FLOAT_BITS : bits;
	}
}

static bool check_degenerate(const struct gan_settings *settings, const struct layer_plan plans[NETWORK_COUNT],
                             const struct quantizer *quantizer, struct error *error)
{
	for (int id = 0; id < NETWORK_COUNT && !settings->allow_degenerate; id++)
		for (int i = 0; i < plans[id].count; i++)
			if (plans[id].rows[i].bits < quantizer->least_bits)
				return error_set(error, ERROR_INPUT,
				                 "%s.%s cannot be trained at %d bit%s with %s: %s; give it %d bits or more or another quantizer, "
				                 "or train it all the same with allow-degenerate",
				                 names[id], plans[id].rows[i].name, plans[id].rows[i].bits, plans[id].rows[i].bits == 1 ? "" : "s",
				                 quantizer->label, quantizer->degeneration, quantizer->least_bits);
	return true;
}

bool layer_plans_make(const struct gan_settings *settings, struct layer_plan plans[NETWORK_COUNT], struct error *error)
{
	const struct model_family *family = model_family_find(settings->model, error);
	const struct quantizer *quantizer = family ? quantizer_find(settings->quantizer, error) : NULL;
	const struct exemption *exemption = quantizer ? find_exemption(settings->exempt, error) : NULL;
	struct layer_exceptions exceptions;
	if (!exemption || !layer_exceptions_parse(settings->layer_bits, &exceptions, error))
		return false;
	for (int id = 0; id < NETWORK_COUNT; id++) {
		if (!list_layers(family, settings, id, &plans[id], error))
			return false;
		give_bits(&plans[id], settings->bits[id], exemption);
	}
	for (int i = 0; i < exceptions.count; i++) {
		const struct layer_exception *exception = &exceptions.items[i];
		struct layer_plan *plan = &plans[exception->network];
		int row = layer_plan_find(plan, exception->layer);
		if (row < 0)
			return refuse_layer(plan, exception->network, exception->layer, error);
		plan->rows[row].bits = exception->bits;
		plan->rows[row].own = true;
	}
	return check_degenerate(settings, plans, quantizer, error);
}

static bool write_exceptions(const struct layer_plan plans[NETWORK_COUNT], char text[LAYER_BITS_SIZE], struct error *error)
{
	struct layer_exceptions exceptions = {0};
	for (int id = 0; id < NETWORK_COUNT; id++)
		for (int i = 0; i < plans[id].count; i++) {
			const struct layer_plan_row *row = &plans[id].rows[i];
			if (!row->own)
				continue;
			struct layer_exception *item = &exceptions.items[exceptions.count++];
			*item = (struct layer_exception){.network = id, .bits = row->bits};
			text_copy(item->layer, sizeof item->layer, row->name);
		}
	return layer_exceptions_format(&exceptions, text, error);
}

bool layer_bits_settle(struct gan_settings *settings, struct error *error)
{
	struct layer_plan plans[NETWORK_COUNT];
	return layer_plans_make(settings, plans, error) && write_exceptions(plans, settings->layer_bits, error);
}

bool layer_bits_change(struct gan_settings *settings, enum network_id network, const char *layer, int bits, struct error *error)
{
	struct gan_settings wanted = *settings;
	struct layer_plan plans[NETWORK_COUNT];
	if (!layer_plans_make(settings, plans, error))
		return false;
	int row = layer_plan_find(&plans[network], layer);
	if (row < 0)
		return refuse_layer(&plans[network], network, layer, error);
	if (bits != 0 && !quant_bits_valid(bits))
		return error_set(error, ERROR_INPUT, "%s.%s bits %d: must be %d to %d, %d for float, or 0 for the network's",
		                 names[network], plans[network].rows[row].name, bits, QUANT_MIN_BITS, QUANT_MAX_BITS, QUANT_FLOAT_BITS);
	plans[network].rows[row].own = bits != 0;
	plans[network].rows[row].bits = bits;
	if (!write_exceptions(plans, wanted.layer_bits, error) || !layer_plans_make(&wanted, plans, error))
		return false;
	*settings = wanted;
	return true;
}
