/* The form as people meet it: keys in, requests out, screens as text. What the session makes of the requests is in
 * test_session_form.c. */
#include "tests/golden_screens.h"
#include "tests/random_view.h"
#include "ui/form.h"
#include "ui/keymap.h"

static const char *const models[] = {"dcgan", "wgan-gp", NULL}, *const sets[] = {"fashion-mnist", "shapes", NULL};
static const char *const bits[] = {"1", "2", "3", "4", "8", "32", NULL};

static struct view_form_row *add_row(struct view_form *view, const char *name, const char *value, const char *help)
{
	struct view_form_row *row = &view->rows[view->row_count++];
	text_copy(row->name, sizeof row->name, name);
	text_copy(row->value, sizeof row->value, value);
	text_copy(row->standard, sizeof row->standard, value);
	text_copy(row->help, sizeof row->help, help);
	text_copy(row->origin, sizeof row->origin, "default");
	return row;
}

static void add_sum(struct view_form *view, const char *name, const char *value)
{
	struct view_form_line *line = &view->summary[view->summary_count++];
	text_copy(line->name, sizeof line->name, name);
	text_copy(line->value, sizeof line->value, value);
}

enum { NAME, MODEL, DATA, WIDTH, D_BITS, RATE };

static struct view_form *make_form(void)
{
	struct view_form *view = memory_zeroed(1, sizeof *view);
	view->serial = 1;
	text_copy(view->title, sizeof view->title, "new run");
	add_row(view, "name", "", "letters, digits, '.', '_' and '-'; empty: made up from data and model");
	struct view_form_row *row = add_row(view, "model", "dcgan", "model family");
	row->group = "Networks and data";
	row->choices = models;
	row = add_row(view, "data", "fashion-mnist", "data set, KIND or KIND:DIR; see qgan data list");
	row->choices = sets;
	row->other = true;
	row = add_row(view, "width", "32", "first feature width: at 32 pixels G has 4W-2W-W channels");
	text_copy(row->expected, sizeof row->expected, "an integer from 1 to 1024");
	row = add_row(view, "d-bits", "2", "bits of D's weights, 32: not quantized");
	row->choices = bits;
	row->group = "Quantization";
	row->changed = true;
	text_copy(row->standard, sizeof row->standard, "32");
	text_copy(row->origin, sizeof row->origin, "here");
	add_row(view, "d-learning-rate", "0.0002", "learning rate of D")->group = "Training";
	for (int i = 1; i <= 26; i++) {
		char name[32];
		snprintf(name, sizeof name, "setting-%d", i);
		add_row(view, name, "0", "one of many");
	}
	add_sum(view, "D", "166,400 weights, 666 kB; packed 42 kB, 15.9x smaller");
	add_sum(view, "G", "369,152 weights, 1.5 MB in float");
	add_sum(view, "memory", "about 34 MB, and 61 MB of pictures");
	add_sum(view, "a step", "188 ms, 340 images/s");
	add_sum(view, "an epoch", "937 steps, 2:56");
	add_sum(view, "all", "11,244 steps, 35:14");
	add_sum(view, "basis", "from fmnist-dcgan-7f3a: 34.8 GFLOP/s here");
	return view;
}

static struct action_request press(struct form *form, const struct view_form *view, uint32_t key)
{
	struct action_request out;
	form_follow(form, view);
	form_key(form, view, key, &out);
	return out;
}

static struct action_request type(struct form *form, const struct view_form *view, const char *text)
{
	struct action_request out = {0};
	for (; *text; text++)
		out = press(form, view, (unsigned char)*text);
	return out;
}

static void assert_set(struct action_request request, int row, const char *text)
{
	assert_int_equal(request.action, ACTION_FORM_SET);
	assert_int_equal(request.layer, row);
	assert_string_equal(request.text, text);
}

/* ---- keys ---- */

