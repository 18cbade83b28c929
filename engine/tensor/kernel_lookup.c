/* Codes of k bits to the floats they stand for; compiled once per instruction set (kernel.h).
 *
 * A block is LOOKUP_BLOCK vectors of codes in k vectors of words. Lane l's words, one after the other, are one string of its
 * codes, least significant bit first:
 *
 *   words 0 of all lanes | words 1 of all lanes | .. | words k-1 of all lanes
 *
 * So the codes of a whole vector come by one shift, or by two where they straddle two words, and nothing is said twice in
 * memory. A register of values is a table that one permutation looks up (8 values of AVX2, two registers with 32 of AVX-512);
 * a larger table is several such, between which the remaining bits select; the largest are read from memory. Values for each
 * column are the same without the permutation: all bits select.
 *
 * Where values are evenly spaced, those of many bits are sooner worked out. A code moved into the fraction of 1.0 is the float
 * 1 + z / 2^k, and two fused multiply-adds make a value of it. Whoever asks sees to it that they do to the last bit
 * (conv_packed.c). */
#include "engine/tensor/kernel_variant.h"

/* REACH: bits of a code that one permutation sees, in so many TABLES. MOST_BITS and COLUMN_BITS: of a code whose values are looked
 * up in registers, of one table and of columns; beyond, memory is faster. EVEN_BITS and EVEN_COLUMNS: of a code from which on evenly
 * spaced values are faster still (all measured). */
#if defined(__AVX512F__)
enum { REACH = 5, TABLES = 2, MOST_BITS = 8, COLUMN_BITS = 3, EVEN_BITS = 6, EVEN_COLUMNS = 1 };
#elif defined(__AVX2__)
enum { REACH = 3, TABLES = 1, MOST_BITS = 5, COLUMN_BITS = 3, EVEN_BITS = 5, EVEN_COLUMNS = 2 };
#elif defined(__aarch64__)
enum { REACH = 0, TABLES = 1, MOST_BITS = 0, COLUMN_BITS = 0, EVEN_BITS = 1, EVEN_COLUMNS = 1 };
#else /* no multiply-adds: never */
enum { REACH = 0, TABLES = 1, MOST_BITS = 0, COLUMN_BITS = 0, EVEN_BITS = LOOKUP_MAX_BITS + 1, EVEN_COLUMNS = EVEN_BITS };
#endif
enum {
	MOST_LEVELS = 8, WORD = 32,
	FRACTION = 23, ONE = 0x3f800000, /* of a float: bits, and those of 1 */
};

#define LOOKUP OF_KERNEL(kernel_lookup_)

typedef uint32_t codes __attribute__((vector_size(VECTOR_BYTES)));
typedef uint32_t loose_codes __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

/* ---- what the instruction sets differ in ---- */

#if defined(__AVX512F__)
ALWAYS_INLINE vector permuted(const vector *tables, codes index, const int bits)
{
	(void)bits;
	return (vector)_mm512_permutex2var_ps((__m512)tables[0], (__m512i)index, (__m512)tables[1]);
}

/* So few values, a power of two, over and over. */
ALWAYS_INLINE vector repeated(const float *values, const int count)
{
	const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	const __m512 once = _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), values);
	return (vector)_mm512_permutexvar_ps(_mm512_and_si512(lanes, _mm512_set1_epi32(count - 1)), once);
}

ALWAYS_INLINE vector selected(codes index, int bit, vector if_0, vector if_1)
{
	__mmask16 is_1 = _mm512_test_epi32_mask((__m512i)index, _mm512_set1_epi32(1 << bit));
	return (vector)_mm512_mask_blend_ps(is_1, (__m512)if_0, (__m512)if_1);
}

ALWAYS_INLINE vector gathered(const float *values, codes place)
{
	return (vector)_mm512_i32gather_ps((__m512i)place, values, 4);
}

/* 1 + a fraction's bits, of which those of the mask count. */
ALWAYS_INLINE vector of_fraction(codes bits, uint32_t mask)
{
	enum { FIRST_AND_SECOND_OR_THIRD = 0xea };
	const __m512i which = _mm512_set1_epi32((int)mask), one = _mm512_set1_epi32(ONE);
	return (vector)_mm512_ternarylogic_epi32((__m512i)bits, which, one, FIRST_AND_SECOND_OR_THIRD);
}
#elif defined(__AVX2__)
/* Four values are in either half of the register, which is quicker to permute than all of it. */
ALWAYS_INLINE vector permuted(const vector *tables, codes index, const int bits)
{
	return bits <= 2 ? (vector)_mm256_permutevar_ps((__m256)tables[0], (__m256i)index)
	                 : (vector)_mm256_permutevar8x32_ps((__m256)tables[0], (__m256i)index);
}

