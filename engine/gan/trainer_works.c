/* Where the time of a trainer's steps goes. */
#include "engine/gan/trainer_state.h"

struct list {
	struct trainer_work *works;
	int count, most;
};

static void add(struct list *list, const struct trainer_work *work)
{
	if (work->calls > 0 && list->count < list->most)
		list->works[list->count++] = *work;
}

static void add_layers(struct list *list, enum network_id id, const struct network *network, int batch)
{
	for (int i = 0; i < network->layer_count; i++)
		for (int work = 0; work < LAYER_WORKS; work++) {
			const struct layer *layer = &network->layers[i];
			struct layer_cost cost = network_layer_cost(network, i, work, batch);
			double calls = (double)layer->clocks[work].calls;
			add(list, &(struct trainer_work){
				.network = id, .layer = layer->spec.name, .kind = layer->kind->name, .name = layer_work_names[work],
				.seconds = layer->clocks[work].seconds, .calls = layer->clocks[work].calls,
				.multiply_adds = calls * cost.multiply_adds, .bytes = calls * cost.bytes,
			});
		}
}

/* floats: that go to or from memory in one call. */
static void add_whole(struct list *list, enum network_id id, const char *name, const struct work_clock *clock, double floats)
{
	add(list, &(struct trainer_work){.network = id, .name = name, .seconds = clock->seconds, .calls = clock->calls,
	                                 .bytes = (double)clock->calls * floats * sizeof(float)});
}

int trainer_describe_works(const struct trainer *trainer, struct trainer_work works[], int most)
{
	struct list list = {.works = works, .most = most};
	for (int id = 0; id < NETWORK_COUNT; id++) {
		const struct gan *gan = &trainer->gan;
		const struct network *network = gan->networks[id];
		const struct quantization *quantization = &gan->quantization[id];
		double weights = (double)trainer->facts.weights[id], parameters = (double)trainer->facts.parameters[id];
		add_layers(&list, id, network, gan->batch);
		if (!quantization_is_float(quantization))
			add_whole(&list, id, "quantize", &quantization->quantize_clock, 2 * weights);
		add_whole(&list, id, "pack", &quantization->pack_clock, 2 * weights);
		add_whole(&list, id, "clear gradients", &gan->clear_clocks[id], parameters);
		/* Gradients read; weights and state read and written. */
		add_whole(&list, id, "optimizer", &gan->optimizer_clocks[id], parameters * (3 + 2 * network->optimizer->blocks));
	}
	add_whole(&list, NETWORK_COUNT, "data", &trainer->data_clock, 0);
	return list.count;
}
