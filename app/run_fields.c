/* The rows, and what each kind of field does with its value. */
#include "app/run_fields.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/cli.h"
#include "engine/base/clock.h"

/* ---- values that are worked out ---- */

static const char *status_text(const struct run *run)
{
	return run_status_name(run->status);
}

static double age_seconds(const struct run *run, double now)
{
	return now - (run->ended > 0 ? run->ended : run->heartbeat);
}

static double done_percent(const struct run *run, double now)
{
	(void)now;
	return run->last_step > 0 ? 100.0 * (double)run->step / (double)run->last_step : NAN;
}

static double parent_step(const struct run *run, double now)
{
	(void)now;
	return run->parent_id > 0 ? (double)run->parent_step : NAN;
}

/* A score at step 0 is one, of weights not trained yet. */
static double best_fid_step(const struct run *run, double now)
{
	(void)now;
	return isfinite(run->scores.best_fid) ? (double)run->scores.best_fid_step : NAN;
}

static double score_step(const struct run *run, double now)
{
	(void)now;
	return *run->scores.identity ? (double)run->scores.step : NAN;
}

static double ratio(const struct run *run, double now)
{
	(void)now;
	return (run->sizes.float_d + run->sizes.float_g) / (run->sizes.packed_d + run->sizes.packed_g);
}

static double ratio_g(const struct run *run, double now)
{
	(void)now;
	return run->sizes.float_g / run->sizes.packed_g;
}

/* ---- numbers for people ---- */

static char *format_count(char *target, size_t size, double value)
{
	return text_count(target, size, (int64_t)value);
}

static char *format_integer(char *target, size_t size, double value)
{
	snprintf(target, size, "%.0f", value);
	return target;
}

static char *format_tenths(char *target, size_t size, double value)
{
	snprintf(target, size, "%.1f", value);
	return target;
}

static char *format_score(char *target, size_t size, double value)
{
	snprintf(target, size, "%.*f", fabs(value) < 10 ? 2 : 1, value);
	return target;
}

static char *format_kid(char *target, size_t size, double value)
{
	snprintf(target, size, "%.4f", value);
	return target;
}

static char *format_percent(char *target, size_t size, double value)
{
	snprintf(target, size, "%d %%", (int)floor(value));
	return target;
}

char *run_bits_text(char *target, size_t size, double value)
{
	if (value >= 32)
		snprintf(target, size, "float");
	else
		snprintf(target, size, "%.0f", value);
	return target;
}

static char *format_date(char *target, size_t size, double value)
{
	time_t seconds = (time_t)value;
	struct tm parts;
	if (!localtime_r(&seconds, &parts) || strftime(target, size, "%Y-%m-%d %H:%M", &parts) == 0)
		text_copy(target, size, "-");
	return target;
}

#define AT(member) offsetof(struct run, member)

