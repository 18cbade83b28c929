/* What the run of the form will take, line by line. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "app/session_parts.h"
#include "engine/base/text.h"
#include "engine/quant/quantizer.h"

__attribute__((format(printf, 3, 4)))
static void add_line(struct view_form *view, const char *name, const char *format, ...)
{
	struct view_form_line *line = &view->summary[view->summary_count];
	va_list arguments;
	if (view->summary_count == VIEW_FORM_SUMMARY)
		return;
	view->summary_count++;
	line->warning = false;
	text_copy(line->name, sizeof line->name, name);
	va_start(arguments, format);
	vsnprintf(line->value, sizeof line->value, format, arguments);
	va_end(arguments);
}

static void add_network(struct session_form *form, const struct run_plan *plan, enum network_id id)
{
	char weights[32], floats[32], packed[32];
	text_count(weights, sizeof weights, (int64_t)plan->size.weights[id]);
	text_bytes_amount(floats, sizeof floats, plan->size.float_bytes[id]);
	text_bytes_amount(packed, sizeof packed, plan->size.packed_bytes[id]);
	const char *name = id == NETWORK_D ? "D" : "G";
	if (plan->size.packed_bytes[id] < plan->size.float_bytes[id])
		add_line(&form->view, name, "%s weights, %s; packed %s, %.1fx smaller", weights, floats, packed,
		         plan->size.float_bytes[id] / plan->size.packed_bytes[id]);
	else
		add_line(&form->view, name, "%s weights, %s in float", weights, floats);
}

static void add_memory(struct session_form *form, const struct run_plan *plan)
{
	char networks[32], pictures[32];
	text_bytes_amount(networks, sizeof networks, plan->size.memory_bytes);
	text_bytes_amount(pictures, sizeof pictures, plan->picture_bytes);
	if (isfinite(plan->picture_bytes))
		add_line(&form->view, "memory", "about %s, and %s of pictures", networks, pictures);
	else
		add_line(&form->view, "memory", "about %s, and the pictures", networks);
}

/* Milliseconds up to a second. */
static const char *format_step(char target[32], double seconds)
{
	if (seconds < 1)
		snprintf(target, 32, "%.3g ms", 1000 * seconds);
	else
		text_duration(target, 32, seconds);
	return target;
}

static void add_time(struct session_form *form, const struct run_plan *plan)
{
	char step[32], epoch[32], all[32], count[32];
	const struct gan_settings *settings = &form->settings;
	if (isfinite(plan->step_seconds))
		add_line(&form->view, "a step", "%s, %.*f images/s", format_step(step, plan->step_seconds),
		         settings->batch < 100 * plan->step_seconds, settings->batch / plan->step_seconds);
	else
		add_line(&form->view, "a step", "%.3g GFLOP", 2e-9 * plan->size.multiply_adds_per_step);
	text_count(count, sizeof count, isfinite(plan->steps_per_epoch) ? (int64_t)plan->steps_per_epoch : 0);
	if (isfinite(plan->steps_per_epoch))
		add_line(&form->view, "an epoch", "%s steps, %s", count,
		         text_duration(epoch, sizeof epoch, plan->steps_per_epoch * plan->step_seconds));
	else
		add_line(&form->view, "an epoch", "as many steps as the data have batches: not read yet");
	text_count(count, sizeof count, isfinite(plan->last_step) ? (int64_t)plan->last_step : 0);
	if (plan->last_step == 0)
		add_line(&form->view, "all", "without an end: until it is stopped");
	else if (isfinite(plan->last_step))
		add_line(&form->view, "all", "%s steps, %s", count,
		         text_duration(all, sizeof all, plan->last_step * plan->step_seconds));
	add_line(&form->view, "basis", "%s", plan->basis);
}

bool session_form_plan(struct session_form *form, struct error *error)
{
	struct run_plan plan;
	form->view.summary_count = 0;
	if (!run_plan_make(&form->settings, &form->speeds, &plan, error))
		return false;
	add_network(form, &plan, NETWORK_D);
	add_network(form, &plan, NETWORK_G);
	add_memory(form, &plan);
	add_time(form, &plan);
	return true;
}

/* ---- a short test of the machine, where no run tells ---- */

static void *measure(void *context)
{
	static const double SECONDS = 0.3;
	struct session_form *form = context;
	form->measured = run_speeds_measure(SECONDS);
	return NULL;
}

void session_form_measure(struct session_form *form)
{
	struct error refused;
	for (int i = 0; i < form->speeds.count; i++)
		if (isfinite(form->speeds.runs[i].gflops))
			return;
	if (!form->measure_started)
		form->measure_started = thread_start(&form->measuring, measure, form, "the thread that tests the machine", &refused);
}
