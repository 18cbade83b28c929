#include "app/text_table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

#include "engine/base/memory.h"

enum { MAX_COLUMNS = 32, CELL_SIZE = 256 };

struct text_table {
	const struct text_column *columns;
	int column_count;
	int widths[MAX_COLUMNS];
	char **cells;
	size_t count, capacity;
};

/* Of UTF-8 text: bytes that begin a character. */
static int count_characters(const char *text)
{
	int count = 0;
	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static void widen(struct text_table *table, int column, const char *cell)
{
	int width = count_characters(cell);
	if (width > table->widths[column])
		table->widths[column] = width;
}

struct text_table *text_table_create(const struct text_column *columns)
{
	struct text_table *table = memory_zeroed(1, sizeof *table);
	table->columns = columns;
	for (; columns[table->column_count].title; table->column_count++) {
		assert(table->column_count < MAX_COLUMNS);
		widen(table, table->column_count, columns[table->column_count].title);
	}
	return table;
}

void text_table_destroy(struct text_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

void text_table_add(struct text_table *table, const char *format, ...)
{
	char cell[CELL_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(cell, sizeof cell, format, arguments);
	va_end(arguments);
	if (table->count == table->capacity) {
		table->capacity = table->capacity ? 2 * table->capacity : 64;
		table->cells = memory_resized(table->cells, table->capacity, sizeof *table->cells);
	}
	widen(table, (int)(table->count % (size_t)table->column_count), cell);
	table->cells[table->count++] = memory_text(cell);
}

static void print_cell(const struct text_table *table, FILE *file, int column, const char *text)
{
	int padding = table->widths[column] - count_characters(text);
	bool last = column + 1 == table->column_count;
	if (table->columns[column].right)
		fprintf(file, "%*s%s", padding, "", text);
	else
		fprintf(file, "%s%*s", text, last ? 0 : padding, "");
	fputs(last ? "\n" : "  ", file);
}

void text_table_print(const struct text_table *table, FILE *file, int indent)
{
	for (int column = 0; column < table->column_count; column++) {
		fprintf(file, "%*s", column == 0 ? indent : 0, "");
		print_cell(table, file, column, table->columns[column].title);
	}
	for (size_t i = 0; i < table->count; i++) {
		int column = (int)(i % (size_t)table->column_count);
		fprintf(file, "%*s", column == 0 ? indent : 0, "");
		print_cell(table, file, column, table->cells[i]);
	}
}
