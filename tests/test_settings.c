/* app/settings: every row against its own range, the layers and where values come from, config files, JSON. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/paths.h"
#include "app/settings.h"
#include "engine/gan/model.h"
#include "engine/base/memory.h"
#include "tests/temporary_folder.h"

static uint64_t random_state = 1;

/* The next of a fixed sequence, below `end`. */
static uint64_t pick(uint64_t end)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (random_state >> 33) % end;
}

static bool takes(const struct setting_row *row, const char *value)
{
	struct gan_settings settings, before;
	struct error error = {0};
	char back[SETTING_TEXT_SIZE];
	settings_set_defaults(&settings);
	before = settings;
	bool good = settings_set(&settings, row, "--it", value, &error);
	if (good) {
		assert_string_equal(settings_get(&settings, row, back, sizeof back), value);
		return true;
	}
	assert_memory_equal(&settings, &before, sizeof settings);
	assert_int_equal(error.code, ERROR_INPUT);
	assert_memory_equal(error.text, "--it must be ", 13);
	assert_non_null(strstr(error.text, ", not \""));
	return false;
}

static bool takes_integer(const struct setting_row *row, int64_t value)
{
	char text[32];
	snprintf(text, sizeof text, "%lld", (long long)value);
	return takes(row, text);
}

static bool takes_real(const struct setting_row *row, double value)
{
	struct gan_settings settings;
	struct error error;
	char text[40];
	snprintf(text, sizeof text, "%.17g", value);
	settings_set_defaults(&settings);
	if (!settings_set(&settings, row, "--it", text, &error))
		return false;
	assert_true(*(double *)((char *)&settings + row->offset) == value);
	return true;
}

static bool is_number(const struct setting_row *row)
{
	return row->kind == SETTING_INT || row->kind == SETTING_INT64;
}

static void the_table_is_sound(void **state)
{
	(void)state;
	assert_true(setting_count > 0 && setting_count <= SETTINGS_MAX);
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		assert_ptr_equal(setting_find(row->name), row);
		assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz-0123456789"), strlen(row->name));
		assert_true((row->argument != NULL) == (row->kind != SETTING_SWITCH));
		assert_true(row->help && *row->help && row->help[strlen(row->help) - 1] != '.');
		assert_true((row->kind == SETTING_NAME) == (row->choice != NULL));
		assert_true(row->standard || row->kind == SETTING_DATA);
		if (row->standard)
			assert_true(takes(row, row->standard));
		for (const struct setting_row *other = setting_rows; other < row; other++)
			assert_true(other->offset != row->offset);
	}
	assert_null(setting_find("nonsense"));
}

static void whole_numbers_end_where_the_row_says(void **state)
{
	(void)state;
	int ranges = 0, lists = 0;
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		if (!is_number(row))
			continue;
		assert_false(takes(row, "99999999999999999999"));
		if (!row->allowed) {
			ranges++;
			assert_true(takes_integer(row, (int64_t)row->min) && takes_integer(row, (int64_t)row->max));
			assert_false(takes_integer(row, (int64_t)row->min - 1) || takes_integer(row, (int64_t)row->max + 1));
			continue;
		}
		lists++;
		for (int value = -2, next = 0; value < 200; value++) {
			bool listed = row->allowed[next] == value && value >= 0;
			assert_int_equal(takes_integer(row, value), listed);
			next += listed;
		}
	}
	assert_true(ranges > 5 && lists == 5);
}

static void real_numbers_end_where_the_row_says(void **state)
{
	(void)state;
	int seen = 0;
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		if (row->kind != SETTING_REAL)
			continue;
		seen++;
		assert_true(takes_real(row, row->min) && takes_real(row, row->max) && takes_real(row, (row->min + row->max) / 3));
		assert_false(takes_real(row, nextafter(row->min, -INFINITY)) || takes_real(row, nextafter(row->max, INFINITY)));
		assert_false(takes(row, "nan") || takes(row, "inf") || takes(row, "1e400") || takes(row, "1,5"));
	}
	assert_int_equal(seen, 8);
}

