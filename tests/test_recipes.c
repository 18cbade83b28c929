/* app/recipes: the program's own are complete and good, a person's are found and go first, and both stand where they should
 * among the layers of settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/recipes.h"
#include "tests/temporary_folder.h"

static struct temporary_folder folder;

static int prepare(void **state)
{
	(void)state;
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char name[SETTING_NAME_SIZE];
		snprintf(name, sizeof name, "QGAN_%s", row->name);
		for (char *c = name; *c; c++)
			*c = *c == '-' ? '_' : (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
		unsetenv(name);
	}
	temporary_folder_create(&folder);
	return setenv("XDG_CONFIG_HOME", folder.path, 1);
}

static int clean_up(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

static void write_file(const char *name, const char *text)
{
	temporary_write(temporary_path(&folder, "qgan/%s", name), text, strlen(text));
}

static struct recipe find(const char *name)
{
	struct recipe recipe;
	struct error error = {0};
	if (!recipe_find(name, &recipe, &error))
		fail_msg("%s", error.text);
	return recipe;
}

static enum setting_origin origin_of(const struct settings_origins *origins, const char *name)
{
	return origins->of[setting_find(name) - setting_rows];
}

/* What makes one training another one: a recipe that stands for a published result leaves none of it to others. */
static const char *const decisive[] = {
	"model", "data", "size", "channels", "width", "latent", "batch", "optimizer", "d-learning-rate", "g-learning-rate", "beta1",
	"beta2", "d-bits", "g-bits", "bits", "exempt", "quantizer", "quantizer-iterations", "literal", "per-channel", "steps", "epochs",
};

static void our_own_are_complete(void **state)
{
	(void)state;
	int count = 0, papers = 0;
	for (const struct recipe_text *row = recipe_texts; row->name; row++, count++) {
		struct settings_origins origins = {0}, tuned = {0};
		struct gan_settings settings, before;
		struct error error = {0};
		struct recipe recipe = find(row->name);
		assert_null(recipe.path);
		assert_true(strlen(recipe.title) > 20 && strlen(recipe.notes) > 20 && recipe.has_fine_tune);
		assert_null(strchr(recipe.title, '\n'));
		settings_set_defaults(&settings);
		assert_true(recipe_apply(&recipe, RECIPE_TRAIN, &settings, &origins, &error));
		for (size_t i = 0; i < sizeof decisive / sizeof *decisive; i++)
			assert_int_equal(origin_of(&origins, decisive[i]), ORIGIN_RECIPE);
		assert_int_equal(origin_of(&origins, "threads"), ORIGIN_DEFAULT); /* the machine's matter */
		assert_int_equal(settings.bits[NETWORK_D], 32);
		assert_int_equal(settings.bits[NETWORK_G], 32);
		before = settings;
		assert_true(recipe_apply(&recipe, RECIPE_FINE_TUNE, &settings, &tuned, &error));
		assert_true(settings.bits[NETWORK_D] <= 8 && settings.bits[NETWORK_G] <= 8);
		assert_true(settings.epochs > 0 && settings.epochs < before.epochs);
		assert_int_equal(origin_of(&tuned, "model"), ORIGIN_DEFAULT);
		papers += !strncmp(row->name, "paper/", 6);
		recipe_clear(&recipe);
	}
	assert_true(count >= 6 && papers == 5);
}

static void the_papers_table_is_kept(void **state)
{
	(void)state;
	static const struct { const char *name, *model, *data; int size, d_bits, g_bits; } rows[] = {
		{"paper/dcgan-cifar10", "dcgan", "cifar10", 32, 1, 2},
		{"paper/wgan-gp-cifar10", "wgan-gp", "cifar10", 32, 1, 3},
		{"paper/lsgan-cifar10", "lsgan", "cifar10", 32, 3, 3},
		{"paper/dcgan-celeba64", "dcgan", "celeba", 64, 1, 3},
		{"paper/dcgan-celeba128", "dcgan", "celeba", 128, 1, 3},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct gan_settings settings;
		struct recipe recipe = find(rows[i].name);
		settings_set_defaults(&settings);
		assert_true(recipe_apply(&recipe, RECIPE_TRAIN, &settings, NULL, NULL));
		assert_true(recipe_apply(&recipe, RECIPE_FINE_TUNE, &settings, NULL, NULL));
		assert_string_equal(settings.model, rows[i].model);
		assert_int_equal(settings.width, rows[i].size == 32 ? 128 : 64); /* 512 features at 4 x 4 pixels; 1024 at 128 */
		assert_string_equal(settings.data, rows[i].data);
		assert_int_equal(settings.size, rows[i].size);
		assert_int_equal(settings.bits[NETWORK_D], rows[i].d_bits);
		assert_int_equal(settings.bits[NETWORK_G], rows[i].g_bits);
		recipe_clear(&recipe);
	}
}

