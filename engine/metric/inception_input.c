#include "engine/metric/inception_input.h"

#include "engine/metric/inception_steps.h"

/* Where a pixel of the result lies between two of the picture. */
struct between {
	int first, second;
	float share; /* of the second */
};

struct input_call {
	const struct inception_pictures *pictures;
	float *input;
	struct between across[INCEPTION_SIZE]; /* rows and columns alike: pictures are square */
};

/* As interpolate computes it, in float. */
static struct between place(int index, int size)
{
	const float scale = (float)size / INCEPTION_SIZE;
	float at = scale * ((float)index + 0.5f) - 0.5f;
	at = at < 0 ? 0 : at;
	int first = (int)at;
	first = first < size - 1 ? first : size - 1;
	return (struct between){first, first < size - 1 ? first + 1 : first, at - (float)first};
}

static inline float blend(const uint8_t *upper, const uint8_t *lower, int first, int second, float right, float down)
{
	const float above = (1 - right) * (float)upper[first] + right * (float)upper[second];
	const float below = (1 - right) * (float)lower[first] + right * (float)lower[second];
	return ((1 - down) * above + down * below) * (2.0f / 255) - 1;
}

/* One row of the result, all pictures. */
static void input_task(void *context, int y)
{
	const struct input_call *call = context;
	const int size = call->pictures->size, channels = call->pictures->channels, green = channels / 3, blue = 2 * green;
	const size_t count = call->pictures->count, row = (size_t)size * (size_t)channels;
	const struct between down = call->across[y];
	for (size_t n = 0; n < count; n++) {
		const uint8_t *picture = call->pictures->pixels + n * (size_t)size * row;
		const uint8_t *upper = picture + (size_t)down.first * row, *lower = picture + (size_t)down.second * row;
		float *to = call->input + ((size_t)y * INCEPTION_SIZE * count + n) * INCEPTION_CHANNELS;
		for (int x = 0; x < INCEPTION_SIZE; x++, to += count * INCEPTION_CHANNELS) {
			const struct between right = call->across[x];
			const int first = right.first * channels, second = right.second * channels;
			to[0] = blend(upper, lower, first, second, right.share, down.share);
			to[1] = blend(upper, lower, first + green, second + green, right.share, down.share);
			to[2] = blend(upper, lower, first + blue, second + blue, right.share, down.share);
		}
	}
}

void inception_prepare(struct parallel *parallel, const struct inception_pictures *pictures, float *input)
{
	struct input_call call = {.pictures = pictures, .input = input};
	for (int i = 0; i < INCEPTION_SIZE; i++)
		call.across[i] = place(i, pictures->size);
	parallel_run(parallel, input_task, &call, INCEPTION_SIZE);
}