static void what_is_no_value_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", " ", " 1", "1 ", "1x", "--", "0x20", "1\n", "\x1b[2J", "\xff\xfe", "%s%n"};
	for (const struct setting_row *row = setting_rows; row->name; row++)
		for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
			if (row->kind != SETTING_DATA)
				assert_false(takes(row, wrong[i]));
	const struct setting_row *data = setting_find("data");
	char longest[DATASET_SPEC_SIZE + 1];
	memset(longest, 'x', sizeof longest);
	longest[DATASET_SPEC_SIZE] = '\0';
	assert_false(takes(data, longest) || takes(data, "") || takes(data, "images:/tmp/\xff"));
	longest[DATASET_SPEC_SIZE - 1] = '\0';
	assert_true(takes(data, longest));
}

static void seeds_and_names(void **state)
{
	(void)state;
	const struct setting_row *seed = setting_find("seed"), *quantizer = setting_find("quantizer");
	struct gan_settings settings;
	struct error error;
	assert_true(takes(seed, "0") && takes(seed, "9223372036854775807"));
	assert_false(takes(seed, "9223372036854775808") || takes(seed, "-1") || takes(seed, "1.5"));
	assert_true(settings_set(&settings, seed, "--seed", "random", &error));
	assert_true(settings.seed <= UINT32_MAX);
	assert_false(settings_set(&settings, quantizer, "--quantizer", "cosine", &error));
	for (int i = 0; quantizer->choice(i); i++) {
		assert_true(takes(quantizer, quantizer->choice(i)));
		assert_non_null(strstr(error.text, quantizer->choice(i)));
	}
}

static void feature_networks_are_known_ones(void **state)
{
	(void)state;
	const struct setting_row *features = setting_find("features");
	struct gan_settings settings;
	struct error error;
	assert_string_equal(features->standard, "auto");
	assert_true(takes(features, "auto") && takes(features, "classifier") && takes(features, "classifier:/some where/file"));
	assert_false(takes(features, "vgg") || takes(features, "auto:x") || takes(features, "classifier:\xff"));
	assert_false(settings_set(&settings, features, "--features", "vgg", &error));
	assert_non_null(strstr(error.text, "auto or NETWORK[:WEIGHTS] of classifier"));
}

static void switches_are_yes_or_no(void **state)
{
	(void)state;
	int seen = 0;
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		if (row->kind != SETTING_SWITCH)
			continue;
		seen++;
		assert_string_equal(row->standard, "no");
		assert_true(takes(row, "yes") && takes(row, "no"));
		assert_false(takes(row, "true") || takes(row, "1") || takes(row, "Yes"));
	}
	assert_int_equal(seen, 4);
}

