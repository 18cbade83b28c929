#include "app/strip_drawer.h"

#include "engine/base/text.h"

void strip_drawer_order(struct strip_drawer *drawer, int index, const struct checkpoint_row *checkpoint)
{
	struct strip_order *order = &drawer->orders[index];
	if (drawer->drawing == index + 1)
		drawer->drawing = 0; /* its answer is dropped: the next question has another number */
	order->waits = checkpoint != NULL;
	if (checkpoint) {
		text_copy(order->path, sizeof order->path, checkpoint->path);
		text_copy(order->hash, sizeof order->hash, checkpoint->hash);
	}
}

static int next_order(const struct strip_drawer *drawer)
{
	for (int i = 0; i < VIEW_COMPARED; i++)
		if (drawer->orders[i].waits)
			return i;
	return -1;
}

bool strip_drawer_waits(const struct strip_drawer *drawer)
{
	return drawer->inspector && !drawer->drawing && next_order(drawer) >= 0;
}

bool strip_drawer_busy(const struct strip_drawer *drawer)
{
	return drawer->drawing || strip_drawer_waits(drawer);
}

bool strip_drawer_begin(struct strip_drawer *drawer)
{
	if (!strip_drawer_waits(drawer))
		return false;
	int index = next_order(drawer);
	struct strip_order *order = &drawer->orders[index];
	order->waits = false;
	drawer->drawing = index + 1;
	inspector_set_subject_file(drawer->inspector, order->path, order->hash);
	const struct inspector_question question = {
		.id = ++drawer->id, .what_if = {.network = NETWORK_G, .layer = -1}, .samples = drawer->tiles, .seed = drawer->seed};
	inspector_ask(drawer->inspector, &question);
	return true;
}

/* The inspector would go on to answer what nobody has asked: it is given the next order, or nothing to look at. */
static void finish(struct strip_drawer *drawer)
{
	drawer->drawing = 0;
	if (!strip_drawer_waits(drawer))
		inspector_set_subject(drawer->inspector, NULL);
}

bool strip_drawer_take(struct strip_drawer *drawer, int *index, struct image **picture, struct error *error)
{
	struct inspector_answer answer;
	while (drawer->inspector && inspector_poll(drawer->inspector, &answer)) {
		bool wanted = drawer->drawing && answer.id == drawer->id &&
		              (answer.kind == INSPECTOR_PICTURE || answer.kind == INSPECTOR_FAILED);
		if (wanted) {
			*index = drawer->drawing - 1;
			*picture = answer.picture;
			*error = answer.error;
			answer.picture = NULL;
		}
		inspector_answer_clear(&answer);
		if (wanted) {
			finish(drawer);
			return true;
		}
	}
	return false;
}

void strip_drawer_stop(struct strip_drawer *drawer)
{
	for (int i = 0; i < VIEW_COMPARED; i++)
		drawer->orders[i].waits = false;
	if (drawer->inspector)
		inspector_set_subject(drawer->inspector, NULL);
	drawer->drawing = 0;
}
