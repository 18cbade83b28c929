#include "engine/metric/reference_set.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file_bytes.h"
#include "engine/base/memory.h"
#include "engine/base/sha256.h"
#include "engine/base/text.h"
#include "engine/base/user_folder.h"
#include "engine/file/npy.h"
#include "engine/file/npy_header.h"
#include "engine/file/zip.h"
#include "engine/metric/moments.h"

static const size_t MAX_FILE_BYTES = (size_t)2 << 30;
static const char FEATURES[] = "features.npy", KEY[] = "key.txt";

enum { NAME_DIGITS = 16 }; /* of the key's hash, in the file's name */

void reference_set_clear(struct reference_set *set)
{
	metric_statistics_clear(&set->statistics);
	free(set->features);
	*set = (struct reference_set){0};
}

static size_t rows_kept(const struct reference_work *work)
{
	size_t count = work->walk.stream.count;
	return count < REFERENCE_ROWS ? count : REFERENCE_ROWS;
}

/* ---- key and name ---- */

/* The next pictures, as the walk's buffer holds them. */
static bool sum_pictures(struct reference_work *work, struct error *error)
{
	const struct picture_walk *walk = &work->walk;
	const struct picture_stream *stream = &walk->stream;
	size_t rest = stream->count - work->summed, count = rest < walk->chunk ? rest : walk->chunk;
	if (walk->viewer.cancelled && atomic_load(walk->viewer.cancelled))
		return error_set(error, ERROR_CANCELLED, "stopped after %zu of %zu pictures", work->summed, stream->count);
	if (!stream->read(stream->context, work->summed, count, walk->pixels, error))
		return false;
	sha256_add(&work->sum, walk->pixels, count * dataset_picture_bytes(work->pictures.dataset));
	work->summed += count;
	return true;
}

static void make_key(struct reference_work *work)
{
	const struct picture_stream *stream = &work->walk.stream;
	const struct feature_network *network = work->walk.viewer.network;
	struct text key = {0};
	uint8_t digest[SHA256_BYTES];
	sha256_end(&work->sum, digest);
	text_format(&key, "qgan reference 1\nfeatures %s %s\nresize %s\npictures %zu of %d x %d x %d, ", network->kind->name,
	            network->facts.hash, network->facts.resize, stream->count, stream->size, stream->size, stream->channels);
	for (int i = 0; i < SHA256_BYTES; i++)
		text_format(&key, "%02x", digest[i]);
	text_format(&key, "\nrows %zu\n", rows_kept(work));
	sha256_text(key.bytes, key.length, work->set.hash);
	work->key = key.bytes;
}

/* A path that cannot be had is no failure: then the file is not kept. */
static void make_path(struct reference_work *work)
{
	char path[USER_FOLDER_PATH];
	if (!work->folder)
		return;
	int length = snprintf(path, sizeof path, "%s/%s-%zu-%.*s.npz", work->folder, work->pictures.dataset->kind,
	                      work->walk.stream.count, NAME_DIGITS, work->set.hash);
	if (length < USER_FOLDER_PATH)
		work->path = memory_text(path);
	else
		error_set(&work->unsaved, ERROR_INPUT, "the path below %.100s is too long", work->folder);
}

/* ---- the file ---- */

static bool check_key(const struct zip *zip, const char *key, struct error *error)
{
	const struct zip_member *member = zip_find(zip, KEY);
	uint8_t *bytes = member ? zip_extract(zip, member, error) : NULL;
	bool same = bytes && member->size == strlen(key) && !memcmp(bytes, key, member->size);
	free(bytes);
	return same || error_set(error, ERROR_INPUT, "%s: member %s is not what was looked for", zip->name, KEY);
}

static bool read_features(const struct zip *zip, size_t rows, struct reference_set *set, struct error *error)
{
	const struct zip_member *member = zip_find(zip, FEATURES);
	struct npy npy = {0};
	uint8_t *bytes = member ? zip_extract(zip, member, error) : NULL;
	bool good = bytes && npy_parse(bytes, member->size, zip->name, &npy, error);
	free(bytes);
	if (!good)
		return error_set(error, ERROR_INPUT, "%s has no member %s that can be read", zip->name, FEATURES);
	good = npy.dimensions == 2 && npy.shape[0] == rows && npy.shape[1] == (size_t)set->statistics.dimensions;
	for (size_t i = 0; good && i < npy.count; i++)
		good = isfinite(npy.values[i]);
	set->features = npy.values;
	set->rows = rows;
	return good || error_set(error, ERROR_INPUT, "%s: member %s is not %zu rows of finite numbers", zip->name, FEATURES, rows);
}

