/* The parts of an answer, in the order of inspector.h. Inspector thread. */
#include <math.h>
#include <stdlib.h>

#include "app/inspector_parts.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/quant/best_levels.h"

/* ---- telling ---- */

static struct inspector_answer *new_answer(struct inspector *inspector, struct parcel *parcel, enum inspector_answer_kind kind)
{
	*parcel = (struct parcel){.subject = inspector->subject.number};
	parcel->answer.kind = kind;
	parcel->answer.id = inspector->question.id;
	parcel->answer.step = inspector->subject.inspection ? inspection_step(inspector->subject.inspection) : 0;
	return &parcel->answer;
}

static void tell_value(struct inspector *inspector, enum inspector_answer_kind kind, const struct quantizer *quantizer, int bits,
                       double value)
{
	struct parcel parcel;
	struct inspector_answer *answer = new_answer(inspector, &parcel, kind);
	answer->quantizer = quantizer;
	answer->bits = bits;
	answer->value = value;
	queue_push(inspector->answers, &parcel);
}

static void tell_picture(struct inspector *inspector, enum inspector_answer_kind kind, struct image *picture, double seconds)
{
	struct parcel parcel;
	struct inspector_answer *answer = new_answer(inspector, &parcel, kind);
	answer->picture = picture;
	answer->seconds = seconds;
	queue_push(inspector->answers, &parcel);
}

/* ---- the parts of an answer: false is failure; *again: the part has more to tell ---- */

static struct layer_memory *memory_of(struct inspector *inspector, int layer)
{
	return &inspector->subject.layers[inspector->question.what_if.network][layer];
}

static double *known_error(struct inspector *inspector, int method, int bits)
{
	const struct what_if *what_if = &inspector->question.what_if;
	int way = (what_if->literal ? 2 : 0) + (what_if->per_channel ? 1 : 0);
	return &memory_of(inspector, inspector->question.layer)->errors[way][method][bits - 1];
}

static double relative_error(double mean_squared_error, double variance)
{
	return variance > 0 ? mean_squared_error / variance : 0;
}

static double size_of(const struct quant_statistics *statistics)
{
	return statistics->fit.bits == QUANT_FLOAT_BITS ? (double)statistics->weights * sizeof(float) : statistics->packed_bytes;
}

/* One layer under the question's options, by this method at these bits; method NULL: as trained. */
static bool describe(struct inspector *inspector, int layer, const struct quantizer *quantizer, int bits,
                     struct layer_report *report, struct error *error)
{
	struct what_if what_if = inspector->question.what_if;
	what_if.layer = layer;
	what_if.quantizer = quantizer;
	what_if.bits = bits;
	return inspection_describe(inspector->subject.inspection, &what_if, layer, report, error);
}

static bool answer_layer(struct inspector *inspector, bool *again, struct error *error)
{
	(void)again;
	const struct inspector_question *question = &inspector->question;
	const struct what_if *what_if = &question->what_if;
	if (question->layer < 0 || question->layer >= inspection_layers(inspector->subject.inspection, what_if->network))
		return error_set(error, ERROR_INPUT, "%s has no layer %d", what_if->network == NETWORK_D ? "D" : "G", question->layer);
	double start = clock_seconds();
	struct layer_report *report = memory_zeroed(1, sizeof *report);
	if (!describe(inspector, question->layer, what_if->quantizer, what_if->bits, report, error)) {
		free(report);
		return false;
	}
	const struct quant_statistics *statistics = &report->statistics;
	inspector->asked_bytes = size_of(statistics);
	inspector->variance = statistics->variance;
	for (int i = 0; i < MOST_METHODS && quantizers[i]; i++)
		if (quantizers[i] == what_if->quantizer && what_if->bits >= quantizers[i]->least_bits && what_if->bits <= QUANT_MAX_BITS)
			*known_error(inspector, i, what_if->bits) = relative_error(statistics->mean_squared_error, statistics->variance);
	struct parcel parcel;
	struct inspector_answer *answer = new_answer(inspector, &parcel, INSPECTOR_LAYER);
	answer->report = report;
	answer->seconds = clock_seconds() - start;
	queue_push(inspector->answers, &parcel);
	return true;
}

static bool wants_pictures(const struct inspector_question *question)
{
	return question->samples > 0 && question->what_if.network == NETWORK_G;
}

static bool answer_picture(struct inspector *inspector, bool *again, struct error *error)
{
	(void)again;
	const struct inspector_question *question = &inspector->question;
	if (!wants_pictures(question))
		return true;
	double start = clock_seconds();
	struct image *picture = inspection_sample(inspector->subject.inspection, &question->what_if, question->samples, question->seed,
	                                          error);
	if (picture)
		tell_picture(inspector, INSPECTOR_PICTURE, picture, clock_seconds() - start);
	return picture != NULL;
}

