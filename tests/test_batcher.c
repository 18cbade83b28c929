/* engine/data/batcher: every picture once an epoch, in an order that only (seed, epoch) decides, resumable anywhere. */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/data/batcher.h"
#include "tests/golden/order.h"

enum { PICTURES = 20, SIZE = 4, CHANNELS = 3, BATCH = 6, STEPS = PICTURES / BATCH, PICTURE = SIZE * SIZE * CHANNELS };

static const uint64_t seed = ((uint64_t)1 << 32) + 7;

static uint8_t pixels[PICTURES * PICTURE];
static const struct dataset dataset = {.spec = "made-up", .kind = "made-up", .size = SIZE, .channels = CHANNELS,
                                       .count = PICTURES, .pixels = pixels};

/* Value of picture i at offset j: picture and place can be told from it. */
static uint8_t value_at(int picture, int offset) { return (uint8_t)(picture * 12 + offset % 11); }

static int prepare(void **state)
{
	(void)state;
	for (int i = 0; i < PICTURES; i++)
		for (int j = 0; j < PICTURE; j++)
			pixels[i * PICTURE + j] = value_at(i, j);
	return 0;
}

static struct batcher *create(int batch, struct batcher_position start)
{
	struct batcher *batcher = batcher_create(&dataset, batch, seed, start, NULL);
	assert_non_null(batcher);
	return batcher;
}

/* Which picture lies at place n of a batch, told from its first value; -1..1 back to 0..255. */
static int picture_of(const float *activations, int n)
{
	return (int)((activations[n * CHANNELS] + 1) * 127.5f + 0.5f) / 12;
}

/* The next `count` batches as picture numbers. */
static void draw(struct batcher *batcher, int batch, int count, int *numbers)
{
	for (int step = 0; step < count; step++) {
		const float *activations = batcher_next(batcher, NULL);
		for (int n = 0; n < batch; n++)
			*numbers++ = picture_of(activations, n);
	}
}

static void batches_lie_pixel_by_pixel(void **state)
{
	(void)state;
	struct batcher *batcher = create(BATCH, (struct batcher_position){0, 0});
	const float *activations = batcher_next(batcher, NULL);
	for (int y = 0; y < SIZE; y++)
		for (int x = 0; x < SIZE; x++)
			for (int n = 0; n < BATCH; n++)
				for (int c = 0; c < CHANNELS; c++) {
					uint8_t value = value_at(golden_order_0[n], (y * SIZE + x) * CHANNELS + c);
					assert_float_equal(activations[((y * SIZE + x) * BATCH + n) * CHANNELS + c], value / 127.5 - 1, 1e-6);
				}
	batcher_destroy(batcher);
}

static void the_order_is_the_known_one(void **state)
{
	(void)state;
	int numbers[PICTURES];
	struct batcher *batcher = create(PICTURES, (struct batcher_position){0, 0});
	draw(batcher, PICTURES, 1, numbers);
	for (int i = 0; i < PICTURES; i++)
		assert_int_equal(numbers[i], golden_order_0[i]);
	batcher_destroy(batcher);
	batcher = create(PICTURES, (struct batcher_position){3, 0});
	draw(batcher, PICTURES, 1, numbers);
	for (int i = 0; i < PICTURES; i++)
		assert_int_equal(numbers[i], golden_order_3[i]);
	batcher_destroy(batcher);
}

static void an_epoch_holds_each_picture_once(void **state)
{
	(void)state;
	int numbers[5 * PICTURES], changed = 0;
	struct batcher *batcher = create(5, (struct batcher_position){0, 0}); /* 4 batches an epoch, nothing left out */
	assert_int_equal(batcher_steps_per_epoch(batcher), 4);
	draw(batcher, 5, 20, numbers);
	for (int epoch = 0; epoch < 5; epoch++) {
		bool seen[PICTURES] = {false};
		for (int i = 0; i < PICTURES; i++) {
			int number = numbers[epoch * PICTURES + i];
			assert_false(seen[number]);
			seen[number] = true;
			changed += number != numbers[i];
		}
	}
	assert_true(changed > 3 * PICTURES); /* epochs differ */
	batcher_destroy(batcher);
}

static void the_rest_of_an_epoch_is_left_out(void **state)
{
	(void)state;
	int numbers[STEPS * BATCH];
	struct batcher *batcher = create(BATCH, (struct batcher_position){2, 0});
	assert_int_equal(batcher_steps_per_epoch(batcher), STEPS);
	for (int step = 0; step < STEPS; step++) {
		struct batcher_position position = batcher_position(batcher);
		assert_int_equal(position.epoch, 2);
		assert_int_equal(position.picture, step * BATCH);
		batcher_next(batcher, NULL);
	}
	struct batcher_position position = batcher_position(batcher);
	assert_int_equal(position.epoch, 3);
	assert_int_equal(position.picture, 0);
	draw(batcher, BATCH, STEPS, numbers);
	for (int i = 0; i < STEPS * BATCH; i++)
		assert_int_equal(numbers[i], golden_order_3[i]);
	batcher_destroy(batcher);
}

