/* Commands that take words. Each reads them into the request that a key or dialog would send. */
#include "ui/palette.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"

static const double LARGEST_RATE = 1;

static bool complain(char *complaint, size_t size, const char *sentence)
{
	text_copy(complaint, size, sentence);
	return false;
}

/* "d" or "g" first: that network; else both. Returns how many words it took. */
static int read_network(char *const words[], struct action_request *out)
{
	bool d = strcasecmp(words[0], "d") == 0, g = strcasecmp(words[0], "g") == 0;
	out->network = d ? VIEW_D : g ? VIEW_G : -1;
	return d || g;
}

static bool read_bits(const struct view *view, int count, char *const words[], struct action_request *out, char *complaint,
	size_t size)
{
	int64_t bits;
	int taken = read_network(words, out);
	(void)view;
	out->action = ACTION_SET_BITS;
	if (count != taken + 1 || !text_to_int64(words[taken], &bits) || !((bits >= 1 && bits <= 8) || bits == 32))
		return complain(complaint, size, "bits K, bits d K or bits g K: K from 1 to 8, or 32 for float");
	out->value = (double)bits;
	return true;
}

static bool read_rate(const struct view *view, int count, char *const words[], struct action_request *out, char *complaint,
	size_t size)
{
	int taken = read_network(words, out);
	(void)view;
	out->action = ACTION_RATES;
	if (count != taken + 1 || !text_to_double(words[taken], &out->value) || !(out->value > 0) || out->value > LARGEST_RATE)
		return complain(complaint, size, "lr RATE, lr d RATE or lr g RATE: a number above 0, at most 1, such as 2e-4");
	return true;
}

static bool read_quantizer(const struct view *view, int count, char *const words[], struct action_request *out, char *complaint,
	size_t size)
{
	(void)view;
	out->action = ACTION_SET_QUANTIZER;
	return (count == 1 && text_copy(out->text, sizeof out->text, words[0])) ||
	       complain(complaint, size, "quantizer NAME: one name, such as em");
}

static bool find_run(const struct view *view, const char *name, struct action_request *out, char *complaint, size_t size)
{
	int64_t id;
	bool number = text_to_int64(name, &id);
	for (int i = 0; i < view_run_count(view); i++) {
		struct view_run_row run = view_run_at(view, i);
		if (strcmp(run.name, name) == 0 || (number && run.id == id)) {
			out->run = run.id;
			return true;
		}
	}
	snprintf(complaint, size, "no run in the list is called %.60s", name);
	return false;
}

static bool read_open(const struct view *view, int count, char *const words[], struct action_request *out, char *complaint,
	size_t size)
{
	out->action = ACTION_RUN_OPEN;
	return count == 1 ? find_run(view, words[0], out, complaint, size) : complain(complaint, size, "open RUN: one name or id");
}

static bool read_resume(const struct view *view, int count, char *const words[], struct action_request *out, char *complaint,
	size_t size)
{
	out->action = ACTION_RUN_RESUME;
	return count == 1 ? find_run(view, words[0], out, complaint, size) : complain(complaint, size, "resume RUN: one name or id");
}

static bool read_fork(const struct view *view, int count, char *const words[], struct action_request *out, char *complaint,
	size_t size)
{
	char *at = count == 1 ? strchr(words[0], '@') : NULL;
	out->action = ACTION_RUN_FORK;
	out->step = -1;
	if (count != 1 || (at && (!text_to_int64(at + 1, &out->step) || out->step < 0)))
		return complain(complaint, size, "fork RUN or fork RUN@STEP: a name or id, and a step that was saved");
	if (at)
		*at = '\0';
	return find_run(view, words[0], out, complaint, size);
}

static bool read_theme(const struct view *view, int count, char *const words[], struct action_request *out, char *complaint,
	size_t size)
{
	struct text known = {0};
	(void)view;
	out->action = ACTION_SET_THEME;
	text_copy(out->text, sizeof out->text, words[0]);
	if (count == 1 && theme_find(words[0]))
		return true;
	text_format(&known, "theme NAME: one of");
	for (const struct theme *theme = themes; theme->name; theme++)
		text_format(&known, "%s %s", theme == themes ? "" : ",", theme->name);
	complain(complaint, size, known.bytes);
	text_clear(&known);
	return false;
}

const struct palette_command palette_commands[] = {
	{"bits", "[d|g] K", "Bits of D's, G's or both networks' weights: 1 to 8, 32 is float.", read_bits},
	{"lr", "[d|g] RATE", "Learning rate of D, G or both.", read_rate},
	{"quantizer", "NAME", "Quantize by this method.", read_quantizer},
	{"open", "RUN", "Open a run by name or id.", read_open},
	{"resume", "RUN", "Resume training of a run.", read_resume},
	{"fork", "RUN[@STEP]", "A new run from a checkpoint, with changed settings.", read_fork},
	{"theme", "NAME", "Colours: dark, light, colour-blind or mono; remembered.", read_theme},
	{0},
};

void palette_print_manual(FILE *file)
{
	for (const struct palette_command *command = palette_commands; command->name; command++) {
		fprintf(file, "*:%s* ", command->name);
		for (const char *c = command->words; *c; c++)
			fprintf(file, strchr("[]|@*_", *c) ? "\\%c" : "%c", *c);
		fprintf(file, "\n\t%s\n\n", command->help);
	}
}
