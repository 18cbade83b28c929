#include "app/figure_paint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/replace_file.h"
#include "engine/base/text.h"

static const double colours[][3] = {
	[PAINT_PAPER] = {1, 1, 1}, [PAINT_INK] = {0.11, 0.12, 0.14}, [PAINT_QUIET] = {0.40, 0.43, 0.47},
	[PAINT_RULE] = {0.88, 0.89, 0.91}, [PAINT_FILL] = {0.74, 0.78, 0.83}, [PAINT_STATE] = {0, 0.447, 0.698},
	[PAINT_WARNING] = {0.835, 0.369, 0},
};

void paint_set_colour(cairo_t *cairo, enum paint_colour colour)
{
	cairo_set_source_rgb(cairo, colours[colour][0], colours[colour][1], colours[colour][2]);
}

/* ---- words ---- */

/* Length of the well-formed UTF-8 sequence at c; 0: there is none. */
static size_t sequence_length(const unsigned char *c)
{
	static const struct { unsigned char mask, lead, length; uint32_t least; } rows[] = {
		{0x80, 0x00, 1, 0}, {0xE0, 0xC0, 2, 0x80}, {0xF0, 0xE0, 3, 0x800}, {0xF8, 0xF0, 4, 0x10000},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if ((c[0] & rows[i].mask) != rows[i].lead)
			continue;
		uint32_t point = c[0] & (unsigned char)~rows[i].mask;
		for (size_t k = 1; k < rows[i].length; k++) {
			if ((c[k] & 0xC0) != 0x80)
				return 0;
			point = point << 6 | (c[k] & 0x3F);
		}
		bool valid = point >= rows[i].least && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
		return valid ? rows[i].length : 0;
	}
	return 0;
}

/* cairo refuses a whole text, and everything after it, for one wrong byte. */
static char *printable(const char *text)
{
	char *copy = memory_text(text);
	for (unsigned char *c = (unsigned char *)copy; *c;) {
		size_t length = sequence_length(c);
		if (length == 0 || *c < ' ' || *c == 0x7F)
			*c = '?';
		c += length ? length : 1;
	}
	return copy;
}

#ifdef __has_feature
#if __has_feature(address_sanitizer)
/* fontconfig keeps its patterns for the program's life and links them by offsets, which a leak checker cannot follow. */
const char *__lsan_default_suppressions(void), *__lsan_default_options(void);
const char *__lsan_default_suppressions(void) { return "leak:libfontconfig\n"; }
const char *__lsan_default_options(void) { return "print_suppressions=0"; }
#endif
#endif

