/* What the files of the pickle machine share. Private to engine/file.
 *
 *   pytorch_pickle.c    the stack, the loop
 *   pytorch_opcodes.c   one function an opcode, and their table
 *   pytorch_globals.c   the closed list of names and what calling them builds */
#ifndef QGAN_ENGINE_FILE_PYTORCH_MACHINE_H
#define QGAN_ENGINE_FILE_PYTORCH_MACHINE_H

#include "engine/file/pytorch_pickle.h"

struct machine {
	const uint8_t *bytes;
	size_t size, at;
	const char *name;
	struct pickle *pickle;
	struct error *error;
	pickle_index *stack;
	uint32_t depth, stack_capacity;
	uint32_t mark[PYTORCH_MAX_NESTING]; /* depths of the stack */
	int marks;
	pickle_index *memo; /* index + 1 of a value; 0: nothing */
	uint32_t memo_capacity;
	bool stopped;
};

struct pickle_opcode {
	const char *name; /* as Python calls it; NULL: no opcode of any protocol */
	bool (*run)(struct machine *m, int argument); /* NULL: refused */
	int argument;     /* of the row; what it means is up to run */
};
extern const struct pickle_opcode pickle_opcodes[256];

bool machine_refuse(struct machine *m, const char *what); /* "the pickle at byte N <what>"; returns false */
bool machine_refuse_opcode(struct machine *m, uint8_t code);

/* Values only come and go above the last mark. */
bool machine_push(struct machine *m, struct pickle_value value);
/* A tuple, list or dict of these; they may lie on the stack or in another value. */
bool machine_push_items(struct machine *m, enum pickle_kind kind, const pickle_index *items, uint32_t count);
bool machine_push_index(struct machine *m, pickle_index index);
bool machine_pop(struct machine *m, pickle_index *index);
bool machine_pop_mark(struct machine *m, uint32_t *first); /* the stack's place of the first value above it */
uint32_t machine_floor(const struct machine *m);
bool machine_take(struct machine *m, size_t size, const uint8_t **bytes); /* of the input */
void machine_append(struct pickle_items *list, const pickle_index *items, uint32_t count);

/* Pushes the name; refuses names that are not on the list. Texts as they stand in the input. */
bool machine_push_global(struct machine *m, struct pickle_text module, struct pickle_text name);
/* Pushes what calling the global with these arguments (a tuple) builds. */
bool machine_call(struct machine *m, int global, const struct pickle_items *arguments);
/* Pushes the storage that a persistent id (a tuple) stands for. */
bool machine_push_storage(struct machine *m, const struct pickle_items *id);

#endif
