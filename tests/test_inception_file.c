/* Weights of Inception-v3 from others' files into the cache, and out of it as a feature network: in engine calls with a
 * sixteenth of the channels, and whole with the program that was built beside this test (not under sanitizers, where that
 * takes a minute). */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "engine/base/file_bytes.h"
#include "engine/base/memory.h"
#include "engine/metric/feature_network.h"
#include "engine/metric/inception_file.h"
#include "tests/inception_parameters.h"
#include "tests/sanitized.h"
#include "tests/state_dict.h"
#include "tests/temporary_folder.h"

enum { DIVISOR = 16 };

static struct temporary_folder folder;

static int prepare(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	return setenv("XDG_CACHE_HOME", temporary_path(&folder, "cache"), 1);
}

static int finish(void **state)
{
	(void)state;
	temporary_folder_remove(&folder);
	return 0;
}

static const char *cached_path(void) { return temporary_path(&folder, "cache/qgan/features/inception-v3.safetensors"); }

/* ---- small networks ---- */

/* The parameters behind a tensor that the network does not know. */
static struct checkpoint *make_state(const char *without, const char *widened)
{
	struct inception_changes changes = {checkpoint_create(), without, widened};
	checkpoint_declare(changes.checkpoint, "AuxLogits.fc.bias", 1, (size_t[]){3});
	struct checkpoint *state = inception_make_changed(changes, DIVISOR);
	assert_non_null(state);
	return state;
}

/* As other programs write it: the key of our hash has another name. */
static void write_safetensors(const struct checkpoint *state, const char *path)
{
	char hash[CHECKPOINT_HASH_SIZE];
	uint64_t bytes;
	struct file_bytes file;
	assert_true(checkpoint_write(state, path, hash, &bytes, NULL));
	assert_true(file_bytes_read(path, 1 << 24, &file, NULL));
	char *key = memmem(file.bytes, file.size, "\"sha256\"", 8);
	assert_non_null(key);
	memcpy(key, "\"author\"", 8);
	temporary_write(path, file.bytes, file.size);
	file_bytes_clear(&file);
}

static void assert_reads(const char *path, const char *layout, const struct checkpoint *expected)
{
	struct inception_origin origin;
	struct error error = {0};
	struct checkpoint *parameters = inception_file_read(path, DIVISOR, &origin, &error);
	assert_string_equal(error.text, "");
	assert_non_null(parameters);
	assert_string_equal(origin.layout, layout);
	assert_int_equal(origin.tensors, checkpoint_tensor_count(expected));
	assert_int_equal(origin.skipped, 1);
	assert_false(origin.known);
	assert_string_equal(origin.source, strrchr(path, '/') + 1);
	assert_int_equal(checkpoint_tensor_count(parameters), checkpoint_tensor_count(expected) - 1);
	for (int i = 0; i < checkpoint_tensor_count(parameters); i++) {
		const struct checkpoint_tensor *ours = checkpoint_tensor_at(parameters, i), *theirs = checkpoint_find(expected, ours->name);
		assert_int_equal(ours->count, theirs->count);
		assert_memory_equal(ours->values, theirs->values, ours->count * sizeof(float));
	}
	checkpoint_destroy(parameters);
}

static void every_layout_gives_the_same_weights(void **state)
{
	(void)state;
	struct checkpoint *weights = make_state(NULL, NULL);
	const char *zip = temporary_path(&folder, "zip.pth"), *old = temporary_path(&folder, "old.pth");
	const char *safetensors = temporary_path(&folder, "net.safetensors");
	assert_true(state_dict_write_zip(weights, "FloatStorage", zip) && state_dict_write_old(weights, old));
	write_safetensors(weights, safetensors);
	assert_reads(zip, "zip", weights);
	assert_reads(old, "before 1.6", weights);
	assert_reads(safetensors, "safetensors", weights);
	checkpoint_destroy(weights);
}

/* ---- wrong files ---- */

static void assert_refused(const char *path, const char *part)
{
	struct inception_origin origin;
	struct error error = {0};
	assert_null(inception_file_read(path, DIVISOR, &origin, &error));
	assert_int_equal(error.code, ERROR_INPUT);
	if (!strstr(error.text, path) || !strstr(error.text, part))
		fail_msg("\"%s\" lacks \"%s\" or the file's name", error.text, part);
}