static void bits_of_single_layers(void **state)
{
	(void)state;
	const struct setting_row *row = setting_find("bits");
	assert_true(takes(row, "none") && takes(row, "G.deconv1=4") && takes(row, "G.conv1=4,D.conv4=32,D.conv1=1"));
	static const char *const wrong[] = {"G.deconv1", "G.deconv1=", "G.deconv1=9", "G.deconv1=0", "deconv1=4", "E.conv1=4", "G.=4",
		"G.deconv1=4,", ",G.deconv1=4", "G.deconv1=4,,D.conv1=2", "G.deconv1=4 D.conv1=2", "G.a-b=4", "g.deconv1=4", "none,none"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(takes(row, wrong[i]));
	struct gan_settings settings;
	struct error error;
	settings_set_defaults(&settings);
	assert_true(settings_set(&settings, row, "it", "G.conv1=4,D.conv4=2,G.conv1=8", &error)); /* the later word counts */
	assert_string_equal(settings.layer_bits, "G.conv1=8,D.conv4=2");
	assert_true(settings_set(&settings, row, "it", "none", &error));
	assert_string_equal(settings.layer_bits, "");
}

/* ---- layers ---- */

struct home {
	struct temporary_folder folder;
	const char *user, *file; /* the user's config file and one for --config */
};

static int make_home(void **state)
{
	struct home *home = memory_zeroed(1, sizeof *home);
	char path[PATH_SIZE];
	struct error error;
	temporary_folder_create(&home->folder);
	setenv("HOME", home->folder.path, 1);
	unsetenv("XDG_CONFIG_HOME");
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char name[64];
		snprintf(name, sizeof name, "QGAN_%s", row->name);
		for (char *c = name; *c; c++)
			*c = *c == '-' ? '_' : (*c >= 'a' && *c <= 'z') ? (char)(*c - 'a' + 'A') : *c;
		unsetenv(name);
	}
	home->user = memory_text(temporary_path(&home->folder, ".config/qgan/config"));
	home->file = memory_text(temporary_path(&home->folder, "other"));
	assert_true(path_config(path, &error));
	assert_string_equal(path, home->user);
	*state = home;
	return 0;
}

static int leave_home(void **state)
{
	struct home *home = *state;
	temporary_folder_remove(&home->folder);
	free((char *)home->user);
	free((char *)home->file);
	free(home);
	unsetenv("QGAN_WIDTH");
	return 0;
}

static void write_text(const char *path, const char *text)
{
	temporary_write(path, text, strlen(text));
}

/* Whichever layers speak, the last of them wins and is named. */
static void later_layers_win(void **state)
{
	const struct home *home = *state;
	const int width = (int)(setting_find("width") - setting_rows);
	for (unsigned layers = 0; layers < 16; layers++) {
		struct settings_words words = {0};
		struct settings_origins origins;
		struct gan_settings settings;
		struct error error = {0};
		write_text(home->user, layers & 1 ? "width = 10\n" : "# nothing\n");
		write_text(home->file, layers & 2 ? "width=20" : "batch = 32");
		words.config = home->file;
		if (layers & 4)
			setenv("QGAN_WIDTH", "30", 1);
		else
			setenv("QGAN_WIDTH", "", 1);
		words.flag[width] = layers & 8 ? "40" : NULL;
		assert_true(settings_load(&words, &settings, &origins, &error));
		int expected = layers & 8 ? 40 : layers & 4 ? 30 : layers & 2 ? 20 : layers & 1 ? 10 : 32;
		enum setting_origin origin = layers & 8 ? ORIGIN_FLAG : layers & 4 ? ORIGIN_ENVIRONMENT : layers & 2 ? ORIGIN_CONFIG_FILE :
		                             layers & 1 ? ORIGIN_USER_FILE : ORIGIN_DEFAULT;
		assert_int_equal(settings.width, expected);
		assert_int_equal(origins.of[width], origin);
		assert_int_equal(settings.batch, layers & 2 ? 64 : 32);
		assert_int_equal(origins.of[width + 1], ORIGIN_DEFAULT);
	}
}

static void every_setting_has_a_variable(void **state)
{
	(void)state;
	struct settings_words words = {0};
	struct settings_origins origins;
	struct gan_settings settings;
	struct error error = {0};
	setenv("QGAN_G_LEARNING_RATE", "0.25", 1);
	assert_true(settings_load(&words, &settings, &origins, &error));
	assert_true(settings.learning_rate[NETWORK_G] == 0.25);
	assert_int_equal(origins.of[setting_find("g-learning-rate") - setting_rows], ORIGIN_ENVIRONMENT);
	setenv("QGAN_G_LEARNING_RATE", "fast", 1);
	assert_false(settings_load(&words, &settings, &origins, &error));
	unsetenv("QGAN_G_LEARNING_RATE");
	assert_int_equal(error.code, ERROR_INPUT);
	assert_string_equal(error.text, "QGAN_G_LEARNING_RATE must be a number from 0 to 10, not \"fast\"");
}

