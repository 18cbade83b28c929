/* What lies under the store: WAL needs memory shared between processes, which network file systems do not give. */
#ifndef QGAN_STORE_FILESYSTEM_H
#define QGAN_STORE_FILESYSTEM_H

#include <stdbool.h>

/* The name of the network file system a file or folder lies on; NULL: a local one, or it cannot be told. Any thread. */
const char *filesystem_network_name(const char *path);

bool filesystem_is_read_only(const char *path); /* mounted so; false also when it cannot be told. Any thread. */

#endif
