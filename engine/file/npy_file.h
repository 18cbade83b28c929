/* An open .npy file whose header is known. Private to engine/file. */
#ifndef QGAN_ENGINE_FILE_NPY_FILE_H
#define QGAN_ENGINE_FILE_NPY_FILE_H

#include "engine/file/npy_header.h"

/* Regular files only. On success *file is the caller's to close. */
bool npy_file_open(const char *path, int *file, struct npy_header *header, struct error *error);

bool npy_file_read(int file, size_t offset, void *target, size_t size, const char *path, struct error *error);

#endif