static void a_recorded_run_hears_flags_only(void **state)
{
	const struct home *home = *state;
	struct settings_words words = {.config = home->file};
	struct settings_origins origins;
	struct gan_settings settings;
	struct error error = {0};
	write_text(home->user, "width = 10\nbatch = 10\nlatent = 10\n");
	write_text(home->file, "batch = 20\n");
	setenv("QGAN_WIDTH", "30", 1);
	settings_set_defaults(&settings);
	settings.width = 5;
	words.flag[setting_find("latent") - setting_rows] = "40";
	assert_true(settings_words_any(&words));
	assert_true(settings_apply_flags(&words, &settings, &origins, &error));
	assert_int_equal(settings.width, 5);
	assert_int_equal(settings.batch, 20);
	assert_int_equal(settings.latent, 40);
	assert_int_equal(origins.of[setting_find("width") - setting_rows], ORIGIN_RUN);
	assert_int_equal(origins.of[setting_find("batch") - setting_rows], ORIGIN_CONFIG_FILE);
	assert_int_equal(origins.of[setting_find("latent") - setting_rows], ORIGIN_FLAG);
	assert_false(settings_words_any(&(struct settings_words){0}));
}

/* --bits may be given several times; together they take the place of what a file or a run says. */
static void repeated_bits_add_up(void **state)
{
	const struct home *home = *state;
	struct settings_words words = {.config = home->file, .bits = {2, {"G.conv1=4", "D.conv4=32,G.conv2=1"}}};
	struct settings_origins origins;
	struct gan_settings settings;
	struct error error = {0};
	write_text(home->file, "bits = D.conv1=8\n");
	assert_true(settings_words_any(&words));
	assert_true(settings_load(&words, &settings, &origins, &error));
	assert_string_equal(settings.layer_bits, "G.conv1=4,D.conv4=32,G.conv2=1");
	assert_int_equal(origins.of[setting_find("bits") - setting_rows], ORIGIN_FLAG);
	words.bits.count = 0;
	assert_true(settings_load(&words, &settings, &origins, &error));
	assert_string_equal(settings.layer_bits, "D.conv1=8");
	words.bits = (struct cli_list){1, {"none"}};
	assert_true(settings_load(&words, &settings, &origins, &error));
	assert_string_equal(settings.layer_bits, "");
	words.bits = (struct cli_list){2, {"G.conv1=4", "G.conv1"}};
	assert_false(settings_load(&words, &settings, &origins, &error));
	assert_string_equal(error.text, "--bits must be NETWORK.LAYER=BITS, several separated by commas, such as "
	                                "G.deconv1=4,D.conv4=32, or none, not \"G.conv1\"");
}

static void files_that_are_not_there(void **state)
{
	const struct home *home = *state;
	struct settings_words words = {0};
	struct gan_settings settings;
	struct error error = {0};
	assert_true(settings_load(&words, &settings, NULL, &error)); /* no config file: fine */
	words.config = home->file;
	assert_false(settings_load(&words, &settings, NULL, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, home->file));
	words.config = home->folder.path; /* a folder */
	assert_false(settings_load(&words, &settings, NULL, &error));
	assert_non_null(strstr(error.text, home->folder.path));
	char *large = memory_zeroed(1, (1 << 20) + 10000);
	memset(large, '\n', (1 << 20) + 9999);
	write_text(home->file, large);
	free(large);
	words.config = home->file;
	assert_false(settings_load(&words, &settings, NULL, &error));
	assert_non_null(strstr(error.text, "larger than 1 MB"));
}

/* ---- config files ---- */

static bool parse(const char *text, size_t length, struct gan_settings *settings, struct settings_origins *origins,
                  struct error *error)
{
	settings_set_defaults(settings);
	return settings_parse_config("c.conf", text, length, ORIGIN_CONFIG_FILE, settings, origins, error);
}

