#include "app/run_export.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

enum { TIMESTAMP_SIZE = 40 };

/* "2026-11-26T09:15:11.250Z"; empty when not known. */
static const char *format_timestamp(char target[TIMESTAMP_SIZE], double unix_seconds)
{
	struct tm utc;
	target[0] = '\0';
	if (!(fabs(unix_seconds) < 1e11)) /* year 5138; NaN too */
		return target;
	int64_t milliseconds = (int64_t)floor(unix_seconds * 1000 + 0.5), rest = (milliseconds % 1000 + 1000) % 1000;
	time_t seconds = (time_t)((milliseconds - rest) / 1000);
	if (!gmtime_r(&seconds, &utc))
		return target;
	size_t length = strftime(target, TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(target + length, TIMESTAMP_SIZE - length, ".%03dZ", (int)rest);
	return target;
}

void run_export_csv_header(struct text *lines, const struct run_curves *curves)
{
	text_format(lines, "step,timestamp,run");
	for (int i = 0; i < curves->column_count; i++)
		text_format(lines, ",%s", curves->names[i]);
	text_format(lines, ",scores\r\n");
}

static bool has_score(const struct run_curves *curves, size_t row)
{
	static const char *const names[] = {"fid", "kid", "is"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (isfinite(run_curves_value(curves, row, run_curves_find(curves, names[i]))))
			return true;
	return false;
}

/* With the quotes and the backslash escaped, for JSON; doubled quotes, for CSV. Control characters become blanks. */
static void add_quoted(struct text *lines, const char *words, bool json)
{
	text_append(lines, "\"", 1);
	for (const char *c = words; *c; c++) {
		if (*c == '"' || (json && *c == '\\'))
			text_append(lines, json ? "\\" : "\"", 1);
		text_append(lines, (unsigned char)*c < ' ' ? " " : c, 1);
	}
	text_append(lines, "\"", 1);
}

void run_export_csv(struct text *lines, const char *run, const struct run_curves *curves)
{
	char timestamp[TIMESTAMP_SIZE];
	for (size_t row = 0; row < curves->count; row++) {
		/* names of runs and columns need no quotes: neither has commas */
		text_format(lines, "%" PRId64 ",%s,%s", curves->steps[row], format_timestamp(timestamp, curves->times[row]), run);
		for (int i = 0; i < curves->column_count; i++) {
			double value = run_curves_value(curves, row, i);
			if (isfinite(value))
				text_format(lines, ",%.9g", value);
			else
				text_append(lines, ",", 1);
		}
		text_append(lines, ",", 1);
		if (has_score(curves, row))
			add_quoted(lines, curves->scores_of, false);
		text_format(lines, "\r\n");
	}
}

void run_export_jsonl(struct text *lines, const char *run, const struct run_curves *curves)
{
	char timestamp[TIMESTAMP_SIZE];
	for (size_t row = 0; row < curves->count; row++) {
		text_format(lines, "{\"step\":%" PRId64, curves->steps[row]);
		if (*format_timestamp(timestamp, curves->times[row]))
			text_format(lines, ",\"timestamp\":\"%s\"", timestamp);
		text_format(lines, ",\"run\":\"%s\"", run);
		for (int i = 0; i < curves->column_count; i++)
			if (isfinite(run_curves_value(curves, row, i)))
				text_format(lines, ",\"%s\":%.9g", curves->names[i], run_curves_value(curves, row, i));
		if (has_score(curves, row)) {
			text_format(lines, ",\"scores\":");
			add_quoted(lines, curves->scores_of, true);
		}
		text_format(lines, "}\n");
	}
}
