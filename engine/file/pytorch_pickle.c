#include "engine/file/pytorch_pickle.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/file/pytorch_machine.h"

const struct pytorch_type_facts pytorch_types[PYTORCH_TYPES] = {
	[PYTORCH_FLOAT] = {"FloatStorage", 4}, [PYTORCH_DOUBLE] = {"DoubleStorage", 8}, [PYTORCH_HALF] = {"HalfStorage", 2},
	[PYTORCH_BFLOAT16] = {"BFloat16Storage", 2}, [PYTORCH_LONG] = {"LongStorage", 8}, [PYTORCH_INT] = {"IntStorage", 4},
	[PYTORCH_SHORT] = {"ShortStorage", 2}, [PYTORCH_CHAR] = {"CharStorage", 1}, [PYTORCH_BYTE] = {"ByteStorage", 1},
	[PYTORCH_BOOL] = {"BoolStorage", 1},
};

/* ---- values and the stack ---- */

bool machine_refuse(struct machine *m, const char *what)
{
	return error_set(m->error, ERROR_INPUT, "%s: the pickle at byte %zu %s", m->name, m->at, what);
}

/* `least` elements at least, growing by half. */
static void *grown(void *block, uint32_t *capacity, uint32_t least, size_t size)
{
	if (least <= *capacity)
		return block;
	*capacity = least + least / 2 + 8;
	return memory_resized(block, *capacity, size);
}

bool machine_push_index(struct machine *m, pickle_index index)
{
	m->stack = grown(m->stack, &m->stack_capacity, m->depth + 1, sizeof *m->stack);
	m->stack[m->depth++] = index;
	return true;
}

bool machine_push(struct machine *m, struct pickle_value value)
{
	struct pickle *p = m->pickle;
	if (p->count >= PYTORCH_MAX_VALUES)
		return machine_refuse(m, "has too many values");
	p->values = grown(p->values, &p->capacity, p->count + 1, sizeof *p->values);
	p->values[p->count] = value;
	return machine_push_index(m, p->count++);
}

uint32_t machine_floor(const struct machine *m) { return m->marks ? m->mark[m->marks - 1] : 0; }

bool machine_pop(struct machine *m, pickle_index *index)
{
	if (m->depth <= machine_floor(m))
		return machine_refuse(m, "takes a value that is not there");
	*index = m->stack[--m->depth];
	return true;
}

bool machine_pop_mark(struct machine *m, uint32_t *first)
{
	if (!m->marks)
		return machine_refuse(m, "takes values down to a mark that is not there");
	*first = m->mark[--m->marks];
	return true;
}

bool machine_take(struct machine *m, size_t size, const uint8_t **bytes)
{
	if (m->size - m->at < size)
		return machine_refuse(m, "is cut");
	*bytes = m->bytes + m->at;
	m->at += size;
	return true;
}

void machine_append(struct pickle_items *list, const pickle_index *items, uint32_t count)
{
	list->items = grown(list->items, &list->capacity, list->count + count, sizeof *list->items);
	if (count)
		memcpy(list->items + list->count, items, count * sizeof *items);
	list->count += count;
}

bool machine_push_items(struct machine *m, enum pickle_kind kind, const pickle_index *items, uint32_t count)
{
	struct pickle_value value = {.kind = kind};
	machine_append(&value.items, items, count);
	if (machine_push(m, value))
		return true;
	free(value.items.items);
	return false;
}

/* ---- running ---- */

static bool run(struct machine *m)
{
	while (!m->stopped) {
		const uint8_t *code;
		if (!machine_take(m, 1, &code))
			return false;
		const struct pickle_opcode *opcode = &pickle_opcodes[*code];
		if (opcode->run ? !opcode->run(m, opcode->argument) : !machine_refuse_opcode(m, *code))
			return false;
	}
	return true;
}

bool pickle_read(const void *bytes, size_t size, const char *name, struct pickle *pickle, struct error *error)
{
	struct machine machine = {.bytes = bytes, .size = size, .name = name, .pickle = pickle, .error = error};
	if (machine.size > PYTORCH_MAX_PICKLE)
		machine.size = PYTORCH_MAX_PICKLE;
	*pickle = (struct pickle){0};
	machine.stack = grown(NULL, &machine.stack_capacity, 1, sizeof *machine.stack);
	bool good = run(&machine);
	pickle->size = machine.at;
	free(machine.stack);
	free(machine.memo);
	if (!good)
		pickle_clear(pickle);
	return good;
}

void pickle_clear(struct pickle *pickle)
{
	for (uint32_t i = 0; i < pickle->count; i++) {
		struct pickle_value *value = &pickle->values[i];
		if (value->kind == PICKLE_TUPLE || value->kind == PICKLE_LIST || value->kind == PICKLE_DICT)
			free(value->items.items);
		else if (value->kind == PICKLE_TENSOR)
			free(value->tensor);
	}
	free(pickle->values);
	*pickle = (struct pickle){0};
}

bool pickle_text_is(const struct pickle_value *value, const char *text)
{
	return value->kind == PICKLE_TEXT && value->text.length == strlen(text) &&
	       memcmp(value->text.bytes, text, value->text.length) == 0;
}

/* As in Python the last entry of a key counts. */
const struct pickle_value *pickle_get(const struct pickle *pickle, const struct pickle_value *dict, const char *key)
{
	const struct pickle_value *found = NULL;
	for (uint32_t i = 0; dict->kind == PICKLE_DICT && i + 1 < dict->items.count; i += 2)
		if (pickle_text_is(&pickle->values[dict->items.items[i]], key))
			found = &pickle->values[dict->items.items[i + 1]];
	return found;
}
