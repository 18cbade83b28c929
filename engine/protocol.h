/* What the main thread says to the engine (commands) and what the engine tells (events), as tagged plain structs.
 *
 * Commands take effect between steps and are answered by an EVENT_REPLY within one step, also when the training has
 * ended before (ERROR_STATE, but for a stop); those that change the training are journalled with the number of the
 * last step done before them. Progress merges (only the latest is kept); everything else is a fact and is never
 * dropped. Pointers inside an event belong to its receiver, who calls event_release exactly once. */
#ifndef QGAN_ENGINE_PROTOCOL_H
#define QGAN_ENGINE_PROTOCOL_H

#include "engine/gan/trainer.h"
#include "engine/gan/verdict.h"
#include "engine/metric/scorer.h"

enum engine_state {
	ENGINE_LOADING,  /* opening the data set, building the networks */
	ENGINE_RUNNING,
	ENGINE_PAUSED,
	ENGINE_STOPPING, /* a last checkpoint and sample are being taken */
	ENGINE_FINISHED, /* the last step of the settings is done; state saved */
	ENGINE_STOPPED,  /* stopped on request before that; state saved */
	ENGINE_FAILED,   /* see the text of the event */
};
const char *engine_state_name(enum engine_state state);

enum command_kind {
	COMMAND_PAUSE,
	COMMAND_RESUME,
	COMMAND_STEP,              /* one step, then paused; asked again before that: one more */
	COMMAND_STOP,              /* checkpoint, sample, end */
	COMMAND_SET_BITS,          /* network, bits */
	COMMAND_SET_QUANTIZER,     /* name */
	COMMAND_SET_LEARNING_RATE, /* network, rate */
	COMMAND_CHECKPOINT,
	COMMAND_SAMPLE,            /* seed 0: the fixed noise */
	COMMAND_SET_LAYER_BITS,    /* network, name: the layer, bits (0: the network's again) */
	COMMAND_EVALUATE,          /* a paper-grade score of G as it is now, beside the training; goes on with one that is held */
	COMMAND_STOP_EVALUATION,   /* gives that up */
	COMMAND_SNAPSHOT,          /* a copy of the state to be looked at, not recorded */
};
const char *command_name(enum command_kind kind);

struct command {
	enum command_kind kind;
	enum network_id network;
	int bits;
	double rate;
	char name[GAN_NAME_SIZE];
	uint64_t seed;
	uint64_t id; /* comes back in the reply */
};

enum event_kind {
	EVENT_STATE,      /* state; with ENGINE_FAILED, and when trouble has paused it: error */
	EVENT_STARTED,    /* facts: the trainer is built */
	EVENT_LOADING,    /* done of total pictures (merges) */
	EVENT_PROGRESS,   /* the latest step (merges) */
	EVENT_METRICS,    /* a metric point every settings.metric_every steps: report, mean over the steps since the last */
	EVENT_LAYERS,     /* layer reports */
	EVENT_SAMPLE,     /* picture grid */
	EVENT_CHECKPOINT, /* state copy to be written by the recorder */
	EVENT_JOURNAL,    /* text: a change that took effect after `step` */
	EVENT_REPLY,      /* to command id: ok or error */
	EVENT_SNAPSHOT,   /* checkpoint: a copy of the state, for looking at */
	EVENT_VERDICT,    /* verdict: how the training is judged now */
	EVENT_SCORE,      /* score: of pictures drawn after `step`, which may be long ago */
	EVENT_SCORING,    /* scoring: what is being scored; with an error: why no score is to be had (merges) */
};

struct engine_score {
	struct score_report report;
	int64_t step;
	bool live;                /* due by itself; else asked for */
	int bits[NETWORK_COUNT];
};

struct scoring_progress {
	bool active, live;
	bool held;                /* waits, as the training is paused */
	bool reference;           /* looks at the real pictures first */
	size_t samples;
	int64_t step;             /* whose pictures they are */
	double share, seconds_left; /* NaN: not known yet */
};

struct progress {
	struct step_report report;
	double images_per_second; /* over the last seconds */
	double gflops;            /* useful, likewise */
	double eta_seconds;       /* NaN: the training has no end */
	double quantize_share;    /* of the step time, 0..1 */
};

struct event {
	enum event_kind kind;
	int64_t step;  /* last step done when it was sent */
	double time;   /* clock_unix() */
	enum engine_state state;
	struct error error;            /* SCORING; STATE with FAILED or paused by trouble, REPLY when refused (code ERROR_NONE: done) */
	uint64_t command_id;           /* REPLY; CHECKPOINT, SNAPSHOT: the command that asked for it, 0: a periodic one */
	enum command_kind command;     /* REPLY, JOURNAL */
	char text[160];                /* JOURNAL: "D bits 32 > 2" for people */
	char field[32], value[LAYER_BITS_SIZE]; /* JOURNAL: what was set, for machines: "d-bits", "2" */
	size_t done, total;            /* LOADING */
	struct progress progress;      /* PROGRESS, METRICS */
	struct trainer_facts facts;    /* STARTED */
	struct layer_report *layers;   /* LAYERS, owned */
	int layer_count;
	struct image *picture;         /* SAMPLE, owned */
	int tiles, columns;            /* SAMPLE */
	uint64_t seed;                 /* SAMPLE: 0 is the fixed noise */
	double diversity;              /* SAMPLE: mean distance of its pictures over that of real ones; NaN: not known */
	struct verdict verdict;        /* VERDICT */
	struct engine_score *score;    /* SCORE, owned */
	struct scoring_progress scoring; /* SCORING */
	struct checkpoint *checkpoint; /* CHECKPOINT, SNAPSHOT; owned */
	bool best;                     /* CHECKPOINT: of the lowest FID since the engine began */
	bool last;                     /* CHECKPOINT: the one a stop or the end asked for */
};

void event_release(struct event *event); /* frees what it owns and clears the pointers */

#endif
