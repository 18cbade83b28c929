#include "ui/widget_scatter.h"

#include <math.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/widget_axis.h"

enum { AXIS_ROWS = 2, COLUMNS_PER_LABEL = 12, ROWS_PER_LABEL = 2, LABEL = 24 };
static const double MOST = 1e15; /* bytes, or a score: more is a broken record */

struct plane {
	struct canvas plot;
	struct axis bytes, scores;
	int left; /* columns of the labels at the left */
};

static bool is_drawable(const struct scatter_point *point)
{
	return point->bytes > 0 && point->bytes < MOST && fabs(point->score) < MOST;
}

bool scatter_has_points(const struct scatter *scatter)
{
	for (int i = 0; i < scatter->count; i++)
		if (is_drawable(&scatter->points[i]))
			return true;
	return false;
}

static int column_of(const struct plane *plane, double bytes)
{
	return (int)lround(axis_position(&plane->bytes, bytes) * (plane->plot.clip.width - 1));
}

static int row_of(const struct plane *plane, double score)
{
	return (int)lround((1 - axis_position(&plane->scores, score)) * (plane->plot.clip.height - 1));
}

/* False: no point can be drawn. The target is in sight where it is near. */
static bool find_ranges(const struct scatter *scatter, double bytes[2], double scores[2])
{
	bool any = false;
	for (int i = 0; i < scatter->count; i++) {
		const struct scatter_point *point = &scatter->points[i];
		if (!is_drawable(point))
			continue;
		bytes[0] = any ? fmin(bytes[0], point->bytes) : point->bytes;
		bytes[1] = any ? fmax(bytes[1], point->bytes) : point->bytes;
		scores[0] = any ? fmin(scores[0], point->score) : point->score;
		scores[1] = any ? fmax(scores[1], point->score) : point->score;
		any = true;
	}
	if (any && fabs(scatter->target) < MOST) {
		scores[0] = fmin(scores[0], scatter->target);
		scores[1] = fmax(scores[1], scatter->target);
	}
	return any;
}

static struct plane lay_out(const struct canvas *canvas, const double bytes[2], const double scores[2])
{
	char label[LABEL];
	int rows = canvas->clip.height - AXIS_ROWS;
	struct plane plane = {
		.bytes = axis_for_magnitudes(bytes[0], bytes[1], fmax(1, canvas->clip.width / (double)COLUMNS_PER_LABEL)),
		.scores = axis_for_values(scores[0], scores[1], fmax(1, (rows - 1.0) / ROWS_PER_LABEL)),
	};
	for (int i = 0; i < plane.scores.tick_count; i++) {
		int width = (int)strlen(axis_label(label, sizeof label, &plane.scores, plane.scores.ticks[i]));
		plane.left = width > plane.left ? width : plane.left;
	}
	plane.plot = canvas_part(canvas, (struct rect){plane.left + 1, 0, canvas->clip.width - plane.left - 1, rows});
	return plane;
}

static void draw_axes(struct canvas *canvas, const struct plane *plane)
{
	char label[LABEL];
	int rows = plane->plot.clip.height, columns = plane->plot.clip.width, used = 0;
	canvas_fill(canvas, (struct rect){plane->left, 0, 1, rows}, 0x2502, ROLE_FRAME, 0);
	canvas_fill(canvas, (struct rect){plane->left + 1, rows, columns, 1}, 0x2500, ROLE_FRAME, 0);
	canvas_put(canvas, plane->left, rows, 0x2514, ROLE_FRAME, 0);
	for (int i = 0; i < plane->scores.tick_count; i++) {
		int y = row_of(plane, plane->scores.ticks[i]);
		canvas_text_right(canvas, plane->left - 1, y, ROLE_QUIET, 0,
			axis_label(label, sizeof label, &plane->scores, plane->scores.ticks[i]));
		canvas_put(canvas, plane->left, y, 0x2524, ROLE_FRAME, 0);
	}
	for (int i = 0; i < plane->bytes.tick_count; i++) {
		text_bytes_amount(label, sizeof label, plane->bytes.ticks[i]);
		int x = plane->left + 1 + column_of(plane, plane->bytes.ticks[i]), width = canvas_text_width(label), start = x - width / 2;
		start = start + width > canvas->clip.width ? canvas->clip.width - width : start;
		canvas_put(canvas, x, rows, 0x2534, ROLE_FRAME, 0);
		if (start < used)
			continue;
		used = start + 1 + canvas_text(canvas, start, rows + 1, ROLE_QUIET, 0, label);
	}
}

