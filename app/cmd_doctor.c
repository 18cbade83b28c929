/* qgan doctor: what this machine offers and what is missing, for people and as JSON. Both are made from one JSON
 * object: sections of name and value. */
#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <termcap.h>

#include "app/commands.h"
#include "app/paths.h"
#include "app/settings.h"
#include "engine/data/dataset.h"
#include "engine/tensor/gemm.h"
#include "engine/tensor/precision.h"
#include "store/store.h"
#include "ui/terminal_ask.h"

struct doctor_arguments {
	const char *store;
	bool json;
};

/* The value after "name : " on the first such line of /proc/cpuinfo; names differ between architectures. */
static bool cpu_line(const char *name, char *value, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char *line = NULL;
	size_t room = 0, length = strlen(name);
	bool found = false;
	while (file && !found && getline(&line, &room, file) > 0) {
		char *colon = strchr(line, ':');
		found = colon && !strncmp(line, name, length) && strspn(line + length, "\t ") == (size_t)(colon - line) - length;
		if (!found)
			continue;
		line[strcspn(line, "\n")] = '\0';
		text_copy(value, size, colon + 1 + strspn(colon + 1, " "));
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

static json_t *cpu_features(void)
{
	static const char *const known[] = { /* what kernels here or in BLAS could use; x86-64, then aarch64 */
		"sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16",
		"amx_tile", "amx_bf16", "amx_int8", "asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve", "sve2", "sme",
	};
	static char flags[8192];
	json_t *features = json_array();
	if (!cpu_line("flags", flags, sizeof flags) && !cpu_line("Features", flags, sizeof flags))
		return features;
	for (char *rest = flags, *flag; (flag = strsep(&rest, " "));)
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			if (!strcmp(flag, known[i]))
				json_array_append_new(features, json_string(flag));
	return features;
}

static json_t *examine_cpu(void)
{
	char model[256], precision[48];
	if (!cpu_line("model name", model, sizeof model))
		text_copy(model, sizeof model, "unknown");
	precision_describe("auto", precision, sizeof precision);
	return json_pack("{s:o, s:i, s:i, s:o, s:s, s:s?, s:s, s:s}", "model", cli_json_text(model), "cores",
	                 (int)sysconf(_SC_NPROCESSORS_ONLN),
	                 "usable_cores", parallel_usable_cores(), "features", cpu_features(), "kernels", tensor_kernel_name(),
	                 "bf16_kernels", tensor_pairs_kernel_name(), "precision_auto", precision, "blas", gemm_blas_description());
}

static double memory_line(const char *name)
{
	char line[128];
	double kilobytes = -1;
	FILE *file = fopen("/proc/meminfo", "re");
	while (file && kilobytes < 0 && fgets(line, sizeof line, file))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), ": %lf", &kilobytes);
	if (file)
		fclose(file);
	return kilobytes * 1024;
}

static json_t *examine_memory(void)
{
	return json_pack("{s:I, s:I}", "total_bytes", (json_int_t)memory_line("MemTotal"),
	                 "available_bytes", (json_int_t)memory_line("MemAvailable"));
}

static int terminal_colors(const char *name)
{
	char entry[4096]; /* ncurses ignores it */
	return name && tgetent(entry, name) == 1 ? tgetnum((char *)"Co") : -1;
}

/* The terminal's own answers; null where there is none to ask. */
static json_t *examine_pictures(void)
{
	struct terminal_ability ability;
	terminal_ask(&ability);
	if (!ability.known)
		return json_pack("{s:n}", "sixel");
	if (!ability.sixel)
		return json_pack("{s:b}", "sixel", 0);
	return json_pack("{s:b, s:i, s:i, s:i}", "sixel", 1, "sixel_colors", ability.registers,
	                 "sixel_max_width", ability.largest_width, "sixel_max_height", ability.largest_height);
}

static json_t *examine_terminal(void)
{
	struct winsize size = {0};
	const char *no_color = getenv("NO_COLOR");
	bool tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	json_t *section = json_pack("{s:b, s:o, s:o, s:i, s:b, s:s, s:b, s:b, s:i, s:i, s:i, s:i}", "tty", tty,
		"term", cli_json_text(getenv("TERM")), "colorterm", cli_json_text(getenv("COLORTERM")),
		"colors", terminal_colors(getenv("TERM")), "no_color", no_color && *no_color,
		"charset", nl_langinfo(CODESET), "utf8", !strcmp(nl_langinfo(CODESET), "UTF-8"),
		"multiplexer", getenv("TMUX") || getenv("STY"), "columns", size.ws_col, "rows", size.ws_row,
		"width_pixels", size.ws_xpixel, "height_pixels", size.ws_ypixel);
	json_object_update_new(section, examine_pictures());
	return section;
}

static json_t *examine_dataset(const struct dataset_kind *kind)
{
	struct error error = {0};
	bool found = (!kind->takes_directory || kind->default_directory) && dataset_check(kind->name, &error);
	const char *detail = error.text;
	if (!found && !error.text[0])
		detail = "needs a directory";
	return json_pack("{s:s, s:s, s:b, s:o}", "name", kind->name, "usage", kind->usage, "found", found,
	                 "detail", found ? cli_json_text(kind->default_directory) : cli_json_text(detail));
}