ALWAYS_INLINE vector repeated(const float *values, const int count)
{
	const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
	const __m256 once = _mm256_maskload_ps(values, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes));
	return (vector)_mm256_permutevar8x32_ps(once, _mm256_and_si256(lanes, _mm256_set1_epi32(count - 1)));
}

ALWAYS_INLINE vector selected(codes index, int bit, vector if_0, vector if_1)
{
	return (vector)_mm256_blendv_ps((__m256)if_0, (__m256)if_1, (__m256)(index << (WORD - 1 - bit)));
}

ALWAYS_INLINE vector gathered(const float *values, codes place)
{
	return (vector)_mm256_i32gather_ps(values, (__m256i)place, 4);
}

ALWAYS_INLINE vector of_fraction(codes bits, uint32_t mask) { return (vector)((bits & mask) | ONE); }
#else
ALWAYS_INLINE vector permuted(const vector *tables, codes index, const int bits)
{
	(void)index, (void)bits;
	return tables[0];
}

ALWAYS_INLINE vector repeated(const float *values, const int count)
{
	vector all;
	UNROLL for (int l = 0; l < LANES; l++)
		all[l] = values[l % count];
	return all;
}

ALWAYS_INLINE vector selected(codes index, int bit, vector if_0, vector if_1)
{
	const codes is_1 = -(index >> bit & 1);
	return (vector)(((codes)if_0 & ~is_1) | ((codes)if_1 & is_1));
}

ALWAYS_INLINE vector gathered(const float *values, codes place)
{
	vector value;
	UNROLL for (int l = 0; l < LANES; l++)
		value[l] = values[place[l]];
	return value;
}

ALWAYS_INLINE vector of_fraction(codes bits, uint32_t mask) { return (vector)((bits & mask) | ONE); }
#endif

/* ---- the rest ---- */

/* Vector j of a block. Bits above the code are those of later codes. */
ALWAYS_INLINE codes code_at(const uint32_t *block, const int j, const int bits)
{
	const int word = j * bits / WORD, shift = j * bits % WORD;
	codes index = *(const loose_codes *)(block + word * LANES) >> shift;
	if (shift + bits > WORD)
		index |= *(const loose_codes *)(block + (word + 1) * LANES) << (WORD - shift);
	return index;
}

/* reach 0: levels[] are the values of all codes. */
ALWAYS_INLINE vector value_of(const vector *levels, codes index, const int bits, const int reach)
{
	vector level[MOST_LEVELS];
	const int count = bits > reach ? 1 << (bits - reach) : 1;
	UNROLL for (int i = 0; i < count; i++)
		level[i] = reach ? permuted(levels + i * TABLES, index, bits) : levels[i];
	UNROLL for (int bit = reach; bit < bits; bit++) {
		UNROLL for (int i = 0; i < count >> (bit - reach + 1); i++)
			level[i] = selected(index, bit, level[2 * i], level[2 * i + 1]);
	}
	return level[0];
}

/* One table for all, spread over registers; a table smaller than what a permutation sees is repeated in it, so that bits
 * above the code do not matter. */
ALWAYS_INLINE void spread_table(const float *table, const int bits, vector *levels)
{
	const int count = bits > REACH ? TABLES << (bits - REACH) : TABLES, values = 1 << bits;
	UNROLL for (int i = 0; i < count; i++)
		levels[i] = values < LANES ? repeated(table, values) : load(table + i * LANES % values);
}

#if defined(__AVX2__) && !defined(__AVX512F__)
/* Four vectors, every second one: of codes 4 v + l in each half for lane l of vector v. The bytes of the values are looked up
 * by themselves, then put together. */
ALWAYS_INLINE void store_sixteen(const __m256i *tables, __m256i codes_of_four, float *values)
{
	const __m256i a = _mm256_shuffle_epi8(tables[0], codes_of_four), b = _mm256_shuffle_epi8(tables[1], codes_of_four);
	const __m256i c = _mm256_shuffle_epi8(tables[2], codes_of_four), d = _mm256_shuffle_epi8(tables[3], codes_of_four);
	const __m256i low_ab = _mm256_unpacklo_epi8(a, b), low_cd = _mm256_unpacklo_epi8(c, d);
	const __m256i high_ab = _mm256_unpackhi_epi8(a, b), high_cd = _mm256_unpackhi_epi8(c, d);
	_mm256_storeu_si256((__m256i *)(values), _mm256_unpacklo_epi16(low_ab, low_cd));
	_mm256_storeu_si256((__m256i *)(values + 2 * LANES), _mm256_unpackhi_epi16(low_ab, low_cd));
	_mm256_storeu_si256((__m256i *)(values + 4 * LANES), _mm256_unpacklo_epi16(high_ab, high_cd));
	_mm256_storeu_si256((__m256i *)(values + 6 * LANES), _mm256_unpackhi_epi16(high_ab, high_cd));
}

