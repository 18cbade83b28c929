#include "engine/protocol.h"

#include <stdlib.h>

const char *engine_state_name(enum engine_state state)
{
	static const char *const names[] = {
		[ENGINE_LOADING] = "loading", [ENGINE_RUNNING] = "running", [ENGINE_PAUSED] = "paused",
		[ENGINE_STOPPING] = "stopping", [ENGINE_FINISHED] = "finished", [ENGINE_STOPPED] = "stopped",
		[ENGINE_FAILED] = "failed",
	};
	return names[state];
}

const char *command_name(enum command_kind kind)
{
	static const char *const names[] = {
		[COMMAND_PAUSE] = "pause", [COMMAND_RESUME] = "resume", [COMMAND_STEP] = "step", [COMMAND_STOP] = "stop",
		[COMMAND_SET_BITS] = "set-bits", [COMMAND_SET_QUANTIZER] = "set-quantizer",
		[COMMAND_SET_LEARNING_RATE] = "set-learning-rate", [COMMAND_CHECKPOINT] = "checkpoint",
		[COMMAND_SAMPLE] = "sample", [COMMAND_SET_LAYER_BITS] = "set-layer-bits", [COMMAND_SNAPSHOT] = "snapshot",
		[COMMAND_EVALUATE] = "evaluate", [COMMAND_STOP_EVALUATION] = "stop-evaluation",
	};
	return names[kind];
}

void event_release(struct event *event)
{
	free(event->layers);
	image_destroy(event->picture);
	checkpoint_destroy(event->checkpoint);
	free(event->score);
	event->layers = NULL;
	event->score = NULL;
	event->picture = NULL;
	event->checkpoint = NULL;
}
