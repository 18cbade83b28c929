/* ui/input: bytes become keys and answers, whatever way they are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ui/input.h"
#include "ui/keymap.h"

/* The keys that `bytes` give, fed one byte at a time, none waited for. */
static int keys_of(const char *bytes, size_t length, uint32_t *keys, int most)
{
	struct input input = {0};
	struct input_event event;
	int count = 0;
	for (size_t i = 0; i < length; i++) {
		input_feed(&input, bytes + i, 1);
		while (input_next(&input, false, &event))
			if (event.kind == INPUT_KEY && count < most)
				keys[count++] = event.key;
	}
	return count;
}

static void sequences_become_keys(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		uint32_t key;
	} cases[] = {
		{"p", 'p'}, {"\r", KEYMAP_ENTER}, {"\n", KEYMAP_ENTER}, {"\t", KEYMAP_TAB}, {"\x7f", KEYMAP_BACKSPACE},
		{"\b", KEYMAP_BACKSPACE},
		{" ", ' '}, {"\f", 12}, {"\xc3\xa9", 0xe9}, {"\xe2\x82\xac", 0x20ac}, {"\xf0\x9f\x98\x80", 0x1f600},
		{"\033[A", KEYMAP_UP}, {"\033OA", KEYMAP_UP}, {"\033[B", KEYMAP_DOWN}, {"\033[C", KEYMAP_RIGHT}, {"\033[D", KEYMAP_LEFT},
		{"\033[H", KEYMAP_HOME}, {"\033[1~", KEYMAP_HOME}, {"\033[4~", KEYMAP_END}, {"\033[F", KEYMAP_END}, {"\033[Z", KEYMAP_BACK_TAB},
		{"\033[5~", KEYMAP_PAGE_UP}, {"\033[6~", KEYMAP_PAGE_DOWN}, {"\033[3~", KEYMAP_DELETE}, {"\033[2~", KEYMAP_INSERT},
		{"\033OP", KEYMAP_F1}, {"\033[11~", KEYMAP_F1}, {"\033[[A", KEYMAP_F1}, {"\033[18~", KEYMAP_F1 + 6},
		{"\033[24~", KEYMAP_F1 + 11},
		{"\033[18;2~", KEYMAP_SHIFT_F1 + 6}, {"\033[1;2P", KEYMAP_SHIFT_F1}, {"\033[33~", KEYMAP_SHIFT_F1 + 6},
		{"\033[1;5A", KEYMAP_UP},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t keys[4];
		assert_int_equal(keys_of(cases[i].bytes, strlen(cases[i].bytes), keys, 4), 1);
		assert_int_equal(keys[0], cases[i].key);
	}
}

static void answers_are_no_keys(void **state)
{
	(void)state;
	static const char *const answers[] = {
		"\033[?63;1;2;4;6;9;15;16;22;28c", "\033[?1;0;256S", "\033[?2;0;1000;800S", "\033[6;19;10t", "\033[?2026;2$y", "\033[0n",
	};
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct input input = {0};
		struct input_event event;
		uint32_t keys[4];
		assert_int_equal(keys_of(answers[i], strlen(answers[i]), keys, 4), 0);
		input_feed(&input, answers[i], strlen(answers[i]));
		assert_true(input_next(&input, false, &event));
		assert_int_equal(event.kind, INPUT_REPLY);
		assert_int_equal(event.final, answers[i][strlen(answers[i]) - 1]);
		assert_false(input_next(&input, true, &event));
	}
	struct input input = {0};
	struct input_event event;
	input_feed(&input, "\033[?2026;2$y", 11);
	assert_true(input_next(&input, false, &event));
	assert_int_equal(event.mark, '?');
	assert_int_equal(event.intermediate, '$');
	assert_int_equal(event.count, 2);
	assert_int_equal(event.values[0], 2026);
	assert_int_equal(event.values[1], 2);
}

