#include "engine/metric/statistics.h"

#include <stdlib.h>

#include "engine/base/memory.h"

bool metric_statistics_allocate(size_t dimensions, const char *what, struct metric_statistics *statistics, struct error *error)
{
	*statistics = (struct metric_statistics){0};
	if (dimensions < 1 || dimensions > METRIC_MAX_DIMENSIONS)
		return error_set(error, ERROR_INPUT, "%s has %zu values a sample; expected 1 to %d", what, dimensions,
		                 METRIC_MAX_DIMENSIONS);
	struct metric_statistics s = {.dimensions = (int)dimensions};
	s.mean = memory_try_bytes(dimensions * sizeof *s.mean, what, error);
	s.covariance = s.mean ? memory_try_bytes(dimensions * dimensions * sizeof *s.covariance, what, error) : NULL;
	if (!s.covariance) {
		free(s.mean);
		return false;
	}
	*statistics = s;
	return true;
}

void metric_statistics_clear(struct metric_statistics *statistics)
{
	free(statistics->mean);
	free(statistics->covariance);
	*statistics = (struct metric_statistics){0};
}