static void config_files_are_forgiving_about_blanks(void **state)
{
	(void)state;
	static const char text[] = "# comment\n\n   width=16   # a comment\r\n\tbatch\t=\t8\n#d-bits = 2\ndata = images:/a#b c\nsteps = 5";
	struct gan_settings settings;
	struct error error = {0};
	assert_true(parse(text, sizeof text - 1, &settings, NULL, &error));
	assert_int_equal(settings.width, 16);
	assert_int_equal(settings.batch, 8);
	assert_int_equal(settings.bits[NETWORK_D], 32);
	assert_string_equal(settings.data, "images:/a#b c");
	assert_int_equal(settings.steps, 5);
	assert_true(parse("", 0, &settings, NULL, &error));
}

static void config_mistakes_name_file_and_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t length;
		const char *sentence;
	} cases[] = {
#define CASE(text_, sentence_) {.text = text_, .length = sizeof text_ - 1, .sentence = sentence_}
		CASE("width = 0\n", "c.conf:1: width must be an integer from 1 to 1024, not \"0\""),
		CASE("\n\nd-bits = 9", "c.conf:3: d-bits must be one of 1, 2, 3, 4, 5, 6, 7, 8, 32, not \"9\""),
		CASE("width = 8\nwidht = 8\n", "c.conf:2: unknown setting \"widht\"; did you mean width?"),
		CASE("xyzzy = 8\n", "c.conf:1: unknown setting \"xyzzy\""),
		CASE("width 8\n", "c.conf:1: expected \"name = value\", not \"width 8\""),
		CASE("= 8\n", "c.conf:1: unknown setting \"\""),
		CASE("seed =\n", "c.conf:1: seed must be an integer from 0 to 9223372036854775807, or random, not \"\""),
		CASE("width = 8\nba\0tch = 4\n", "c.conf:2: a zero byte: this is not a text file"),
		CASE("epochs = -1\n", "c.conf:1: epochs must be an integer of 0 or more, not \"-1\""),
#undef CASE
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gan_settings settings;
		struct error error = {0};
		assert_false(parse(cases[i].text, cases[i].length, &settings, NULL, &error));
		assert_string_equal(error.text, cases[i].sentence);
		assert_int_equal(error.code, ERROR_INPUT);
	}
}

/* Lines made of true names and values, then damaged: either all is in range afterwards, or a line is to blame. */
static void damaged_config_files(void **state)
{
	(void)state;
	int good = 0, bad = 0;
	for (int round = 0; round < 4000; round++) {
		struct text text = {0};
		int lines = 1 + (int)pick(6);
		for (int i = 0; i < lines; i++) {
			const struct setting_row *row = &setting_rows[pick((uint64_t)setting_count)];
			text_format(&text, "%s = %s\n", row->name, row->standard ? row->standard : "shapes");
		}
		for (uint64_t damage = pick(3); damage > 0; damage--)
			text.bytes[pick(text.length)] = (char)pick(256);
		struct gan_settings settings;
		struct error error = {0}, check = {0};
		int line = 0;
		if (parse(text.bytes, text.length, &settings, NULL, &error)) {
			assert_true(settings_check(&settings, &check));
			good++;
		} else {
			assert_int_equal(sscanf(error.text, "c.conf:%d: ", &line), 1);
			assert_in_range(line, 1, lines + 2); /* damage may be a newline */
			bad++;
		}
		text_clear(&text);
	}
	assert_true(good > 1000 && bad > 1000);
}

/* ---- defaults of model families ---- */

