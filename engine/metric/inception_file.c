#include "engine/metric/inception_file.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/file_bytes.h"
#include "engine/base/text.h"
#include "engine/file/pytorch_file.h"
#include "engine/file/safetensors.h"
#include "engine/metric/inception_network.h"

enum { MAX_FILE_BYTES = 1 << 30, NAMED_DIGITS = 8 };
static const char CACHED[] = "features/inception-v3.safetensors", SOURCE_KEY[] = "source", SOURCE_HASH_KEY[] = "source_sha256";

/* The files that torchvision has handed out, each with the beginning of its SHA-256 in its name. */
static const char *const published[] = {"inception_v3_google-1a9a5a14.pth", "inception_v3_google-0cc3c7bd.pth", NULL};

/* ---- every parameter in its shape ---- */

/* One of the two is there. */
struct source {
	struct pytorch_file *pytorch;
	struct checkpoint *safetensors;
};

struct gathering {
	const struct source *source;
	struct checkpoint *target;
	int count;
};

/* A tensor of the source's, whatever its kind. */
struct found {
	const struct pickle_tensor *pickled;
	const struct checkpoint_tensor *tensor;
	int dimensions;
	size_t shape[PYTORCH_MAX_DIMENSIONS];
};
_Static_assert((int)PYTORCH_MAX_DIMENSIONS >= (int)CHECKPOINT_MAX_DIMENSIONS, "either kind's shape fits");

static bool find_tensor(const struct source *source, const char *name, struct found *found)
{
	*found = (struct found){.pickled = source->pytorch ? pytorch_file_find(source->pytorch, name) : NULL,
	                        .tensor = source->safetensors ? checkpoint_find(source->safetensors, name) : NULL};
	if (!found->pickled && !found->tensor)
		return false;
	found->dimensions = found->pickled ? found->pickled->dimensions : found->tensor->dimensions;
	for (int i = 0; i < found->dimensions; i++)
		found->shape[i] = found->pickled ? (size_t)found->pickled->shape[i] : found->tensor->shape[i];
	return true;
}

/* Other numbers than floats would be rounded, or cannot be weights. */
static bool check_type(const struct source *source, const char *name, struct error *error)
{
	for (int type = CHECKPOINT_F32 + 1; source->safetensors && type < CHECKPOINT_TYPES; type++)
		if (checkpoint_find_type(source->safetensors, (enum checkpoint_type)type, name))
			return error_set(error, ERROR_INPUT, "tensor %s is made of %s; expected F32", name, checkpoint_types[type].name);
	return true;
}

/* A visit: the parameter is declared in the target as the source has it. */
static bool declare(void *context, const char *name, int dimensions, const size_t shape[], struct error *error)
{
	struct gathering *gathering = context;
	struct found found;
	bool there = find_tensor(gathering->source, name, &found);
	if (!check_type(gathering->source, name, error) ||
	    !inception_check_shape(name, dimensions, shape, found.dimensions, there ? found.shape : NULL, error))
		return false;
	checkpoint_declare(gathering->target, name, dimensions, shape);
	gathering->count++;
	return true;
}

/* A visit: the values follow. */
static bool copy(void *context, const char *name, int dimensions, const size_t shape[], struct error *error)
{
	(void)dimensions;
	(void)shape;
	struct gathering *gathering = context;
	const struct checkpoint_tensor *target = checkpoint_find(gathering->target, name);
	struct found found;
	find_tensor(gathering->source, name, &found);
	if (found.pickled)
		return pytorch_file_copy(gathering->source->pytorch, found.pickled, checkpoint_fill(gathering->target, name), error);
	memcpy(checkpoint_fill(gathering->target, name), found.tensor->values, target->count * sizeof(float));
	return true;
}

static struct checkpoint *gather(const struct source *source, const char *path, int divisor, int *count, struct error *error)
{
	struct gathering gathering = {.source = source, .target = checkpoint_create()};
	bool good = inception_visit_parameters(divisor, declare, &gathering, error) || error_prefix(error, "%s", path);
	good = good && checkpoint_allocate(gathering.target, error) && inception_visit_parameters(divisor, copy, &gathering, error);
	if (good && (inception_check(gathering.target, divisor, error) || error_prefix(error, "%s", path))) {
		*count = gathering.count;
		return gathering.target;
	}
	checkpoint_destroy(gathering.target);
	return NULL;
}

