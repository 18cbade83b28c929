/* A table of text for people: columns as wide as their widest cell, two blanks between. Main thread. */
#ifndef QGAN_APP_TEXT_TABLE_H
#define QGAN_APP_TEXT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

struct text_column {
	const char *title; /* NULL ends the columns */
	bool right;        /* numbers */
};

struct text_table;

struct text_table *text_table_create(const struct text_column *columns); /* borrowed */
void text_table_destroy(struct text_table *table);                       /* NULL is fine */

/* The next cell, row by row from left to right. Every character counts as one column. */
void text_table_add(struct text_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Titles, then the rows, each after `indent` blanks. */
void text_table_print(const struct text_table *table, FILE *file, int indent);

#endif
