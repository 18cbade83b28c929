/* Files of Inception-v3's parameters: torchvision's own (inception_v3_google-1a9a5a14.pth), or any state dict of its
 * inception_v3 that torch.save or safetensors wrote; and the copy in the user's cache that qgan import makes of one:
 *
 *   $XDG_CACHE_HOME/qgan/features/inception-v3.safetensors
 *
 * Of a file the parameters are kept that the network has, in the network's order; the auxiliary classifier's and counters
 * are left out. So the same weights have the same hash, the SHA-256 over all their values, whatever file they came in.
 * Any thread. */
#ifndef QGAN_ENGINE_METRIC_INCEPTION_FILE_H
#define QGAN_ENGINE_METRIC_INCEPTION_FILE_H

#include <stdint.h>

#include "engine/base/sha256.h"
#include "engine/base/user_folder.h"
#include "engine/file/checkpoint.h"

/* Where the weights come from, for sentences. */
#define INCEPTION_FILE_WANTED "https://download.pytorch.org/models/inception_v3_google-1a9a5a14.pth"
enum { INCEPTION_SOURCE_SIZE = 128 };

struct inception_origin {
	const char *layout;                 /* "PyTorch, zip", "PyTorch, before 1.6", "safetensors" */
	uint64_t bytes;
	char hash[SHA256_TEXT_SIZE];        /* of the file */
	char source[INCEPTION_SOURCE_SIZE]; /* torchvision's name of the file with that hash, whatever it is called here; else its own */
	bool known;                         /* it is torchvision's */
	int tensors, skipped;               /* in the file; of them left out */
};

/* Reads a file of either kind and checks every parameter (inception_check). A name that ends in a dash, 8 digits of the
 * file's SHA-256 and an extension, as PyTorch names its downloads, is checked too: a cut download is told so. NULL and an
 * error that names file and tensor. divisor: 1; smaller networks are for tests. */
struct checkpoint *inception_file_read(const char *path, int divisor, struct inception_origin *origin, struct error *error);

struct inception_cached {
	char path[USER_FOLDER_PATH];
	char source[INCEPTION_SOURCE_SIZE]; /* of the file it was made of */
	char hash[SHA256_TEXT_SIZE];        /* of the weights */
	uint64_t bytes;
};

/* Puts the parameters in the cache, whole or not at all, in the place of others that are there. */
bool inception_cache_write(struct checkpoint *parameters, const struct inception_origin *origin, struct inception_cached *cached,
                           struct error *error);

/* What the cache has; its hash is checked, the parameters are not. NULL: none (ERROR_INPUT: the sentence says which file to
 * get and how to import it), or a damaged one. */
struct checkpoint *inception_cache_read(struct inception_cached *cached, struct error *error);

#endif