static json_t *examine_data(void)
{
	json_t *sets = json_array();
	for (int i = 0; dataset_kinds[i]; i++)
		json_array_append_new(sets, examine_dataset(dataset_kinds[i]));
	return json_pack("{s:s, s:o}", "default", dataset_default_spec(), "kinds", sets);
}

/* Opens for reading only: a doctor changes nothing. */
static json_t *examine_store_file(const char *path)
{
	struct error error = {0};
	struct stat status;
	if (stat(path, &status))
		return json_pack("{s:o, s:b, s:b, s:s}", "path", cli_json_text(path), "found", 0, "healthy", errno == ENOENT,
		                 "detail", errno == ENOENT ? "not there yet; the first run makes it" : strerror(errno));
	char health[512] = "";
	struct run *runs = NULL;
	size_t count = 0;
	struct store *store = store_open(path, STORE_READ, &error);
	bool open = store && store_health(store, health, sizeof health, &error) && store_list_runs(store, &runs, &count, &error);
	json_t *section = json_pack("{s:o, s:b, s:b, s:o, s:I, s:I}", "path", cli_json_text(path), "found", 1,
		"healthy", open && !strcmp(health, "ok"),
		"detail", cli_json_text(open ? health : error.text), "bytes", (json_int_t)status.st_size, "runs", (json_int_t)count);
	store_free_runs(runs, count);
	store_close(store);
	return section;
}

static json_t *examine_store(const char *flag)
{
	char path[PATH_SIZE];
	struct error error = {0};
	if (!path_store(flag, path, &error))
		return json_pack("{s:n, s:b, s:b, s:s}", "path", "found", 0, "healthy", 0, "detail", error.text);
	return examine_store_file(path);
}

static json_t *examine_files(void)
{
	char config[PATH_SIZE] = "", log[PATH_SIZE] = "";
	struct error error = {0};
	struct gan_settings settings;
	struct settings_words no_words = {0};
	path_config(config, &error);
	path_log(log, &error);
	error = (struct error){0};
	bool valid = settings_load(&no_words, &settings, NULL, &error);
	return json_pack("{s:o, s:b, s:b, s:o, s:o}", "config", cli_json_text(config),
	                 "config_found", !access(config, F_OK), "settings_valid", valid,
	                 "detail", cli_json_text(valid ? NULL : error.text), "log", cli_json_text(log));
}

static void print_value(const char *name, const json_t *value)
{
	char amount[32];
	size_t length = strlen(name);
	printf("  %-20s", name);
	if (json_is_string(value))
		printf("%s\n", json_string_value(value));
	else if (length > 6 && !strcmp(name + length - 6, "_bytes"))
		printf("%s\n", text_bytes_amount(amount, sizeof amount, (double)json_integer_value(value)));
	else if (json_is_integer(value))
		printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	else if (json_is_boolean(value))
		printf("%s\n", json_is_true(value) ? "yes" : "no");
	else if (json_is_null(value))
		printf("-\n");
	for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
		printf("%s%s", i ? " " : "", json_string_value(json_array_get(value, i)));
	if (json_is_array(value))
		putchar('\n');
}

static void print_datasets(const json_t *kinds)
{
	for (size_t i = 0; i < json_array_size(kinds); i++) {
		const json_t *kind = json_array_get(kinds, i);
		const char *detail = json_string_value(json_object_get(kind, "detail"));
		printf("  %-20s%s%s%s\n", json_string_value(json_object_get(kind, "name")),
		       json_is_true(json_object_get(kind, "found")) ? "found" : "-", detail ? "  " : "", detail ? detail : "");
	}
}

static void print_report(const json_t *report)
{
	const char *section, *name;
	json_t *values, *value;
	json_object_foreach((json_t *)report, section, values) {
		if (json_is_string(values)) {
			printf("%s %s\n", section, json_string_value(values));
			continue;
		}
		printf("%s\n", section);
		json_object_foreach(values, name, value) {
			if (strcmp(name, "kinds"))
				print_value(name, value);
			else
				print_datasets(value);
		}
	}
}

static int run(int argc, char **argv)
{
	struct doctor_arguments arguments = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_doctor.syntax, subcommand_doctor.help, argc, argv, &arguments, &words, &status))
		return status;
	json_t *report = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "qgan", QGAN_VERSION, "cpu", examine_cpu(),
		"memory", examine_memory(), "terminal", examine_terminal(), "data", examine_data(),
		"store", examine_store(arguments.store), "files", examine_files());
	bool well = json_is_true(json_object_get(json_object_get(report, "store"), "healthy")) &&
	            json_is_true(json_object_get(json_object_get(report, "files"), "settings_valid"));
	if (arguments.json) {
		status = cli_print_json(report);
	} else {
		print_report(report);
		json_decref(report);
		status = fflush(stdout) ? CLI_FAILED : CLI_DONE;
	}
	return status ? status : well ? CLI_DONE : CLI_FAILED;
}

static const struct cli_option options[] = {
	CLI_STORE(struct doctor_arguments, store),
	CLI_JSON(struct doctor_arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_doctor = {
	.name = "doctor",
	.help = "Say what this machine offers: CPU, BLAS, terminal, data sets, store; status 1 when something is wrong.",
	.syntax = {.options = options},
	.run = run,
};