static void a_value_is_typed_and_sent(void **state)
{
	(void)state;
	struct view_form *view = make_form();
	struct form form = {0};
	form_follow(&form, view);
	form.row = WIDTH;
	press(&form, view, KEYMAP_ENTER);
	assert_int_equal(form.mode, FORM_EDIT);
	assert_int_equal(type(&form, view, "64").action, ACTION_NONE); /* the first key replaces what stood there */
	assert_set(press(&form, view, KEYMAP_ENTER), WIDTH, "64");
	assert_int_equal(type(&form, view, "12").action, ACTION_NONE); /* a digit begins at once */
	press(&form, view, KEYMAP_LEFT);
	press(&form, view, KEYMAP_BACKSPACE);
	type(&form, view, "5");
	assert_set(press(&form, view, KEYMAP_TAB), WIDTH, "52");
	assert_int_equal(form.row, WIDTH + 1);
	form.row = NAME;
	press(&form, view, KEYMAP_ENTER);
	type(&form, view, "a b");
	press(&form, view, 0xE9);
	press(&form, view, 23); /* Ctrl-W: the last word */
	assert_set(press(&form, view, KEYMAP_ENTER), NAME, "a ");
	press(&form, view, KEYMAP_ENTER);
	type(&form, view, "gone");
	assert_int_equal(press(&form, view, KEYMAP_ESCAPE).action, ACTION_NONE);
	assert_int_equal(form.mode, FORM_ROWS);
	free(view);
}

static void a_value_is_picked(void **state)
{
	(void)state;
	struct view_form *view = make_form();
	struct form form = {0};
	form_follow(&form, view);
	form.row = D_BITS;
	assert_set(press(&form, view, KEYMAP_RIGHT), D_BITS, "3");
	assert_set(press(&form, view, KEYMAP_LEFT), D_BITS, "1");
	assert_set(press(&form, view, 'd'), D_BITS, "32");
	press(&form, view, KEYMAP_ENTER);
	assert_int_equal(form.mode, FORM_LIST);
	assert_int_equal(form.choice, 1); /* the present one */
	press(&form, view, '8');
	assert_set(press(&form, view, KEYMAP_ENTER), D_BITS, "8");
	form.row = DATA; /* any text is a value there too */
	press(&form, view, KEYMAP_ENTER);
	press(&form, view, KEYMAP_UP);
	assert_int_equal(press(&form, view, KEYMAP_ENTER).action, ACTION_NONE);
	type(&form, view, "images:/x");
	assert_set(press(&form, view, KEYMAP_ENTER), DATA, "images:/x");
	view->rows[MODEL].fixed = true;
	form.row = MODEL;
	assert_int_equal(press(&form, view, KEYMAP_ENTER).action, ACTION_NONE);
	assert_int_equal(form.mode, FORM_ROWS);
	assert_int_equal(press(&form, view, KEYMAP_RIGHT).action, ACTION_NONE);
	free(view);
}

static void it_starts_only_when_every_value_is_taken(void **state)
{
	(void)state;
	struct view_form *view = make_form();
	struct form form = {0};
	form_follow(&form, view);
	text_copy(view->rows[RATE].error, sizeof view->rows[RATE].error, "d-learning-rate must be a number from 0 to 10");
	assert_int_equal(press(&form, view, 's').action, ACTION_NONE);
	assert_int_equal(form.row, RATE); /* led to what is wrong */
	view->rows[RATE].error[0] = '\0';
	assert_int_equal(press(&form, view, 's').action, ACTION_FORM_START);
	assert_true(form_follow(&form, NULL)); /* gone because it started */
	assert_false(form.shown);
	form_follow(&form, view);
	assert_int_equal(press(&form, view, KEYMAP_ESCAPE).action, ACTION_FORM_CLOSE);
	assert_false(form_follow(&form, NULL));
	free(view);
}

static void a_run_in_the_way_is_asked_about(void **state)
{
	(void)state;
	struct view_form *view = make_form();
	struct form form = {0};
	form_follow(&form, view);
	text_copy(view->in_the_way, sizeof view->in_the_way, "fmnist-dcgan-7f3a");
	assert_int_equal(press(&form, view, 'x').action, ACTION_NONE);
	assert_int_equal(press(&form, view, KEYMAP_DOWN).action, ACTION_NONE);
	assert_int_equal(form.row, 0);
	struct action_request request = press(&form, view, 's');
	assert_true(request.action == ACTION_FORM_START && request.value > 0);
	view->starting = true;
	assert_int_equal(press(&form, view, 's').action, ACTION_NONE);
	assert_true(form_follow(&form, NULL));
	form_follow(&form, view);
	request = press(&form, view, KEYMAP_ESCAPE);
	assert_true(request.action == ACTION_FORM_START && request.value < 0);
	free(view);
}

/* ---- the mouse ---- */

struct pointed {
	struct form form;
	struct view_form *view;
	struct mouse mouse;
	double now;
};

