/* What a subcommand says: sentences and progress on stderr, JSON on stdout. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/cli.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"

/* A sentence may quote a file or an argument: what would move a terminal's cursor or change its state becomes "?".
 * U+0080 to U+009F are controls too. */
static void print_sentence(const char *start, const char *sentence)
{
	fputs(start, stderr);
	for (const unsigned char *c = (const unsigned char *)sentence; *c; c++) {
		bool wide_control = *c == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F;
		c += wide_control;
		fputc(wide_control || *c < ' ' || *c == 0x7F ? '?' : *c, stderr);
	}
	fputc('\n', stderr);
}

int cli_fail(const struct error *error)
{
	fflush(stdout);
	print_sentence("qgan: ", error->text);
	return error->code == ERROR_INPUT ? CLI_USAGE : CLI_FAILED;
}

void cli_warn(const char *format, ...)
{
	char sentence[2 * ERROR_TEXT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	print_sentence("qgan: warning: ", sentence);
}

json_t *cli_json_real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *cli_json_rounded(double value, int digits)
{
	char text[32];
	snprintf(text, sizeof text, "%.*g", digits, value);
	return cli_json_real(strtod(text, NULL));
}

json_t *cli_json_level(double value)
{
	return isinf(value) ? json_string(value < 0 ? "-inf" : "inf") : cli_json_real(value);
}

json_t *cli_json_text(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();
	if (value)
		return value;
	char *ascii = memory_text(text);
	for (char *c = ascii; *c; c++)
		if (*c & 0x80)
			*c = '?';
	value = json_string(ascii);
	free(ascii);
	return value;
}

int cli_print_json(json_t *value)
{
	int failed = json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	json_decref(value);
	if (failed || fputc('\n', stdout) == EOF || fflush(stdout)) {
		struct error error;
		error_set_errno(&error, "cannot write to standard output");
		return cli_fail(&error);
	}
	return CLI_DONE;
}

/* One column is left free: writing into the last one makes some terminals wrap. */
static int terminal_columns(void)
{
	struct winsize size;
	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 0 ? size.ws_col : 80;
}

void cli_progress_begin(struct cli_progress *progress, const char *label, const char *unit, int64_t first, int64_t total)
{
	*progress = (struct cli_progress){
		.visible = isatty(STDERR_FILENO), .label = label, .unit = unit, .first = first, .total = total, .started = clock_seconds()};
}

enum { BAR_WIDTH = 24 };

static void append_bar(struct text *line, double share)
{
	int filled = (int)(share * BAR_WIDTH + 0.5);
	text_format(line, "[");
	for (int i = 0; i < BAR_WIDTH; i++)
		text_append(line, i < filled ? "#" : "-", 1);
	text_format(line, "] %3d%%  ", (int)(share * 100));
}

void cli_progress_update(struct cli_progress *progress, int64_t done, const char *note)
{
	double now = clock_seconds();
	if (!progress->visible || (now - progress->drawn < 0.1 && done != progress->total))
		return;
	progress->drawn = now;
	double seconds = now - progress->started, rate = seconds > 0 ? (double)(done - progress->first) / seconds : 0;
	struct text line = {0};
	text_format(&line, "%s ", progress->label);
	if (progress->total > 0) {
		append_bar(&line, (double)done / (double)progress->total);
		char left[32];
		text_duration(left, sizeof left, rate > 0 ? (double)(progress->total - done) / rate : NAN);
		text_format(&line, "%" PRId64 "/%" PRId64 " %s  %.3g/s  left %s", done, progress->total, progress->unit, rate, left);
	} else {
		text_format(&line, "%" PRId64 " %s  %.3g/s", done, progress->unit, rate);
	}
	if (note)
		text_format(&line, "  %s", note);
	char shown[512];
	size_t room = (size_t)terminal_columns();
	text_copy(shown, room < sizeof shown ? room : sizeof shown, line.bytes);
	fprintf(stderr, "\r\033[K%s", shown);
	fflush(stderr);
	text_clear(&line);
}

void cli_progress_end(struct cli_progress *progress)
{
	if (progress->visible && progress->drawn > 0)
		fputs("\r\033[K", stderr);
	progress->visible = false;
}