static void assert_refused_state(const char *without, const char *widened, float bias, const char *part)
{
	struct checkpoint *weights = make_state(without, widened);
	const char *path = temporary_path(&folder, "wrong.pth");
	checkpoint_fill(weights, "fc.bias")[0] = bias;
	assert_true(state_dict_write_zip(weights, "FloatStorage", path));
	assert_refused(path, part);
	checkpoint_destroy(weights);
}

static void other_networks_are_named(void **state)
{
	(void)state;
	assert_refused_state("Mixed_7c.branch_pool.bn.weight", NULL, 0, "tensor Mixed_7c.branch_pool.bn.weight is missing; expected one "
	                     "of 12 floats, as torchvision's inception_v3 has it");
	assert_refused_state(NULL, "fc.weight", 0, "tensor fc.weight is 1008 x 128; expected 1000 x 128");
	assert_refused_state(NULL, NULL, NAN, "tensor fc.bias has a value that is not finite");
}

static void other_numbers_are_named(void **state)
{
	(void)state;
	struct checkpoint *weights = make_state(NULL, NULL);
	const char *path = temporary_path(&folder, "numbers");
	assert_true(state_dict_write_zip(weights, "IntStorage", path));
	assert_refused(path, "a tensor is made of a IntStorage; expected FloatStorage or DoubleStorage");
	checkpoint_destroy(weights);
	struct checkpoint *doubles = checkpoint_create();
	checkpoint_declare_type(doubles, CHECKPOINT_F64, "Conv2d_1a_3x3.conv.weight", 1, (size_t[]){2});
	assert_true(checkpoint_allocate(doubles, NULL));
	memset(checkpoint_fill_type(doubles, CHECKPOINT_F64, "Conv2d_1a_3x3.conv.weight"), 0, 16);
	write_safetensors(doubles, path);
	assert_refused(path, "tensor Conv2d_1a_3x3.conv.weight is made of F64; expected F32");
	checkpoint_destroy(doubles);
}

/* Cut at many places; whatever is left is refused. */
static void cut_files_are_refused(void **state)
{
	(void)state;
	struct checkpoint *weights = make_state(NULL, NULL);
	const char *path = temporary_path(&folder, "cut.pth");
	for (int kind = 0; kind < 3; kind++) {
		struct file_bytes file;
		if (kind == 0)
			assert_true(state_dict_write_zip(weights, "FloatStorage", path));
		else if (kind == 1)
			assert_true(state_dict_write_old(weights, path));
		else
			write_safetensors(weights, path);
		assert_true(file_bytes_read(path, 1 << 24, &file, NULL));
		for (size_t size = 0; size < file.size; size += file.size / 12) {
			temporary_write(path, file.bytes, size);
			assert_refused(path, "");
		}
		temporary_write(path, file.bytes, file.size - 1);
		assert_refused(path, kind == 0 ? "zip" : "is cut");
		file_bytes_clear(&file);
	}
	checkpoint_destroy(weights);
}

static void what_is_no_state_dict_is_refused(void **state)
{
	(void)state;
	const char *path = temporary_path(&folder, "letter");
	temporary_write(path, "Dear reader, these are no weights.\n", 35);
	assert_refused(path, "is neither a state dict that torch.save wrote nor safetensors");
	assert_refused(temporary_path(&folder, "nothing_there"), "cannot");
	assert_refused("tests/fuzz/corpus/pytorch/module", "asks for __main__.Net, which is not run here");
	assert_refused("tests/fuzz/corpus/pytorch/list", "holds no dict of tensors");
	assert_refused("tests/fuzz/corpus/pytorch/state", "tensor Conv2d_1a_3x3.conv.weight is missing");
}