static void choose_font(cairo_t *cairo, struct paint_style style)
{
	cairo_select_font_face(cairo, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
	                       style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(cairo, style.size ? style.size : PAINT_SMALL);
}

bool paint_check_font(cairo_t *cairo, struct error *error)
{
	cairo_text_extents_t letter;
	choose_font(cairo, (struct paint_style){0});
	cairo_text_extents(cairo, "0", &letter);
	if (cairo_status(cairo) == CAIRO_STATUS_SUCCESS && letter.width > 0 && letter.height > 0)
		return true;
	return error_set(error, ERROR_IO, "no letters can be drawn: there is no font here (the package fonts-dejavu-core has one)");
}

double paint_text_width(cairo_t *cairo, struct paint_style style, const char *text)
{
	cairo_text_extents_t extents;
	char *shown = printable(text);
	choose_font(cairo, style);
	cairo_text_extents(cairo, shown, &extents);
	free(shown);
	return extents.x_advance;
}

static void paint_halo(cairo_t *cairo, const char *text)
{
	cairo_save(cairo);
	cairo_text_path(cairo, text);
	paint_set_colour(cairo, PAINT_PAPER);
	cairo_set_line_width(cairo, 5);
	cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
	cairo_stroke(cairo);
	cairo_restore(cairo);
}

void paint_text(cairo_t *cairo, double x, double baseline, struct paint_style style, const char *text)
{
	static const double before[] = {[PAINT_LEFT] = 0, [PAINT_CENTRE] = 0.5, [PAINT_RIGHT] = 1};
	double width = paint_text_width(cairo, style, text);
	char *shown = printable(text);
	cairo_save(cairo);
	cairo_translate(cairo, x, baseline);
	if (style.upright)
		cairo_rotate(cairo, -M_PI / 2);
	/* whole pixels keep letters sharp */
	cairo_translate(cairo, round(-width * before[style.align]), 0);
	cairo_move_to(cairo, 0, 0);
	if (style.halo) {
		paint_halo(cairo, shown);
		cairo_move_to(cairo, 0, 0);
	}
	paint_set_colour(cairo, style.colour);
	cairo_show_text(cairo, shown);
	cairo_restore(cairo);
	free(shown);
}

/* ---- shapes ---- */

void paint_line(cairo_t *cairo, double x1, double y1, double x2, double y2, enum paint_colour colour, double width)
{
	paint_set_colour(cairo, colour);
	cairo_set_line_width(cairo, width);
	cairo_move_to(cairo, x1, y1);
	cairo_line_to(cairo, x2, y2);
	cairo_stroke(cairo);
}

void paint_dashes(cairo_t *cairo, double x1, double y1, double x2, double y2, enum paint_colour colour)
{
	static const double dashes[] = {4, 3};
	cairo_set_dash(cairo, dashes, 2, 0);
	paint_line(cairo, x1, y1, x2, y2, colour, 1);
	cairo_set_dash(cairo, NULL, 0, 0);
}

void paint_bar(cairo_t *cairo, double x, double y, double width, double height, enum paint_colour colour)
{
	paint_set_colour(cairo, colour);
	cairo_rectangle(cairo, x, y, width, height);
	cairo_fill(cairo);
}

void paint_arrow(cairo_t *cairo, double x, double y, int direction, enum paint_colour colour)
{
	enum { HEAD = 9, SHAFT = 18 };
	paint_line(cairo, x - direction * SHAFT, y, x - direction * HEAD, y, colour, 2);
	cairo_move_to(cairo, x, y);
	cairo_line_to(cairo, x - direction * HEAD, y - HEAD / 2.0);
	cairo_line_to(cairo, x - direction * HEAD, y + HEAD / 2.0);
	cairo_close_path(cairo);
	cairo_fill(cairo);
}

/* ---- axes ---- */

/* The middle of a pixel: a line one pixel wide stays one pixel wide. */
static double sharp(double place) { return floor(place) + 0.5; }

typedef char *axis_words(char *target, size_t size, const struct axis *axis, double value);

static char *count_label(char *target, size_t size, const struct axis *axis, double value)
{
	(void)axis;
	return text_count(target, size, (int64_t)fmin(value, 1e18));
}

static void paint_below(cairo_t *cairo, const struct paint_box *box, const struct axis *axis, const char *name, axis_words *words)
{
	char label[32];
	double bottom = sharp(paint_bottom(box));
	paint_line(cairo, box->left, bottom, paint_right(box), bottom, PAINT_INK, 1);
	for (int i = 0; i < axis->tick_count; i++) {
		double x = sharp(box->left + axis_position(axis, axis->ticks[i]) * box->width);
		paint_line(cairo, x, bottom, x, bottom + 5, PAINT_INK, 1);
		paint_text(cairo, x, bottom + 20, (struct paint_style){.align = PAINT_CENTRE, .colour = PAINT_INK, .halo = true},
		           words(label, sizeof label, axis, axis->ticks[i]));
	}
	paint_text(cairo, paint_right(box), bottom + 37, (struct paint_style){.align = PAINT_RIGHT, .colour = PAINT_QUIET, .halo = true},
	           name);
}

static void paint_beside(cairo_t *cairo, const struct paint_box *box, const struct axis *axis, const char *name, axis_words *words)
{
	enum { NAME_BEFORE = 74 };
	char label[32];
	for (int i = 0; i < axis->tick_count; i++) {
		double y = sharp(paint_bottom(box) - axis_position(axis, axis->ticks[i]) * box->height);
		if (i > 0)
			paint_line(cairo, box->left, y, paint_right(box), y, PAINT_RULE, 1);
		paint_line(cairo, box->left - 5, y, box->left, y, PAINT_INK, 1);
		paint_text(cairo, box->left - 8, y + 5, (struct paint_style){.align = PAINT_RIGHT, .colour = PAINT_INK},
		           words(label, sizeof label, axis, axis->ticks[i]));
	}
	paint_line(cairo, sharp(box->left), box->top, sharp(box->left), paint_bottom(box), PAINT_INK, 1);
	paint_text(cairo, box->left - NAME_BEFORE, box->top + box->height / 2,
	           (struct paint_style){.align = PAINT_CENTRE, .colour = PAINT_QUIET, .upright = true}, name);
}

void paint_bottom_axis(cairo_t *cairo, const struct paint_box *box, const struct axis *axis, const char *name)
{
	paint_below(cairo, box, axis, name, axis_label);
}

void paint_left_axis(cairo_t *cairo, const struct paint_box *box, const struct axis *axis, const char *name)
{
	paint_beside(cairo, box, axis, name, count_label);
}

void paint_bottom_scale(cairo_t *cairo, const struct paint_box *box, const struct axis *axis, const char *name)
{
	paint_below(cairo, box, axis, name, axis_step_label);
}

void paint_left_scale(cairo_t *cairo, const struct paint_box *box, const struct axis *axis, const char *name)
{
	paint_beside(cairo, box, axis, name, axis_label);
}

/* ---- files ---- */

static cairo_status_t append_bytes(void *text, const unsigned char *bytes, unsigned length)
{
	text_append(text, (const char *)bytes, length);
	return CAIRO_STATUS_SUCCESS;
}

static bool check_status(cairo_status_t status, const char *path, struct error *error)
{
	if (status == CAIRO_STATUS_SUCCESS)
		return true;
	return error_set(error, status == CAIRO_STATUS_NO_MEMORY ? ERROR_MEMORY : ERROR_STATE, "%s: the figure cannot be drawn: %s",
	                 path, cairo_status_to_string(status));
}

bool paint_write_png(int width, int height, void (*paint)(cairo_t *cairo, void *context), void *context, const char *path,
                     struct error *error)
{
	struct text png = {0};
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
	cairo_t *cairo = cairo_create(surface);
	bool good = check_status(cairo_status(cairo), path, error) &&
	            (paint_check_font(cairo, error) || error_prefix(error, "%s", path));
	if (good) {
		paint(cairo, context);
		good = check_status(cairo_status(cairo), path, error) &&
		       check_status(cairo_surface_write_to_png_stream(surface, append_bytes, &png), path, error) &&
		       replace_file(path, &(struct file_part){png.bytes, png.length}, 1, error);
	}
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);
	text_clear(&png);
	return good;
}