static bool answer_float_picture(struct inspector *inspector, bool *again, struct error *error)
{
	(void)again;
	static const struct what_if whole_in_float = {
		.network = NETWORK_G, .layer = -1, .quantizer = &quantizer_em, .bits = QUANT_FLOAT_BITS,
	};
	const struct inspector_question *question = &inspector->question;
	struct subject *subject = &inspector->subject;
	if (!wants_pictures(question))
		return true;
	double start = clock_seconds();
	if (!subject->picture || subject->samples != question->samples || subject->seed != question->seed) {
		image_destroy(subject->picture);
		subject->samples = question->samples;
		subject->seed = question->seed;
		subject->picture = inspection_sample(subject->inspection, &whole_in_float, question->samples, question->seed, error);
	}
	struct image *copy = subject->picture ? image_copy(subject->picture, error) : NULL;
	if (copy)
		tell_picture(inspector, INSPECTOR_FLOAT_PICTURE, copy, clock_seconds() - start);
	return copy != NULL;
}

/* Packed size of the layer at `place` under the question, or as it was trained. */
static bool measure_layer(struct inspector *inspector, double *bytes, struct error *error)
{
	const struct what_if *what_if = &inspector->question.what_if;
	double *as_trained = &memory_of(inspector, inspector->place)->packed_bytes;
	bool asked = inspector->place == inspector->question.layer, concerned = asked || what_if->layer < 0;
	struct layer_report report;
	*bytes = asked ? inspector->asked_bytes : *as_trained;
	if (asked || (!concerned && !isnan(*as_trained)))
		return true;
	if (!describe(inspector, inspector->place, concerned ? what_if->quantizer : NULL, what_if->bits, &report, error))
		return false;
	*bytes = size_of(&report.statistics);
	if (!concerned)
		*as_trained = *bytes;
	return true;
}

static bool answer_bytes(struct inspector *inspector, bool *again, struct error *error)
{
	double bytes;
	if (!measure_layer(inspector, &bytes, error))
		return false;
	inspector->network_bytes = inspector->place == 0 ? bytes : inspector->network_bytes + bytes;
	*again = inspector->place + 1 < inspection_layers(inspector->subject.inspection, inspector->question.what_if.network);
	if (!*again)
		tell_value(inspector, INSPECTOR_BYTES, NULL, 0, inspector->network_bytes);
	return true;
}

/* Few bits first: they are what is looked at. */
static bool answer_cell(struct inspector *inspector, bool *again, struct error *error)
{
	int methods = 0;
	while (methods < MOST_METHODS && quantizers[methods])
		methods++;
	int method = inspector->place % methods, bits = QUANT_MIN_BITS + inspector->place / methods;
	const struct quantizer *quantizer = quantizers[method];
	double *error_known = known_error(inspector, method, bits);
	if (bits < quantizer->least_bits) {
		*error_known = INFINITY;
	} else if (isnan(*error_known)) {
		struct layer_report report;
		if (!describe(inspector, inspector->question.layer, quantizer, bits, &report, error))
			return false;
		*error_known = relative_error(report.statistics.mean_squared_error, inspector->variance);
	}
	tell_value(inspector, INSPECTOR_ERROR_CELL, quantizer, bits, *error_known);
	*again = inspector->place + 1 < methods * QUANT_MAX_BITS;
	return true;
}

/* Bits without states (float weights, or as trained) have no best levels. */
static bool answer_best_levels(struct inspector *inspector, bool *again, struct error *error)
{
	(void)again;
	const struct inspector_question *question = &inspector->question;
	int bits = question->what_if.bits;
	if (!question->what_if.quantizer || bits > QUANT_MAX_BITS)
		return true;
	double *best = &memory_of(inspector, question->layer)->best[bits - 1];
	if (isnan(*best)) {
		size_t count;
		const float *weights = inspection_weights(inspector->subject.inspection, question->what_if.network, question->layer, &count);
		double levels[QUANT_MAX_STATES], squared;
		int used;
		if (!best_levels_find(weights, count, 1 << bits, levels, &used, &squared, &inspector->interrupted, error))
			return false;
		*best = relative_error(squared, inspector->variance);
	}
	tell_value(inspector, INSPECTOR_BEST_LEVELS, NULL, bits, *best);
	return true;
}

static bool answer_done(struct inspector *inspector, bool *again, struct error *error)
{
	(void)again;
	(void)error;
	tell_value(inspector, INSPECTOR_DONE, NULL, 0, 0);
	inspector->open = false;
	return true;
}

static bool (*const parts[])(struct inspector *inspector, bool *again, struct error *error) = {
	answer_layer, answer_picture, answer_float_picture, answer_bytes, answer_cell, answer_best_levels, answer_done,
};

void inspector_fail(struct inspector *inspector, const struct error *error)
{
	inspector->open = false;
	if (error->code == ERROR_CANCELLED) /* a newer question follows, and answers */
		return;
	struct parcel parcel;
	new_answer(inspector, &parcel, INSPECTOR_FAILED)->error = *error;
	queue_push(inspector->answers, &parcel);
}

void inspector_answer_part(struct inspector *inspector)
{
	struct error error = {0};
	bool again = false;
	if (!parts[inspector->part](inspector, &again, &error)) {
		inspector_fail(inspector, &error);
	} else if (again) {
		inspector->place++;
	} else {
		inspector->part++;
		inspector->place = 0;
	}
}