/* PyTorch's downloads have digits of their hash in their name. */
static void digits_in_the_name_are_checked(void **state)
{
	(void)state;
	struct checkpoint *weights = make_state(NULL, NULL);
	struct inception_origin origin;
	char name[64];
	const char *wrong = temporary_path(&folder, "inception_v3_google-1a9a5a14.pth");
	assert_true(state_dict_write_zip(weights, "FloatStorage", wrong));
	assert_refused(wrong, "is damaged or cut: its SHA-256 begins with ");
	assert_refused(wrong, "expected the 1a9a5a14 in its name; get it again");
	const char *plain = temporary_path(&folder, "my-weights.pth");
	assert_int_equal(rename(wrong, plain), 0);
	struct checkpoint *read = inception_file_read(plain, DIVISOR, &origin, NULL);
	assert_non_null(read);
	checkpoint_destroy(read);
	snprintf(name, sizeof name, "net-%.8s.pth", origin.hash);
	const char *right = temporary_path(&folder, "%s", name);
	assert_int_equal(rename(plain, right), 0);
	read = inception_file_read(right, DIVISOR, &origin, NULL);
	assert_non_null(read);
	checkpoint_destroy(read);
	checkpoint_destroy(weights);
}

/* ---- the cache ---- */

static struct checkpoint *read_cache_fails(const char *part)
{
	struct inception_cached cached;
	struct error error = {0};
	struct checkpoint *parameters = inception_cache_read(&cached, &error);
	if (!parameters && !strstr(error.text, part))
		fail_msg("\"%s\" lacks \"%s\"", error.text, part);
	return parameters;
}

static void the_cache_keeps_them(void **state)
{
	(void)state;
	struct checkpoint *parameters = inception_make_parameters(DIVISOR);
	const struct inception_origin origin = {.source = "net.pth"};
	struct inception_cached written, read;
	assert_null(read_cache_fails("there are no weights of Inception-v3 yet: get " INCEPTION_FILE_WANTED));
	temporary_write(temporary_path(&folder, "cache/qgan/features/inception-v3.safetensors.tmp"), "half", 4); /* a writer was killed */
	assert_null(read_cache_fails("there are no weights of Inception-v3 yet"));
	assert_true(inception_cache_write(parameters, &origin, &written, NULL));
	assert_string_equal(written.path, cached_path());
	assert_int_not_equal(access(temporary_path(&folder, "cache/qgan/features/inception-v3.safetensors.tmp"), F_OK), 0);
	struct checkpoint *back = inception_cache_read(&read, NULL);
	assert_non_null(back);
	assert_string_equal(read.source, "net.pth");
	assert_string_equal(read.hash, written.hash);
	assert_int_equal(read.bytes, written.bytes);
	assert_memory_equal(checkpoint_find(back, "fc.weight")->values, checkpoint_find(parameters, "fc.weight")->values, 4000);
	checkpoint_destroy(back);
	checkpoint_destroy(parameters);
}

static void a_damaged_cache_is_told(void **state)
{
	(void)state;
	struct file_bytes file;
	assert_true(file_bytes_read(cached_path(), 1 << 24, &file, NULL));
	file.bytes[file.size - 7] ^= 1;
	temporary_write(cached_path(), file.bytes, file.size);
	assert_null(read_cache_fails("the imported weights of Inception-v3 (qgan import makes them again): "));
	assert_null(read_cache_fails("is damaged: its data has the SHA-256"));
	temporary_write(cached_path(), file.bytes, file.size / 2);
	assert_null(read_cache_fails("is cut"));
	assert_int_equal(unlink(cached_path()), 0);
	file_bytes_clear(&file);
}

/* ---- the whole network, by the program ---- */

static pid_t start_import(const char *path)
{
	pid_t child = fork();
	if (child == 0) {
		freopen("/dev/null", "w", stdout);
		freopen("/dev/null", "w", stderr);
		execl(QGAN_PROGRAM, "qgan", "import", path, (char *)NULL);
		_exit(127);
	}
	return child;
}

static const char *write_whole_network(void)
{
	const char *path = temporary_path(&folder, "whole.pth");
	struct checkpoint *parameters = inception_make_parameters(1);
	assert_true(state_dict_write_old(parameters, path));
	checkpoint_destroy(parameters);
	return path;
}

/* Whatever the moment: afterwards the weights are there, whole, or nothing is. */
static void a_stopped_import_leaves_nothing_or_all(void **state)
{
	(void)state;
	static const int signals[] = {SIGINT, SIGKILL, SIGTERM, SIGKILL};
	static const int milliseconds[] = {30, 150, 300, 600};
	if (SANITIZED)
		skip();
	const char *path = write_whole_network();
	for (int i = 0; i < 4; i++) {
		int status;
		pid_t child = start_import(path);
		nanosleep(&(struct timespec){.tv_nsec = milliseconds[i] * 1000000L}, NULL);
		kill(child, signals[i]);
		assert_int_equal(waitpid(child, &status, 0), child);
		const bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0, there = access(cached_path(), F_OK) == 0;
		assert_true(done || !WIFEXITED(status) || WEXITSTATUS(status) == 128 + signals[i]);
		assert_true(!done || there);
		if (WIFEXITED(status) && !done)
			assert_false(there);
		struct checkpoint *parameters = read_cache_fails("there are no weights of Inception-v3 yet");
		assert_int_equal(parameters != NULL, there);
		checkpoint_destroy(parameters);
		unlink(cached_path());
	}
}