static void every_default_of_a_family_is_a_setting_s_value(void **state)
{
	(void)state;
	int seen = 0;
	for (int f = 0; model_families[f]; f++)
		for (const struct model_default *row = model_families[f]->defaults; row && row->setting; row++, seen++) {
			const struct setting_row *setting = setting_find(row->setting);
			assert_non_null(setting);
			assert_true(takes(setting, row->value));
			assert_string_equal(settings_standard(setting, model_families[f]->name), row->value);
		}
	assert_true(seen >= 6);
	assert_string_equal(settings_standard(setting_find("beta2"), "dcgan"), "0.999");
	assert_string_equal(settings_standard(setting_find("beta2"), "no such family"), "0.999");
	char text[SETTING_TEXT_SIZE];
	settings_standards_text(setting_find("critic-steps"), text, sizeof text);
	assert_string_equal(text, "1; wgan-gp: 5");
}

/* Wherever the model is named, and whatever else is set there, what nobody set is as the family has it. */
static void what_nobody_set_follows_the_model(void **state)
{
	(void)state;
	struct settings_words words = {0};
	struct gan_settings settings;
	struct settings_origins origins;
	struct error error = {0};
	words.flag[setting_find("model") - setting_rows] = "wgan-gp";
	words.flag[setting_find("d-learning-rate") - setting_rows] = "0.0002";
	assert_true(settings_load(&words, &settings, &origins, &error));
	assert_true(settings.learning_rate[NETWORK_D] == 2e-4 && settings.learning_rate[NETWORK_G] == 1e-4);
	assert_true(settings.beta1 == 0.5 && settings.beta2 == 0.9 && settings.critic_steps == 5 && settings.gradient_penalty == 10);
	assert_int_equal(origins.of[setting_find("beta2") - setting_rows], ORIGIN_DEFAULT);
	text_copy(settings.model, sizeof settings.model, "dcgan"); /* a form changes it */
	settings_follow_model(&settings, &origins);
	assert_true(settings.beta2 == 0.999 && settings.critic_steps == 1 && settings.gradient_penalty == 0);
	assert_true(settings.learning_rate[NETWORK_D] == 2e-4 && settings.learning_rate[NETWORK_G] == 2e-4);
	assert_true(settings_from_text("{\"model\": \"wgan-gp\", \"critic_steps\": 2}", &settings, &error));
	assert_true(settings.critic_steps == 2 && settings.gradient_penalty == 10 && settings.beta2 == 0.9);
	char *text = settings_to_text(&settings); /* nothing is left to be guessed */
	assert_non_null(strstr(text, "\"gradient_penalty\":10"));
	assert_non_null(strstr(text, "\"beta2\":0.9"));
	free(text);
	struct settings_words fork = {0};
	fork.flag[setting_find("d-bits") - setting_rows] = "1";
	assert_true(settings_apply_flags(&fork, &settings, NULL, &error));
	assert_true(settings.critic_steps == 2 && settings.beta2 == 0.9 && settings.bits[NETWORK_D] == 1);
}

/* Every "#name = value" of the example is the default, and every setting stands there once. */
static void the_example_holds_every_default(void **state)
{
	(void)state;
	FILE *file = fopen("assets/config", "r");
	assert_non_null(file);
	struct text text = {0};
	char line[512];
	int seen[SETTINGS_MAX] = {0};
	while (fgets(line, sizeof line, file)) {
		const char *kept = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z' ? line + 1 : line;
		text_format(&text, "%s", kept);
		for (int i = 0; i < setting_count; i++)
			seen[i] += !strncmp(kept, setting_rows[i].name, strlen(setting_rows[i].name)) && kept[strlen(setting_rows[i].name)] == ' ';
	}
	fclose(file);
	struct gan_settings settings, defaults;
	struct error error = {0};
	settings_set_defaults(&defaults);
	if (!parse(text.bytes, text.length, &settings, NULL, &error))
		fail_msg("%s", error.text);
	text_copy(settings.data, sizeof settings.data, defaults.data); /* depends on the machine */
	const struct setting_row *rows[SETTINGS_MAX];
	assert_int_equal(settings_differences(&settings, &defaults, rows), 0);
	for (int i = 0; i < setting_count; i++)
		assert_int_equal(seen[i], 1);
	text_clear(&text);
}

