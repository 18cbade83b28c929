#include <stdlib.h>

#include "engine/base/memory.h"
#include "engine/gan/trainer_state.h"

/* Everything is asked for as in a training, but not touched: the system gives it no page. */
static bool build_untouched(struct trainer *trainer, struct error *error)
{
	const struct optimizer *optimizer = optimizer_find(trainer->settings.optimizer, error);
	bool good = optimizer && trainer_build_networks(trainer, optimizer, error) && trainer_allocate_states(trainer, error);
	trainer_release(trainer);
	return good;
}

bool trainer_memory(const struct gan_settings *settings, int channels, double *bytes, struct error *error)
{
	struct trainer *trainer = memory_zeroed(1, sizeof *trainer);
	trainer->settings = *settings;
	if (!settings->channels)
		trainer->settings.channels = channels;
	size_t picture = (size_t)settings->size * (size_t)settings->size * (size_t)trainer->settings.channels;
	memory_measure_begin();
	bool good = build_untouched(trainer, error);
	*bytes = (double)memory_measure_end() + (double)batcher_bytes(settings->batch, picture);
	return good;
}
