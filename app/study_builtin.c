#include "app/study_builtin.h"

#include <stddef.h>
#include <string.h>

/* What the paper's studies of CIFAR-10 have in common (paper, sections 3 and 5): the DCGAN of 128 features, trained in full
 * precision and then fine-tuned for far fewer epochs. The paper gives neither number: 50 and 5 epochs of 781 steps are ours.
 * No layer is exempt and no formula is bent, so that Log-Q and Tanh-Q at 1 bit, which degenerate, fail as cells and are told.
 * Whoever has other data says so: --data SPEC. */
#define CIFAR_DCGAN \
	"data = cifar10:cifar-10-batches-bin\n" \
	"model = dcgan\nsize = 32\nwidth = 128\nbatch = 64\nseed = 7\n" \
	"base-steps = 39050\ncell-steps = 3905\n" \
	"evaluations = 3\nsamples = 5000\n"

const struct study_builtin study_builtins[] = {
	{"paper/table1", "four methods at 2 bits, both networks, fine-tuned (CIFAR-10 DCGAN)",
	 CIFAR_DCGAN "title = Table 1: quantization to 2 bits\nmethods = minmax, log, tanh, em\nbits = 2\nnetworks = both\npaper = table1\n"},
	{"paper/table2", "four methods at 1 to 4 bits, both networks, fine-tuned (CIFAR-10 DCGAN)",
	 CIFAR_DCGAN "title = Table 2: quantization to 1 to 4 bits\nmethods = minmax, log, tanh, em\nbits = 1, 2, 3, 4\nnetworks = both\n"
	 "paper = table2\n"},
	{"paper/table3", "multi-precision D/G bits of DCGAN, WGAN-GP and LSGAN on CIFAR-10, fine-tuned",
	 CIFAR_DCGAN "title = Table 3: multi-precision, CIFAR-10\nmodels = dcgan, wgan-gp, lsgan\nmethods = em\npairs = 1/2, 1/3, 3/3\n"
	 "paper = table3\n"},
	{"paper/table3-celeba64", "its row of CelebA faces at 64 pixels",
	 "data = celeba:celeba\nmodel = dcgan\nsize = 64\nwidth = 64\nbatch = 64\nseed = 7\nbase-steps = 25430\ncell-steps = 2543\n"
	 "evaluations = 3\nsamples = 5000\ntitle = Table 3: multi-precision, CelebA 64x64\nmethods = em\npairs = 1/3\npaper = table3\n"},
	{"paper/table3-celeba128", "its row of CelebA faces at 128 pixels",
	 "data = celeba:celeba\nmodel = dcgan\nsize = 128\nwidth = 64\nbatch = 64\nseed = 7\nbase-steps = 25430\ncell-steps = 2543\n"
	 "evaluations = 3\nsamples = 5000\ntitle = Table 3: multi-precision, CelebA 128x128\nmethods = em\npairs = 1/3\npaper = table3\n"},
	{"paper/figure1", "states of D's first and G's last layer at 2 bits, before fine-tuning (Figure 3 too)",
	 CIFAR_DCGAN "title = Figures 1 and 3: states at 2 bits before fine-tuning\nmethods = minmax, log, tanh, em\nbits = 2\n"
	 "networks = both\ncell-steps = 1\nlayers-every = 1\npaper = figure1\n"},
	/* Live scores every other epoch make its curves. */
	{"paper/figure2", "Inception Score over the epochs, Log-Q from scratch: D alone, both, G alone",
	 CIFAR_DCGAN "title = Figure 2: Log-Q trained from scratch\nphase = scratch\nmethods = log\nbits = 2, 3, 4\nnetworks = D, both, G\n"
	 "cell-steps = 39050\neval-every = 1562\neval-samples = 2000\npaper = figure2\n"},
	{"paper/figure4", "Inception Score over the bits, four methods: D alone, both, G alone",
	 CIFAR_DCGAN "title = Figure 4: which network is quantized\nmethods = minmax, log, tanh, em\nbits = 1, 2, 3, 4\n"
	 "networks = D, both, G\npaper = figure4\n"},
	{NULL, NULL, NULL},
};

const struct study_builtin *study_builtin_find(const char *name)
{
	for (const struct study_builtin *study = study_builtins; study->name; study++)
		if (!strcmp(study->name, name))
			return study;
	return NULL;
}
