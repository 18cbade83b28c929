#include <string.h>

#include "engine/base/memory.h"
#include "engine/file/pytorch_machine.h"

static struct pickle_value *value_at(struct machine *m, pickle_index index) { return &m->pickle->values[index]; }

static uint64_t little_endian(const uint8_t *bytes, int size)
{
	uint64_t value = 0;
	for (int i = 0; i < size; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

bool machine_refuse_opcode(struct machine *m, uint8_t code)
{
	const char *name = pickle_opcodes[code].name;
	m->at--;
	if (name)
		return error_set(m->error, ERROR_INPUT, "%s: the pickle at byte %zu has the opcode %s, which no state dict needs; expected "
		                 "what torch.save(model.state_dict(), FILE) writes", m->name, m->at, name);
	return error_set(m->error, ERROR_INPUT, "%s: the pickle at byte %zu has 0x%02X, which is no opcode", m->name, m->at, code);
}

/* ---- numbers and texts ---- */

static bool check_protocol(struct machine *m, int argument)
{
	const uint8_t *version;
	(void)argument;
	if (!machine_take(m, 1, &version))
		return false;
	return *version == 2 || error_set(m->error, ERROR_INPUT, "%s: the pickle is of protocol %d; expected 2, which torch.save uses",
	                                  m->name, *version);
}

static bool push_constant(struct machine *m, int kind)
{
	return machine_push(m, (struct pickle_value){.kind = (enum pickle_kind)kind});
}

static bool push_true(struct machine *m, int argument)
{
	(void)argument;
	return machine_push(m, (struct pickle_value){.kind = PICKLE_BOOLEAN, .integer = 1});
}

/* BININT is signed, the shorter ones are not. */
static bool push_integer(struct machine *m, int size)
{
	const uint8_t *bytes;
	if (!machine_take(m, (size_t)size, &bytes))
		return false;
	const uint64_t value = little_endian(bytes, size);
	return machine_push(m, (struct pickle_value){.kind = PICKLE_INTEGER, .integer = size == 4 ? (int32_t)value : (int64_t)value});
}

/* Two's complement, as many bytes as it takes. */
static bool push_long(struct machine *m, int argument)
{
	const uint8_t *length, *bytes;
	(void)argument;
	if (!machine_take(m, 1, &length) || !machine_take(m, *length, &bytes))
		return false;
	if (*length > 8)
		return machine_push(m, (struct pickle_value){.kind = PICKLE_LARGE, .text = {(const char *)bytes, *length}});
	uint64_t value = little_endian(bytes, *length);
	if (*length && *length < 8 && bytes[*length - 1] & 0x80)
		value |= ~(uint64_t)0 << (8 * *length);
	return machine_push(m, (struct pickle_value){.kind = PICKLE_INTEGER, .integer = (int64_t)value});
}

/* Big-endian. */
static bool push_real(struct machine *m, int argument)
{
	const uint8_t *bytes;
	uint64_t bits = 0;
	double value;
	(void)argument;
	if (!machine_take(m, 8, &bytes))
		return false;
	for (int i = 0; i < 8; i++)
		bits = bits << 8 | bytes[i];
	memcpy(&value, &bits, sizeof value);
	return machine_push(m, (struct pickle_value){.kind = PICKLE_REAL, .real = value});
}

/* Of so many bytes of length before it. */
static bool push_text(struct machine *m, int size)
{
	const uint8_t *length, *bytes;
	if (!machine_take(m, (size_t)size, &length) || !machine_take(m, (size_t)little_endian(length, size), &bytes))
		return false;
	const struct pickle_text text = {(const char *)bytes, (size_t)(m->bytes + m->at - bytes)};
	return machine_push(m, (struct pickle_value){.kind = PICKLE_TEXT, .text = text});
}

/* ---- tuples, lists, dicts ---- */

static bool push_mark(struct machine *m, int argument)
{
	(void)argument;
	if (m->marks >= PYTORCH_MAX_NESTING)
		return machine_refuse(m, "is nested too deeply");
	m->mark[m->marks++] = m->depth;
	return true;
}

/* The stack's values from `first` on become one of this kind. */
static bool gather(struct machine *m, uint32_t first, enum pickle_kind kind)
{
	const uint32_t count = m->depth - first;
	m->depth = first;
	return machine_push_items(m, kind, m->stack + first, count);
}

static bool push_tuple(struct machine *m, int argument)
{
	uint32_t first;
	(void)argument;
	return machine_pop_mark(m, &first) && gather(m, first, PICKLE_TUPLE);
}

static bool push_short_tuple(struct machine *m, int length)
{
	if (m->depth - machine_floor(m) < (uint32_t)length)
		return machine_refuse(m, "takes values that are not there");
	return gather(m, m->depth - (uint32_t)length, PICKLE_TUPLE);
}

/* What lies on the stack from `first` on goes into the value below it. */
static bool extend(struct machine *m, uint32_t first, enum pickle_kind kind)
{
	if (first <= machine_floor(m))
		return machine_refuse(m, "adds to something that is not there");
	struct pickle_value *into = value_at(m, m->stack[first - 1]);
	if (into->kind != kind)
		return machine_refuse(m, kind == PICKLE_LIST ? "appends to what is no list" : "sets an item of what is no dict");
	if (kind == PICKLE_DICT && (m->depth - first) % 2 != 0)
		return machine_refuse(m, "sets an item without its value");
	machine_append(&into->items, m->stack + first, m->depth - first);
	m->depth = first;
	return true;
}

static bool extend_to_mark(struct machine *m, int kind)
{
	uint32_t first;
	return machine_pop_mark(m, &first) && extend(m, first, (enum pickle_kind)kind);
}

static bool extend_by_one(struct machine *m, int kind)
{
	const uint32_t values = kind == PICKLE_DICT ? 2 : 1;
	if (m->depth - machine_floor(m) < values)
		return machine_refuse(m, "takes values that are not there");
	return extend(m, m->depth - values, (enum pickle_kind)kind);
}

/* ---- the memo ---- */

static bool put(struct machine *m, int size)
{
	const uint8_t *bytes;
	if (!machine_take(m, (size_t)size, &bytes))
		return false;
	const uint32_t place = (uint32_t)little_endian(bytes, size);
	if (m->depth <= machine_floor(m))
		return machine_refuse(m, "remembers a value that is not there");
	if (place >= PYTORCH_MAX_VALUES)
		return machine_refuse(m, "remembers too many values");
	if (place >= m->memo_capacity) {
		const uint32_t capacity = place + place / 2 + 64;
		m->memo = memory_resized(m->memo, capacity, sizeof *m->memo);
		memset(m->memo + m->memo_capacity, 0, (capacity - m->memo_capacity) * sizeof *m->memo);
		m->memo_capacity = capacity;
	}
	m->memo[place] = m->stack[m->depth - 1] + 1;
	return true;
}

static bool get(struct machine *m, int size)
{
	const uint8_t *bytes;
	if (!machine_take(m, (size_t)size, &bytes))
		return false;
	const uint32_t place = (uint32_t)little_endian(bytes, size);
	if (place >= m->memo_capacity || !m->memo[place])
		return machine_refuse(m, "asks for a value that was not remembered");
	return machine_push_index(m, m->memo[place] - 1);
}

/* ---- names and what they build ---- */

static bool take_line(struct machine *m, struct pickle_text *line)
{
	const uint8_t *from = m->bytes + m->at, *end = memchr(from, '\n', m->size - m->at);
	if (!end)
		return machine_refuse(m, "is cut");
	*line = (struct pickle_text){(const char *)from, (size_t)(end - from)};
	m->at += line->length + 1;
	return true;
}

static bool push_global(struct machine *m, int argument)
{
	struct pickle_text module, name;
	(void)argument;
	return take_line(m, &module) && take_line(m, &name) && machine_push_global(m, module, name);
}

static bool reduce(struct machine *m, int argument)
{
	pickle_index arguments, callable;
	(void)argument;
	if (!machine_pop(m, &arguments) || !machine_pop(m, &callable))
		return false;
	if (value_at(m, callable)->kind != PICKLE_GLOBAL || value_at(m, arguments)->kind != PICKLE_TUPLE)
		return machine_refuse(m, "calls what is no name");
	const struct pickle_items items = value_at(m, arguments)->items; /* values may move while more are made */
	return machine_call(m, value_at(m, callable)->global, &items);
}

/* The attributes of an OrderedDict (its _metadata) are of no use here. */
static bool build(struct machine *m, int argument)
{
	pickle_index state;
	(void)argument;
	if (!machine_pop(m, &state))
		return false;
	if (m->depth <= machine_floor(m) || value_at(m, m->stack[m->depth - 1])->kind != PICKLE_DICT)
		return machine_refuse(m, "gives attributes to what is no OrderedDict");
	return true;
}

static bool push_persistent(struct machine *m, int argument)
{
	pickle_index id;
	(void)argument;
	if (!machine_pop(m, &id))
		return false;
	if (value_at(m, id)->kind != PICKLE_TUPLE)
		return machine_refuse(m, "names a storage by what is no tuple");
	const struct pickle_items items = value_at(m, id)->items;
	return machine_push_storage(m, &items);
}

static bool stop(struct machine *m, int argument)
{
	(void)argument;
	if (m->depth != 1 || m->marks)
		return machine_refuse(m, "ends with other than one value");
	m->pickle->top = m->stack[0];
	m->stopped = true;
	return true;
}

const struct pickle_opcode pickle_opcodes[256] = {
	['('] = {"MARK", push_mark, 0},
	['.'] = {"STOP", stop, 0},
	[0x80] = {"PROTO", check_protocol, 0},
	['N'] = {"NONE", push_constant, PICKLE_NONE},
	[0x88] = {"NEWTRUE", push_true, 0},
	[0x89] = {"NEWFALSE", push_constant, PICKLE_BOOLEAN},
	['J'] = {"BININT", push_integer, 4},
	['K'] = {"BININT1", push_integer, 1},
	['M'] = {"BININT2", push_integer, 2},
	[0x8a] = {"LONG1", push_long, 0},
	['G'] = {"BINFLOAT", push_real, 0},
	['X'] = {"BINUNICODE", push_text, 4},
	['T'] = {"BINSTRING", push_text, 4}, /* Python 2 */
	['U'] = {"SHORT_BINSTRING", push_text, 1},
	['}'] = {"EMPTY_DICT", push_constant, PICKLE_DICT},
	[']'] = {"EMPTY_LIST", push_constant, PICKLE_LIST},
	[')'] = {"EMPTY_TUPLE", push_constant, PICKLE_TUPLE},
	['t'] = {"TUPLE", push_tuple, 0},
	[0x85] = {"TUPLE1", push_short_tuple, 1},
	[0x86] = {"TUPLE2", push_short_tuple, 2},
	[0x87] = {"TUPLE3", push_short_tuple, 3},
	['a'] = {"APPEND", extend_by_one, PICKLE_LIST},
	['e'] = {"APPENDS", extend_to_mark, PICKLE_LIST},
	['s'] = {"SETITEM", extend_by_one, PICKLE_DICT},
	['u'] = {"SETITEMS", extend_to_mark, PICKLE_DICT},
	['q'] = {"BINPUT", put, 1},
	['r'] = {"LONG_BINPUT", put, 4},
	['h'] = {"BINGET", get, 1},
	['j'] = {"LONG_BINGET", get, 4},
	['c'] = {"GLOBAL", push_global, 0},
	['R'] = {"REDUCE", reduce, 0},
	['b'] = {"BUILD", build, 0},
	['Q'] = {"BINPERSID", push_persistent, 0},
	/* Refused, but known by name. */
	['0'] = {"POP", NULL, 0}, ['1'] = {"POP_MARK", NULL, 0}, ['2'] = {"DUP", NULL, 0},
	['F'] = {"FLOAT", NULL, 0}, ['I'] = {"INT", NULL, 0}, ['L'] = {"LONG", NULL, 0}, ['S'] = {"STRING", NULL, 0},
	['V'] = {"UNICODE", NULL, 0}, ['P'] = {"PERSID", NULL, 0}, ['d'] = {"DICT", NULL, 0}, ['l'] = {"LIST", NULL, 0},
	['g'] = {"GET", NULL, 0}, ['p'] = {"PUT", NULL, 0}, ['i'] = {"INST", NULL, 0}, ['o'] = {"OBJ", NULL, 0},
	[0x81] = {"NEWOBJ", NULL, 0}, [0x82] = {"EXT1", NULL, 0}, [0x83] = {"EXT2", NULL, 0}, [0x84] = {"EXT4", NULL, 0},
	[0x8b] = {"LONG4", NULL, 0}, ['B'] = {"BINBYTES", NULL, 0}, ['C'] = {"SHORT_BINBYTES", NULL, 0},
	[0x8c] = {"SHORT_BINUNICODE", NULL, 0}, [0x8d] = {"BINUNICODE8", NULL, 0}, [0x8e] = {"BINBYTES8", NULL, 0},
	[0x8f] = {"EMPTY_SET", NULL, 0}, [0x90] = {"ADDITEMS", NULL, 0}, [0x91] = {"FROZENSET", NULL, 0},
	[0x92] = {"NEWOBJ_EX", NULL, 0}, [0x93] = {"STACK_GLOBAL", NULL, 0}, [0x94] = {"MEMOIZE", NULL, 0}, [0x95] = {"FRAME", NULL, 0},
	[0x96] = {"BYTEARRAY8", NULL, 0}, [0x97] = {"NEXT_BUFFER", NULL, 0}, [0x98] = {"READONLY_BUFFER", NULL, 0},
};
