/* The parts of the weights screen: numbers, the what-if table, pictures. Private to ui/screen_weights*.c. */
#ifndef QGAN_UI_SCREEN_WEIGHTS_H
#define QGAN_UI_SCREEN_WEIGHTS_H

#include "ui/screen_parts.h"

/* What the screen is about in this frame. */
struct weights_scene {
	const struct view *view;
	enum view_network network;
	int index;                         /* of the layer in its network */
	const struct view_layer *trained;  /* the layer as it is trained */
	const struct view_layer *answer;   /* as in question; NULL: nothing is, or it is not known yet */
	const struct view_layer *other;    /* of the other run or step; NULL: none is shown, or it has no such layer */
	const struct view_history *history;
	bool boxed;
};

/* "G.deconv4" */
char *weights_layer_name(char *target, size_t size, const struct weights_scene *scene);
/* "em 2 bit", "float" */
char *weights_method(char *target, size_t size, const struct view_layer *layer);

/* Colours of states: as trained the network's; in question one of its own, so that it is never taken for trained. */
enum theme_role weights_role(const struct weights_scene *scene, const struct view_layer *layer);

/* One number a line, a column for each of the layers there are; what none of them has is left out. */
int weights_number_rows(const struct weights_scene *scene);
void weights_draw_numbers(struct canvas *canvas, const struct weights_scene *scene);

/* The numbers of one layer as running text, the most important first, as many as fit. */
void weights_draw_number_lines(struct canvas *canvas, const struct view_layer *layer);

/* The open question: table of methods and bits, what it costs, how long it took. Nothing asked: how to ask. */
int weights_what_if_height(const struct view *view);
void weights_draw_what_if(struct canvas *canvas, const struct weights_scene *scene);

/* Pictures from the fixed noise, float beside quantized where there is room, else one of the two that blinks in place. */
bool weights_has_pictures(const struct weights_scene *scene); /* there are, or will be */
void weights_draw_pictures(struct canvas *canvas, const struct weights_scene *scene, struct picture_request *picture);

#endif
