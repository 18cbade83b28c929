#include "ui/widget_states.h"

enum {
	EIGHTHS = 8, EIGHTH_BLOCK = 0x2581, FULL_BLOCK = 0x2588, CROSS = 0xD7,
	MAX_BAR_WIDTH = 3, /* with the gap to the next; wider bars say nothing more */
};

int states_layout(int states, int width, int *per_bar, int *columns)
{
	int bars = states < STATES_MOST_BARS ? states : STATES_MOST_BARS;
	while (bars > width)
		bars /= 2;
	if (bars < 1)
		return 0;
	*per_bar = states / bars;
	*columns = width / bars < MAX_BAR_WIDTH ? width / bars : MAX_BAR_WIDTH;
	return bars;
}

int states_eighths(uint64_t count, uint64_t largest, int full)
{
	if (!count)
		return 0;
	int eighths = (int)((double)count / (double)largest * full + 0.5);
	return eighths < 1 ? 1 : eighths;
}

static void draw_bar(struct canvas *canvas, struct rect bar, int eighths, enum theme_role role)
{
	for (int i = 0; i < bar.height && eighths > 0; i++, eighths -= EIGHTHS) {
		uint32_t block = eighths >= EIGHTHS ? FULL_BLOCK : (uint32_t)(EIGHTH_BLOCK + eighths - 1);
		canvas_fill(canvas, (struct rect){bar.x, bar.y + bar.height - 1 - i, bar.width, 1}, block, role, 0);
	}
}

struct bars {
	uint64_t heights[STATES_MAX];
	uint64_t largest;
	int count, columns;
};

static int draw_bars(struct canvas *canvas, const struct bars *bars, enum theme_role role, bool crosses)
{
	int rows = canvas->clip.height;
	for (int i = 0; i < bars->count; i++) {
		struct rect bar = {i * bars->columns, 0, bars->columns > 1 ? bars->columns - 1 : 1, rows};
		if (bars->heights[i])
			draw_bar(canvas, bar, states_eighths(bars->heights[i], bars->largest, rows * EIGHTHS - 1), role);
		else if (crosses)
			canvas_put(canvas, bar.x, rows - 1, CROSS, ROLE_WARNING, CELL_BOLD);
	}
	return bars->count * bars->columns;
}

static void add(struct bars *bars, int bar, uint64_t count)
{
	bars->heights[bar] += count;
	if (bars->heights[bar] > bars->largest)
		bars->largest = bars->heights[bar];
}

int states_draw(struct canvas *canvas, const uint64_t *counts, int states, enum theme_role role)
{
	struct bars bars = {0};
	int per_bar = 1;
	if (states < 1 || states > STATES_MAX)
		return 0;
	bars.count = states_layout(states, canvas->clip.width, &per_bar, &bars.columns);
	for (int i = 0; bars.count && i < bars.count * per_bar; i++)
		add(&bars, i / per_bar, counts[i]);
	return draw_bars(canvas, &bars, role, true);
}

int states_draw_histogram(struct canvas *canvas, const uint32_t *bins, int count, enum theme_role role)
{
	struct bars bars = {.columns = 1};
	bars.count = canvas->clip.width < count ? canvas->clip.width : count;
	while (bars.count > 1 && count % bars.count)
		bars.count--; /* equal groups only: a group of more bins would look like a peak */
	for (int i = 0; bars.count > 0 && i < count; i++)
		add(&bars, i / (count / bars.count), bins[i]);
	return draw_bars(canvas, &bars, role, false);
}
