#include "ui/graphics.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/memory.h"
#include "ui/graphics_encoder.h"
#include "ui/graphics_text.h"

enum { ASSUMED_CELL_WIDTH = 8, ASSUMED_CELL_HEIGHT = 16, FEWEST_REGISTERS = 2, ASSUMED_REGISTERS = 16, PAIR_GAP_SHARE = 32 };

/* A terminal that has not said by then that it drew a picture is taken to be slow or dumb; the next may go out. */
static const double acknowledge_seconds = 1;
/* So long the first pictures wait for the terminal's answer about what it can do. */
static const double answer_seconds = 1;

struct graphics {
	enum ui_graphics wanted;
	double created;
	struct encoder *encoder;       /* NULL until the first sixel picture */
	bool encoder_failed;

	bool placed;                   /* the frame has a place for a sixel picture, and what belongs there: */
	struct encoded_picture target;
	struct encoded_picture ordered; /* the last order */
	struct encoded_picture ready;   /* the newest bytes; none: bytes.length 0 */
	bool shown;                    /* the terminal shows a picture, and which: */
	struct rect shown_cells;
	struct extent shown_size;
	unsigned shown_version;
	int64_t shown_run;
	bool awaiting;                 /* an acknowledgement */
	double sent;
};

void picture_place(struct picture_request *request, const struct canvas *inside, const struct image *image,
	unsigned version, int64_t run)
{
	*request = (struct picture_request){.image = image, .version = version, .run = run, .cells = inside->clip};
}

static bool can_sixel(const struct terminal_ability *ability)
{
	return ability->known && ability->sixel && ability->cell_width > 0 && ability->registers >= FEWEST_REGISTERS;
}

static bool can_blocks(const struct terminal_ability *ability) { return ability->unicode && ability->colours >= 256; }
static bool can_always(const struct terminal_ability *ability) { (void)ability; return true; }

const struct graphics_backend graphics_backends[] = {
	{UI_GRAPHICS_SIXEL, "sixel", "real pixels", can_sixel, NULL},
	{UI_GRAPHICS_BLOCKS, "blocks", "two coloured pixels a character", can_blocks, graphics_draw_blocks},
	{UI_GRAPHICS_ASCII, "ascii", "plain characters, dark to light", can_always, graphics_draw_ascii},
	{UI_GRAPHICS_NONE, "none", "no pictures", can_always, NULL},
	{0},
};

struct graphics *graphics_create(enum ui_graphics wanted)
{
	struct graphics *graphics = memory_zeroed(1, sizeof *graphics);
	graphics->wanted = wanted;
	graphics->created = clock_seconds();
	return graphics;
}

void graphics_destroy(struct graphics *graphics)
{
	if (!graphics)
		return;
	encoder_destroy(graphics->encoder);
	text_clear(&graphics->ready.bytes);
	free(graphics);
}

const struct graphics_backend *graphics_backend(struct graphics *graphics, const struct terminal_ability *ability)
{
	bool waiting = !ability->known && clock_seconds() - graphics->created < answer_seconds;
	if (graphics->wanted == UI_GRAPHICS_AUTO && waiting)
		return NULL;
	for (const struct graphics_backend *backend = graphics_backends; backend->name; backend++) {
		bool sixel = backend->kind == UI_GRAPHICS_SIXEL;
		bool told = graphics->wanted == backend->kind && sixel; /* the person knows better than the terminal says */
		bool possible = (told || backend->can(ability)) && !(sixel && graphics->encoder_failed);
		bool wanted = graphics->wanted == UI_GRAPHICS_AUTO || graphics->wanted <= backend->kind;
		if (wanted && possible)
			return backend;
	}
	return NULL;
}

static bool same_rect(struct rect a, struct rect b)
{
	return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
}

static bool same_place(const struct encoded_picture *a, const struct encoded_picture *b)
{
	return same_rect(a->cells, b->cells) && a->size.width == b->size.width && a->size.height == b->size.height &&
		a->run == b->run && a->registers == b->registers;
}

/* Pixels between two pictures. */
static int pair_gap(const struct image *image) { return image->width / PAIR_GAP_SHARE + 1; }