/* In the order of help and JSON. A narrow list drops the highest priorities first. */
const struct run_field run_fields[] = {
	{.name = "id", .title = "id", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT64, .offset = AT(id), .format = format_integer,
	 .json = "id", .width = 5, .most = 7, .priority = 9, .help = "number of the run in its store"},
	{.name = "name", .aliases = "run", .title = "name", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS, .offset = AT(name),
	 .json = "name", .width = 18, .most = 40, .help = "name of the run"},
	{.name = "status", .aliases = "state", .title = "status", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_NONE, .text = status_text,
	 .json = "status", .width = 9, .help = "live, paused, finished, stopped, crashed or failed"},
	{.name = "done", .aliases = "percent", .title = "done", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_NONE, .number = done_percent,
	 .format = format_percent, .unit = "%", .width = 5, .most = 6, .priority = 4, .help = "steps done of all there are to do"},
	{.name = "verdict", .title = "verdict", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS, .offset = AT(verdict.kind),
	 .json = "verdict", .width = 10, .priority = 4, .help = "convergent, unstable, failed or undecided"},
	{.name = "tags", .aliases = "tag", .title = "tags", .kind = RUN_FIELD_WORDS, .type = RUN_MEMBER_CHARS, .offset = AT(tags),
	 .json = "tags", .width = 8, .most = 24, .priority = 3, .help = "tags, see qgan runs tag"},
	{.name = "model", .title = "model", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS, .offset = AT(model), .json = "model",
	 .width = 6, .most = 8, .priority = 7, .help = "model family"},
	{.name = "data", .aliases = "dataset", .title = "data", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS, .offset = AT(data),
	 .json = "data", .width = 13, .most = 28, .priority = 3, .help = "data set, as given"},
	{.name = "size", .title = "size", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT, .offset = AT(size), .format = format_integer,
	 .unit = "pixels", .json = "size", .width = 4, .priority = 8, .help = "height and width of the pictures"},
	{.name = "channels", .title = "channels", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT, .offset = AT(channels),
	 .format = format_integer, .json = "channels", .width = 8, .priority = 9, .help = "1 grey, 3 colour"},
	{.name = "width", .title = "width", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT, .offset = AT(width),
	 .format = format_integer, .unit = "channels", .json = "width", .width = 5, .priority = 8, .help = "first feature width"},
	{.name = "batch", .title = "batch", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT, .offset = AT(batch),
	 .format = format_integer, .unit = "pictures", .json = "batch", .width = 5, .priority = 9, .help = "pictures in a batch"},
	{.name = "bits.d", .aliases = "d-bits d_bits", .title = "D", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT,
	 .offset = AT(d_bits), .format = run_bits_text, .unit = "bits", .json = "d_bits", .width = 2, .most = 5, .priority = 1,
	 .help = "present bits of D's weights, 32: float"},
	{.name = "bits.g", .aliases = "g-bits g_bits", .title = "G", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT,
	 .offset = AT(g_bits), .format = run_bits_text, .unit = "bits", .json = "g_bits", .width = 2, .most = 5, .priority = 1,
	 .help = "present bits of G's weights, 32: float"},
	{.name = "quantizer", .aliases = "method", .title = "quantizer", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS,
	 .offset = AT(quantizer), .json = "quantizer", .width = 9, .priority = 4, .help = "how weights become states, as last changed"},
	{.name = "seed", .title = "seed", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_UINT64, .offset = AT(seed),
	 .format = format_integer, .json = "seed", .width = 5, .most = 12, .priority = 9, .help = "start of every random sequence"},
	{.name = "step", .title = "step", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT64, .offset = AT(step),
	 .format = format_count, .unit = "steps", .json = "step", .width = 7, .most = 10, .priority = 1, .help = "steps done"},
	{.name = "last", .aliases = "last-step last_step", .title = "of", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT64,
	 .offset = AT(last_step), .zero_is_none = true, .format = format_count, .unit = "steps", .json = "last_step", .width = 7,
	 .most = 10, .priority = 8, .help = "step it ends after"},
	{.name = "epochs", .title = "epochs", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_DOUBLE,
	 .offset = AT(epochs), .format = format_tenths, .unit = "epochs", .json = "epochs", .width = 6, .priority = 6,
	 .help = "epochs done"},
	{.name = "loss.d", .aliases = "loss_d", .title = "loss D", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_DOUBLE,
	 .offset = AT(loss_d), .format = text_loss, .json = "loss_d", .width = 6, .most = 7, .priority = 5, .help = "D's last loss"},
	{.name = "loss.g", .aliases = "loss_g", .title = "loss G", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_DOUBLE,
	 .offset = AT(loss_g), .format = text_loss, .json = "loss_g", .width = 6, .most = 7, .priority = 5, .help = "G's last loss"},
	{.name = "fid", .title = "FID", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_DOUBLE, .offset = AT(scores.fid),
	 .format = format_score, .json = "fid", .width = 5, .most = 6, .priority = 2,
	 .help = "last Frechet Inception Distance: lower is better"},
	{.name = "fid.best", .aliases = "fid_best best", .title = "best", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_DOUBLE,
	 .offset = AT(scores.best_fid), .format = format_score, .json = "fid_best", .width = 5, .most = 6, .priority = 2,
	 .help = "lowest FID of the same recipe"},
	{.name = "fid.best.step", .title = "best at", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT64,
	 .offset = AT(scores.best_fid_step), .number = best_fid_step, .format = format_count, .unit = "steps", .json = "fid_best_step",
	 .width = 7, .most = 10, .priority = 8, .help = "step of the lowest FID"},
	{.name = "kid", .title = "KID", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_DOUBLE, .offset = AT(scores.kid),
	 .format = format_kid, .json = "kid", .width = 6, .most = 8, .priority = 7, .help = "last Kernel Inception Distance: lower is better"},
	{.name = "is", .title = "IS", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_DOUBLE, .offset = AT(scores.is_mean),
	 .format = format_score, .json = "is", .width = 4, .most = 5, .priority = 5, .help = "last Inception Score: higher is better"},
	{.name = "is.best", .aliases = "is_best", .title = "best IS", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_DOUBLE,
	 .offset = AT(scores.best_is), .format = format_score, .json = "is_best", .width = 7, .priority = 6,
	 .help = "highest Inception Score of the same recipe"},
	{.name = "score.step", .title = "scored at", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT64, .offset = AT(scores.step),
	 .number = score_step, .format = format_count, .unit = "steps", .json = "score_step", .width = 9, .most = 10, .priority = 8,
	 .help = "step of the last scores"},
	{.name = "recipe", .aliases = "identity", .title = "recipe", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS,
	 .offset = AT(scores.identity), .json = "score_identity", .width = 10, .most = 60, .priority = 8,
	 .help = "what the scores depend on: only those of one recipe may be compared"},
	{.name = "ratio", .title = "smaller", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_NONE, .number = ratio,
	 .format = format_tenths, .unit = "times", .json = "size_ratio", .width = 7, .priority = 5,
	 .help = "float bytes over packed bytes, of D's and G's weights together"},
	{.name = "ratio.g", .title = "G smaller", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_NONE, .number = ratio_g,
	 .format = format_tenths, .unit = "times", .json = "size_ratio_g", .width = 9, .priority = 8,
	 .help = "float bytes over packed bytes of G's weights"},
	{.name = "bytes.g", .title = "G bytes", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_DOUBLE, .offset = AT(sizes.packed_g),
	 .format = text_bytes_amount, .unit = "bytes", .json = "packed_bytes_g", .width = 7, .most = 9, .priority = 7,
	 .help = "size of G's weights, packed with their scales"},
	{.name = "bytes.d", .title = "D bytes", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_DOUBLE, .offset = AT(sizes.packed_d),
	 .format = text_bytes_amount, .unit = "bytes", .json = "packed_bytes_d", .width = 7, .most = 9, .priority = 8,
	 .help = "size of D's weights, packed with their scales"},
	{.name = "duration", .aliases = "trained", .title = "trained", .kind = RUN_FIELD_SECONDS, .type = RUN_MEMBER_DOUBLE,
	 .offset = AT(train_seconds), .format = text_duration, .unit = "s", .json = "train_seconds", .width = 9, .priority = 5,
	 .help = "time spent training, over all resumptions"},
	{.name = "age", .title = "age", .kind = RUN_FIELD_SECONDS, .type = RUN_MEMBER_NONE, .number = age_seconds, .format = text_age,
	 .unit = "s", .width = 6, .priority = 2, .help = "time since its end, or since its last sign of life"},
	{.name = "created", .title = "created", .kind = RUN_FIELD_DATE, .type = RUN_MEMBER_DOUBLE, .offset = AT(created),
	 .format = format_date, .json = "created", .width = 16, .priority = 9, .help = "when it was started"},
	{.name = "heartbeat", .title = "heartbeat", .kind = RUN_FIELD_DATE, .type = RUN_MEMBER_DOUBLE, .offset = AT(heartbeat),
	 .format = format_date, .json = "heartbeat", .width = 16, .priority = 9,
	 .help = "its last sign of life"},
	{.name = "ended", .title = "ended", .kind = RUN_FIELD_DATE, .type = RUN_MEMBER_DOUBLE, .offset = AT(ended),
	 .zero_is_none = true, .format = format_date, .json = "ended", .width = 16, .priority = 9,
	 .help = "when it ended"},
	{.name = "parent", .aliases = "parent_id", .title = "parent", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT64,
	 .offset = AT(parent_id), .zero_is_none = true, .format = format_integer, .json = "parent_id", .width = 6, .priority = 8,
	 .help = "id of the run it was forked from"},
	{.name = "parent.step", .aliases = "parent_step", .title = "from step", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT64,
	 .offset = AT(parent_step), .number = parent_step, .format = format_count, .unit = "steps", .json = "parent_step", .width = 9,
	 .priority = 9, .help = "step of its parent it began at"},
	{.name = "note", .title = "note", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS, .offset = AT(note), .json = "note",
	 .width = 12, .most = 60, .priority = 6, .help = "what a person wrote about it"},
	{.name = "archived", .title = "archived", .kind = RUN_FIELD_SWITCH, .type = RUN_MEMBER_BOOL, .offset = AT(archived),
	 .json = "archived", .width = 8, .priority = 9, .help = "out of sight, see qgan runs archive"},
	{.name = "trashed", .title = "trashed", .kind = RUN_FIELD_DATE, .type = RUN_MEMBER_DOUBLE, .offset = AT(trashed),
	 .zero_is_none = true, .format = format_date, .json = "trashed", .width = 16, .priority = 9,
	 .help = "when it was put into the trash"},
	{.name = "warnings", .aliases = "warning verdict_warnings", .title = "warnings", .kind = RUN_FIELD_WORDS,
	 .type = RUN_MEMBER_CHARS, .offset = AT(verdict.warnings), .json = "verdict_warnings", .width = 8, .most = 24, .priority = 8,
	 .help = "warnings of the verdict"},
	{.name = "reason", .aliases = "verdict_reason", .title = "reason", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS,
	 .offset = AT(verdict.reason), .json = "verdict_reason", .width = 12, .most = 60, .priority = 9, .help = "why it is judged so"},
	{.name = "action", .aliases = "verdict_action", .title = "try", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS,
	 .offset = AT(verdict.action), .json = "verdict_action", .width = 12, .most = 60, .priority = 9, .help = "what to try next"},
	{.name = "message", .title = "message", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS, .offset = AT(message),
	 .json = "message", .width = 12, .most = 60, .priority = 8, .help = "why it failed or waits"},
	{.name = "machine", .title = "machine", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS, .offset = AT(machine),
	 .json = "machine", .width = 12, .most = 40, .priority = 9, .help = "processor and cores it was trained on"},
	{.name = "host", .title = "host", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS, .offset = AT(host), .json = "host",
	 .width = 8, .most = 20, .priority = 9, .help = "name of that machine"},
	{.name = "pid", .title = "process", .kind = RUN_FIELD_NUMBER, .type = RUN_MEMBER_INT64, .offset = AT(pid),
	 .format = format_integer, .json = "pid", .width = 7, .priority = 9, .help = "process that trains or trained it"},
	{.name = "version", .title = "version", .kind = RUN_FIELD_TEXT, .type = RUN_MEMBER_CHARS, .offset = AT(version),
	 .json = "version", .width = 7, .priority = 9, .help = "of qgan that recorded it"},
	{.name = NULL},
};
const int run_field_count = sizeof run_fields / sizeof *run_fields - 1;
_Static_assert(sizeof run_fields / sizeof *run_fields - 1 <= RUN_FIELDS_MAX, "run_columns has no room for every field");

