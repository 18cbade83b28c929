/* What the files of qgan features share. Main thread. */
#ifndef QGAN_APP_CMD_FEATURES_H
#define QGAN_APP_CMD_FEATURES_H

#include "app/commands.h"
#include "engine/data/dataset.h"
#include "engine/metric/feature_network.h"

extern const struct subcommand features_train_command;

/* Opens a labelled or other set with a progress line. size and channels as in dataset_options. */
struct dataset *features_open_dataset(const char *spec, const char *split, int size, size_t limit, struct error *error);

/* Share of the set's labels that the network finds, with a progress line. */
bool features_measure_accuracy(struct feature_network *network, struct parallel *parallel, const struct dataset *dataset,
                               double *accuracy, double *seconds, struct error *error);

struct feature_pictures features_of_dataset(const struct dataset *dataset);

/* For feature_run: draws a progress line, stops on SIGINT and SIGTERM. context: struct cli_progress. */
bool features_show_progress(void *progress, size_t done, size_t total);

/* Prints the sentence; the status is that of the signal after ERROR_CANCELLED by one, else as of cli_fail. */
int features_fail(const struct error *error);

#endif