/* ---- JSON ---- */

static void randomize(struct gan_settings *settings)
{
	settings_set_defaults(settings);
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		char value[64] = "images:/a \"b\"\\\xc3\xa4";
		int choices = 0;
		if (row->kind == SETTING_SWITCH)
			snprintf(value, sizeof value, "%s", pick(2) ? "yes" : "no");
		else if (row->kind == SETTING_BITS)
			snprintf(value, sizeof value, "%s", pick(2) ? "D.conv1=8,G.deconv2=32" : "none");
		else if (row->kind == SETTING_FEATURES)
			snprintf(value, sizeof value, "%s", pick(2) ? "classifier:/a \"b\"\\\xc3\xa4" : "auto");
		else if (row->kind == SETTING_REAL)
			snprintf(value, sizeof value, "%.17g", row->max * (double)pick(1u << 30) / (1u << 30));
		else if (row->kind == SETTING_SEED)
			snprintf(value, sizeof value, "%llu", (unsigned long long)(pick(1u << 31) << 32 | pick(1u << 31)));
		else if (is_number(row) && !row->allowed)
			snprintf(value, sizeof value, "%.0f", row->min + (double)pick((uint64_t)fmin(row->max - row->min + 1, 1u << 30)));
		while (row->allowed && row->allowed[choices] >= 0)
			choices++;
		if (choices)
			snprintf(value, sizeof value, "%d", row->allowed[pick((uint64_t)choices)]);
		while (row->choice && row->choice(choices))
			choices++;
		if (row->choice)
			snprintf(value, sizeof value, "%s", row->choice((int)pick((uint64_t)choices)));
		struct error error;
		if (!settings_set(settings, row, row->name, value, &error))
			fail_msg("%s", error.text);
	}
}

static void json_keeps_everything(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		struct gan_settings settings, back;
		struct error error = {0};
		const struct setting_row *rows[SETTINGS_MAX];
		randomize(&settings);
		assert_true(settings_check(&settings, &error));
		char *text = settings_to_text(&settings);
		if (!settings_from_text(text, &back, &error))
			fail_msg("%s", error.text);
		assert_int_equal(settings_differences(&settings, &back, rows), 0);
		assert_memory_equal(&settings.learning_rate, &back.learning_rate, sizeof settings.learning_rate);
		assert_true(settings.seed == back.seed && settings.beta1 == back.beta1 && settings.beta2 == back.beta2);
		free(text);
	}
}

static void json_that_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"", "not JSON"}, {"{\"width\":", "not JSON"}, {"[]", "object"}, {"{\"widths\":1}", "unknown setting \"widths\""},
		{"{\"width\":0}", "width"}, {"{\"width\":[1]}", "width must be"}, {"{\"width\":null}", "width"}, {"{\"width\":1.5}", "width"},
		{"{\"width\":1,\"width\":2}", "not JSON"}, {"{\"d-bits\":2}", "unknown setting"}, {"{\"data\":\"\"}", "data"},
		{"{\"seed\":-1}", "seed"}, {"{\"beta1\":1e999}", "JSON"},
		{"{\"literal\":1}", "literal must be yes or no"}, {"{\"bits\":\"G.conv1\"}", "bits must be"},
	};
	struct gan_settings settings, before;
	struct error error = {0};
	settings_set_defaults(&settings);
	before = settings;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_false(settings_from_text(cases[i].text, &settings, &error));
		assert_int_equal(error.code, ERROR_INPUT);
		if (!strstr(error.text, cases[i].part))
			fail_msg("%s: %s", cases[i].text, error.text);
	}
	assert_memory_equal(&settings, &before, sizeof settings);
	assert_true(settings_from_text("{\"d_bits\": 2}", &settings, &error)); /* the rest are defaults */
	assert_int_equal(settings.bits[NETWORK_D], 2);
	assert_int_equal(settings.width, before.width);
	assert_true(settings_from_text("{\"literal\":true,\"per_channel\":\"yes\",\"bits\":\"D.conv1=3\"}", &settings, &error));
	assert_true(settings.literal && settings.per_channel && !settings.allow_degenerate);
	char *text = settings_to_text(&settings);
	assert_non_null(strstr(text, "\"literal\":true"));
	assert_non_null(strstr(text, "\"allow_degenerate\":false"));
	assert_non_null(strstr(text, "\"bits\":\"D.conv1=3\""));
	free(text);
}

