/* engine/base: numbers for people, strict parsing, bounded curves, the queue between threads. */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/base/queue.h"
#include "engine/base/series.h"
#include "engine/base/text.h"
#include "engine/base/thread.h"

static void numbers_for_people(void **state)
{
	(void)state;
	char text[32];
	assert_string_equal(text_count(text, sizeof text, 0), "0");
	assert_string_equal(text_count(text, sizeof text, 999), "999");
	assert_string_equal(text_count(text, sizeof text, 1000), "1,000");
	assert_string_equal(text_count(text, sizeof text, -1234567), "-1,234,567");
	assert_string_equal(text_short_count(text, sizeof text, 950), "950");
	assert_string_equal(text_short_count(text, sizeof text, 1234), "1.2k");
	assert_string_equal(text_short_count(text, sizeof text, 42000), "42k");
	assert_string_equal(text_short_count(text, sizeof text, 999999), "1.0M");
	assert_string_equal(text_bytes_amount(text, sizeof text, 162000), "162 kB");
	assert_string_equal(text_bytes_amount(text, sizeof text, 0), "0 B");
	assert_string_equal(text_duration(text, sizeof text, 2470), "41:10");
	assert_string_equal(text_duration(text, sizeof text, 3723), "1:02:03");
	assert_string_equal(text_duration(text, sizeof text, NAN), "-");
	assert_string_equal(text_age(text, sizeof text, 0.2), "now");
	assert_string_equal(text_age(text, sizeof text, 7300), "2 h");
	assert_string_equal(text_loss(text, sizeof text, 0.9134), "0.913");
	assert_string_equal(text_loss(text, sizeof text, 1.3e-4), "1.3e-04");
	assert_string_equal(text_loss(text, sizeof text, INFINITY), "-");
}

static void strict_parsing(void **state)
{
	(void)state;
	int64_t whole;
	uint64_t natural;
	double real;
	assert_true(text_to_int64("-12", &whole) && whole == -12);
	assert_true(text_to_uint64("18446744073709551615", &natural) && natural == UINT64_MAX);
	assert_true(text_to_double("2e-4", &real) && real == 2e-4);
	static const char *const wrong[] = {"", " 1", "1 ", "1x", "0x", "nan", "inf", "--1", "99999999999999999999999"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(text_to_int64(wrong[i], &whole));
	assert_false(text_to_uint64("-1", &natural));
	assert_false(text_to_double("nan", &real));
	assert_false(text_to_double("1e999", &real));
}

static void copies_never_cut_a_character(void **state)
{
	(void)state;
	char target[4];
	assert_false(text_copy(target, sizeof target, "a\xe2\x96\x84z"));
	assert_string_equal(target, "a");
	assert_true(text_copy(target, sizeof target, "abc"));
	assert_string_equal(target, "abc");
}

/* A million points with one spike each way: bounded, spikes kept, every point counted, mean exact. */
static void series_keeps_spikes(void **state)
{
	(void)state;
	struct series *series = memory_zeroed(1, sizeof *series);
	for (int64_t step = 1; step <= 1000000; step++)
		series_append(series, step, step == 123456 ? 50.0 : step == 654321 ? -50.0 : 1.0);
	series_append(series, 1000001, NAN);
	series_append(series, 5, 7.0);
	assert_in_range(series->count, SERIES_BUCKETS / 2, SERIES_BUCKETS);
	double min, max, sum = 0;
	assert_true(series_range(series, 1, 1000000, &min, &max));
	assert_true(min == -50 && max == 50);
	int64_t points = 0, step = 0;
	for (int i = 0; i < series->count; i++) {
		assert_true(series->buckets[i].first_step == step + 1);
		step = series->buckets[i].last_step;
		points += series->buckets[i].points;
		sum += series->buckets[i].sum;
	}
	assert_true(points == 1000000 && step == 1000000 && sum == 999998.0);
	assert_false(series_range(series, 2000000, 3000000, &min, &max));
	free(series);
}

enum { SENT = 100000 };

static void *send_numbers(void *context)
{
	for (int i = 0; i < SENT; i++)
		while (!queue_push(context, &i))
			;
	return NULL;
}

static void queue_keeps_order_between_threads(void **state)
{
	(void)state;
	for (size_t limit = 0; limit <= 64; limit += 64) {
		struct queue *queue = queue_create(sizeof(int), limit, NULL);
		pthread_t sender;
		pthread_create(&sender, NULL, send_numbers, queue);
		for (int expected = 0; expected < SENT;) {
			assert_true(queue_wait(queue, 10));
			int number;
			while (queue_pop(queue, &number))
				assert_int_equal(number, expected++);
		}
		pthread_join(sender, NULL);
		assert_false(queue_wait(queue, 0.001));
		queue_destroy(queue);
	}
}

static void queue_refuses_beyond_its_limit(void **state)
{
	(void)state;
	struct queue *queue = queue_create(sizeof(int), 2, NULL);
	int number = 1;
	assert_true(queue_push(queue, &number));
	assert_true(queue_push(queue, &number));
	assert_false(queue_push(queue, &number));
	assert_int_equal(queue_length(queue), 2);
	queue_destroy(queue);
}

static void *look_at_policy(void *seen)
{
	*(int *)seen = sched_getscheduler(0); /* with SCHED_RESET_ON_FORK where it was inherited */
	return NULL;
}

/* Another niceness or policy would be another thing; what it starts is as before. */
static void *take_short_turns(void *good)
{
	int nice = getpriority(PRIO_PROCESS, 0), policy = sched_getscheduler(0), inherited = -1;
	pthread_t child;
	thread_ask_short_turns();
	thread_ask_short_turns();
	*(bool *)good = getpriority(PRIO_PROCESS, 0) == nice && (sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == policy;
	pthread_create(&child, NULL, look_at_policy, &inherited);
	pthread_join(child, NULL);
	*(bool *)good &= inherited == policy;
	return NULL;
}

static void short_turns_keep_policy_and_niceness(void **state)
{
	(void)state;
	bool good = false;
	pthread_t thread;
	pthread_create(&thread, NULL, take_short_turns, &good);
	pthread_join(thread, NULL);
	assert_true(good);
}

/* Small ones, and those of megabytes, which ask for huge pages. */
static void floats_are_aligned_and_clear(void **state)
{
	(void)state;
	static const size_t counts[] = {0, 1, 1000, (2 << 20) / 4 - 1, (2 << 20) / 4, 3000001};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		for (int again = 0; again < 2; again++) { /* the second one may find the first one's values */
			float *block = memory_try_floats(counts[i], "test", NULL);
			assert_non_null(block);
			assert_int_equal((uintptr_t)block % MEMORY_ALIGNMENT, 0);
			for (size_t k = 0; k < counts[i]; k++)
				assert_true(block[k] == 0);
			memset(block, 0x7f, counts[i] * sizeof *block);
			free(block);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_for_people),
		cmocka_unit_test(strict_parsing),
		cmocka_unit_test(copies_never_cut_a_character),
		cmocka_unit_test(series_keeps_spikes),
		cmocka_unit_test(queue_keeps_order_between_threads),
		cmocka_unit_test(queue_refuses_beyond_its_limit),
		cmocka_unit_test(short_turns_keep_policy_and_niceness),
		cmocka_unit_test(floats_are_aligned_and_clear),
	};
	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
