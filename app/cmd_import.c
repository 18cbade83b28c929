/* qgan import FILE: weights that others trained, checked and converted once into the user's cache. */
#include "app/commands.h"

#include <stdio.h>

#include "app/interrupt.h"
#include "engine/base/text.h"
#include "engine/metric/inception_file.h"

struct import_arguments {
	bool json;
};

/* Up to here nothing is written, so that a signal leaves nothing. */
static bool read_and_write(const char *path, struct inception_origin *origin, struct inception_cached *cached, struct error *error)
{
	struct checkpoint *parameters = inception_file_read(path, 1, origin, error);
	bool good = parameters != NULL;
	if (good && interrupt_count())
		good = error_set(error, ERROR_CANCELLED, "the import was stopped; nothing is written");
	good = good && inception_cache_write(parameters, origin, cached, error);
	checkpoint_destroy(parameters);
	return good;
}

static int print_result(const struct inception_origin *origin, const struct inception_cached *cached, bool json)
{
	char amount[32];
	if (json)
		return cli_print_json(json_pack("{s:s, s:o, s:b, s:s, s:s, s:i, s:i, s:o, s:I, s:s}",
			"network", "inception-v3", "source", cli_json_text(origin->source), "published", origin->known,
			"source_sha256", origin->hash, "layout", origin->layout, "tensors", origin->tensors, "skipped", origin->skipped,
			"path", cli_json_text(cached->path), "bytes", (json_int_t)cached->bytes, "hash", cached->hash));
	printf("inception-v3 from %s (%s)\n", origin->source, origin->layout);
	printf("%s\n", origin->known ? "one of the files that torchvision publishes, by its SHA-256"
	                             : "none of the files that torchvision publishes: scores will not compare with those of papers");
	printf("tensors   %d kept, %d left out (the auxiliary classifier, counters)\n", origin->tensors - origin->skipped,
	       origin->skipped);
	printf("weights   SHA-256 %s\n", cached->hash);
	printf("cached    %s, %s\n", cached->path, text_bytes_amount(amount, sizeof amount, (double)cached->bytes));
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run(int argc, char **argv)
{
	struct import_arguments arguments = {0};
	struct inception_origin origin;
	struct inception_cached cached;
	struct error error = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_import.syntax, subcommand_import.help, argc, argv, &arguments, &words, &status))
		return status;
	interrupt_install();
	if (read_and_write(words.items[0], &origin, &cached, &error))
		return print_result(&origin, &cached, arguments.json);
	status = cli_fail(&error);
	return error.code == ERROR_CANCELLED ? interrupt_exit_status() : status;
}

static const struct cli_option options[] = {
	CLI_JSON(struct import_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_import = {
	.name = "import",
	.help = "Take torchvision's weights of Inception-v3 into the cache, for scores as papers give them.",
	.syntax = {
		.positionals = "FILE",
		.min = 1,
		.max = 1,
		.options = options,
		.notes = "FILE is " INCEPTION_FILE_WANTED "\n"
		         "(108 MB), or another state dict of torchvision's inception_v3 that torch.save or safetensors wrote. Nothing in it\n"
		         "is run. Digits of the SHA-256 in its name are checked, every tensor's shape is; what was imported before is\n"
		         "replaced. Then qgan features and scores take the network inception-v3.\n",
	},
	.run = run,
};