const char run_columns_standard[] =
	"name,status,verdict,tags,model,data,bits.d,bits.g,quantizer,step,epochs,loss.d,loss.g,fid,fid.best,is,ratio,age";

/* ---- finding ---- */

bool run_words_have(const char *words, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = words; at && *at; at += strspn(at, " ")) {
		size_t here = strcspn(at, " ");
		if (here == length && strncasecmp(at, word, length) == 0)
			return true;
		at += here;
	}
	return false;
}

const struct run_field *run_field_find(const char *name)
{
	for (const struct run_field *field = run_fields; field->name; field++)
		if (strcmp(field->name, name) == 0 || run_words_have(field->aliases, name))
			return field;
	return NULL;
}

const char *const *run_field_names(void)
{
	static const char *names[RUN_FIELDS_MAX + 1];
	for (int i = 0; i < run_field_count; i++)
		names[i] = run_fields[i].name;
	return names;
}

bool run_field_fail(const char *what, const char *name, struct error *error)
{
	const char *const *names = run_field_names();
	struct text known = {0};
	for (int i = 0; i < run_field_count; i++)
		text_format(&known, "%s%s", i > 0 ? ", " : "", names[i]);
	const char *near = cli_nearest(name, names, (size_t)run_field_count);
	if (near)
		error_set(error, ERROR_INPUT, "unknown %s \"%.40s\"; did you mean %s?", what, name, near);
	else
		error_set(error, ERROR_INPUT, "unknown %s \"%.40s\"; there are %s", what, name, known.bytes);
	text_clear(&known);
	return false;
}

