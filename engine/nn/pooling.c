#include "engine/nn/pooling.h"

bool pooling_shape(const struct layer_spec *spec, struct shape input, struct shape *output, struct error *error)
{
	int kernel = spec->kernel;
	if (kernel < 1 || input.height % kernel || input.width % kernel)
		return error_set(error, ERROR_INPUT, "layer %s: windows of %d x %d do not fill %d x %d pixels", spec->name, kernel, kernel,
		                 input.height, input.width);
	*output = (struct shape){input.height / kernel, input.width / kernel, input.channels};
	return true;
}

static void run_window(void *context, int index)
{
	const struct pooling_call *call = context;
	const struct layer *layer = call->layer;
	size_t values = (size_t)layer->input.channels * (size_t)call->batch;
	struct pooling_window window = {layer->spec.kernel, values, (size_t)layer->input.width * values};
	size_t y = (size_t)(index / layer->output.width), x = (size_t)(index % layer->output.width), kernel = (size_t)window.kernel;
	call->work(call, &window, kernel * (y * window.row + x * values), (size_t)index * values);
}

void pooling_run(struct parallel *parallel, struct pooling_call *call)
{
	parallel_run(parallel, run_window, call, call->layer->output.height * call->layer->output.width);
}
