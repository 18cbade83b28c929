/* Characters: UTF-8, widths, and the ASCII twins. No locale is asked: the same text gives the same cells everywhere. */
#include "ui/canvas.h"

#include <string.h>

enum { BROKEN = '?' };

uint32_t canvas_next_character(const char **utf8)
{
	static const uint32_t smallest[4] = {0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)*utf8;
	int more = bytes[0] < 0x80 ? 0 : bytes[0] >= 0xF8 ? -1 : bytes[0] >= 0xF0 ? 3 : bytes[0] >= 0xE0 ? 2 : bytes[0] >= 0xC2 ? 1 : -1;
	*utf8 += 1;
	if (more <= 0)
		return more < 0 || bytes[0] < ' ' || bytes[0] == 0x7F ? BROKEN : bytes[0];
	uint32_t code = bytes[0] & (0x3Fu >> more);
	for (int i = 1; i <= more; i++) {
		if ((bytes[i] & 0xC0) != 0x80) /* also the end of the text */
			return BROKEN;
		code = code << 6 | (bytes[i] & 0x3F);
	}
	if (code < smallest[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
		return BROKEN;
	*utf8 += more;
	return code < 0xA0 ? BROKEN : code; /* C1 control characters */
}

struct range {
	uint32_t first, last;
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t character)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

int canvas_character_width(uint32_t character)
{
	static const struct range combining[] = {
		{0x300, 0x36F}, {0x483, 0x489}, {0x591, 0x5BD}, {0x610, 0x61A}, {0x64B, 0x65F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
		{0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
		{0xFEFF, 0xFEFF}, {0xE0000, 0xE01EF},
	};
	static const struct range wide[] = {
		{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0x33FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xA000, 0xA4CF},
		{0xA960, 0xA97F}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6},
		{0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
	};
	if (character < 0x300)
		return 1;
	if (in_ranges(combining, sizeof combining / sizeof *combining, character))
		return 0;
	return in_ranges(wide, sizeof wide / sizeof *wide, character) ? 2 : 1;
}

/* A curve drawn in braille keeps its height within the row: dots above, below, both, or many. */
static char braille_twin(unsigned dots)
{
	enum { UPPER = 0x01 | 0x02 | 0x08 | 0x10, LOWER = 0x04 | 0x20 | 0x40 | 0x80, MANY = 6 };
	if (!dots)
		return ' ';
	if (__builtin_popcount(dots) >= MANY)
		return '#';
	return dots & UPPER ? dots & LOWER ? ':' : '\'' : '.';
}

static char box_twin(uint32_t character)
{
	static const uint32_t horizontal[] = {0x2500, 0x2501, 0x2504, 0x2505, 0x2508, 0x2509, 0x254C, 0x254D, 0x2550, 0x2574, 0x2576};
	static const uint32_t vertical[] = {0x2502, 0x2503, 0x2506, 0x2507, 0x250A, 0x250B, 0x254E, 0x254F, 0x2551, 0x2575, 0x2577};
	for (size_t i = 0; i < sizeof horizontal / sizeof *horizontal; i++)
		if (character == horizontal[i])
			return '-';
	for (size_t i = 0; i < sizeof vertical / sizeof *vertical; i++)
		if (character == vertical[i])
			return '|';
	return '+';
}

char canvas_ascii_twin(uint32_t character)
{
	static const char eighths[] = "_.:-=+*##"; /* U+2581 .. U+2588, one eighth to the whole block */
	static const struct {
		uint32_t character;
		char twin;
	} twins[] = {
		{0xA0, ' '}, {0xB0, 'o'}, {0xB1, '~'}, {0xB7, '.'}, {0xD7, 'x'}, {0x3B1, 'a'}, {0x3B2, 'b'}, {0x2010, '-'}, {0x2013, '-'},
		{0x2014, '-'}, {0x2018, '\''}, {0x2019, '\''}, {0x201C, '"'}, {0x201D, '"'}, {0x2022, '*'}, {0x2026, '.'}, {0x2190, '<'},
		{0x2191, '^'}, {0x2192, '>'}, {0x2193, 'v'}, {0x2207, 'd'}, {0x2212, '-'}, {0x2264, '<'}, {0x2265, '>'}, {0x2580, '"'},
		{0x2590, '#'}, {0x2591, '.'}, {0x2592, ':'}, {0x2593, '%'}, {0x25A0, '#'}, {0x25B2, '^'}, {0x25B4, '^'}, {0x25B6, '>'},
		{0x25B8, '>'}, {0x25BC, 'v'}, {0x25BE, 'v'}, {0x25C0, '<'}, {0x25C2, '<'}, {0x25CB, 'o'}, {0x25CF, '*'}, {0x2713, 'v'},
		{0x2714, 'v'}, {0x2717, 'x'}, {0x2718, 'x'}, {0x27E8, '<'}, {0x27E9, '>'},
	};
	if (character <= '~')
		return character < ' ' ? ' ' : (char)character;
	if (character >= 0x2500 && character < 0x2580)
		return box_twin(character);
	if (character >= 0x2581 && character <= 0x2588)
		return eighths[character - 0x2581];
	if (character >= 0x2589 && character <= 0x258F) /* seven eighths to one, from the left */
		return eighths[0x258F - character];
	if (character >= 0x2800 && character < 0x2900)
		return braille_twin(character - 0x2800);
	for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
		if (twins[i].character == character)
			return twins[i].twin;
	return '?';
}
