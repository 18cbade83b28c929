#include "ui/screen_parts.h"

const struct screen *const screens[] = {&screen_train, &screen_samples, &screen_weights, &screen_search, &screen_runs, &screen_compare,
	&screen_log, &screen_run, &screen_help, NULL};
