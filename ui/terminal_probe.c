#include "ui/terminal_probe.h"

#include <stdio.h>

#include "engine/base/clock.h"
#include "ui/terminal.h"
#include "ui/terminal_guard.h"

enum { WANTED_REGISTERS = 256, SIXEL_ATTRIBUTE = 4, VT200 = 62, VT_LAST = 69, LARGEST_CELL = 200 };
enum { ITEM_REGISTERS = 1, ITEM_SIZE = 2, SYNCHRONIZED_MODE = 2026, REPORT_CELL = 6 };

static const double silent_seconds = 1;

static void ask(struct terminal_probe *probe, struct text *out, const char *questions)
{
	text_format(out, "%s\033[c", questions);
	probe->stage++;
	probe->expected++;
	probe->asked = clock_seconds();
}

/* The device attributes alone: a poor parser could take the other questions for "scroll up". */
void terminal_probe_start(struct terminal_probe *probe, struct text *out) { ask(probe, out, ""); }

static void raise_registers(struct terminal_probe *probe, struct text *out)
{
	char question[24];
	snprintf(question, sizeof question, "\033[?%d;3;%dS", ITEM_REGISTERS, WANTED_REGISTERS);
	ask(probe, out, question);
}

void terminal_probe_again(struct terminal_probe *probe, struct text *out)
{
	if (probe->registers_before)
		raise_registers(probe, out);
}

void terminal_probe_cell(struct terminal_probe *probe, struct text *out)
{
	if (probe->cell_told && !probe->expected)
		ask(probe, out, "\033[16t");
}

void terminal_probe_restore(struct terminal_probe *probe, struct text *out)
{
	char question[24];
	if (!probe->registers_before)
		return;
	snprintf(question, sizeof question, "\033[?%d;3;%dS", ITEM_REGISTERS, probe->registers_before);
	ask(probe, out, question);
}

static bool has_attribute(const struct input_event *reply, int attribute)
{
	for (int i = 1; i < reply->count; i++)
		if (reply->values[i] == attribute)
			return true;
	return false;
}

static void attributes_came(struct terminal_probe *probe, struct terminal_ability *ability, const struct input_event *reply,
	struct text *out)
{
	bool first = probe->stage == 1 && !ability->known;
	bool poor = ability->registers > 0 && ability->registers < WANTED_REGISTERS;
	if (probe->expected)
		probe->expected--;
	if (first && has_attribute(reply, SIXEL_ATTRIBUTE)) {
		ability->sixel = true;
		ask(probe, out, "\033[?1;1;0S\033[?2;1;0S\033[16t\033[?2026$p");
	} else if (first && reply->count && reply->values[0] >= VT200 && reply->values[0] <= VT_LAST) {
		ask(probe, out, "\033[?2026$p");
	} else if (ability->sixel && poor && !probe->registers_before) {
		probe->registers_before = ability->registers;
		guard_restore_registers(ability->registers);
		raise_registers(probe, out);
	} else {
		ability->known = true;
	}
}

static void graphics_came(struct terminal_ability *ability, const struct input_event *reply)
{
	bool good = reply->count >= 3 && reply->values[1] == 0;
	if (good && reply->values[0] == ITEM_REGISTERS)
		ability->registers = reply->values[2];
	if (good && reply->values[0] == ITEM_SIZE && reply->count >= 4) {
		ability->largest_width = reply->values[2];
		ability->largest_height = reply->values[3];
	}
}

static void cell_came(struct terminal_probe *probe, struct terminal_ability *ability, const struct input_event *reply)
{
	if (reply->count < 3 || reply->values[0] != REPORT_CELL)
		return;
	int height = reply->values[1], width = reply->values[2];
	if (height < 1 || width < 1 || height > LARGEST_CELL || width > LARGEST_CELL)
		return;
	probe->cell_told = true;
	ability->cell_height = height;
	ability->cell_width = width;
}

void terminal_probe_take(struct terminal_probe *probe, struct terminal_ability *ability, const struct input_event *reply,
	struct text *out)
{
	switch (reply->final) {
	case 'c':
		attributes_came(probe, ability, reply, out);
		break;
	case 'S':
		graphics_came(ability, reply);
		break;
	case 't':
		cell_came(probe, ability, reply);
		break;
	case 'y': /* 1 set, 2 reset: known; 0 and 4: not */
		if (reply->count >= 2 && reply->values[0] == SYNCHRONIZED_MODE)
			ability->synchronized = reply->values[1] == 1 || reply->values[1] == 2;
		break;
	}
}

void terminal_probe_count(struct terminal_probe *probe, const struct input_event *reply)
{
	if (reply->final == 'c' && probe->expected)
		probe->expected--;
}

void terminal_probe_pixels(struct terminal_probe *probe, struct terminal_ability *ability, int cell_width, int cell_height)
{
	bool sensible = cell_width > 0 && cell_height > 0 && cell_width <= LARGEST_CELL && cell_height <= LARGEST_CELL;
	if (probe->cell_told)
		return;
	ability->cell_width = sensible ? cell_width : 0;
	ability->cell_height = sensible ? cell_height : 0;
}

bool terminal_probe_expects(const struct terminal_probe *probe)
{
	return probe->expected > 0 && clock_seconds() - probe->asked < silent_seconds;
}