/* ---- values ---- */

bool run_field_is_number(const struct run_field *field)
{
	return field->kind != RUN_FIELD_TEXT && field->kind != RUN_FIELD_WORDS;
}

double run_field_number(const struct run_field *field, const struct run *run, double now)
{
	if (field->number)
		return field->number(run, now);
	const void *member = (const char *)run + field->offset;
	double value = NAN;
	switch (field->type) {
	case RUN_MEMBER_INT: value = *(const int *)member; break;
	case RUN_MEMBER_INT64: value = (double)*(const int64_t *)member; break;
	case RUN_MEMBER_UINT64: value = (double)*(const uint64_t *)member; break;
	case RUN_MEMBER_DOUBLE: value = *(const double *)member; break;
	case RUN_MEMBER_BOOL: value = *(const bool *)member; break;
	case RUN_MEMBER_NONE: case RUN_MEMBER_CHARS: break;
	}
	return field->zero_is_none && value == 0 ? NAN : value;
}

const char *run_field_text(const struct run_field *field, const struct run *run)
{
	if (field->text)
		return field->text(run);
	return field->type == RUN_MEMBER_CHARS ? (const char *)run + field->offset : "";
}

/* Whole below 2^63, where a double would have cut it. */
static bool is_integer(const struct run_field *field)
{
	return field->type == RUN_MEMBER_INT || field->type == RUN_MEMBER_INT64 || field->type == RUN_MEMBER_UINT64;
}