static void the_mouse_is_understood(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		enum mouse_button button;
		bool pressed, moved;
		int x, y;
	} cases[] = {
		{"\033[<0;10;20M", MOUSE_LEFT, true, false, 9, 19}, {"\033[<0;10;20m", MOUSE_LEFT, false, false, 9, 19},
		{"\033[<32;300;1M", MOUSE_LEFT, true, true, 299, 0}, {"\033[<16;1;1M", MOUSE_LEFT, true, false, 0, 0},
		{"\033[<64;3;4M", MOUSE_WHEEL_UP, true, false, 2, 3}, {"\033[<65;3;4M", MOUSE_WHEEL_DOWN, true, false, 2, 3},
		{"\033[<2;3;4M", MOUSE_OTHER, true, false, 2, 3}, {"\033[<66;3;4M", MOUSE_OTHER, true, false, 2, 3},
		{"\033[<128;3;4M", MOUSE_OTHER, true, false, 2, 3},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct input input = {0};
		struct input_event event;
		for (const char *byte = cases[i].bytes; *byte; byte++) {
			assert_false(input_next(&input, false, &event));
			input_feed(&input, byte, 1);
		}
		assert_true(input_next(&input, false, &event));
		assert_int_equal(event.kind, INPUT_MOUSE);
		assert_true(event.button == cases[i].button && event.pressed == cases[i].pressed && event.moved == cases[i].moved);
		assert_true(event.x == cases[i].x && event.y == cases[i].y);
	}
}

static void unknown_sequences_are_swallowed_whole(void **state)
{
	(void)state;
	static const char *const unknown[] = {
		"\033[I", "\033[O", "\033[<0;0;20M", "\033[<0m", "\033]11;rgb:0000/0000/0000\007", "\033]4;1;x\033\\",
		"\033P1$r0m\033\\",
		"\033[99~", "\033[>41;354;0c", "\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19x", "\xff", "\x80",
	};
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		uint32_t keys[4];
		char bytes[96];
		size_t length = strlen(unknown[i]);
		memcpy(bytes, unknown[i], length);
		bytes[length] = 'z'; /* what follows is whole again */
		assert_int_equal(keys_of(bytes, length + 1, keys, 4), 1);
		assert_int_equal(keys[0], 'z');
	}
}

static void escape_is_told_by_time(void **state)
{
	(void)state;
	struct input input = {0};
	struct input_event event;
	assert_true(input_patience(&input) < 0);
	input_feed(&input, "\033", 1);
	assert_false(input_next(&input, false, &event));
	assert_true(input_patience(&input) > 0 && input_patience(&input) <= 0.05);
	assert_true(input_next(&input, true, &event));
	assert_int_equal(event.key, KEYMAP_ESCAPE);
	input_feed(&input, "\033[", 2); /* begun: waited for longer, then dropped */
	assert_false(input_next(&input, false, &event));
	assert_true(input_patience(&input) > 0.05);
	assert_false(input_next(&input, true, &event));
	assert_int_equal(input.length, 0);
	input_feed(&input, "\033q", 2); /* Escape and a key at once: both */
	assert_true(input_next(&input, false, &event));
	assert_int_equal(event.key, KEYMAP_ESCAPE);
	assert_true(input_next(&input, false, &event));
	assert_int_equal(event.key, 'q');
}

static void pasted_keys_say_so(void **state)
{
	(void)state;
	struct input input = {0};
	struct input_event event;
	static const char bytes[] = "a\033[200~b\033[201~c";
	input_feed(&input, bytes, sizeof bytes - 1);
	static const struct {
		uint32_t key;
		bool pasted;
	} expected[] = {{'a', false}, {'b', true}, {'c', false}};
	for (int i = 0; i < 3; i++) {
		assert_true(input_next(&input, false, &event));
		assert_int_equal(event.key, expected[i].key);
		assert_int_equal(event.pasted, expected[i].pasted);
	}
	assert_false(input_next(&input, true, &event));
}

/* Whatever comes: it ends, and keys are keys. */
static void noise_is_survived(void **state)
{
	(void)state;
	static const char interesting[] = "\033\033[[?;0123~OPc]\\\007$yS\xe2\x82\xac\x80\xff" "az";
	struct input input = {0};
	struct input_event event;
	uint32_t random = 12345;
	int events = 0;
	for (int round = 0; round < 200000; round++) {
		random = random * 1664525u + 1013904223u;
		char byte = random >> 31 ? (char)(random >> 16) : interesting[(random >> 8) % (sizeof interesting - 1)];
		input_feed(&input, &byte, 1);
		while (input_next(&input, (random >> 20) % 64 == 0, &event)) {
			assert_true(event.kind == INPUT_REPLY || event.key != 0);
			events++;
		}
		assert_true(input.length <= INPUT_BUFFER);
	}
	assert_true(events > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_become_keys),
		cmocka_unit_test(answers_are_no_keys),
		cmocka_unit_test(the_mouse_is_understood),
		cmocka_unit_test(unknown_sequences_are_swallowed_whole),
		cmocka_unit_test(escape_is_told_by_time),
		cmocka_unit_test(pasted_keys_say_so),
		cmocka_unit_test(noise_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