static bool parse_file(struct reference_work *work, const struct file_bytes *file, struct error *error)
{
	struct reference_set *set = &work->set;
	struct zip zip;
	if (!metric_statistics_parse(file->bytes, file->size, work->path, &set->statistics, error))
		return false;
	if (set->statistics.dimensions != work->walk.viewer.network->facts.dimensions ||
	    set->statistics.count != work->walk.stream.count)
		return error_set(error, ERROR_INPUT, "%s is of other features", work->path);
	if (!zip_parse(file->bytes, file->size, work->path, &zip, error))
		return false;
	bool good = check_key(&zip, work->key, error) && read_features(&zip, rows_kept(work), set, error);
	zip_clear(&zip);
	return good;
}

/* Forgets what was read or measured so far. */
static void empty_set(struct reference_set *set)
{
	metric_statistics_clear(&set->statistics);
	free(set->features);
	set->features = NULL;
	set->rows = 0;
}

/* A file that is not there or not whole is as good as none. */
static bool read_file(struct reference_work *work)
{
	struct file_bytes file;
	struct error error;
	if (!file_bytes_read(work->path, MAX_FILE_BYTES, &file, &error))
		return false;
	work->set.cached = parse_file(work, &file, &error);
	file_bytes_clear(&file);
	if (!work->set.cached)
		empty_set(&work->set);
	return work->set.cached;
}

static bool write_file(const struct reference_work *work, struct error *error)
{
	const struct reference_set *set = &work->set;
	const size_t shape[2] = {set->rows, (size_t)set->statistics.dimensions};
	struct text header = {0};
	npy_header_format("<f4", 2, shape, &header);
	const struct zip_content contents[] = {
		{FEATURES, {{header.bytes, header.length}, {set->features, shape[0] * shape[1] * sizeof(float)}}},
		{KEY, {{work->key, strlen(work->key)}}},
	};
	bool good = user_folder_make_parents(work->path, error) &&
	            metric_statistics_write_with(work->path, &set->statistics, contents, 2, error);
	text_clear(&header);
	return good;
}

/* ---- measuring ---- */

static bool begin_measuring(struct reference_work *work, struct error *error)
{
	static const char what[] = "the reference";
	size_t dimensions = (size_t)work->walk.viewer.network->facts.dimensions;
	work->set.rows = rows_kept(work);
	work->set.features = memory_try_floats(work->set.rows * dimensions, what, error);
	work->moments = memory_zeroed(1, sizeof *work->moments);
	return work->set.features && metric_moments_init(work->moments, dimensions, what, error);
}

bool reference_work_begin(struct reference_work *work, const struct dataset *dataset, size_t limit,
                          const struct picture_viewer *viewer, const char *folder, struct error *error)
{
	struct picture_stream stream;
	*work = (struct reference_work){.folder = folder};
	sha256_begin(&work->sum);
	bool good = picture_stream_shuffle(&work->pictures, dataset, viewer->parallel, limit, 0, &stream, error) &&
	            picture_walk_init(&work->walk, &stream, viewer, error);
	if (!good)
		reference_work_clear(work);
	return good;
}

/* All pictures are summed up: now the file can be looked for. */
static bool look_for_file(struct reference_work *work, struct error *error)
{
	make_key(work);
	make_path(work);
	work->done = work->path && read_file(work);
	return work->done || begin_measuring(work, error);
}

static bool finish_measuring(struct reference_work *work, struct error *error)
{
	if (!metric_moments_finish(work->moments, work->walk.viewer.parallel, &work->set.statistics, error))
		return false;
	if (work->path && write_file(work, &work->unsaved))
		work->unsaved.code = ERROR_NONE;
	work->done = true;
	return true;
}

static bool measure_pictures(struct reference_work *work, struct error *error)
{
	struct picture_walk *walk = &work->walk;
	size_t first, count, dimensions = (size_t)walk->viewer.network->facts.dimensions;
	if (!picture_walk_step(walk, &first, &count, error))
		return false;
	if (first < work->set.rows) {
		size_t rows = work->set.rows - first < count ? work->set.rows - first : count;
		memcpy(work->set.features + first * dimensions, walk->features, rows * dimensions * sizeof(float));
	}
	return metric_moments_add_floats(work->moments, walk->viewer.parallel, walk->features, count, error);
}

bool reference_work_step(struct reference_work *work, struct error *error)
{
	size_t all = work->walk.stream.count;
	if (work->summed < all)
		return sum_pictures(work, error) && (work->summed < all || look_for_file(work, error));
	return measure_pictures(work, error) && (work->walk.done < all || finish_measuring(work, error));
}

double reference_work_share_done(const struct reference_work *work)
{
	return (double)work->walk.done / (double)work->walk.stream.count;
}

void reference_work_clear(struct reference_work *work)
{
	if (work->moments)
		metric_moments_clear(work->moments);
	free(work->moments);
	picture_walk_clear(&work->walk);
	shuffled_pictures_clear(&work->pictures);
	reference_set_clear(&work->set);
	free(work->key);
	free(work->path);
	*work = (struct reference_work){0};
}