/* ---- reading ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The 8 digits of "inception_v3_google-1a9a5a14.pth"; NULL: the name has none. */
static const char *named_hash(const char *path)
{
	const char *name = base_name(path), *dash = strrchr(name, '-');
	for (int i = 1; dash && i <= NAMED_DIGITS; i++)
		if (!isdigit((unsigned char)dash[i]) && !(dash[i] >= 'a' && dash[i] <= 'f'))
			return NULL;
	return dash && dash[NAMED_DIGITS + 1] == '.' ? dash + 1 : NULL;
}

static bool recognize(const char *path, const struct file_bytes *file, struct inception_origin *origin, struct error *error)
{
	const char *named = named_hash(path);
	origin->bytes = file->size;
	sha256_text(file->bytes, file->size, origin->hash);
	text_copy(origin->source, sizeof origin->source, base_name(path));
	for (int i = 0; published[i]; i++)
		if (!strncmp(origin->hash, named_hash(published[i]), NAMED_DIGITS)) {
			text_copy(origin->source, sizeof origin->source, published[i]);
			origin->known = true;
		}
	if (named && strncmp(origin->hash, named, NAMED_DIGITS) != 0)
		return error_set(error, ERROR_INPUT, "%s is damaged or cut: its SHA-256 begins with %.8s, expected the %.8s in its name; get it "
		                 "again", path, origin->hash, named);
	return true;
}

static bool open_source(const char *path, const struct file_bytes *file, struct source *source, struct inception_origin *origin,
                        struct error *error)
{
	if (pytorch_is(file->bytes, file->size)) {
		source->pytorch = pytorch_file_parse(file->bytes, file->size, path, error);
		if (!source->pytorch)
			return false;
		origin->layout = pytorch_file_layout(source->pytorch);
		origin->tensors = pytorch_file_tensor_count(source->pytorch);
		return true;
	}
	if (!safetensors_is(file->bytes, file->size))
		return error_set(error, ERROR_INPUT, "%s is neither a state dict that torch.save wrote nor safetensors", path);
	source->safetensors = checkpoint_parse_foreign(file->bytes, file->size, path, error);
	if (!source->safetensors)
		return false;
	origin->layout = "safetensors";
	origin->tensors = checkpoint_tensor_count(source->safetensors);
	return true;
}

struct checkpoint *inception_file_read(const char *path, int divisor, struct inception_origin *origin, struct error *error)
{
	struct file_bytes file;
	struct source source = {0};
	struct checkpoint *checkpoint = NULL;
	int count = 0;
	*origin = (struct inception_origin){0};
	if (!file_bytes_read(path, MAX_FILE_BYTES, &file, error))
		return NULL;
	if (recognize(path, &file, origin, error) && open_source(path, &file, &source, origin, error))
		checkpoint = gather(&source, path, divisor, &count, error);
	origin->skipped = origin->tensors - count;
	pytorch_file_destroy(source.pytorch);
	checkpoint_destroy(source.safetensors);
	file_bytes_clear(&file);
	return checkpoint;
}

/* ---- the cache ---- */

bool inception_cache_write(struct checkpoint *parameters, const struct inception_origin *origin, struct inception_cached *cached,
                           struct error *error)
{
	*cached = (struct inception_cached){0};
	text_copy(cached->source, sizeof cached->source, origin->source);
	checkpoint_set_text(parameters, SOURCE_KEY, origin->source);
	checkpoint_set_text(parameters, SOURCE_HASH_KEY, origin->hash);
	return user_folder_cache(CACHED, cached->path, error) && user_folder_make_parents(cached->path, error) &&
	       checkpoint_write(parameters, cached->path, cached->hash, &cached->bytes, error);
}

struct checkpoint *inception_cache_read(struct inception_cached *cached, struct error *error)
{
	struct stat status;
	const char *source, *hash;
	*cached = (struct inception_cached){0};
	if (!user_folder_cache(CACHED, cached->path, error))
		return NULL;
	if (stat(cached->path, &status) != 0) {
		error_set(error, ERROR_INPUT, "there are no weights of Inception-v3 yet: get " INCEPTION_FILE_WANTED " (108 MB) and run "
		          "\"qgan import inception_v3_google-1a9a5a14.pth\"; the classifier needs no file");
		return NULL;
	}
	struct checkpoint *parameters = checkpoint_read(cached->path, NULL, error);
	if (!parameters) {
		error_prefix(error, "the imported weights of Inception-v3 (qgan import makes them again)");
		return NULL;
	}
	if (checkpoint_get_text(parameters, SOURCE_KEY, &source, NULL))
		text_copy(cached->source, sizeof cached->source, source);
	if (checkpoint_get_text(parameters, SAFETENSORS_HASH_KEY, &hash, NULL))
		text_copy(cached->hash, sizeof cached->hash, hash);
	cached->bytes = (uint64_t)status.st_size;
	return parameters;
}
