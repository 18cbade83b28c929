/* The command palette: what is found for some letters, what its commands read, how it looks; and the themes, which it
 * chooses among, can be read. */
#include "tests/golden_screens.h"
#include "tests/random_view.h"
#include "ui/keymap.h"
#include "ui/palette.h"

static struct palette opened(enum action_scope scope, const char *typed)
{
	struct palette palette;
	palette_open(&palette, scope);
	for (; *typed; typed++)
		line_edit_key(&palette.edit, (unsigned char)*typed);
	return palette;
}

static enum action first_action(enum action_scope scope, const char *typed)
{
	struct palette_entry entries[PALETTE_ENTRIES];
	struct palette palette = opened(scope, typed);
	int count = palette_find(&palette, entries);
	assert_true(count > 0);
	return entries[0].action ? entries[0].action->action : ACTION_NONE;
}

static void actions_are_found_by_a_few_letters(void **state)
{
	(void)state;
	assert_int_equal(first_action(SCOPE_TRAIN, "pause"), ACTION_PAUSE);
	assert_int_equal(first_action(SCOPE_TRAIN, "pau"), ACTION_PAUSE);
	assert_int_equal(first_action(SCOPE_TRAIN, "nr"), ACTION_NEW_RUN);
	assert_int_equal(first_action(SCOPE_TRAIN, "up"), ACTION_UP);
	assert_int_equal(first_action(SCOPE_TRAIN, "CHECKPOINT now"), ACTION_CHECKPOINT);
	assert_int_equal(first_action(SCOPE_RUNS, "run-res"), ACTION_RUN_RESUME);
	struct palette_entry entries[PALETTE_ENTRIES];
	struct palette nothing = opened(SCOPE_TRAIN, "xqzj");
	assert_int_equal(palette_find(&nothing, entries), 0);
	struct palette all = opened(SCOPE_TRAIN, "");
	int count = palette_find(&all, entries), expected = 0;
	for (const struct action_row *row = action_rows; row->name; row++)
		expected += row->scope != SCOPE_INTERNAL && row->action != ACTION_PALETTE;
	for (const struct palette_command *command = palette_commands; command->name; command++)
		expected++;
	assert_int_equal(count, expected);
	for (int i = 0; i < count; i++)
		assert_true(!entries[i].elsewhere || i == count - 1 || entries[i + 1].elsewhere); /* those of other screens come last */
}

static void names_are_unique_and_short(void **state)
{
	(void)state;
	for (const struct action_row *row = action_rows; row->name; row++) {
		assert_true(strlen(row->name) < 24 && strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(row->name));
		for (const struct action_row *other = row + 1; other->name; other++)
			assert_string_not_equal(row->name, other->name);
	}
}

/* Keys until Enter; what comes out. */
static struct action_request command(const struct view *view, const char *typed, struct palette *palette)
{
	struct palette_choice choice;
	struct action_request out;
	*palette = opened(SCOPE_TRAIN, typed);
	palette_key(palette, view, KEYMAP_ENTER, &choice, &out);
	assert_int_equal(choice.action, ACTION_NONE);
	return out;
}

static void commands_read_their_words(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct palette palette;
	struct action_request out = command(view, "bits d 2", &palette);
	assert_true(out.action == ACTION_SET_BITS && out.network == VIEW_D && out.value == 2 && !palette.open);
	out = command(view, ":bits 32", &palette);
	assert_true(out.action == ACTION_SET_BITS && out.network == -1 && out.value == 32);
	out = command(view, "lr g 1e-4", &palette);
	assert_true(out.action == ACTION_RATES && out.network == VIEW_G && out.value == 1e-4);
	out = command(view, "quantizer  minmax ", &palette);
	assert_true(out.action == ACTION_SET_QUANTIZER && !strcmp(out.text, "minmax"));
	out = command(view, "open cifar-float", &palette);
	assert_true(out.action == ACTION_RUN_OPEN && out.run == 5);
	out = command(view, "resume 6", &palette);
	assert_true(out.action == ACTION_RUN_RESUME && out.run == 6);
	out = command(view, "fork cifar-float@42000", &palette);
	assert_true(out.action == ACTION_RUN_FORK && out.run == 5 && out.step == 42000);
	out = command(view, "fork cifar-float", &palette);
	assert_true(out.action == ACTION_RUN_FORK && out.step == -1);
	out = command(view, "theme light", &palette);
	assert_true(out.action == ACTION_SET_THEME && !strcmp(out.text, "light"));
	fixture_destroy(view);
}

static void wrong_words_are_told_and_stay(void **state)
{
	(void)state;
	static const struct { const char *typed, *said; } cases[] = {
		{"bits 9", "1 to 8"}, {"bits d", "bits d K"}, {"bits d 2 3", "1 to 8"}, {"bits x 2", "1 to 8"}, {"lr 0", "above 0"},
		{"lr g nan", "above 0"}, {"open nobody", "nobody"}, {"fork cifar-float@x", "RUN@STEP"}, {"theme pink", "colour-blind"},
		{"quantizer a b", "one name"},
	};
	struct view *view = fixture_create();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct palette palette;
		assert_int_equal(command(view, cases[i].typed, &palette).action, ACTION_NONE);
		if (!palette.open || !strstr(palette.complaint, cases[i].said))
			fail_msg("%s: \"%s\"", cases[i].typed, palette.complaint);
		assert_string_equal(palette.edit.text, cases[i].typed);
	}
	struct palette waiting; /* without words it waits for them */
	assert_int_equal(command(view, "lr", &waiting).action, ACTION_NONE);
	assert_string_equal(waiting.edit.text, "lr ");
	fixture_destroy(view);
}

