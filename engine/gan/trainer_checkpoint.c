/* The trainer's state as a checkpoint and back.
 *
 *   tensors   D.conv1.weight (and every other trained tensor), PyTorch's order;
 *             D.conv1.weight.first_moment .. the optimizer's blocks; D.norm2.running_mean ..
 *   metadata  settings.*, step, latent.counter, mix.counter, data.epoch, data.picture, D.updates, G.updates,
 *             D.conv1.weight.fit.* for each quantized tensor (trainer_fits.c) */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/gan/trainer_state.h"

static const char *const names[NETWORK_COUNT] = {[NETWORK_D] = "D", [NETWORK_G] = "G"};
static const char FORMAT[] = "qgan checkpoint 1";
enum { KEY_SIZE = 128 };

/* One tensor of a network as the file knows it: which list and which block it lies in, and the end of its name. */
struct block {
	const struct parameter_list *list;
	float *values;
	const char *suffix; /* "" or the optimizer's name for the block */
};
enum { MAX_BLOCKS = 2 + OPTIMIZER_MAX_BLOCKS };

static int list_blocks(const struct network *network, bool with_optimizer, struct block blocks[MAX_BLOCKS])
{
	int count = 0;
	blocks[count++] = (struct block){&network->trained, network->weights, ""};
	blocks[count++] = (struct block){&network->running, network->statistics, ""};
	for (int i = 0; with_optimizer && i < network->optimizer->blocks; i++)
		blocks[count++] = (struct block){&network->trained, network->optimizer_state[i], network->optimizer->block_names[i]};
	return count;
}

static void name_tensor(char name[CHECKPOINT_NAME_SIZE], enum network_id id, const struct parameter *tensor, const char *suffix)
{
	int length = snprintf(name, CHECKPOINT_NAME_SIZE, "%s.%s%s%s", names[id], tensor->name, *suffix ? "." : "", suffix);
	assert(length < CHECKPOINT_NAME_SIZE);
	(void)length;
}

/* A walk over the tensors of both networks, writing into a checkpoint or reading from one. */
struct visit {
	bool with_optimizer; /* also its blocks */
	struct checkpoint *to;
	const struct checkpoint *from;
	bool (*tensor)(const struct visit *visit, const struct parameter *tensor, const char *name, float *values,
	               struct error *error);
};

/* Stops at the first false. */
static bool visit_tensors(const struct trainer *trainer, const struct visit *visit, struct error *error)
{
	for (int id = 0; id < NETWORK_COUNT; id++) {
		struct block blocks[MAX_BLOCKS];
		int count = list_blocks(trainer->gan.networks[id], visit->with_optimizer, blocks);
		for (int b = 0; b < count; b++)
			for (int i = 0; i < blocks[b].list->count; i++) {
				const struct parameter *tensor = &blocks[b].list->items[i];
				char name[CHECKPOINT_NAME_SIZE];
				name_tensor(name, id, tensor, blocks[b].suffix);
				if (!visit->tensor(visit, tensor, name, blocks[b].values + tensor->offset, error))
					return false;
			}
	}
	return true;
}

static bool declare(const struct visit *visit, const struct parameter *tensor, const char *name, float *values,
                    struct error *error)
{
	(void)values;
	(void)error;
	checkpoint_declare(visit->to, name, tensor->dimensions, tensor->shape);
	return true;
}

static bool save(const struct visit *visit, const struct parameter *tensor, const char *name, float *values, struct error *error)
{
	(void)error;
	parameter_export(tensor, values, checkpoint_fill(visit->to, name));
	return true;
}

static void save_numbers(const struct trainer *trainer, struct checkpoint *checkpoint)
{
	struct batcher_position position = batcher_position(trainer->batcher);
	checkpoint_set_text(checkpoint, "format", FORMAT);
	gan_settings_to_checkpoint(&trainer->settings, checkpoint);
	checkpoint_set_integer(checkpoint, "step", (uint64_t)trainer->steps);
	checkpoint_set_integer(checkpoint, "latent.counter", trainer->latent.counter);
	checkpoint_set_integer(checkpoint, "mix.counter", trainer->mixing.counter);
	checkpoint_set_integer(checkpoint, "data.epoch", (uint64_t)position.epoch);
	checkpoint_set_integer(checkpoint, "data.picture", (uint64_t)position.picture);
	for (int id = 0; id < NETWORK_COUNT; id++) {
		char key[KEY_SIZE];
		snprintf(key, sizeof key, "%s.updates", names[id]);
		checkpoint_set_integer(checkpoint, key, (uint64_t)trainer->gan.optimization[id].step);
		trainer_save_fits(trainer, id, checkpoint);
	}
}