/* Both pictures as one, black between them; a copy of the one where there is no other. NULL when memory is refused. */
static struct image *join(const struct image *left, const struct image *right)
{
	if (!right)
		return image_copy(left, NULL);
	int gap = pair_gap(left);
	size_t pixel = (size_t)left->channels, row = (size_t)left->width * pixel;
	struct image *pair = image_create(2 * left->width + gap, left->height, left->channels, NULL);
	for (int y = 0; pair && y < left->height; y++) {
		uint8_t *target = pair->pixels + (size_t)y * (2 * row + (size_t)gap * pixel);
		memcpy(target, left->pixels + (size_t)y * row, row);
		memcpy(target + row + (size_t)gap * pixel, right->pixels + (size_t)y * row, row);
	}
	return pair;
}

/* Where the picture goes and how large it is. Never into the last row: a picture that touches it scrolls the screen. */
static bool place_picture(const struct terminal_ability *ability, const struct picture_request *request,
	const struct canvas *canvas, struct encoded_picture *target)
{
	int cell_width = ability->cell_width ? ability->cell_width : ASSUMED_CELL_WIDTH;
	int cell_height = ability->cell_height ? ability->cell_height : ASSUMED_CELL_HEIGHT;
	struct rect space = request->cells;
	if (space.y + space.height >= canvas->height)
		space.height = canvas->height - 1 - space.y;
	struct extent room = {space.width * cell_width, space.height * cell_height};
	if (ability->largest_width && room.width > ability->largest_width)
		room.width = ability->largest_width;
	if (ability->largest_height && room.height > ability->largest_height)
		room.height = ability->largest_height;
	if (room.width < 1 || room.height < 1)
		return false;
	int width = request->image->width + (request->beside ? request->beside->width + pair_gap(request->image) : 0);
	struct extent size = graphics_fit((struct extent){width, request->image->height}, room);
	int columns = (size.width + cell_width - 1) / cell_width, rows = (size.height + cell_height - 1) / cell_height;
	*target = (struct encoded_picture){
		.version = request->version, .run = request->run, .size = size,
		.cells = {space.x + (space.width - columns) / 2, space.y + (space.height - rows) / 2, columns, rows},
		.registers = ability->registers ? ability->registers : ASSUMED_REGISTERS,
	};
	return true;
}

static void order(struct graphics *graphics, const struct picture_request *request)
{
	struct error error;
	if (!graphics->encoder && !graphics->encoder_failed)
		graphics->encoder = encoder_create(&error);
	if (!graphics->encoder) {
		if (!graphics->encoder_failed)
			log_write(LOG_LEVEL_WARNING, "%s", error.text);
		graphics->encoder_failed = true;
		return;
	}
	struct image *copy = join(request->image, request->beside);
	if (!copy)
		return;
	graphics->ordered = graphics->target;
	encoder_order(graphics->encoder, &graphics->target, copy);
}

static void compose_sixel(struct graphics *graphics, const struct terminal_ability *ability,
	const struct picture_request *request, struct canvas *canvas)
{
	graphics->placed = place_picture(ability, request, canvas, &graphics->target);
	if (!graphics->placed)
		return;
	const struct encoded_picture *target = &graphics->target, *ordered = &graphics->ordered;
	canvas_fill(canvas, target->cells, ' ', ROLE_PICTURE, 0);
	if (!ordered->size.width || !same_place(target, ordered) || target->version != ordered->version)
		order(graphics, request);
}

/* Two pictures made of characters share the place. */
static void draw_text(const struct graphics_backend *backend, const struct terminal_ability *ability,
	const struct picture_request *request, struct canvas *canvas)
{
	struct picture_request left = *request, right = *request;
	if (request->beside) {
		left.cells.width = right.cells.width = (request->cells.width - 1) / 2;
		right.cells.x += request->cells.width - right.cells.width;
		right.image = request->beside;
		backend->draw(ability, &right, canvas);
	}
	backend->draw(ability, &left, canvas);
}