static json_int_t integer_of(const struct run_field *field, const struct run *run)
{
	const void *member = (const char *)run + field->offset;
	if (field->type == RUN_MEMBER_INT)
		return *(const int *)member;
	return field->type == RUN_MEMBER_INT64 ? *(const int64_t *)member : (json_int_t)*(const uint64_t *)member;
}

char *run_field_cell(const struct run_field *field, const struct run *run, double now, char target[RUN_CELL_SIZE])
{
	if (!run_field_is_number(field)) {
		const char *text = run_field_text(field, run);
		text_copy(target, RUN_CELL_SIZE, *text ? text : "-");
		return target;
	}
	double value = run_field_number(field, run, now);
	if (isnan(value))
		text_copy(target, RUN_CELL_SIZE, "-");
	else if (field->kind == RUN_FIELD_SWITCH)
		text_copy(target, RUN_CELL_SIZE, value != 0 ? "yes" : "no");
	else if (field->type == RUN_MEMBER_UINT64) /* a seed may be above 2^53 */
		snprintf(target, RUN_CELL_SIZE, "%" PRIu64, (uint64_t)integer_of(field, run));
	else if (field->format)
		field->format(target, RUN_CELL_SIZE, value);
	else
		snprintf(target, RUN_CELL_SIZE, "%g", value);
	return target;
}

static json_t *words_to_json(const char *words)
{
	json_t *list = json_array();
	for (size_t length; *words; words += length + (words[length] == ' ')) {
		length = strcspn(words, " ");
		json_array_append_new(list, json_stringn(words, length));
	}
	return list;
}

json_t *run_field_to_json(const struct run_field *field, const struct run *run, double now)
{
	if (field->kind == RUN_FIELD_WORDS)
		return words_to_json(run_field_text(field, run));
	if (field->kind == RUN_FIELD_TEXT) {
		const char *text = run_field_text(field, run);
		bool judged = field->offset != AT(verdict.kind) || *text;
		return judged ? cli_json_text(text) : json_null();
	}
	double value = run_field_number(field, run, now);
	if (isnan(value))
		return json_null();
	if (field->kind == RUN_FIELD_SWITCH)
		return json_boolean(value != 0);
	return is_integer(field) ? json_integer(integer_of(field, run)) : cli_json_real(value);
}