static void an_action_of_another_screen_says_so(void **state)
{
	(void)state;
	struct view *view = fixture_create();
	struct palette_choice choice;
	struct action_request out;
	struct palette palette = opened(SCOPE_TRAIN, "run-resume");
	palette_key(&palette, view, KEYMAP_ENTER, &choice, &out);
	assert_true(choice.action == ACTION_RUN_RESUME && choice.elsewhere && choice.scope == SCOPE_RUNS && !palette.open);
	palette = opened(SCOPE_TRAIN, "");
	palette_key(&palette, view, KEYMAP_BACKSPACE, &choice, &out); /* nothing is left to take away */
	assert_false(palette.open);
	fixture_destroy(view);
}

/* ---- screens ---- */

static const struct palette_scene {
	const char *name, *typed;
	int width, height;
	bool ascii;
	const char *complaint;
} scenes[] = {
	{"palette-80x24", "", 80, 24},
	{"palette-150x44", "sam", 150, 44},
	{"palette-ascii-80x24", "up", 80, 24, .ascii = true},
	{"palette-command-80x24", "bits d 9", 80, 24, .complaint = "bits K, bits d K or bits g K: K from 1 to 8, or 32 for float"},
	{"palette-40x10", "pause", 40, 10},
	{"palette-20x5", "p", 20, 5},
};

static char *draw_palette(const struct palette_scene *scene)
{
	struct canvas *canvas = canvas_create(scene->width, scene->height, !scene->ascii);
	struct palette palette = opened(SCOPE_TRAIN, scene->typed);
	if (scene->complaint)
		text_copy(palette.complaint, sizeof palette.complaint, scene->complaint);
	palette_draw(&palette, canvas);
	char *text = canvas_to_text(canvas);
	canvas_destroy(canvas);
	return text;
}

static void screens_look_as_agreed(void **state)
{
	(void)state;
	int different = 0;
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
		different += !text_matches_golden(scenes[i].name, draw_palette(&scenes[i]));
	assert_int_equal(different, 0);
}

static void every_size_and_key_is_survived(void **state)
{
	(void)state;
	static const uint32_t keys[] = {KEYMAP_UP, KEYMAP_DOWN, KEYMAP_ENTER, KEYMAP_LEFT, KEYMAP_TAB, KEYMAP_PAGE_DOWN, KEYMAP_PAGE_UP,
		KEYMAP_BACKSPACE, 'a', 'e', ' ', 's', '@', 0xE9, 21};
	struct view *view = fixture_create();
	struct palette palette = opened(SCOPE_TRAIN, "");
	for (int i = 0; i < 4000; i++) {
		struct palette_choice choice;
		struct action_request out;
		if (!palette.open)
			palette_open(&palette, (enum action_scope)random_below(SCOPE_INTERNAL));
		palette_key(&palette, view, keys[random_below(sizeof keys / sizeof *keys)], &choice, &out);
		assert_in_range(choice.action, ACTION_NONE, ACTION_COUNT - 1);
		struct canvas *canvas = canvas_create(1 + (int)random_below(160), 1 + (int)random_below(50), random_below(2));
		palette_draw(&palette, canvas);
		canvas_destroy(canvas);
	}
	fixture_destroy(view);
}

/* ---- themes ---- */

static double luminance(int index)
{
	unsigned char rgb[3];
	double linear[3];
	theme_colour_rgb(index, rgb);
	for (int i = 0; i < 3; i++) {
		double value = rgb[i] / 255.0;
		linear[i] = value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
	}
	return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

/* As the W3C counts it: 1 to 21. */
static double contrast(int foreground, int background)
{
	double a = luminance(foreground), b = luminance(background);
	return ((a > b ? a : b) + 0.05) / ((a > b ? b : a) + 0.05);
}

/* What carries words stands out 4.3 to 1 at least, on the background the theme is made for. */
static void themes_can_be_read(void **state)
{
	(void)state;
	enum { BLACK = 16, WHITE = 231 };
	static const bool without_words[ROLE_COUNT] = {[ROLE_FRAME] = true, [ROLE_BAR] = true, [ROLE_BAR_EMPTY] = true, [ROLE_PICTURE] = true};
	for (const struct theme *theme = themes; theme->name; theme++) {
		int ground = strcmp(theme->name, "light") == 0 ? WHITE : BLACK;
		for (int role = 0; role < ROLE_COUNT; role++) {
			const struct theme_colour *colour = &theme->roles[role];
			int behind = colour->background >= 0 ? colour->background : ground;
			if (!without_words[role] && colour->foreground >= 0 && contrast(colour->foreground, behind) < 4.3)
				fail_msg("%s: role %d has a contrast of %.1f", theme->name, role, contrast(colour->foreground, behind));
		}
	}
	assert_non_null(theme_find("mono"));
	for (int role = 0; role < ROLE_PICTURE; role++)
		assert_true(theme_find("mono")->roles[role].foreground < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions_are_found_by_a_few_letters),
		cmocka_unit_test(names_are_unique_and_short),
		cmocka_unit_test(commands_read_their_words),
		cmocka_unit_test(wrong_words_are_told_and_stay),
		cmocka_unit_test(an_action_of_another_screen_says_so),
		cmocka_unit_test(screens_look_as_agreed),
		cmocka_unit_test(every_size_and_key_is_survived),
		cmocka_unit_test(themes_can_be_read),
	};
	return cmocka_run_group_tests_name("palette", tests, NULL, NULL);
}
