#include "engine/metric/picture_stream.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/tensor/random.h"

/* ---- pictures of a data set ---- */

static size_t picture_bytes(int size, int channels) { return (size_t)size * (size_t)size * (size_t)channels; }

static bool read_shuffled(void *context, size_t first, size_t count, uint8_t *pixels, struct error *error)
{
	const struct shuffled_pictures *pictures = context;
	return dataset_pick(pictures->dataset, pictures->parallel, pictures->order + first, count, pixels, error);
}

bool picture_stream_shuffle(struct shuffled_pictures *pictures, const struct dataset *dataset, struct parallel *parallel,
                            size_t limit, uint64_t seed, struct picture_stream *stream, struct error *error)
{
	struct random random;
	*pictures = (struct shuffled_pictures){.dataset = dataset, .parallel = parallel};
	if (dataset->count > UINT32_MAX)
		return error_set(error, ERROR_INPUT, "data set \"%.200s\" has %zu pictures; expected %u at most", dataset->spec,
		                 dataset->count, UINT32_MAX);
	pictures->order = memory_try_bytes(dataset->count * sizeof *pictures->order, "an order of pictures", error);
	if (!pictures->order)
		return false;
	random_start(&random, seed, RANDOM_EVALUATION_ORDER);
	random_permutation(&random, pictures->order, (uint32_t)dataset->count);
	*stream = (struct picture_stream){
		.count = limit && limit < dataset->count ? limit : dataset->count,
		.size = dataset->size, .channels = dataset->channels, .read = read_shuffled, .context = pictures,
	};
	return true;
}

void shuffled_pictures_clear(struct shuffled_pictures *pictures)
{
	free(pictures->order);
	pictures->order = NULL;
}

/* ---- what a network finds in them ---- */

bool picture_walk_init(struct picture_walk *walk, const struct picture_stream *stream, const struct picture_viewer *viewer,
                       struct error *error)
{
	const struct feature_facts *facts = &viewer->network->facts;
	*walk = (struct picture_walk){.stream = *stream, .viewer = *viewer, .chunk = (size_t)viewer->network->kind->chunk};
	walk->pixels = memory_try_bytes(walk->chunk * picture_bytes(stream->size, stream->channels), "pictures", error);
	walk->features = walk->pixels ? memory_try_floats(walk->chunk * (size_t)facts->dimensions, "features", error) : NULL;
	walk->logits = walk->features ? memory_try_floats(walk->chunk * (size_t)facts->classes, "logits", error) : NULL;
	if (!walk->logits)
		picture_walk_clear(walk);
	return walk->logits != NULL;
}

void picture_walk_clear(struct picture_walk *walk)
{
	free(walk->pixels);
	free(walk->features);
	free(walk->logits);
	*walk = (struct picture_walk){0};
}

bool picture_walk_step(struct picture_walk *walk, size_t *first, size_t *count, struct error *error)
{
	const struct picture_stream *stream = &walk->stream;
	const struct picture_viewer *viewer = &walk->viewer;
	size_t rest = stream->count - walk->done;
	*first = walk->done;
	*count = rest < walk->chunk ? rest : walk->chunk;
	const struct feature_pictures pictures = {walk->pixels, *count, stream->size, stream->channels};
	if (viewer->cancelled && atomic_load(viewer->cancelled))
		return error_set(error, ERROR_CANCELLED, "stopped after %zu of %zu pictures", walk->done, stream->count);
	if (!stream->read(stream->context, *first, *count, walk->pixels, error) ||
	    !feature_network_compute(viewer->network, viewer->parallel, &pictures, NULL, walk->features, walk->logits, error))
		return false;
	walk->done += *count;
	return true;
}
