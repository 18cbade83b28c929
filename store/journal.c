#include "store/statement.h"

bool store_insert_journal(struct store *store, int64_t run, const struct journal_entry *entry, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "INSERT INTO journal (run_id, step, time, kind, field, value, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
	                       error))
		return false;
	statement_bind_integer(&statement, run);
	statement_bind_integer(&statement, entry->step);
	statement_bind_real(&statement, entry->time);
	statement_bind_text(&statement, entry->kind);
	statement_bind_text(&statement, entry->field);
	statement_bind_text(&statement, entry->value);
	statement_bind_text(&statement, entry->text);
	bool success = statement_run(&statement, error);
	statement_finish(&statement);
	return success;
}

static void read_entry(struct statement *statement, struct journal_entry *entry)
{
	entry->step = statement_read_integer(statement);
	entry->time = statement_read_real(statement);
	statement_read_text(statement, entry->kind, sizeof entry->kind);
	statement_read_text(statement, entry->field, sizeof entry->field);
	statement_read_text(statement, entry->value, sizeof entry->value);
	statement_read_text(statement, entry->text, sizeof entry->text);
}

bool store_visit_journal(struct store *store, int64_t run,
                         void (*visit)(void *context, const struct journal_entry *entry), void *context, struct error *error)
{
	struct statement statement;
	if (!statement_prepare(&statement, store,
	                       "SELECT step, time, kind, field, value, text FROM journal WHERE run_id = ? ORDER BY id", error))
		return false;
	statement_bind_integer(&statement, run);
	bool row, success;
	while ((success = statement_step(&statement, &row, error)) && row) {
		struct journal_entry entry;
		read_entry(&statement, &entry);
		visit(context, &entry);
	}
	statement_finish(&statement);
	return success;
}