void graphics_compose(struct graphics *graphics, const struct terminal_ability *ability, const struct picture_request *request,
	struct canvas *canvas)
{
	const struct graphics_backend *backend = graphics_backend(graphics, ability);
	bool visible = request->image && request->cells.width > 0 && request->cells.height > 0;
	graphics->placed = false;
	if (!visible || !backend)
		return;
	if (backend->draw)
		draw_text(backend, ability, request, canvas);
	else if (backend->kind == UI_GRAPHICS_SIXEL)
		compose_sixel(graphics, ability, request, canvas);
}

void graphics_uncover(struct graphics *graphics, struct canvas *canvas)
{
	struct canvas place = canvas_part(canvas, graphics->target.cells);
	bool covered = false;
	for (int y = 0; graphics->placed && y < place.clip.height; y++)
		for (int x = 0; x < place.clip.width; x++)
			covered |= canvas_get(&place, x, y).role != ROLE_PICTURE;
	if (!covered)
		return;
	graphics->placed = false;
	for (int y = 0; y < place.clip.height; y++)
		for (int x = 0; x < place.clip.width; x++)
			if (canvas_get(&place, x, y).role == ROLE_PICTURE)
				canvas_put(&place, x, y, ' ', ROLE_TEXT, 0);
}

/* Real blanks: terminals bring a picture back that was only cleared to the end of the line. */
void graphics_erase(struct graphics *graphics, struct text *out)
{
	bool stays = graphics->placed && same_rect(graphics->shown_cells, graphics->target.cells) &&
		graphics->shown_size.width == graphics->target.size.width && graphics->shown_size.height == graphics->target.size.height;
	if (!graphics->shown || stays)
		return;
	for (int row = 0; row < graphics->shown_cells.height; row++)
		text_format(out, "\033[%d;%dH%*s", graphics->shown_cells.y + row + 1, graphics->shown_cells.x + 1,
			graphics->shown_cells.width, "");
	graphics->shown = false;
}

void graphics_emit(struct graphics *graphics, struct text *out)
{
	const struct encoded_picture *ready = &graphics->ready;
	bool late = clock_seconds() - graphics->sent >= acknowledge_seconds;
	if (!graphics->placed || !ready->bytes.length || !same_place(ready, &graphics->target) || (graphics->awaiting && !late))
		return;
	if (graphics->shown && graphics->shown_version == ready->version && graphics->shown_run == ready->run)
		return;
	text_format(out, "\033[%d;%dH", ready->cells.y + 1, ready->cells.x + 1);
	text_append(out, ready->bytes.bytes, ready->bytes.length);
	text_format(out, "\033[5n"); /* answered when the picture is drawn */
	graphics->shown = true;
	graphics->shown_cells = ready->cells;
	graphics->shown_size = ready->size;
	graphics->shown_version = ready->version;
	graphics->shown_run = ready->run;
	graphics->awaiting = true;
	graphics->sent = clock_seconds();
}

void graphics_screen_cleared(struct graphics *graphics) { graphics->shown = false; }
void graphics_acknowledge(struct graphics *graphics) { graphics->awaiting = false; }

int graphics_wake_descriptor(const struct graphics *graphics)
{
	return graphics->encoder ? encoder_wake_descriptor(graphics->encoder) : -1;
}

bool graphics_take_ready(struct graphics *graphics)
{
	struct encoded_picture picture;
	if (!graphics->encoder || !encoder_take(graphics->encoder, &picture))
		return false;
	text_clear(&graphics->ready.bytes);
	graphics->ready = picture;
	return true;
}

bool graphics_awaits(const struct graphics *graphics)
{
	return graphics->awaiting && clock_seconds() - graphics->sent < acknowledge_seconds;
}

double graphics_patience(const struct graphics *graphics)
{
	if (graphics->wanted == UI_GRAPHICS_AUTO && clock_seconds() - graphics->created < answer_seconds)
		return graphics->created + answer_seconds - clock_seconds();
	bool another = graphics->placed && graphics->ready.bytes.length && graphics->shown_version != graphics->ready.version;
	if (!graphics->awaiting || !another)
		return -1;
	double left = graphics->sent + acknowledge_seconds - clock_seconds();
	return left > 0 ? left : 0;
}
