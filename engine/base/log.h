/* The log file: one line an entry, "2026-11-24T10:00:00Z level text". Nothing else may write to the terminal while
 * the screen is up. Without log_open entries of level WARNING and above go to stderr. Any thread. */
#ifndef QGAN_ENGINE_BASE_LOG_H
#define QGAN_ENGINE_BASE_LOG_H

#include "engine/base/error.h"

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

bool log_open(const char *path, struct error *error); /* appends; folders are not made */
void log_close(void);
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