static void draw_target(struct plane *plane, const struct scatter *scatter)
{
	if (!(fabs(scatter->target) < MOST))
		return;
	int y = row_of(plane, scatter->target), width = plane->plot.clip.width;
	canvas_fill(&plane->plot, (struct rect){0, y, width, 1}, 0x2504, ROLE_MARK, 0);
	canvas_text_right(&plane->plot, width - 1, y, ROLE_MARK, 0, " target");
}

/* The point of the front with the next more bytes than `bytes`; NULL: none. */
static const struct scatter_point *next_of_front(const struct scatter *scatter, double bytes)
{
	const struct scatter_point *next = NULL;
	for (int i = 0; i < scatter->count; i++) {
		const struct scatter_point *point = &scatter->points[i];
		if (point->front && is_drawable(point) && point->bytes > bytes && (!next || point->bytes < next->bytes))
			next = point;
	}
	return next;
}

/* A staircase: right of a point nothing smaller is as good, until the next one of the front. */
static void draw_front(struct plane *plane, const struct scatter *scatter)
{
	int x = -1, y = 0, width = plane->plot.clip.width;
	double bytes = -INFINITY;
	for (const struct scatter_point *point; (point = next_of_front(scatter, bytes)); bytes = point->bytes) {
		int next = column_of(plane, point->bytes), row = row_of(plane, point->score);
		if (x >= 0)
			canvas_fill(&plane->plot, (struct rect){x, y, next - x, 1}, 0x2508, ROLE_GOOD, 0);
		for (int k = y < row ? y : row; x >= 0 && k <= (y < row ? row : y); k++)
			canvas_put(&plane->plot, next, k, 0x250A, ROLE_GOOD, 0);
		x = next;
		y = row;
	}
	if (x >= 0)
		canvas_fill(&plane->plot, (struct rect){x, y, width - x, 1}, 0x2508, ROLE_GOOD, 0);
}

static void draw_point(struct plane *plane, const struct scatter_point *point)
{
	int x = column_of(plane, point->bytes), y = row_of(plane, point->score), width = canvas_text_width(point->label);
	int attributes = CELL_BOLD | (point->selected ? CELL_REVERSE : 0) | (point->front ? CELL_UNDERLINE : 0);
	canvas_put(&plane->plot, x, y, point->mark, point->role, attributes);
	if (x + 1 + width <= plane->plot.clip.width)
		canvas_text(&plane->plot, x + 1, y, point->role, point->selected ? CELL_BOLD : 0, point->label);
	else if (x - width >= 0)
		canvas_text(&plane->plot, x - width, y, point->role, point->selected ? CELL_BOLD : 0, point->label);
}

void scatter_draw(struct canvas *canvas, const struct scatter *scatter)
{
	double bytes[2], scores[2];
	if (canvas->clip.height <= AXIS_ROWS || canvas->clip.width < COLUMNS_PER_LABEL)
		return;
	if (!find_ranges(scatter, bytes, scores)) {
		canvas_format(canvas, 0, canvas->clip.height / 2, ROLE_QUIET, 0, "no %s and size is known yet", scatter->name);
		return;
	}
	struct plane plane = lay_out(canvas, bytes, scores);
	draw_axes(canvas, &plane);
	draw_front(&plane, scatter);
	draw_target(&plane, scatter);
	for (int selected = 0; selected <= 1; selected++)
		for (int i = 0; i < scatter->count; i++)
			if (is_drawable(&scatter->points[i]) && scatter->points[i].selected == selected)
				draw_point(&plane, &scatter->points[i]);
}