static void layers_win_in_order(void **state)
{
	(void)state;
	struct settings_words words = {.recipe = "mine"};
	struct settings_origins origins;
	struct gan_settings settings;
	char config[TEMPORARY_PATH_SIZE];
	write_file("config", "width = 11\nlatent = 12\nbatch = 13\nsamples = 14\nseed = 15\n");
	write_file("recipes/mine.conf", "latent = 22\nbatch = 23\nsamples = 24\nseed = 25\n[fine-tune]\nseed = 99\n");
	write_file("other", "batch = 33\nsamples = 34\nseed = 35\n");
	snprintf(config, sizeof config, "%s", temporary_path(&folder, "qgan/other"));
	words.config = config;
	words.flag[setting_find("seed") - setting_rows] = "55";
	setenv("QGAN_SAMPLES", "44", 1);
	assert_true(settings_load(&words, &settings, &origins, NULL));
	unsetenv("QGAN_SAMPLES");
	static const struct { const char *name, *value; enum setting_origin origin; } expected[] = {
		{"width", "11", ORIGIN_USER_FILE}, {"latent", "22", ORIGIN_RECIPE}, {"batch", "33", ORIGIN_CONFIG_FILE},
		{"samples", "44", ORIGIN_ENVIRONMENT}, {"seed", "55", ORIGIN_FLAG}, {"size", "32", ORIGIN_DEFAULT},
	};
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		char value[SETTING_TEXT_SIZE];
		assert_string_equal(settings_get(&settings, setting_find(expected[i].name), value, sizeof value), expected[i].value);
		assert_int_equal(origin_of(&origins, expected[i].name), expected[i].origin);
	}
	words = (struct settings_words){.recipe = "mine"}; /* over a run: the other part */
	settings.latent = 77;
	assert_true(settings_apply_flags(&words, &settings, &origins, NULL));
	assert_int_equal(settings.seed, 99);
	assert_int_equal(settings.latent, 77);
	assert_int_equal(origin_of(&origins, "seed"), ORIGIN_RECIPE);
	assert_int_equal(origin_of(&origins, "latent"), ORIGIN_RUN);
	assert_true(settings_words_any(&words));
	unlink(temporary_path(&folder, "qgan/config"));
}

static void a_folder_of_the_kind_stays(void **state)
{
	(void)state;
	static const struct { const char *before, *after; enum setting_origin origin; } cases[] = {
		{"cifar10:/my/pictures", "cifar10:/my/pictures", ORIGIN_USER_FILE}, {"cifar10", "cifar10", ORIGIN_RECIPE},
		{"shapes", "cifar10", ORIGIN_RECIPE}, {"images:/cifar10", "cifar10", ORIGIN_RECIPE},
	};
	struct recipe recipe = find("paper/dcgan-cifar10");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct settings_origins origins = {0};
		struct gan_settings settings;
		settings_set_defaults(&settings);
		assert_true(settings_set(&settings, setting_find("data"), "it", cases[i].before, NULL));
		origins.of[setting_find("data") - setting_rows] = ORIGIN_USER_FILE;
		assert_true(recipe_apply(&recipe, RECIPE_TRAIN, &settings, &origins, NULL));
		assert_string_equal(settings.data, cases[i].after);
		assert_int_equal(origin_of(&origins, "data"), cases[i].origin);
	}
	recipe_clear(&recipe);
}