static void impossible_values_from_elsewhere(void **state)
{
	(void)state;
	struct gan_settings settings;
	struct error error = {0};
	const struct setting_row *rows[SETTINGS_MAX];
	struct gan_settings defaults;
	settings_set_defaults(&defaults);
	for (const struct setting_row *row = setting_rows; row->name; row++) {
		if (!is_number(row))
			continue;
		settings = defaults;
		if (row->kind == SETTING_INT)
			*(int *)((char *)&settings + row->offset) = -7;
		else
			*(int64_t *)((char *)&settings + row->offset) = -7;
		assert_false(settings_check(&settings, &error));
		assert_memory_equal(error.text, row->name, strlen(row->name));
		assert_int_equal(settings_differences(&settings, &defaults, rows), 1);
		assert_ptr_equal(rows[0], row);
	}
	settings = defaults;
	settings.learning_rate[NETWORK_D] = NAN;
	assert_false(settings_check(&settings, &error));
	settings = defaults;
	text_copy(settings.quantizer, sizeof settings.quantizer, "cosine");
	assert_false(settings_check(&settings, &error));
}

static void flags_are_the_rows(void **state)
{
	(void)state;
	const struct cli_option *options = settings_options();
	for (const struct setting_row *row = setting_rows; row->name; row++, options++) {
		assert_string_equal(options->name, row->name);
		assert_string_equal(options->help, row->help);
		assert_true((options->choices != NULL) == (row->choice != NULL));
		assert_non_null(options->standard);
	}
	assert_string_equal(options[0].name, "recipe");
	assert_string_equal(options[1].name, "config");
	assert_null(options[2].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sound),
		cmocka_unit_test(whole_numbers_end_where_the_row_says),
		cmocka_unit_test(real_numbers_end_where_the_row_says),
		cmocka_unit_test(what_is_no_value_is_refused),
		cmocka_unit_test(seeds_and_names),
		cmocka_unit_test(feature_networks_are_known_ones),
		cmocka_unit_test(switches_are_yes_or_no),
		cmocka_unit_test(bits_of_single_layers),
		cmocka_unit_test_setup_teardown(later_layers_win, make_home, leave_home),
		cmocka_unit_test_setup_teardown(every_setting_has_a_variable, make_home, leave_home),
		cmocka_unit_test_setup_teardown(a_recorded_run_hears_flags_only, make_home, leave_home),
		cmocka_unit_test_setup_teardown(repeated_bits_add_up, make_home, leave_home),
		cmocka_unit_test_setup_teardown(files_that_are_not_there, make_home, leave_home),
		cmocka_unit_test(config_files_are_forgiving_about_blanks),
		cmocka_unit_test(config_mistakes_name_file_and_line),
		cmocka_unit_test(damaged_config_files),
		cmocka_unit_test(every_default_of_a_family_is_a_setting_s_value),
		cmocka_unit_test(what_nobody_set_follows_the_model),
		cmocka_unit_test(the_example_holds_every_default),
		cmocka_unit_test(json_keeps_everything),
		cmocka_unit_test(json_that_is_refused),
		cmocka_unit_test(impossible_values_from_elsewhere),
		cmocka_unit_test(flags_are_the_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