static void assert_golden(const struct checkpoint *golden, const char *name, size_t row, size_t count, const float *values)
{
	const float *expected = checkpoint_find(golden, name)->values + row * count;
	const double error = inception_worst_error(values, expected, count);
	if (error > INCEPTION_TOLERANCE)
		fail_msg("%s of picture %zu: error %g", name, row, error);
}

static void check_picture(struct feature_network *network, const struct checkpoint *golden, int size, size_t row)
{
	uint8_t *pixels = memory_zeroed((size_t)(size * size), 3);
	float *values = memory_try_floats((size_t)(network->facts.dimensions + network->facts.classes), "test", NULL);
	float *logits = values + network->facts.dimensions;
	inception_fill_picture(size, 3, pixels);
	assert_true(feature_network_compute(network, NULL, &(struct feature_pictures){pixels, 1, size, 3}, NULL, values, logits, NULL));
	assert_golden(golden, "full.features", row, (size_t)network->facts.dimensions, values);
	assert_golden(golden, "full.logits", row, (size_t)network->facts.classes, logits);
	free(values);
	free(pixels);
}

static void an_imported_network_is_torchvisions(void **state)
{
	(void)state;
	int status;
	struct error error = {0};
	assert_null(feature_network_open("inception-v3", "cifar10", &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_non_null(strstr(error.text, "run \"qgan import inception_v3_google-1a9a5a14.pth\"; the classifier needs no file"));
	if (SANITIZED)
		skip();
	assert_int_equal(waitpid(start_import(temporary_path(&folder, "whole.pth")), &status, 0) > 0 && status == 0, true);
	struct feature_network *network = feature_network_open("inception-v3", NULL, &error);
	struct checkpoint *golden = checkpoint_read("tests/golden/inception.safetensors", NULL, NULL);
	assert_non_null(network);
	assert_non_null(golden);
	assert_int_equal(network->facts.dimensions, 2048);
	assert_int_equal(network->facts.classes, 1000);
	assert_string_equal(network->facts.weights, "whole.pth");
	assert_memory_equal(network->facts.recipe, "inception-v3 ", 13);
	assert_memory_equal(network->facts.recipe + 13, network->facts.hash, 8);
	check_picture(network, golden, 32, 0);
	check_picture(network, golden, 299, 1);
	checkpoint_destroy(golden);
	feature_network_close(network);
}

/* A file named in the spec is the same network as the one in the cache, by its hash. */
static void a_file_is_the_same_network(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	char spec[TEMPORARY_PATH_SIZE + 16];
	struct inception_cached cached;
	snprintf(spec, sizeof spec, "inception-v3:%s", temporary_path(&folder, "whole.pth"));
	struct feature_network *network = feature_network_open(spec, NULL, NULL);
	struct checkpoint *parameters = inception_cache_read(&cached, NULL);
	assert_true(network && parameters);
	assert_string_equal(network->facts.hash, cached.hash);
	checkpoint_destroy(parameters);
	feature_network_close(network);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_gives_the_same_weights),
		cmocka_unit_test(other_networks_are_named),
		cmocka_unit_test(other_numbers_are_named),
		cmocka_unit_test(cut_files_are_refused),
		cmocka_unit_test(what_is_no_state_dict_is_refused),
		cmocka_unit_test(digits_in_the_name_are_checked),
		cmocka_unit_test(the_cache_keeps_them),
		cmocka_unit_test(a_damaged_cache_is_told),
		cmocka_unit_test(a_stopped_import_leaves_nothing_or_all),
		cmocka_unit_test(an_imported_network_is_torchvisions),
		cmocka_unit_test(a_file_is_the_same_network),
	};
	return cmocka_run_group_tests(tests, prepare, finish);
}