/* First bytes of sixteen values, second ones, and so on, each table in both halves. */
ALWAYS_INLINE void spread_bytes(const float *table, __m256i by_byte, __m256i *tables)
{
	__m256i four[4];
	UNROLL for (int i = 0; i < 4; i++)
		four[i] = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table + i)), by_byte);
	const __m256i low = _mm256_unpacklo_epi32(four[0], four[1]), high = _mm256_unpackhi_epi32(four[0], four[1]);
	const __m256i other_low = _mm256_unpacklo_epi32(four[2], four[3]), other_high = _mm256_unpackhi_epi32(four[2], four[3]);
	tables[0] = _mm256_unpacklo_epi64(low, other_low);
	tables[1] = _mm256_unpackhi_epi64(low, other_low);
	tables[2] = _mm256_unpacklo_epi64(high, other_high);
	tables[3] = _mm256_unpackhi_epi64(high, other_high);
}

/* Four bits: twice as fast as two permutations and a selection. A byte of words is two codes of one lane. */
static void look_up_sixteen(const float *table, const uint32_t *words, size_t blocks, float *values)
{
	enum { VECTORS = WORD / 4, VALUES = 16 };
	const __m256i by_vector = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
	const __m256i code = _mm256_set1_epi8(VALUES - 1);
	__m256i tables[sizeof *table];
	spread_bytes(table, by_vector, tables);
	for (size_t i = 0; i < blocks * LOOKUP_BLOCK / VECTORS; i++, words += LANES, values += VECTORS * LANES) {
		const __m256i pairs = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)words), by_vector);
		store_sixteen(tables, _mm256_and_si256(pairs, code), values);
		store_sixteen(tables, _mm256_and_si256(_mm256_srli_epi16(pairs, 4), code), values + LANES);
	}
}

/* Eight bits: one by one, in less time than the processor's own gathering takes; so the compiler must not gather. */
static void look_up_bytes(const float *table, const uint32_t *words, size_t blocks, float *values)
{
	for (size_t i = 0; i < blocks * LOOKUP_BLOCK / 4; i++, words += LANES, values += 4 * LANES) {
		for (int l = 0; l < LANES; l++) {
			uint32_t four = words[l];
			__asm__("" : "+r"(four));
			values[l] = table[four & 255];
			values[LANES + l] = table[four >> 8 & 255];
			values[2 * LANES + l] = table[four >> 16 & 255];
			values[3 * LANES + l] = table[four >> 24];
		}
	}
}
#endif

ALWAYS_INLINE void look_up_one(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values, const int bits)
{
#if defined(__AVX2__) && !defined(__AVX512F__)
	if (bits == 4) {
		look_up_sixteen(lookup->table, words, blocks, values);
		return;
	}
	if (bits == 8) {
		look_up_bytes(lookup->table, words, blocks, values);
		return;
	}
#endif
	const bool in_registers = bits <= MOST_BITS;
	vector levels[MOST_LEVELS * TABLES];
	if (in_registers)
		spread_table(lookup->table, bits, levels);
	for (; blocks; blocks--, words += bits * LANES, values += LOOKUP_BLOCK * LANES) {
		UNROLL for (int j = 0; j < LOOKUP_BLOCK; j++) {
			const codes index = code_at(words, j, bits);
			store(values + j * LANES, in_registers ? value_of(levels, index, bits, REACH)
			                                       : gathered(lookup->table, index & ((1u << bits) - 1)));
		}
	}
}

ALWAYS_INLINE void look_up_columns(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values, const int bits)
{
	const float *own = lookup->table, *end = own + (lookup->vectors << bits) * LANES;
	codes lane;
	for (int l = 0; l < LANES; l++)
		lane[l] = (uint32_t)l;
	for (; blocks; blocks--, words += bits * LANES) {
		UNROLL for (int j = 0; j < LOOKUP_BLOCK; j++, values += LANES) {
			const codes index = code_at(words, j, bits);
			vector levels[MOST_LEVELS];
			for (int i = 0; bits <= COLUMN_BITS && i < 1 << bits; i++)
				levels[i] = load(own + i * LANES);
			store(values, bits <= COLUMN_BITS ? value_of(levels, index, bits, 0)
			                                  : gathered(own, (index & ((1u << bits) - 1)) * LANES + lane));
			own += (1 << bits) * LANES;
			own = own == end ? lookup->table : own;
		}
	}
}

/* ---- evenly spaced values ---- */

/* Vector j of a block, z, as 1 + z / 2^bits. */
ALWAYS_INLINE vector fraction_at(const uint32_t *block, const int j, const int bits)
{
	const int word = j * bits / WORD, end = j * bits % WORD + bits; /* end: of the code, in bits from that word's first */
	const codes first = *(const loose_codes *)(block + word * LANES);
	codes moved = end >= FRACTION ? first >> (end - FRACTION) : first << (FRACTION - end);
	if (end > WORD)
		moved |= *(const loose_codes *)(block + (word + 1) * LANES) << (FRACTION + WORD - end);
	return of_fraction(moved, ((1u << bits) - 1) << (FRACTION - bits));
}

