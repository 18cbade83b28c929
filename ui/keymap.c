#include "ui/keymap.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"

static const struct {
	const char *name, *drawn; /* drawn: with Unicode, NULL: the name */
	uint32_t key;
} named_keys[] = {
	{"Space", NULL, KEYMAP_SPACE},        {"Enter", NULL, KEYMAP_ENTER},    {"Esc", NULL, KEYMAP_ESCAPE},
	{"Tab", NULL, KEYMAP_TAB},            {"S-Tab", NULL, KEYMAP_BACK_TAB}, {"Backspace", NULL, KEYMAP_BACKSPACE},
	{"Up", "\xe2\x86\x91", KEYMAP_UP},    {"Down", "\xe2\x86\x93", KEYMAP_DOWN},
	{"Left", "\xe2\x86\x90", KEYMAP_LEFT}, {"Right", "\xe2\x86\x92", KEYMAP_RIGHT},
	{"PgUp", NULL, KEYMAP_PAGE_UP},       {"PgDn", NULL, KEYMAP_PAGE_DOWN}, {"Home", NULL, KEYMAP_HOME},
	{"End", NULL, KEYMAP_END},            {"Delete", NULL, KEYMAP_DELETE},  {"Insert", NULL, KEYMAP_INSERT},
};
enum { NAMED_KEYS = sizeof named_keys / sizeof *named_keys, FUNCTION_KEYS = 12 };

/* One whole UTF-8 character and nothing else. */
static bool parse_character(const char *name, uint32_t *key)
{
	const unsigned char *bytes = (const unsigned char *)name;
	int more = bytes[0] < 0x80 ? 0 : bytes[0] >= 0xF0 ? 3 : bytes[0] >= 0xE0 ? 2 : bytes[0] >= 0xC0 ? 1 : -1;
	if (more < 0 || bytes[0] <= ' ')
		return false;
	uint32_t code = more ? bytes[0] & (0x3Fu >> more) : bytes[0];
	for (int i = 1; i <= more; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return false;
		code = code << 6 | (bytes[i] & 0x3F);
	}
	if (bytes[more + 1])
		return false;
	*key = code;
	return true;
}

static bool parse_function_key(const char *name, uint32_t *key)
{
	bool shift = strncmp(name, "S-", 2) == 0;
	name += shift ? 2 : 0;
	int64_t number;
	if (name[0] != 'F' || !text_to_int64(name + 1, &number) || number < 1 || number > FUNCTION_KEYS)
		return false;
	*key = (shift ? KEYMAP_SHIFT_F1 : KEYMAP_F1) + (uint32_t)number - 1;
	return true;
}

bool keymap_parse(const char *name, uint32_t *key)
{
	for (int i = 0; i < NAMED_KEYS; i++)
		if (strcmp(name, named_keys[i].name) == 0) {
			*key = named_keys[i].key;
			return true;
		}
	if (strncmp(name, "Ctrl-", 5) == 0 && name[5] >= 'A' && name[5] <= 'Z' && !name[6]) {
		*key = (uint32_t)(name[5] - 'A' + 1);
		return true;
	}
	return parse_function_key(name, key) || parse_character(name, key);
}

static void put_utf8(char *target, size_t size, uint32_t code)
{
	char bytes[5] = {0};
	if (code < 0x80) {
		bytes[0] = (char)code;
	} else if (code < 0x800) {
		bytes[0] = (char)(0xC0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3F));
	} else if (code < 0x10000) {
		bytes[0] = (char)(0xE0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[2] = (char)(0x80 | (code & 0x3F));
	} else {
		bytes[0] = (char)(0xF0 | (code >> 18 & 7));
		bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
		bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[3] = (char)(0x80 | (code & 0x3F));
	}
	text_copy(target, size, bytes);
}

char *keymap_name(char *target, size_t size, uint32_t key, bool unicode)
{
	for (int i = 0; i < NAMED_KEYS; i++)
		if (named_keys[i].key == key) {
			text_copy(target, size, unicode && named_keys[i].drawn ? named_keys[i].drawn : named_keys[i].name);
			return target;
		}
	if (key >= KEYMAP_SHIFT_F1)
		snprintf(target, size, "S-F%u", (unsigned)(key - KEYMAP_SHIFT_F1 + 1));
	else if (key >= KEYMAP_F1)
		snprintf(target, size, "F%u", (unsigned)(key - KEYMAP_F1 + 1));
	else if (key >= 1 && key <= 26)
		snprintf(target, size, "Ctrl-%c", (char)('A' + key - 1));
	else
		put_utf8(target, size, key);
	return target;
}

/* Takes the next blank-separated word of *keys; false at the end. */
static bool next_word(const char **keys, char *word, size_t size)
{
	*keys += strspn(*keys, " ");
	size_t length = strcspn(*keys, " ");
	if (!length || length >= size)
		return false;
	memcpy(word, *keys, length);
	word[length] = '\0';
	*keys += length;
	return true;
}

static bool row_has_key(const struct action_row *row, uint32_t key)
{
	const char *keys = row->keys;
	char word[16];
	uint32_t candidate;
	while (next_word(&keys, word, sizeof word))
		if (keymap_parse(word, &candidate) && candidate == key)
			return true;
	return false;
}

static enum action resolve_in(enum action_scope scope, uint32_t key)
{
	for (const struct action_row *row = action_rows; row->name; row++)
		if (row->scope == scope && row_has_key(row, key))
			return row->action;
	return ACTION_NONE;
}

enum action keymap_resolve(enum action_scope scope, uint32_t key)
{
	enum action action = ACTION_NONE;
	for (; !action && scope != SCOPE_EVERYWHERE; scope = action_scope_around(scope))
		action = scope == SCOPE_INTERNAL ? ACTION_NONE : resolve_in(scope, key);
	return action ? action : resolve_in(SCOPE_EVERYWHERE, key);
}

char *keymap_key_of(char *target, size_t size, enum action action, bool unicode)
{
	const struct action_row *row = action_find(action);
	const char *keys = row ? row->keys : "";
	char word[16];
	uint32_t key;
	target[0] = '\0';
	if (next_word(&keys, word, sizeof word) && keymap_parse(word, &key))
		keymap_name(target, size, key, unicode);
	return target;
}
