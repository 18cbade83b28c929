/* The states of a tensor for people, one line each with a bar: shared by `qgan quantize` and `qgan weights`. Main thread. */
#ifndef QGAN_APP_STATE_TABLE_H
#define QGAN_APP_STATE_TABLE_H

#include <stdint.h>

void state_table_print(const double levels[], const uint64_t counts[], int states); /* on stdout */

#endif