ALWAYS_INLINE vector even_value(const uint32_t *block, const int j, const int bits, const vector *line)
{
	const vector s = fraction_at(block, j, bits) - line[0];
	return s * line[1] + (s * line[2] + line[3]);
}

ALWAYS_INLINE void even_one(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values, const int bits)
{
	vector line[LOOKUP_LINE];
	for (int i = 0; i < LOOKUP_LINE; i++)
		line[i] = in_all_lanes(lookup->table[i]);
	for (; blocks; blocks--, words += bits * LANES, values += LOOKUP_BLOCK * LANES)
		UNROLL for (int j = 0; j < LOOKUP_BLOCK; j++)
			store(values + j * LANES, even_value(words, j, bits, line));
}

/* Vector `column` of each row of a whole panel: its line stays in registers. */
ALWAYS_INLINE void even_column(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values, const int bits,
                               const int column)
{
	vector line[LOOKUP_LINE];
	for (int i = 0; i < LOOKUP_LINE; i++)
		line[i] = load(lookup->table + (column * LOOKUP_LINE + i) * LANES);
	for (; blocks; blocks--, words += bits * LANES, values += LOOKUP_BLOCK * LANES)
		UNROLL for (int j = column; j < LOOKUP_BLOCK; j += SPARSE_VECTORS)
			store(values + j * LANES, even_value(words, j, bits, line));
}

ALWAYS_INLINE void even_panel(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values, const int bits)
{
	even_column(lookup, words, blocks, values, bits, 0);
	even_column(lookup, words, blocks, values, bits, 1);
	even_column(lookup, words, blocks, values, bits, 2);
	even_column(lookup, words, blocks, values, bits, 3);
	even_column(lookup, words, blocks, values, bits, 4);
	even_column(lookup, words, blocks, values, bits, 5);
	even_column(lookup, words, blocks, values, bits, 6);
	even_column(lookup, words, blocks, values, bits, 7);
}

ALWAYS_INLINE void even_columns(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values, const int bits)
{
	if (lookup->vectors == SPARSE_VECTORS) {
		even_panel(lookup, words, blocks, values, bits);
		return;
	}
	const float *own = lookup->table, *end = own + lookup->vectors * LOOKUP_LINE * LANES;
	vector line[LOOKUP_LINE];
	for (; blocks; blocks--, words += bits * LANES) {
		UNROLL for (int j = 0; j < LOOKUP_BLOCK; j++, values += LANES) {
			UNROLL for (int i = 0; i < LOOKUP_LINE; i++)
				line[i] = load(own + i * LANES);
			store(values, even_value(words, j, bits, line));
			own += LOOKUP_LINE * LANES;
			own = own == end ? lookup->table : own;
		}
	}
}

typedef void look_up_function(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values);

/* One copy of the loops for each number of bits: shifts and selections are unrolled only where it is known. */
#define OF_BITS(bits) \
	static void one_of_##bits(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values) \
	{ \
		look_up_one(lookup, words, blocks, values, bits); \
	} \
	static void columns_of_##bits(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values) \
	{ \
		look_up_columns(lookup, words, blocks, values, bits); \
	} \
	static void even_one_of_##bits(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values) \
	{ \
		even_one(lookup, words, blocks, values, bits); \
	} \
	static void even_columns_of_##bits(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values) \
	{ \
		even_columns(lookup, words, blocks, values, bits); \
	}
#define ROW_OF_BITS(bits) [bits] = {{one_of_##bits, columns_of_##bits}, {even_one_of_##bits, even_columns_of_##bits}}
OF_BITS(1) OF_BITS(2) OF_BITS(3) OF_BITS(4) OF_BITS(5) OF_BITS(6) OF_BITS(7) OF_BITS(8)

/* By bits, even, vectors > 0. */
static look_up_function *const of_bits[LOOKUP_MAX_BITS + 1][2][2] = {
	ROW_OF_BITS(1), ROW_OF_BITS(2), ROW_OF_BITS(3), ROW_OF_BITS(4), ROW_OF_BITS(5), ROW_OF_BITS(6), ROW_OF_BITS(7), ROW_OF_BITS(8),
};

static void run(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values)
{
	of_bits[lookup->bits][lookup->even][lookup->vectors > 0](lookup, words, blocks, values);
}

extern const struct kernel_lookup LOOKUP;
const struct kernel_lookup LOOKUP = {.run = run, .even_bits = EVEN_BITS, .even_columns = EVEN_COLUMNS};
