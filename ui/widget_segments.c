#include "ui/widget_segments.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ui/widget_progress.h"

void segments_add(struct segments *segments, int priority, enum theme_role role, int attributes, const char *format, ...)
{
	if (segments->count == SEGMENTS_MAX)
		return;
	struct segment *segment = &segments->items[segments->count];
	*segment = (struct segment){.role = role, .attributes = attributes, .priority = priority};
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(segment->text, sizeof segment->text, format, arguments);
	va_end(arguments);
	segments->count += segment->text[0] != '\0';
}

void segments_add_bar(struct segments *segments, int priority, int columns, double fraction)
{
	if (segments->count < SEGMENTS_MAX && columns > 0)
		segments->items[segments->count++] =
			(struct segment){.role = ROLE_BAR, .priority = priority, .bar = columns, .fraction = fraction};
}

static int segment_width(const struct segment *segment)
{
	return segment->bar ? segment->bar : canvas_text_width(segment->text);
}

int segments_width(const struct segments *segments)
{
	int width = 0;
	for (int i = 0; i < segments->count; i++)
		width += segment_width(&segments->items[i]) + (i ? segments->gap : 0);
	return width;
}

void segments_fit(struct segments *segments, int width)
{
	while (segments_width(segments) > width) {
		int worst = 0;
		for (int i = 1; i < segments->count; i++)
			if (segments->items[i].priority >= segments->items[worst].priority)
				worst = i;
		if (!segments->count || segments->items[worst].priority == 0)
			return;
		segments->count--;
		memmove(&segments->items[worst], &segments->items[worst + 1],
			(size_t)(segments->count - worst) * sizeof *segments->items);
	}
}

int segments_draw(struct canvas *canvas, int x, int y, const struct segments *segments)
{
	int start = x;
	for (int i = 0; i < segments->count; i++) {
		const struct segment *segment = &segments->items[i];
		x += i ? segments->gap : 0;
		if (segment->bar)
			progress_draw(canvas, x, y, segment->bar, segment->fraction, segment->role);
		else
			canvas_text(canvas, x, y, segment->role, segment->attributes, segment->text);
		x += segment_width(segment);
	}
	return x - start;
}
