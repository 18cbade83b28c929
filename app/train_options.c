#include "app/train_options.h"

#include <math.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/gan/layer_bits.h"
#include "engine/gan/model.h"

/* A resumed or replayed run may get another end or cadence; anything else would make it another training, which is what --from
 * does. `option`: "resume". */
static bool check_same_training(const struct settings_words *words, const char *option, struct error *error)
{
	if (words->recipe)
		return error_set(error, ERROR_INPUT, "--recipe would make --%s another training: use it with --from", option);
	for (int i = 0; i < setting_count; i++) {
		const struct setting_row *row = &setting_rows[i];
		bool harmless = row->changes_nothing || !strcmp(row->name, "steps") || !strcmp(row->name, "epochs");
		if (settings_words_has(words, row) && !harmless)
			return error_set(error, ERROR_INPUT,
			                 "--%s would make --%s another training: leave it out, or start a new run with --from", row->name, option);
	}
	return true;
}

/* Steps and epochs are two ways to say one end: the one given on the command line replaces the other. */
static void replace_end(const struct settings_words *words, struct gan_settings *settings)
{
	bool steps = words->flag[setting_find("steps") - setting_rows] != NULL;
	bool epochs = words->flag[setting_find("epochs") - setting_rows] != NULL;
	if (epochs && !steps)
		settings->steps = 0;
	if (steps && !epochs)
		settings->epochs = 0;
}

/* A fork trains as much again as its settings say: its end counts from the checkpoint. */
void train_options_count_from_checkpoint(struct training_start *start)
{
	if (start->settings.steps > 0)
		start->settings.steps += start->checkpoint_step;
	else if (start->settings.epochs > 0)
		start->settings.epochs += (int64_t)ceil(start->checkpoint_epochs - 1e-6);
}

static bool resolve_recorded(const struct train_options *options, const char *store_path, struct training_start *start,
                             struct replay *replay, struct error *error)
{
	const char *same = options->resume ? "resume" : options->replay ? "replay" : NULL;
	if (same && !check_same_training(&options->settings, same, error))
		return false;
	struct store *store = store_open(store_path, STORE_READ, error);
	if (!store)
		return false;
	bool good = options->resume   ? training_prepare_resume(store, options->resume, start, error)
	            : options->replay ? replay_prepare(store, options->replay, replay, start, error)
	                              : training_prepare_fork(store, options->from, start, error);
	store_close(store);
	/* A new end is kept with the run: resumed once more, it still ends there. */
	start->origins_known = true;
	if (!good || !settings_apply_flags(&options->settings, &start->settings, &start->origins, error) ||
	    !settings_apply_flags(&options->settings, &start->configured, NULL, error))
		return false;
	replace_end(&options->settings, &start->settings);
	replace_end(&options->settings, &start->configured);
	if (options->from)
		train_options_count_from_checkpoint(start);
	return true;
}

static bool check_data(const struct train_options *options, const struct gan_settings *settings, struct error *error)
{
	const char *recipe = options->settings.recipe;
	if (dataset_check(settings->data, error))
		return true;
	bool bare = dataset_kind_find(settings->data); /* a recipe knows the kind, but not where it lies here */
	return recipe && bare ? error_prefix(error, "recipe %.60s wants --data", recipe) : false;
}

static bool check_one_origin(const struct train_options *options, struct error *error)
{
	if (options->resume && (options->from || options->name))
		return error_set(error, ERROR_INPUT, "--resume continues a run under its own name: leave out %s",
		                 options->from ? "--from" : "--run-name");
	if (options->replay && (options->from || options->resume))
		return error_set(error, ERROR_INPUT, "--replay begins where the run began: leave out %s", options->from ? "--from" : "--resume");
	return true;
}

bool train_options_resolve(const struct train_options *options, char store_path[PATH_SIZE], struct training_start *start,
                           struct replay *replay, struct error *error)
{
	if (!path_store(options->store, store_path, error))
		return false;
	if (!check_one_origin(options, error))
		return false;
	if (options->resume || options->from || options->replay) {
		if (!resolve_recorded(options, store_path, start, replay, error))
			return false;
	} else {
		*start = (struct training_start){0};
		start->origins_known = true;
		if (!settings_load(&options->settings, &start->settings, &start->origins, error))
			return false;
		replace_end(&options->settings, &start->settings);
	}
	if (options->name && !text_copy(start->name, sizeof start->name, options->name))
		return error_set(error, ERROR_INPUT, "--run-name: expected at most %d bytes", RUN_NAME_SIZE - 1);
	return settings_check(&start->settings, error) && model_game_check(&start->settings, error) &&
	       layer_bits_settle(&start->settings, error) && check_data(options, &start->settings, error);
}