/* What an event at a cell of the form as it is drawn comes to: a request, or the key of a hint. */
static struct action_request point(struct pointed *pointed, enum mouse_button button, int x, int y, uint32_t *key)
{
	static struct hits hits;
	struct action_request out = {0};
	struct canvas *canvas = canvas_create(80, 24, true);
	hits_clear(&hits);
	canvas->hits = &hits;
	form_follow(&pointed->form, pointed->view);
	form_draw(&pointed->form, pointed->view, canvas);
	canvas_destroy(canvas);
	pointed->now += 1;
	struct input_event event = {.kind = INPUT_MOUSE, .button = button, .pressed = true, .x = x, .y = y};
	struct mouse_answer answer = mouse_take(&pointed->mouse, &hits, &event, pointed->now);
	*key = answer.key;
	form_mouse(&pointed->form, pointed->view, &answer, &out);
	return out;
}

static void a_row_is_clicked_and_opened(void **state)
{
	(void)state;
	struct pointed pointed = {.view = make_form()};
	uint32_t key;
	assert_int_equal(point(&pointed, MOUSE_LEFT, 10, 1 + WIDTH, &key).action, ACTION_NONE);
	assert_true(pointed.form.row == WIDTH && pointed.form.mode == FORM_ROWS);
	point(&pointed, MOUSE_LEFT, 10, 1 + WIDTH, &key); /* the row under the cursor opens */
	assert_int_equal(pointed.form.mode, FORM_EDIT);
	type(&pointed.form, pointed.view, "48");
	point(&pointed, MOUSE_LEFT, 30, 1 + WIDTH, &key);
	assert_int_equal(pointed.form.mode, FORM_EDIT);
	assert_int_equal(point(&pointed, MOUSE_WHEEL_DOWN, 10, 5, &key).action, ACTION_NONE); /* what is typed stays */
	assert_int_equal(pointed.form.mode, FORM_EDIT);
	assert_set(point(&pointed, MOUSE_LEFT, 10, 1 + D_BITS, &key), WIDTH, "48"); /* gone to another row: taken */
	assert_true(pointed.form.row == D_BITS && pointed.form.mode == FORM_ROWS);
	point(&pointed, MOUSE_WHEEL_DOWN, 10, 5, &key);
	assert_int_equal(pointed.form.row, D_BITS + 3);
	point(&pointed, MOUSE_WHEEL_UP, 10, 5, &key);
	assert_int_equal(pointed.form.row, D_BITS);
	assert_int_equal(point(&pointed, MOUSE_LEFT, 2, 23, &key).action, ACTION_NONE); /* the hint "Enter change" */
	assert_int_equal(key, KEYMAP_ENTER);
	free(pointed.view);
}

static void a_choice_is_clicked(void **state)
{
	(void)state;
	struct pointed pointed = {.view = make_form()};
	uint32_t key;
	form_follow(&pointed.form, pointed.view);
	pointed.form.row = D_BITS;
	press(&pointed.form, pointed.view, KEYMAP_ENTER);
	for (int i = 0; i < 9; i++)
		point(&pointed, MOUSE_WHEEL_DOWN, 10, 5, &key);
	assert_int_equal(pointed.form.choice, 5); /* the last, not the first again */
	int x = 0, y = 0; /* of the choice "4", the fourth */
	struct canvas *canvas = canvas_create(80, 24, true);
	struct hits hits = {0};
	canvas->hits = &hits;
	form_draw(&pointed.form, pointed.view, canvas);
	canvas_destroy(canvas);
	for (int i = 0; i < hits.count; i++)
		if (hits.items[i].click == ACTION_ACCEPT && hits.items[i].value == 3) {
			x = hits.items[i].cells.x;
			y = hits.items[i].cells.y;
		}
	assert_set(point(&pointed, MOUSE_LEFT, x, y, &key), D_BITS, "4");
	assert_int_equal(pointed.form.mode, FORM_ROWS);
	press(&pointed.form, pointed.view, KEYMAP_ENTER);
	assert_int_equal(point(&pointed, MOUSE_LEFT, 2, 2, &key).action, ACTION_NONE); /* beside the list: closed, nothing taken */
	assert_true(pointed.form.mode == FORM_ROWS && pointed.form.row == D_BITS);
	text_copy(pointed.view->in_the_way, sizeof pointed.view->in_the_way, "a-run"); /* a question is about keys */
	point(&pointed, MOUSE_LEFT, 10, 1 + WIDTH, &key);
	assert_int_equal(pointed.form.row, D_BITS);
	free(pointed.view);
}