static void any_position_resumes(void **state)
{
	(void)state;
	enum { ALL = 4 * STEPS, REST = 3 };
	int whole[(ALL + REST) * BATCH], resumed[REST * BATCH];
	struct batcher_position positions[ALL];
	struct batcher *batcher = create(BATCH, (struct batcher_position){0, 0});
	for (int step = 0; step < ALL + REST; step++) {
		if (step < ALL)
			positions[step] = batcher_position(batcher);
		draw(batcher, BATCH, 1, whole + step * BATCH);
	}
	batcher_destroy(batcher);
	for (int step = 0; step < ALL; step++) {
		batcher = create(BATCH, positions[step]);
		struct batcher_position position = batcher_position(batcher);
		assert_memory_equal(&position, &positions[step], sizeof position);
		draw(batcher, BATCH, REST, resumed);
		assert_memory_equal(resumed, whole + step * BATCH, sizeof resumed);
		batcher_destroy(batcher);
	}
}

/* Another batch size goes on in the middle of the order; a place with too few pictures left is the next epoch's start. */
static void the_batch_size_may_change(void **state)
{
	(void)state;
	int numbers[4];
	struct batcher *batcher = create(4, (struct batcher_position){0, 6});
	draw(batcher, 4, 1, numbers);
	for (int i = 0; i < 4; i++)
		assert_int_equal(numbers[i], golden_order_0[6 + i]);
	batcher_destroy(batcher);
	batcher = create(4, (struct batcher_position){2, 17});
	struct batcher_position position = batcher_position(batcher);
	assert_int_equal(position.epoch, 3);
	draw(batcher, 4, 1, numbers);
	for (int i = 0; i < 4; i++)
		assert_int_equal(numbers[i], golden_order_3[i]);
	batcher_destroy(batcher);
}

static void a_batch_stays_until_the_next_call(void **state)
{
	(void)state;
	struct batcher *batcher = create(BATCH, (struct batcher_position){0, 0});
	float copy[BATCH * PICTURE];
	for (int step = 0; step < 200; step++) {
		const float *activations = batcher_next(batcher, NULL);
		memcpy(copy, activations, sizeof copy);
		if (step % 10 == 0)
			usleep(500); /* time for the thread to do harm, if it can */
		assert_memory_equal(copy, activations, sizeof copy);
	}
	batcher_destroy(batcher);
}

static void it_may_be_destroyed_at_any_moment(void **state)
{
	(void)state;
	for (int round = 0; round < 50; round++)
		for (int steps = 0; steps < 4; steps++) {
			struct batcher *batcher = create(BATCH, (struct batcher_position){0, 0});
			for (int i = 0; i < steps; i++)
				assert_non_null(batcher_next(batcher, NULL));
			batcher_destroy(batcher);
		}
	batcher_destroy(NULL);
}

static void wrong_wishes_are_refused(void **state)
{
	(void)state;
	static const struct { int batch; struct batcher_position start; const char *expected; } wishes[] = {
		{0, {0, 0}, "the batch is 0 pictures"},
		{PICTURES + 1, {0, 0}, "expected 1 to 20"},
		{BATCH, {-1, 0}, "epoch -1"},
		{BATCH, {0, -1}, "picture -1"},
		{BATCH, {0, PICTURES + 1}, "outside data set \"made-up\" of 20"},
	};
	for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
		struct error error = {0};
		assert_null(batcher_create(&dataset, wishes[i].batch, seed, wishes[i].start, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		assert_non_null(strstr(error.text, wishes[i].expected));
	}
}

/* The blocked signals of every thread but this one, from /proc; all ones when there is no other. */
static uint64_t blocked_elsewhere(void)
{
	uint64_t common = UINT64_MAX;
	DIR *tasks = opendir("/proc/self/task");
	assert_non_null(tasks);
	for (struct dirent *entry; (entry = readdir(tasks));) {
		char path[300], line[256];
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
		FILE *status = fopen(path, "r");
		while (status && fgets(line, sizeof line, status)) {
			unsigned long long mask;
			if (sscanf(line, "SigBlk: %llx", &mask) == 1)
				common &= mask;
		}
		if (status)
			fclose(status);
	}
	closedir(tasks);
	return common;
}

/* A sanitizer's own thread blocks them too, so only a thread of ours can break this. */
static void its_thread_blocks_signals(void **state)
{
	(void)state;
	struct batcher *batcher = create(BATCH, (struct batcher_position){0, 0});
	batcher_next(batcher, NULL); /* the thread runs now */
	uint64_t blocked = blocked_elsewhere();
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGALRM, SIGUSR1};
	assert_true(blocked != UINT64_MAX);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		assert_true(blocked >> (signals[i] - 1) & 1);
	sigset_t mine;
	pthread_sigmask(SIG_SETMASK, NULL, &mine);
	assert_false(sigismember(&mine, SIGINT)); /* and the caller's are as before */
	batcher_destroy(batcher);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_lie_pixel_by_pixel),
		cmocka_unit_test(the_order_is_the_known_one),
		cmocka_unit_test(an_epoch_holds_each_picture_once),
		cmocka_unit_test(the_rest_of_an_epoch_is_left_out),
		cmocka_unit_test(any_position_resumes),
		cmocka_unit_test(the_batch_size_may_change),
		cmocka_unit_test(a_batch_stays_until_the_next_call),
		cmocka_unit_test(it_may_be_destroyed_at_any_moment),
		cmocka_unit_test(wrong_wishes_are_refused),
		cmocka_unit_test(its_thread_blocks_signals),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
