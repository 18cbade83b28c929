/* qgan runs sql: the store asked in SQL, without a way to harm it. */
#include "app/cmd_runs.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/text_table.h"
#include "engine/base/memory.h"

struct arguments {
	const char *store;
	int64_t limit;
	bool json, csv, schema;
};

/* What the answer becomes. */
struct answer {
	char *names[QUERY_MAX_COLUMNS]; /* owned */
	int count;
	json_t *rows;                   /* --json */
	struct text_table *table;       /* for people */
	struct text_column columns[QUERY_MAX_COLUMNS + 1];
	int64_t told;
};

static void take_columns(void *context, const char *const names[], int count)
{
	struct answer *answer = context;
	answer->count = count;
	for (int i = 0; i < count; i++)
		answer->names[i] = memory_text(names[i]);
}

static char *format_value(const struct query_value *value, char *target, size_t size)
{
	switch (value->kind) {
	case QUERY_NULL: target[0] = '\0'; break;
	case QUERY_INTEGER: snprintf(target, size, "%" PRId64, value->integer); break;
	case QUERY_REAL: snprintf(target, size, "%.15g", value->real); break;
	case QUERY_TEXT: text_copy(target, size, value->text); break;
	case QUERY_BLOB: snprintf(target, size, "(%zu bytes)", value->size); break;
	}
	return target;
}

/* ---- a table for people ---- */

/* Titles stand above columns whose first row is a number at the right. */
static void begin_table(struct answer *answer, const struct query_value values[])
{
	for (int i = 0; i < answer->count; i++)
		answer->columns[i] = (struct text_column){
			.title = answer->names[i], .right = values[i].kind == QUERY_INTEGER || values[i].kind == QUERY_REAL};
	answer->columns[answer->count].title = NULL;
	answer->table = text_table_create(answer->columns);
}

/* A cell must not move the cursor. */
static void take_for_people(void *context, const struct query_value values[], int count)
{
	struct answer *answer = context;
	char cell[STORE_TEXT_SIZE];
	if (!answer->table)
		begin_table(answer, values);
	for (int i = 0; i < count; i++) {
		format_value(&values[i], cell, sizeof cell);
		for (char *c = cell; *c; c++)
			*c = (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c;
		text_table_add(answer->table, "%s", values[i].kind == QUERY_NULL ? "-" : cell);
	}
	answer->told++;
}

/* ---- CSV, as RFC 4180 has it ---- */

static void print_field(const char *text, bool last)
{
	if (text[strcspn(text, "\",\r\n")]) {
		putchar('"');
		for (; *text; text++)
			printf("%s%c", *text == '"' ? "\"" : "", *text);
		putchar('"');
	} else {
		fputs(text, stdout);
	}
	fputs(last ? "\r\n" : ",", stdout);
}

static void print_csv_columns(void *context, const char *const names[], int count)
{
	(void)context;
	for (int i = 0; i < count; i++)
		print_field(names[i], i + 1 == count);
}

static void print_csv_row(void *context, const struct query_value values[], int count)
{
	struct answer *answer = context;
	char number[64];
	for (int i = 0; i < count; i++)
		print_field(values[i].kind == QUERY_TEXT ? values[i].text : format_value(&values[i], number, sizeof number), i + 1 == count);
	answer->told++;
}

/* ---- JSON ---- */

static json_t *value_to_json(const struct query_value *value)
{
	switch (value->kind) {
	case QUERY_NULL: break;
	case QUERY_INTEGER: return json_integer(value->integer);
	case QUERY_REAL: return cli_json_level(value->real);
	case QUERY_TEXT: return cli_json_text(value->text);
	case QUERY_BLOB: return json_pack("{s:I}", "bytes", (json_int_t)value->size);
	}
	return json_null();
}

static void take_json_row(void *context, const struct query_value values[], int count)
{
	struct answer *answer = context;
	json_t *row = json_object();
	for (int i = 0; i < count; i++)
		json_object_set_new(row, answer->names[i], value_to_json(&values[i]));
	json_array_append_new(answer->rows, row);
	answer->told++;
}

/* ---- the command ---- */

static void release(struct answer *answer)
{
	text_table_destroy(answer->table);
	json_decref(answer->rows);
	for (int i = 0; i < answer->count; i++)
		free(answer->names[i]);
}

static int print_answer(struct answer *answer, const struct arguments *arguments, bool more)
{
	if (more)
		cli_warn("only the first %" PRId64 " rows: --limit N gives more", answer->told);
	if (arguments->json)
		return cli_print_json(json_pack("{s:O, s:b}", "rows", answer->rows, "more", more));
	if (answer->table)
		text_table_print(answer->table, stdout, 0);
	else if (!arguments->csv)
		fprintf(stderr, "no rows\n");
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int ask(const char *sql, const struct arguments *arguments)
{
	struct answer answer = {.rows = json_array()};
	const struct query_visitor visitor = {
		.context = &answer,
		.columns = arguments->csv ? print_csv_columns : take_columns,
		.row = arguments->csv ? print_csv_row : arguments->json ? take_json_row : take_for_people,
	};
	bool more;
	struct error error = {0};
	struct store *store = runs_open_store(arguments->store, STORE_READ, &error);
	bool good = store && store_query(store, sql, arguments->limit, &visitor, &more, &error);
	store_close(store);
	int status = good ? print_answer(&answer, arguments, more) : cli_fail(&error);
	release(&answer);
	return status;
}

static int print_schema(bool json)
{
	json_t *list = json_array();
	for (const struct schema_row *row = schema_rows; row->table; row++) {
		json_array_append_new(list, json_pack("{s:s, s:s?, s:s}", "table", row->table, "column", row->column, "help", row->help));
		if (!json && !row->column)
			printf("%s%s: %s\n", row == schema_rows ? "" : "\n", row->table, row->help);
		else if (!json)
			printf("  %s: %s\n", row->column, row->help);
	}
	json_t *result = json_pack("{s:o}", "schema", list);
	if (json)
		return cli_print_json(result);
	json_decref(result);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {.limit = 1000};
	struct cli_words words;
	struct error error;
	int status;
	if (!cli_parse(&subcommand_runs_sql.syntax, subcommand_runs_sql.help, argc, argv, &arguments, &words, &status))
		return status;
	if (arguments.json && arguments.csv)
		return cli_fail((error_set(&error, ERROR_INPUT, "--json and --csv exclude each other"), &error));
	if (arguments.schema)
		return print_schema(arguments.json);
	if (words.count == 0)
		return cli_fail((error_set(&error, ERROR_INPUT, "expected a SELECT in quotes, or --schema"), &error));
	return ask(words.items[0], &arguments);
}

static const struct cli_option options[] = {
	{.name = "limit", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, limit), .min = 1, .max = 1e12,
	 .standard = "1000", .help = "at most so many rows"},
	{.name = "csv", .kind = CLI_FLAG, .offset = offsetof(struct arguments, csv), .help = "print CSV with a line of names"},
	{.name = "schema", .kind = CLI_FLAG, .offset = offsetof(struct arguments, schema), .help = "print tables and columns in words"},
	CLI_STORE(struct arguments, store),
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_runs_sql = {
	.name = "sql",
	.help = "Ask the store in SQL, read only.",
	.syntax = {.positionals = "[SELECT]", .max = 1, .options = options,
		.notes = "qgan runs sql \"SELECT name, fid FROM runs WHERE g_bits <= 2 ORDER BY fid\"\n"
		         "With --json a row is an object; give columns of one name different ones with AS.\n"},
	.run = run,
};
