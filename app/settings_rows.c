/* The rows. */
#include "app/settings.h"

#include <string.h>

#include "engine/gan/layer_bits.h"
#include "engine/gan/model.h"
#include "engine/metric/evaluation.h"
#include "engine/nn/optimizer.h"
#include "engine/quant/quantizer.h"

static const char *quantizer_choice(int index)
{
	return quantizers[index] ? quantizers[index]->name : NULL;
}

static const char *model_choice(int index)
{
	return model_families[index] ? model_families[index]->name : NULL;
}

static const char *optimizer_choice(int index)
{
	return optimizers[index] ? optimizers[index]->name : NULL;
}

static const char *precision_choice(int index)
{
	return precision_wishes[index];
}

static const int allowed_sizes[] = {32, 64, 128, -1};
static const int allowed_channels[] = {0, 1, 3, -1};
static const int allowed_bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 32, -1};

static const char *exemption_choice(int index)
{
	return index < layer_exemption_count ? layer_exemption_names[index] : NULL;
}

#define AT(field) offsetof(struct gan_settings, field)

const struct setting_row setting_rows[] = {
	{.name = "model", .kind = SETTING_NAME, .offset = AT(model), .choice = model_choice, .standard = "dcgan",
	 .argument = "NAME", .help = "model family"},
	{.name = "data", .kind = SETTING_DATA, .offset = AT(data), .argument = "SPEC",
	 .help = "data set, KIND or KIND:DIR; see qgan data list"},
	{.name = "size", .kind = SETTING_INT, .offset = AT(size), .allowed = allowed_sizes, .standard = "32", .argument = "PIXELS",
	 .help = "height and width of the pictures"},
	{.name = "channels", .kind = SETTING_INT, .offset = AT(channels), .allowed = allowed_channels, .standard = "0",
	 .argument = "C", .help = "1 grey, 3 colour, 0 as the data set has them"},
	{.name = "crop", .kind = SETTING_INT, .offset = AT(crop), .allowed = dataset_crops, .standard = "178", .argument = "PIXELS",
	 .help = "CelebA only: the middle square that is used of 178x218 pixels"},
	{.name = "data-memory", .kind = SETTING_INT64, .offset = AT(data_memory), .min = 0, .max = 1 << 30, .standard = "2048",
	 .argument = "MB", .help = "keep pictures from files in memory up to so many MB, else read them as needed; 0: any number",
	 .changes_nothing = true},
	{.name = "width", .kind = SETTING_INT, .offset = AT(width), .min = 1, .max = MODEL_MAX_WIDTH, .standard = "32", .argument = "W",
	 .help = "first feature width: at 32 pixels G has 4W-2W-W channels"},
	{.name = "latent", .kind = SETTING_INT, .offset = AT(latent), .min = 1, .max = MODEL_MAX_LATENT, .standard = "100", .argument = "N",
	 .help = "length of the noise vector z"},
	{.name = "batch", .kind = SETTING_INT, .offset = AT(batch), .min = 2, .max = MODEL_MAX_BATCH, .standard = "64", .argument = "N",
	 .help = "pictures in a batch"},
	{.name = "d-bits", .kind = SETTING_INT, .offset = AT(bits[NETWORK_D]), .allowed = allowed_bits, .standard = "32",
	 .argument = "K", .help = "bits of D's weights, 32: not quantized"},
	{.name = "g-bits", .kind = SETTING_INT, .offset = AT(bits[NETWORK_G]), .allowed = allowed_bits, .standard = "32",
	 .argument = "K", .help = "bits of G's weights, 32: not quantized"},
	{.name = "bits", .kind = SETTING_BITS, .offset = AT(layer_bits), .standard = "none", .argument = "N.LAYER=K,..",
	 .help = "bits of single layers, G.conv1=4,D.conv4=32, stronger than all else; may be given several times"},
	{.name = "exempt", .kind = SETTING_NAME, .offset = AT(exempt), .choice = exemption_choice, .standard = "none",
	 .argument = "WHICH", .help = "layers of D and of G that stay float; the paper quantizes all of them"},
	{.name = "quantizer", .kind = SETTING_NAME, .offset = AT(quantizer), .choice = quantizer_choice, .standard = "em",
	 .argument = "NAME", .help = "how weights become k-bit states"},
	{.name = "quantizer-iterations", .kind = SETTING_INT, .offset = AT(quantizer_iterations), .min = 0, .max = 1000,
	 .standard = "0", .argument = "N",
	 .help = "iterations a step, from the last step's fit, 0: one; with literal: of every fit, 0: as the paper prints"},
	{.name = "literal", .kind = SETTING_SWITCH, .offset = AT(literal), .standard = "no",
	 .help = "the paper's EM to the letter: one start, anew at every step"},
	{.name = "per-channel", .kind = SETTING_SWITCH, .offset = AT(per_channel), .standard = "no",
	 .help = "alpha and beta for each output channel instead of each tensor (beyond the paper)"},
	{.name = "allow-degenerate", .kind = SETTING_SWITCH, .offset = AT(allow_degenerate), .standard = "no",
	 .help = "train also with fewer bits than a quantizer has states for"},
	{.name = "critic-steps", .kind = SETTING_INT, .offset = AT(critic_steps), .min = 1, .max = MODEL_MAX_CRITIC_STEPS,
	 .standard = "1", .argument = "N", .help = "updates of D in a step, each with a batch of its own, before the one of G"},
	{.name = "gradient-penalty", .kind = SETTING_REAL, .offset = AT(gradient_penalty), .min = 0, .max = 1e6, .standard = "0",
	 .argument = "WEIGHT", .help = "weight of WGAN-GP's penalty on D's gradient, 0: none; not with batch norm in D"},
	{.name = "layer-norm", .kind = SETTING_SWITCH, .offset = AT(layer_norm), .standard = "no",
	 .help = "wgan-gp: layer norm in the critic"},
	{.name = "loss-a", .kind = SETTING_REAL, .offset = AT(loss_a), .min = -1e6, .max = 1e6, .standard = "0",
	 .argument = "LABEL", .help = "lsgan: the score D is to give generated pictures"},
	{.name = "loss-b", .kind = SETTING_REAL, .offset = AT(loss_b), .min = -1e6, .max = 1e6, .standard = "1",
	 .argument = "LABEL", .help = "lsgan: the score D is to give real pictures"},
	{.name = "loss-c", .kind = SETTING_REAL, .offset = AT(loss_c), .min = -1e6, .max = 1e6, .standard = "1",
	 .argument = "LABEL", .help = "lsgan: the score G wants for its pictures"},
	{.name = "precision", .kind = SETTING_NAME, .offset = AT(precision), .choice = precision_choice, .standard = "auto",
	 .argument = "NAME", .help = "what products are computed in; auto: bf16 where the processor multiplies it faster, else float32"},
	{.name = "optimizer", .kind = SETTING_NAME, .offset = AT(optimizer), .choice = optimizer_choice, .standard = "adam",
	 .argument = "NAME", .help = "how gradients change weights"},
	{.name = "d-learning-rate", .kind = SETTING_REAL, .offset = AT(learning_rate[NETWORK_D]), .min = 0, .max = 10,
	 .standard = "0.0002", .argument = "RATE", .help = "learning rate of D"},
	{.name = "g-learning-rate", .kind = SETTING_REAL, .offset = AT(learning_rate[NETWORK_G]), .min = 0, .max = 10,
	 .standard = "0.0002", .argument = "RATE", .help = "learning rate of G"},
	{.name = "beta1", .kind = SETTING_REAL, .offset = AT(beta1), .min = 0, .max = 0.999999, .standard = "0.5",
	 .argument = "BETA", .help = "Adam's first decay; momentum of SGD"},
	{.name = "beta2", .kind = SETTING_REAL, .offset = AT(beta2), .min = 0, .max = 0.999999999, .standard = "0.999",
	 .argument = "BETA", .help = "Adam's second decay"},
	{.name = "seed", .kind = SETTING_SEED, .offset = AT(seed), .standard = "7", .argument = "N",
	 .help = "start of every random sequence, or random"},
	{.name = "threads", .kind = SETTING_INT, .offset = AT(threads), .min = 0, .max = PARALLEL_MAX_THREADS, .standard = "0",
	 .argument = "N", .help = "compute threads, 0: one per usable core", .changes_nothing = true},
	{.name = "steps", .kind = SETTING_INT64, .offset = AT(steps), .min = 0, .max = SETTING_FOREVER, .standard = "0", .argument = "N",
	 .help = "end after so many steps, 0: by epochs"},
	{.name = "epochs", .kind = SETTING_INT64, .offset = AT(epochs), .min = 0, .max = SETTING_FOREVER, .standard = "12", .argument = "N",
	 .help = "end after so many epochs when steps is 0; 0: never"},
	{.name = "checkpoint-every", .kind = SETTING_INT64, .offset = AT(checkpoint_every), .min = 0, .max = SETTING_FOREVER,
	 .standard = "500", .argument = "N", .help = "steps between checkpoints, 0: only at the end", .changes_nothing = true},
	{.name = "sample-every", .kind = SETTING_INT64, .offset = AT(sample_every), .min = 0, .max = SETTING_FOREVER, .standard = "100",
	 .argument = "N", .help = "steps between sample grids, 0: on request", .changes_nothing = true},
	{.name = "layers-every", .kind = SETTING_INT64, .offset = AT(layers_every), .min = 0, .max = SETTING_FOREVER, .standard = "50",
	 .argument = "N", .help = "steps between layer statistics, 0: never", .changes_nothing = true},
	{.name = "metric-every", .kind = SETTING_INT64, .offset = AT(metric_every), .min = 1, .max = SETTING_FOREVER, .standard = "10",
	 .argument = "N", .help = "steps between points of the curves", .changes_nothing = true},
	{.name = "samples", .kind = SETTING_INT, .offset = AT(samples), .min = 1, .max = 1024, .standard = "64", .argument = "N",
	 .help = "tiles of the sample grid", .changes_nothing = true},
	{.name = "eval-every", .kind = SETTING_INT64, .offset = AT(eval_every), .min = 0, .max = SETTING_FOREVER, .standard = "0",
	 .argument = "N", .help = "steps between live scores, 0: as often as takes less than a tenth of the time",
	 .changes_nothing = true},
	{.name = "eval-samples", .kind = SETTING_INT, .offset = AT(eval_samples), .min = 0, .max = EVALUATION_MAX_SAMPLES,
	 .standard = "1000", .argument = "N", .help = "pictures of a live score, 0: no live scores", .changes_nothing = true},
	{.name = "features", .kind = SETTING_FEATURES, .offset = AT(features), .standard = FEATURES_AUTO, .argument = "NETWORK",
	 .help = "what scores look through; auto: the ready-made classifier of the data set", .changes_nothing = true},
	{.name = NULL},
};
const int setting_count = sizeof setting_rows / sizeof *setting_rows - 1;
_Static_assert(sizeof setting_rows / sizeof *setting_rows - 1 <= SETTINGS_MAX, "settings_words has no room for every row");

const struct setting_row *setting_find(const char *name)
{
	for (const struct setting_row *row = setting_rows; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}
