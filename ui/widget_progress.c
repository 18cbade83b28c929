#include "ui/widget_progress.h"

#include <math.h>

enum { EIGHTHS = 8, FULL_BLOCK = 0x2588, LIGHT_SHADE = 0x2591 };

/* Whole cells in ASCII, eighths otherwise; full only when it is done. */
static int filled_eighths(int width, double fraction, bool unicode)
{
	if (!(fraction > 0))
		return 0;
	if (fraction >= 1)
		return width * EIGHTHS;
	int eighths = (int)(fraction * width * EIGHTHS);
	return unicode ? eighths : eighths / EIGHTHS * EIGHTHS;
}

void progress_draw(struct canvas *canvas, int x, int y, int width, double fraction, enum theme_role role)
{
	int eighths = filled_eighths(width, fraction, canvas->unicode);
	for (int i = 0; i < width; i++, eighths -= EIGHTHS) {
		if (eighths >= EIGHTHS)
			canvas_put(canvas, x + i, y, canvas->unicode ? FULL_BLOCK : '#', role, 0);
		else if (eighths > 0)
			canvas_put(canvas, x + i, y, (uint32_t)(FULL_BLOCK + EIGHTHS - eighths), role, 0);
		else
			canvas_put(canvas, x + i, y, canvas->unicode ? LIGHT_SHADE : '-', ROLE_BAR_EMPTY, 0);
	}
}