/* ---- screens ---- */

static void edit_width(struct form *form, struct view_form *view)
{
	form->row = WIDTH;
	press(form, view, KEYMAP_ENTER);
	type(form, view, "12");
}

static void pick_bits(struct form *form, struct view_form *view)
{
	form->row = D_BITS;
	press(form, view, KEYMAP_ENTER);
}

static void refuse_width(struct form *form, struct view_form *view)
{
	form->row = WIDTH;
	text_copy(view->rows[WIDTH].value, VIEW_FORM_VALUE, "two thousand and fifty, or something else that is long");
	text_copy(view->rows[WIDTH].error, VIEW_FORM_SENTENCE, "width must be an integer from 1 to 1024, not \"two thousand and fifty\"");
	text_copy(view->message, sizeof view->message, "size 48: must be one of 32, 64, 128");
}

static void ask_to_stop(struct form *form, struct view_form *view)
{
	(void)form;
	text_copy(view->in_the_way, sizeof view->in_the_way, "fmnist-dcgan-7f3a");
}

static void go_to_end(struct form *form, struct view_form *view)
{
	press(form, view, KEYMAP_END);
}

struct form_scene {
	const char *name;
	int width, height;
	bool ascii;
	void (*change)(struct form *form, struct view_form *view);
};

static const struct form_scene scenes[] = {
	{"form-150x44", 150, 44},
	{"form-end-150x44", 150, 44, .change = go_to_end},
	{"form-80x24", 80, 24},
	{"form-ascii-80x24", 80, 24, .ascii = true, .change = pick_bits},
	{"form-edit-80x24", 80, 24, .change = edit_width},
	{"form-list-150x44", 150, 44, .change = pick_bits},
	{"form-refused-80x24", 80, 24, .change = refuse_width},
	{"form-refused-150x44", 150, 44, .change = refuse_width},
	{"form-stop-80x24", 80, 24, .change = ask_to_stop},
	{"form-40x10", 40, 10},
	{"form-20x5", 20, 5},
};

static char *draw_form(const struct form_scene *scene)
{
	struct view_form *view = make_form();
	struct form form = {0};
	struct canvas *canvas = canvas_create(scene->width, scene->height, !scene->ascii);
	form_follow(&form, view);
	if (scene->change)
		scene->change(&form, view);
	form_draw(&form, view, canvas);
	char *text = canvas_to_text(canvas);
	canvas_destroy(canvas);
	free(view);
	return text;
}

static void screens_look_as_agreed(void **state)
{
	(void)state;
	int different = 0;
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
		different += !text_matches_golden(scenes[i].name, draw_form(&scenes[i]));
	assert_int_equal(different, 0);
}

/* Any keys at any size; what is sent always names a row. */
static void every_size_and_key_is_survived(void **state)
{
	(void)state;
	static const uint32_t keys[] = {KEYMAP_UP, KEYMAP_DOWN, KEYMAP_ENTER, KEYMAP_ESCAPE, KEYMAP_LEFT, KEYMAP_RIGHT, KEYMAP_TAB,
		KEYMAP_END, KEYMAP_HOME, KEYMAP_PAGE_DOWN, KEYMAP_PAGE_UP, KEYMAP_BACKSPACE, KEYMAP_DELETE, 'd', 's', '1', 0xE9, 0x1F600, 21};
	struct view_form *view = make_form();
	struct form form = {0};
	refuse_width(&form, view);
	form_follow(&form, view);
	for (int i = 0; i < 4000; i++) {
		struct action_request out = press(&form, view, keys[random_below(sizeof keys / sizeof *keys)]);
		assert_in_range(out.layer, 0, view->row_count - 1);
		if (i % 4)
			continue;
		struct canvas *canvas = canvas_create(1 + (int)random_below(160), 1 + (int)random_below(50), random_below(2));
		form_draw(&form, view, canvas);
		canvas_destroy(canvas);
	}
	free(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_typed_and_sent),
		cmocka_unit_test(a_value_is_picked),
		cmocka_unit_test(it_starts_only_when_every_value_is_taken),
		cmocka_unit_test(a_run_in_the_way_is_asked_about),
		cmocka_unit_test(a_row_is_clicked_and_opened),
		cmocka_unit_test(a_choice_is_clicked),
		cmocka_unit_test(screens_look_as_agreed),
		cmocka_unit_test(every_size_and_key_is_survived),
	};
	return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