struct checkpoint *trainer_checkpoint(struct trainer *trainer, struct error *error)
{
	for (int id = 0; id < NETWORK_COUNT; id++)
		if (!quantization_refresh(&trainer->gan.quantization[id], trainer->parallel, error))
			return NULL;
	struct checkpoint *checkpoint = checkpoint_create();
	struct visit visit = {.with_optimizer = true, .to = checkpoint, .tensor = declare};
	visit_tensors(trainer, &visit, error);
	if (!checkpoint_allocate(checkpoint, error)) {
		checkpoint_destroy(checkpoint);
		return NULL;
	}
	visit.tensor = save;
	visit_tensors(trainer, &visit, error);
	save_numbers(trainer, checkpoint);
	return checkpoint;
}

static bool same_shape(const struct parameter *tensor, const struct checkpoint_tensor *found)
{
	if (found->dimensions != tensor->dimensions)
		return false;
	for (int i = 0; i < tensor->dimensions; i++)
		if (found->shape[i] != tensor->shape[i])
			return false;
	return true;
}

static bool load(const struct visit *visit, const struct parameter *tensor, const char *name, float *values, struct error *error)
{
	const struct checkpoint_tensor *found = checkpoint_find(visit->from, name);
	char wanted[64];
	parameter_shape_text(tensor, wanted, sizeof wanted);
	if (!found)
		return error_set(error, ERROR_INPUT, "checkpoint: tensor %s (%s) is missing", name, wanted);
	if (!same_shape(tensor, found))
		return error_set(error, ERROR_INPUT,
		                 "checkpoint: tensor %s does not have the shape %s that model, size, width, channels and "
		                 "latent of the settings ask for", name, wanted);
	parameter_import(tensor, found->values, values);
	return true;
}

static bool get_count(const struct checkpoint *checkpoint, const char *key, uint64_t max, int64_t *value, struct error *error)
{
	uint64_t number;
	if (!checkpoint_get_integer(checkpoint, key, &number, error))
		return false;
	*value = (int64_t)number;
	return number <= max || error_set(error, ERROR_INPUT, "checkpoint: \"%s\" is %" PRIu64 ", more than %" PRIu64, key,
	                                  number, max);
}

static bool load_numbers(struct trainer *trainer, const struct checkpoint *checkpoint, struct error *error)
{
	if (!get_count(checkpoint, "step", INT64_MAX / 2, &trainer->steps, error) ||
	    !get_count(checkpoint, "data.epoch", INT64_MAX / 2, &trainer->start.epoch, error) ||
	    !get_count(checkpoint, "data.picture", INT64_MAX / 2, &trainer->start.picture, error) ||
	    !checkpoint_get_integer(checkpoint, "latent.counter", &trainer->latent.counter, error))
		return false;
	if (!checkpoint_get_integer(checkpoint, "mix.counter", &trainer->mixing.counter, NULL))
		trainer->mixing.counter = 0; /* a file from before there was a penalty */
	for (int id = 0; id < NETWORK_COUNT; id++) {
		char key[KEY_SIZE];
		snprintf(key, sizeof key, "%s.updates", names[id]);
		if (!get_count(checkpoint, key, INT64_MAX / 2, &trainer->gan.optimization[id].step, error))
			return false;
	}
	return true;
}

/* A fork may train on with another optimizer: then its blocks and its count of updates begin at 0. */
static bool load_tensors(struct trainer *trainer, const struct gan_settings *saved, const struct checkpoint *checkpoint,
                         bool with_optimizer, struct error *error)
{
	bool same_optimizer = with_optimizer && strcmp(saved->optimizer, trainer->settings.optimizer) == 0;
	for (int id = 0; !same_optimizer && id < NETWORK_COUNT; id++)
		trainer->gan.optimization[id].step = 0;
	struct visit visit = {.with_optimizer = same_optimizer, .from = checkpoint, .tensor = load};
	return visit_tensors(trainer, &visit, error);
}

bool trainer_load(struct trainer *trainer, const struct checkpoint *checkpoint, bool with_optimizer, struct error *error)
{
	struct gan_settings saved;
	const char *format;
	if (!checkpoint_get_text(checkpoint, "format", &format, error))
		return false;
	if (strcmp(format, FORMAT) != 0)
		return error_set(error, ERROR_INPUT, "checkpoint: format is \"%.64s\", expected \"%s\"", format, FORMAT);
	return gan_settings_from_checkpoint(&saved, checkpoint, error) && load_numbers(trainer, checkpoint, error) &&
	       load_tensors(trainer, &saved, checkpoint, with_optimizer, error) &&
	       trainer_load_fits(trainer, &saved, checkpoint, error);
}
