/* .npy arrays whose values are wanted in double precision: whole ones in memory, and the rows of a file, a few at a time.
 * Types, versions and errors are those of npy.h. Any thread, one at a time. */
#ifndef QGAN_ENGINE_FILE_NPY_DOUBLES_H
#define QGAN_ENGINE_FILE_NPY_DOUBLES_H

#include "engine/base/text.h"
#include "engine/file/npy.h"

struct npy_doubles {
	int dimensions;
	size_t shape[NPY_MAX_DIMENSIONS];
	size_t count;   /* product of the shape; may be 0 */
	double *values; /* owned, C order */
};

/* On failure *npy is empty. `name` is for error texts. */
bool npy_doubles_parse(const void *bytes, size_t size, const char *name, struct npy_doubles *npy, struct error *error);
void npy_doubles_clear(struct npy_doubles *npy);

/* Appends "(5, 3)". */
void npy_describe_shape(int dimensions, const size_t shape[], struct text *text);

/* A file of two dimensions that stays on disk. (One in Fortran order is held in memory: its rows are scattered.) */
struct npy_rows;

struct npy_rows *npy_rows_open(const char *path, struct error *error);
void npy_rows_close(struct npy_rows *rows); /* NULL is fine */
const char *npy_rows_path(const struct npy_rows *rows);
size_t npy_rows_count(const struct npy_rows *rows);
size_t npy_rows_columns(const struct npy_rows *rows);

/* Rows first .. first + count - 1, which exist, into values[count][columns]. */
bool npy_rows_read(struct npy_rows *rows, size_t first, size_t count, double *values, struct error *error);

#endif
