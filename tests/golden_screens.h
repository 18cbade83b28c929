/* Screens as text: a view, a size, what is changed in it, and the golden file it is compared with. QGAN_GOLDEN=write
 * rewrites the golden files instead of comparing. */
#ifndef QGAN_TESTS_GOLDEN_SCREENS_H
#define QGAN_TESTS_GOLDEN_SCREENS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "tests/view_fixture.h"
#include "ui/dialog.h"
#include "ui/screen.h"

#define GOLDEN_FOLDER "tests/golden/screens"

static inline const struct screen *screen_named(const char *name)
{
	for (int i = 0; screens[i]; i++)
		if (strcmp(screens[i]->name, name) == 0)
			return screens[i];
	fail_msg("no screen is called %s", name);
	return NULL;
}

struct scene {
	const char *name, *screen;
	int width, height;
	bool ascii;
	void (*change)(struct view *view, struct screen_state *state, struct dialog *dialog); /* may be NULL */
	bool help; /* the help lies over it */
};

/* Where the picture goes, as the terminal would cover it. */
static inline void shade_picture(struct canvas *canvas, const struct picture_request *picture)
{
	if (!picture->image)
		return;
	struct rect rect = picture->cells;
	assert_true(rect.x >= 0 && rect.y >= 0 && rect.width > 0 && rect.height > 0);
	assert_true(rect.x + rect.width <= canvas->width && rect.y + rect.height < canvas->height);
	canvas_fill(canvas, rect, 0x2592, ROLE_PICTURE, 0);
}

static inline char *draw_scene(const struct scene *scene)
{
	struct view *view = fixture_create();
	struct image *image = image_create(256, 256, 1, NULL);
	struct screen_state *state = screen_state_create();
	struct canvas *canvas = canvas_create(scene->width, scene->height, !scene->ascii);
	struct dialog dialog = {0};
	struct picture_request picture = {0};
	view->sample = image;
	if (scene->change)
		scene->change(view, state, &dialog);
	screen_named(scene->screen)->draw(state, view, canvas, &picture);
	shade_picture(canvas, &picture);
	if (scene->help)
		screen_named("help")->draw(state, view, canvas, &picture);
	if (dialog.asked)
		dialog_draw(&dialog, view, canvas);
	char *text = canvas_to_text(canvas);
	canvas_destroy(canvas);
	screen_state_destroy(state);
	image_destroy(image);
	fixture_destroy(view);
	return text;
}

static inline char *read_whole(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct text text = {0};
	char bytes[4096];
	size_t count;
	if (!file)
		return NULL;
	while ((count = fread(bytes, 1, sizeof bytes, file)) > 0)
		text_append(&text, bytes, count);
	fclose(file);
	return text.bytes ? text.bytes : memory_text("");
}

/* Line by line: what was expected, what came. */
static inline void print_difference(const char *name, const char *expected, const char *drawn)
{
	for (int line = 1; *expected || *drawn; line++) {
		size_t a = strcspn(expected, "\n"), b = strcspn(drawn, "\n");
		if (a != b || memcmp(expected, drawn, a) != 0)
			print_error("%s:%d\n-%.*s\n+%.*s\n", name, line, (int)a, expected, (int)b, drawn);
		expected += a + (expected[a] == '\n');
		drawn += b + (drawn[b] == '\n');
	}
}

static inline void write_golden(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Frees `drawn`. */
static inline bool text_matches_golden(const char *name, char *drawn)
{
	char path[256];
	snprintf(path, sizeof path, GOLDEN_FOLDER "/%s.txt", name);
	const char *mode = getenv("QGAN_GOLDEN");
	if (mode && strcmp(mode, "write") == 0)
		write_golden(path, drawn);
	char *expected = read_whole(path);
	if (!expected)
		print_error("%s is missing: QGAN_GOLDEN=write writes it\n", path);
	bool same = expected && strcmp(expected, drawn) == 0;
	if (expected && !same)
		print_difference(path, expected, drawn);
	free(expected);
	free(drawn);
	return same;
}

static inline bool matches_golden(const struct scene *scene)
{
	return text_matches_golden(scene->name, draw_scene(scene));
}

/* How many of them do not look as agreed. */
static inline int count_different(const struct scene *scenes, size_t count)
{
	int different = 0;
	for (size_t i = 0; i < count; i++)
		different += !matches_golden(&scenes[i]);
	return different;
}

#endif
