/* What a training will take, before it is started: sizes from its settings, time from how fast this machine has trained
 * before. Main thread. */
#ifndef QGAN_APP_RUN_PLAN_H
#define QGAN_APP_RUN_PLAN_H

#include "engine/gan/gan_size.h"
#include "engine/tensor/precision.h"
#include "store/store.h"

enum { RUN_PLAN_RUNS = 24 /* of the newest are looked at */, RUN_PLAN_BASIS_SIZE = 160 };

/* One recorded run as a measure of this machine. */
struct run_speed {
	char name[RUN_NAME_SIZE], data[DATASET_SPEC_SIZE], model[32];
	int threads, channels;
	enum precision precision;
	double gflops;        /* useful ones, over all its training time; NaN: trained too short, or elsewhere */
	double multiply_adds; /* per step */
	double pictures;      /* in its data set; NaN: not known */
};

struct run_speeds {
	struct run_speed runs[RUN_PLAN_RUNS];
	int count;
	double measured_gflops; /* a short test of this machine instead, 0: none was made */
	struct run_speed counted; /* the data set asked about last that no run was trained on: its pictures and channels */
};

/* Looks at one more run of the store, the newest first; false: there is room for no more. A run that cannot be read is passed
 * over. The answers below need no store any more. */
bool run_speeds_add(struct run_speeds *speeds, struct store *store, int64_t run);

/* GFLOP/s a training gets of what a test of matrix products finds here. Takes about `seconds`; any thread. */
double run_speeds_measure(double seconds);

struct run_plan {
	struct gan_size size;
	double pictures, picture_bytes; /* of the data set, and in memory; NaN: not known before it is read */
	double steps_per_epoch;         /* NaN likewise */
	double last_step;               /* 0: no end; NaN: not known */
	double step_seconds;            /* NaN: nothing is known of this machine */
	char basis[RUN_PLAN_BASIS_SIZE]; /* what the time is worked out from */
};

/* ERROR_INPUT: the settings do not fit together. */
bool run_plan_make(const struct gan_settings *settings, struct run_speeds *speeds, struct run_plan *plan, struct error *error);

#endif