static void comments_become_title_and_paragraphs(void **state)
{
	(void)state;
	write_file("recipes/deep/er.conf", "# What it is.\r\n#\n# One\n#  paragraph.\n#\n#\n# Another.\n\n# No more.\nwidth = 8\n");
	write_file("recipes/bare.conf", "");
	write_file("recipes/notes.txt", "no recipe");
	struct recipe recipe = find("deep/er");
	assert_string_equal(recipe.title, "What it is.");
	assert_string_equal(recipe.notes, "One paragraph.\nAnother.");
	assert_non_null(strstr(recipe.path, "/qgan/recipes/deep/er.conf"));
	assert_false(recipe.has_fine_tune);
	struct error error = {0};
	struct gan_settings settings;
	settings_set_defaults(&settings);
	assert_false(recipe_apply(&recipe, RECIPE_FINE_TUNE, &settings, NULL, &error));
	assert_string_equal(error.text, "recipe deep/er has no [fine-tune] part for --from: leave it out");
	recipe_clear(&recipe);
	recipe = find("bare");
	assert_string_equal(recipe.title, "");
	recipe_clear(&recipe);
}

static void ones_own_go_first_and_all_are_listed(void **state)
{
	(void)state;
	struct recipe *recipes;
	size_t count, own = 0, texts = 0;
	write_file("recipes/fashion-mnist.conf", "# Mine.\nwidth = 9\n");
	while (recipe_texts[texts].name)
		texts++;
	assert_true(recipes_list(&recipes, &count, NULL));
	for (size_t i = 0; i < count; i++) {
		assert_true(i == 0 || strcmp(recipes[i - 1].name, recipes[i].name) < 0);
		own += recipes[i].path != NULL;
		if (!strcmp(recipes[i].name, "fashion-mnist"))
			assert_string_equal(recipes[i].title, "Mine.");
	}
	assert_int_equal(own, 4); /* mine, deep/er, bare, fashion-mnist */
	assert_int_equal(count, texts + own - 1);
	recipes_free(recipes, count);
	assert_int_equal(unlink(temporary_path(&folder, "qgan/recipes/fashion-mnist.conf")), 0);
}

static void mistakes_are_explained(void **state)
{
	(void)state;
	struct recipe recipe, *recipes;
	size_t count;
	struct error error = {0};
	assert_false(recipe_find("paper/dcgan-cifar1", &recipe, &error));
	assert_string_equal(error.text, "unknown recipe \"paper/dcgan-cifar1\"; did you mean paper/dcgan-cifar10?");
	assert_false(recipe_find("nothing like it", &recipe, &error));
	assert_non_null(strstr(error.text, "expected one of bare, deep/er, fashion-mnist, mine, paper/"));
	write_file("recipes/bad.conf", "# Bad.\nwidth = 8\n[fine-tune]\n\nd-bits = 9\n");
	assert_false(recipe_find("bad", &recipe, &error));
	assert_non_null(strstr(error.text, "/qgan/recipes/bad.conf:5: d-bits must be one of 1, 2,"));
	assert_false(recipes_list(&recipes, &count, &error));
	assert_non_null(strstr(error.text, "bad.conf:5"));
	write_file("recipes/bad.conf", "[fine-tune]\n[fine-tune]\n");
	assert_false(recipe_find("bad", &recipe, &error));
	assert_non_null(strstr(error.text, "bad.conf:2: expected \"name = value\""));
	write_file("recipes/bad.conf", "[other]\n");
	assert_false(recipe_find("bad", &recipe, &error));
	assert_non_null(strstr(error.text, "bad.conf:1: expected \"name = value\""));
	temporary_write(temporary_path(&folder, "qgan/recipes/bad.conf"), "width = 8\0", 10);
	assert_false(recipe_find("bad", &recipe, &error));
	assert_non_null(strstr(error.text, "zero byte"));
	assert_int_equal(unlink(temporary_path(&folder, "qgan/recipes/bad.conf")), 0);
	char name[RECIPE_NAME_SIZE + 40];
	snprintf(name, sizeof name, "recipes/%0*d.conf", RECIPE_NAME_SIZE, 1);
	write_file(name, "");
	assert_false(recipes_list(&recipes, &count, &error));
	assert_non_null(strstr(error.text, "a recipe's name has at most 63 bytes"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_are_complete),
		cmocka_unit_test(the_papers_table_is_kept),
		cmocka_unit_test(layers_win_in_order),
		cmocka_unit_test(a_folder_of_the_kind_stays),
		cmocka_unit_test(comments_become_title_and_paragraphs),
		cmocka_unit_test(ones_own_go_first_and_all_are_listed),
		cmocka_unit_test(mistakes_are_explained),
	};
	return cmocka_run_group_tests(tests, prepare, clean_up);
}
