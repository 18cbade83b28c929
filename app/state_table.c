#include "app/state_table.h"

#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/text_table.h"
#include "engine/base/text.h"

enum { BAR_WIDTH = 40, BAR_SIZE = BAR_WIDTH * 3 + 1 };

/* As long as the share of the fullest state; a state with any weight shows. */
static void draw_bar(uint64_t count, uint64_t most, char bar[BAR_SIZE])
{
	static const char *const eighths[] = {"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
	bool unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	int length = most ? (int)ceil((double)count / (double)most * BAR_WIDTH * 8) : 0;
	struct text text = {0};
	for (int i = 0; i < length / 8; i++)
		text_format(&text, "%s", unicode ? "\u2588" : "#");
	if (length % 8)
		text_format(&text, "%s", unicode ? eighths[length % 8] : length % 8 >= 4 ? "#" : length < 8 ? "." : "");
	text_copy(bar, BAR_SIZE, text.bytes ? text.bytes : "");
	text_clear(&text);
}

void state_table_print(const double levels[], const uint64_t counts[], int states)
{
	static const struct text_column columns[] = {
		{"state", true}, {"level", true}, {"weights", true}, {"share", true}, {"", false}, {NULL, false},
	};
	struct text_table *table = text_table_create(columns);
	uint64_t most = 0, sum = 0;
	for (int z = 0; z < states; z++) {
		most = counts[z] > most ? counts[z] : most;
		sum += counts[z];
	}
	for (int z = 0; z < states; z++) {
		char count[32], bar[BAR_SIZE];
		draw_bar(counts[z], most, bar);
		text_table_add(table, "%d", z);
		text_table_add(table, "%.6g", levels[z]);
		text_table_add(table, "%s", text_count(count, sizeof count, (int64_t)counts[z]));
		text_table_add(table, "%.2f %%", sum ? 100 * (double)counts[z] / (double)sum : 0);
		text_table_add(table, "%s", bar);
	}
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
}