json_t *run_to_json(const struct run *run)
{
	json_t *json = json_object();
	double now = clock_unix();
	for (const struct run_field *field = run_fields; field->name; field++)
		if (field->json)
			json_object_set_new(json, field->json, run_field_to_json(field, run, now));
	return json;
}

/* ---- lists of fields ---- */

/* The next name of "a,b,c", without blanks around it; false: there is none. */
static bool next_name(const char **text, char name[RUN_CELL_SIZE])
{
	const char *at = *text + strspn(*text, ", ");
	size_t length = strcspn(at, ", ");
	snprintf(name, RUN_CELL_SIZE, "%.*s", (int)length, at);
	*text = at + length;
	return length > 0;
}

bool run_columns_parse(const char *text, struct run_columns *columns, struct error *error)
{
	char name[RUN_CELL_SIZE];
	*columns = (struct run_columns){0};
	const char *at = text[strspn(text, ", ")] ? text : run_columns_standard;
	while (next_name(&at, name)) {
		const struct run_field *field = run_field_find(name);
		if (!field)
			return run_field_fail("column", name, error);
		if (columns->count == RUN_FIELDS_MAX)
			return error_set(error, ERROR_INPUT, "more than %d columns", RUN_FIELDS_MAX);
		columns->fields[columns->count++] = field;
	}
	return true;
}

static int least_wanted(const struct run_columns *columns)
{
	int worst = 0;
	for (int i = 0; i < columns->count; i++)
		if (columns->fields[i]->priority >= columns->fields[worst]->priority)
			worst = i;
	return worst;
}

void run_columns_fit(struct run_columns *columns, int widths[RUN_FIELDS_MAX], int room)
{
	int taken = -2;
	for (int i = 0; i < columns->count; i++)
		taken += widths[i] + 2;
	while (taken > room && columns->count > 0) {
		int worst = least_wanted(columns);
		if (columns->fields[worst]->priority == 0)
			return;
		taken -= widths[worst] + 2;
		columns->count--;
		for (int i = worst; i < columns->count; i++) {
			columns->fields[i] = columns->fields[i + 1];
			widths[i] = widths[i + 1];
		}
	}
}

bool run_sort_parse(const char *text, struct run_sort *sort, struct error *error)
{
	char name[RUN_CELL_SIZE];
	*sort = (struct run_sort){0};
	while (next_name(&text, name)) {
		bool falling = name[0] == '-';
		const struct run_field *field = run_field_find(name + falling);
		if (!field)
			return run_field_fail("field to sort by", name + falling, error);
		if (sort->count == RUN_SORT_MAX)
			return error_set(error, ERROR_INPUT, "more than %d fields to sort by", RUN_SORT_MAX);
		sort->keys[sort->count].field = field;
		sort->keys[sort->count++].falling = falling;
	}
	return true;
}

struct sorting {
	const struct run_sort *sort;
	double now;
};

/* Below 0: left comes first. Unknown ones come last either way. */
static int compare_numbers(double left, double right, bool falling)
{
	if (isnan(left) || isnan(right))
		return isnan(left) - isnan(right);
	int order = (left > right) - (left < right);
	return falling ? -order : order;
}

static int compare_texts(const char *left, const char *right, bool falling)
{
	if (!*left || !*right)
		return !*left - !*right;
	int order = strcasecmp(left, right);
	return falling ? -order : order;
}

static int compare_runs(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;
	const struct run *a = *(const struct run *const *)left, *b = *(const struct run *const *)right;
	for (int i = 0; i < sorting->sort->count; i++) {
		const struct run_field *field = sorting->sort->keys[i].field;
		bool falling = sorting->sort->keys[i].falling;
		int order = run_field_is_number(field)
			? compare_numbers(run_field_number(field, a, sorting->now), run_field_number(field, b, sorting->now), falling)
			: compare_texts(run_field_text(field, a), run_field_text(field, b), falling);
		if (order != 0)
			return order;
	}
	return (a->id < b->id) - (a->id > b->id);
}

void run_sort_apply(const struct run_sort *sort, const struct run **runs, size_t count, double now)
{
	struct sorting sorting = {sort, now};
	qsort_r(runs, count, sizeof *runs, compare_runs, &sorting);
}
