/* Intel's AMX tiles in plain code, for tests of engine/tensor/kernel_amx.c on machines without them: what the instructions do with
 * their configuration, and what they refuse (Intel's manual, volume 2, TILELOADD to TDPBF16PS). Each thread has its own. */
#ifndef QGAN_TESTS_AMX_TILES_H
#define QGAN_TESTS_AMX_TILES_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { AMX_TILES_COUNT = 8, AMX_TILE_ROWS = 16, AMX_TILE_BYTES = 64 };

static _Thread_local struct {
	int rows, bytes;
	union {
		uint32_t pair[AMX_TILE_ROWS][AMX_TILE_BYTES / 4];
		float value[AMX_TILE_ROWS][AMX_TILE_BYTES / 4];
	};
} amx_tiles[AMX_TILES_COUNT];

static inline void _tile_loadconfig(const void *configuration)
{
	const unsigned char *from = configuration;
	assert(from[0] == 1 && from[1] == 0); /* palette; where an interrupted load would go on */
	memset(amx_tiles, 0, sizeof amx_tiles);
	for (int t = 0; t < AMX_TILES_COUNT; t++) {
		amx_tiles[t].bytes = from[16 + 2 * t] | from[17 + 2 * t] << 8;
		amx_tiles[t].rows = from[48 + t];
		assert(amx_tiles[t].rows >= 1 && amx_tiles[t].rows <= AMX_TILE_ROWS);
		assert(amx_tiles[t].bytes >= 1 && amx_tiles[t].bytes <= AMX_TILE_BYTES);
	}
}

static inline void _tile_release(void) { memset(amx_tiles, 0, sizeof amx_tiles); }

static inline void _tile_zero(int tile)
{
	assert(amx_tiles[tile].rows > 0);
	memset(amx_tiles[tile].value, 0, sizeof amx_tiles[tile].value);
}

/* What the configuration leaves out of a tile becomes 0. */
static inline void _tile_loadd(int tile, const void *base, size_t step)
{
	_tile_zero(tile);
	for (int r = 0; r < amx_tiles[tile].rows; r++)
		memcpy(amx_tiles[tile].value[r], (const char *)base + (size_t)r * step, (size_t)amx_tiles[tile].bytes);
}

static inline void _tile_stored(int tile, void *base, size_t step)
{
	assert(amx_tiles[tile].rows > 0);
	for (int r = 0; r < amx_tiles[tile].rows; r++)
		memcpy((char *)base + (size_t)r * step, amx_tiles[tile].value[r], (size_t)amx_tiles[tile].bytes);
}

/* The bf16 in the upper half of some bits. */
static inline float amx_bf16(uint32_t bits) { return (union { uint32_t bits; float value; }){bits & 0xffff0000}.value; }

/* All columns, for those beyond the configuration are 0. */
static inline void _tile_dpbf16ps(int c, int a, int b)
{
	assert(amx_tiles[c].rows == amx_tiles[a].rows && amx_tiles[c].bytes == amx_tiles[b].bytes);
	assert(amx_tiles[a].bytes == 4 * amx_tiles[b].rows);
	for (int row = 0; row < amx_tiles[c].rows; row++) {
		for (int k = 0; k < amx_tiles[b].rows; k++) {
			const uint32_t pair = amx_tiles[a].pair[row][k];
			for (int column = 0; column < AMX_TILE_BYTES / 4; column++) {
				const uint32_t other = amx_tiles[b].pair[k][column];
				amx_tiles[c].value[row][column] += amx_bf16(pair << 16) * amx_bf16(other << 16);
				amx_tiles[c].value[row][column] += amx_bf16(pair) * amx_bf16(other);
			}
		}
	}
}

#endif
