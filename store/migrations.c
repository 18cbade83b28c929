#include "store/migrations.h"

#include <stdio.h>

#include "store/statement.h"
#include "store/summary.h"

/* What every table and column means is said in store/schema.c. Times are seconds since 1970 in UTC. NULL in a REAL column
 * means "not known" (NaN in the program). Steps count from 1; step 0 is the untrained network. Bits are 1..8, or 32 for
 * float. Deleting a run deletes everything that hangs on it (not its checkpoint files). */
static const char first_schema[] =
	"PRAGMA application_id = 1902600558;" /* STORE_APPLICATION_ID */
	"CREATE TABLE runs ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	name TEXT NOT NULL UNIQUE,"
	"	status TEXT NOT NULL CHECK (status IN ('live', 'paused', 'finished', 'stopped', 'crashed', 'failed')),"
	"	model TEXT NOT NULL,"
	"	data TEXT NOT NULL,"
	"	quantizer TEXT NOT NULL,"
	"	size INTEGER NOT NULL,"
	"	channels INTEGER NOT NULL,"
	"	width INTEGER NOT NULL,"
	"	batch INTEGER NOT NULL,"
	"	d_bits INTEGER NOT NULL,"
	"	g_bits INTEGER NOT NULL,"
	"	seed INTEGER NOT NULL,"
	"	version TEXT NOT NULL,"
	"	machine TEXT NOT NULL,"
	"	host TEXT NOT NULL,"
	"	boot_id TEXT NOT NULL,"
	"	pid INTEGER NOT NULL,"
	"	process_start INTEGER NOT NULL,"
	"	created REAL NOT NULL,"
	"	heartbeat REAL NOT NULL,"
	"	ended REAL NOT NULL DEFAULT 0,"
	"	train_seconds REAL NOT NULL DEFAULT 0,"
	"	step INTEGER NOT NULL DEFAULT 0,"
	"	last_step INTEGER NOT NULL DEFAULT 0,"
	"	epochs REAL NOT NULL DEFAULT 0,"
	"	loss_d REAL,"
	"	loss_g REAL,"
	"	parent_id INTEGER REFERENCES runs (id) ON DELETE SET NULL,"
	"	parent_step INTEGER NOT NULL DEFAULT 0,"
	"	message TEXT NOT NULL DEFAULT '',"
	"	config_json TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX runs_by_parent ON runs (parent_id);"
	"CREATE TABLE metric_points ("
	"	run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
	"	step INTEGER NOT NULL,"
	"	time REAL NOT NULL,"
	"	epochs REAL,"
	"	loss_d REAL,"
	"	loss_g REAL,"
	"	d_real REAL,"
	"	d_fake REAL,"
	"	gradient_d REAL,"
	"	gradient_g REAL,"
	"	images_per_second REAL,"
	"	PRIMARY KEY (run_id, step)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE journal ("
	"	id INTEGER PRIMARY KEY,"
	"	run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
	"	step INTEGER NOT NULL,"
	"	time REAL NOT NULL,"
	"	kind TEXT NOT NULL,"
	"	field TEXT NOT NULL,"
	"	value TEXT NOT NULL,"
	"	text TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX journal_by_run ON journal (run_id, step);"
	"CREATE TABLE layer_stats ("
	"	id INTEGER PRIMARY KEY,"
	"	run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
	"	step INTEGER NOT NULL,"
	"	network TEXT NOT NULL CHECK (network IN ('D', 'G')),"
	"	position INTEGER NOT NULL,"
	"	layer TEXT NOT NULL,"
	"	shape TEXT NOT NULL,"
	"	quantizer TEXT NOT NULL,"
	"	bits INTEGER NOT NULL,"
	"	alpha REAL,"
	"	beta REAL,"
	"	mse REAL,"
	"	variance REAL,"
	"	sqnr_db REAL,"
	"	utilization REAL,"
	"	flips REAL,"
	"	iterations INTEGER NOT NULL,"
	"	weights INTEGER NOT NULL,"
	"	histogram_min REAL,"
	"	histogram_max REAL,"
	"	bins INTEGER NOT NULL,"
	"	UNIQUE (run_id, step, network, position)"
	") STRICT;"
	"CREATE TABLE layer_states ("
	"	stats_id INTEGER NOT NULL REFERENCES layer_stats (id) ON DELETE CASCADE,"
	"	state INTEGER NOT NULL,"
	"	level REAL,"
	"	count INTEGER NOT NULL,"
	"	PRIMARY KEY (stats_id, state)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE layer_bins ("
	"	stats_id INTEGER NOT NULL REFERENCES layer_stats (id) ON DELETE CASCADE,"
	"	bin INTEGER NOT NULL,"
	"	count INTEGER NOT NULL,"
	"	PRIMARY KEY (stats_id, bin)"
	") STRICT, WITHOUT ROWID;"
	"CREATE VIEW layer_histogram AS"
	"	SELECT run_id, step, network, position, layer, bin,"
	"		histogram_min + (histogram_max - histogram_min) * bin / bins AS low,"
	"		histogram_min + (histogram_max - histogram_min) * (bin + 1) / bins AS high, count"
	"	FROM layer_stats JOIN layer_bins ON stats_id = id;"
	"CREATE TABLE samples ("
	"	id INTEGER PRIMARY KEY,"
	"	run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
	"	step INTEGER NOT NULL,"
	"	time REAL NOT NULL,"
	"	tiles INTEGER NOT NULL,"
	"	columns INTEGER NOT NULL,"
	"	seed INTEGER NOT NULL,"
	"	d_bits INTEGER NOT NULL,"
	"	g_bits INTEGER NOT NULL,"
	"	png BLOB NOT NULL"
	") STRICT;"
	"CREATE INDEX samples_by_run ON samples (run_id, seed, step);"
	"CREATE TABLE checkpoints ("
	"	id INTEGER PRIMARY KEY,"
	"	run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
	"	step INTEGER NOT NULL,"
	"	time REAL NOT NULL,"
	"	path TEXT NOT NULL,"
	"	hash TEXT NOT NULL,"
	"	bytes INTEGER NOT NULL,"
	"	kept INTEGER NOT NULL DEFAULT 0 CHECK (kept IN (0, 1)),"
	"	UNIQUE (run_id, step)"
	") STRICT;";

_Static_assert(STORE_APPLICATION_ID == 1902600558, "the number in first_schema");

/* What older rows leave to be worked out: every tensor had one scale of 16 bytes, a float layer carried the name of the
 * run's quantizer, and flips counted from the tensor's row before. */
static const char layer_schema[] =
	"ALTER TABLE layer_stats ADD COLUMN groups INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE layer_stats ADD COLUMN packed_bytes REAL;"
	"ALTER TABLE layer_stats ADD COLUMN flip_steps INTEGER NOT NULL DEFAULT 0;"
	"UPDATE layer_stats SET packed_bytes = CASE bits WHEN 32 THEN 4.0 * weights ELSE (weights * bits + 7) / 8 + 16.0 END,"
	"	quantizer = CASE bits WHEN 32 THEN 'float' ELSE quantizer END;"
	"UPDATE layer_stats SET flip_steps = step - coalesce((SELECT max(step) FROM layer_stats AS older"
	"	WHERE older.run_id = layer_stats.run_id AND older.network = layer_stats.network"
	"	AND older.position = layer_stats.position AND older.step < layer_stats.step), step) WHERE flips IS NOT NULL;"
	"CREATE TABLE layer_trace ("
	"	stats_id INTEGER NOT NULL REFERENCES layer_stats (id) ON DELETE CASCADE,"
	"	iteration INTEGER NOT NULL,"
	"	error REAL,"
	"	PRIMARY KEY (stats_id, iteration)"
	") STRICT, WITHOUT ROWID;";

static const char verdict_schema[] =
	"ALTER TABLE runs ADD COLUMN verdict TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE runs ADD COLUMN verdict_warnings TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE runs ADD COLUMN verdict_reason TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE runs ADD COLUMN verdict_action TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE samples ADD COLUMN diversity REAL;";

static const char score_schema[] =
	"CREATE TABLE scores ("
	"	id INTEGER PRIMARY KEY,"
	"	run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
	"	step INTEGER NOT NULL,"
	"	time REAL NOT NULL,"
	"	live INTEGER NOT NULL CHECK (live IN (0, 1)),"
	"	recipe TEXT NOT NULL,"
	"	features TEXT NOT NULL,"
	"	weights_hash TEXT NOT NULL,"
	"	resize TEXT NOT NULL,"
	"	reference TEXT NOT NULL,"
	"	split TEXT NOT NULL,"
	"	reference_hash TEXT NOT NULL,"
	"	samples INTEGER NOT NULL,"
	"	reference_samples INTEGER NOT NULL,"
	"	splits INTEGER NOT NULL,"
	"	kid_subsets INTEGER NOT NULL,"
	"	kid_subset_size INTEGER NOT NULL,"
	"	dimensions INTEGER NOT NULL,"
	"	seed INTEGER NOT NULL,"
	"	d_bits INTEGER NOT NULL,"
	"	g_bits INTEGER NOT NULL,"
	"	regularized INTEGER NOT NULL CHECK (regularized IN (0, 1)),"
	"	fid REAL,"
	"	fid_std REAL,"
	"	kid REAL,"
	"	kid_std REAL,"
	"	is_mean REAL,"
	"	is_std REAL,"
	"	seconds REAL,"
	"	identity TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX scores_by_run ON scores (run_id, step);"
	"ALTER TABLE runs ADD COLUMN score_identity TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE runs ADD COLUMN score_step INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE runs ADD COLUMN fid REAL;"
	"ALTER TABLE runs ADD COLUMN fid_std REAL;"
	"ALTER TABLE runs ADD COLUMN kid REAL;"
	"ALTER TABLE runs ADD COLUMN kid_std REAL;"
	"ALTER TABLE runs ADD COLUMN is_mean REAL;"
	"ALTER TABLE runs ADD COLUMN is_std REAL;"
	"ALTER TABLE runs ADD COLUMN best_fid_step INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE runs ADD COLUMN best_is_step INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE runs ADD COLUMN best_fid REAL;"
	"ALTER TABLE runs ADD COLUMN best_fid_std REAL;"
	"ALTER TABLE runs ADD COLUMN best_is REAL;"
	"ALTER TABLE runs ADD COLUMN best_is_std REAL;"
	"ALTER TABLE runs ADD COLUMN packed_d REAL;"
	"ALTER TABLE runs ADD COLUMN float_d REAL;"
	"ALTER TABLE runs ADD COLUMN packed_g REAL;"
	"ALTER TABLE runs ADD COLUMN float_g REAL;"
	"UPDATE runs SET " STORE_SET_SIZES ";"
	"ALTER TABLE checkpoints ADD COLUMN best INTEGER NOT NULL DEFAULT 0 CHECK (best IN (0, 1));";

/* Triggers count, so that whoever writes, a reader finds what is new by one look at an index. */
static const char editing_schema[] =
	"ALTER TABLE runs ADD COLUMN tags TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE runs ADD COLUMN archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1));"
	"ALTER TABLE runs ADD COLUMN trashed REAL NOT NULL DEFAULT 0;"
	"ALTER TABLE runs ADD COLUMN change INTEGER NOT NULL DEFAULT 1;"
	"CREATE INDEX runs_by_change ON runs (change);"
	"CREATE TABLE run_changes ("
	"	latest INTEGER NOT NULL,"
	"	deleted INTEGER NOT NULL"
	") STRICT;"
	"INSERT INTO run_changes (latest, deleted) VALUES (1, 0);"
	"CREATE TRIGGER run_inserted AFTER INSERT ON runs BEGIN"
	"	UPDATE run_changes SET latest = latest + 1;"
	"	UPDATE runs SET change = (SELECT latest FROM run_changes) WHERE id = NEW.id;"
	"END;"
	"CREATE TRIGGER run_updated AFTER UPDATE ON runs WHEN NEW.change = OLD.change BEGIN"
	"	UPDATE run_changes SET latest = latest + 1;"
	"	UPDATE runs SET change = (SELECT latest FROM run_changes) WHERE id = NEW.id;"
	"END;"
	"CREATE TRIGGER run_deleted AFTER DELETE ON runs BEGIN"
	"	UPDATE run_changes SET latest = latest + 1, deleted = latest + 1;"
	"END;"
	"CREATE TABLE views ("
	"	name TEXT PRIMARY KEY,"
	"	filter TEXT NOT NULL,"
	"	columns TEXT NOT NULL,"
	"	sort TEXT NOT NULL,"
	"	saved REAL NOT NULL"
	") STRICT;";

static const char study_schema[] =
	"CREATE TABLE studies ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	name TEXT NOT NULL UNIQUE,"
	"	kind TEXT NOT NULL,"
	"	status TEXT NOT NULL CHECK (status IN ('open', 'running', 'met', 'missed', 'finished')),"
	"	spec TEXT NOT NULL,"
	"	created REAL NOT NULL,"
	"	ended REAL NOT NULL DEFAULT 0,"
	"	seconds REAL NOT NULL DEFAULT 0,"
	"	message TEXT NOT NULL DEFAULT '',"
	"	host TEXT NOT NULL DEFAULT '',"
	"	boot_id TEXT NOT NULL DEFAULT '',"
	"	pid INTEGER NOT NULL DEFAULT 0,"
	"	process_start INTEGER NOT NULL DEFAULT 0,"
	"	heartbeat REAL NOT NULL DEFAULT 0"
	") STRICT;"
	"CREATE TABLE study_cells ("
	"	id INTEGER PRIMARY KEY,"
	"	study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,"
	"	position INTEGER NOT NULL,"
	"	key TEXT NOT NULL,"
	"	grouping TEXT NOT NULL,"
	"	method TEXT NOT NULL,"
	"	model TEXT NOT NULL,"
	"	d_bits INTEGER NOT NULL,"
	"	g_bits INTEGER NOT NULL,"
	"	seed INTEGER NOT NULL,"
	"	overrides TEXT NOT NULL,"
	"	status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done', 'cut', 'failed')),"
	"	by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1)),"
	"	cut_asked INTEGER NOT NULL DEFAULT 0 CHECK (cut_asked IN (0, 1)),"
	"	run_id INTEGER,"
	"	identity TEXT NOT NULL DEFAULT '',"
	"	evaluations INTEGER NOT NULL DEFAULT 0,"
	"	fid REAL,"
	"	fid_spread REAL,"
	"	is_mean REAL,"
	"	is_spread REAL,"
	"	bytes REAL,"
	"	verdict TEXT NOT NULL DEFAULT '',"
	"	seconds REAL NOT NULL DEFAULT 0,"
	"	message TEXT NOT NULL DEFAULT '',"
	"	UNIQUE (study_id, key)"
	") STRICT;";

/* Of a column of metric_points, and of its four in metric_buckets. */
#define BUCKET_COLUMNS(name) \
	"	" name "_low REAL," \
	"	" name "_high REAL," \
	"	" name "_sum REAL," \
	"	" name "_known INTEGER NOT NULL,"
#define EVERY_SERIES(of) \
	of("loss_d") of("loss_g") of("d_real") of("d_fake") of("gradient_d") of("gradient_g") of("images_per_second")
#define FROM_POINTS(name) ", min(" name "), max(" name "), sum(" name "), count(" name ")"
#define FROM_BUCKETS(name) ", min(" name "_low), max(" name "_high), sum(" name "_sum), sum(" name "_known)"
#define COARSER(level) \
	"INSERT INTO metric_buckets SELECT run_id, " #level ", min(first_step), max(last_step), sum(points)," \
	" min(first_time), max(last_time), min(first_epochs), max(last_epochs)" EVERY_SERIES(FROM_BUCKETS) \
	" FROM (SELECT *, (row_number() OVER (PARTITION BY run_id ORDER BY first_step) - 1) / 8 AS bucket FROM metric_buckets" \
	" WHERE level = " #level " - 1) GROUP BY run_id, bucket HAVING count(*) = 8;"

static const char bucket_schema[] =
	"CREATE TABLE metric_buckets ("
	"	run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
	"	level INTEGER NOT NULL,"
	"	first_step INTEGER NOT NULL,"
	"	last_step INTEGER NOT NULL,"
	"	points INTEGER NOT NULL,"
	"	first_time REAL,"
	"	last_time REAL,"
	"	first_epochs REAL,"
	"	last_epochs REAL,"
	EVERY_SERIES(BUCKET_COLUMNS)
	"	PRIMARY KEY (run_id, level, first_step)"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO metric_buckets SELECT run_id, 1, min(step), max(step), count(*), min(time), max(time), min(epochs), max(epochs)"
	EVERY_SERIES(FROM_POINTS)
	" FROM (SELECT *, (row_number() OVER (PARTITION BY run_id ORDER BY step) - 1) / 64 AS bucket FROM metric_points)"
	" GROUP BY run_id, bucket HAVING count(*) = 64;"
	COARSER(2) COARSER(3) COARSER(4);

static const char critic_schema[] =
	"ALTER TABLE metric_points ADD COLUMN wasserstein REAL;"
	"ALTER TABLE metric_points ADD COLUMN penalty REAL;"
#define LATER_COLUMNS(name) \
	"ALTER TABLE metric_buckets ADD COLUMN " name "_low REAL;" \
	"ALTER TABLE metric_buckets ADD COLUMN " name "_high REAL;" \
	"ALTER TABLE metric_buckets ADD COLUMN " name "_sum REAL;" \
	"ALTER TABLE metric_buckets ADD COLUMN " name "_known INTEGER NOT NULL DEFAULT 0;"
	LATER_COLUMNS("wasserstein") LATER_COLUMNS("penalty");

static const char origin_schema[] = "ALTER TABLE runs ADD COLUMN origins TEXT NOT NULL DEFAULT '';";

/* Append only: files in the world have stopped at every one of these. */
const struct migration migrations[] = {
	{.purpose = "runs, metric points, journal, layer statistics, samples, checkpoints", .sql = first_schema},
	{.purpose = "scales, packed size and error trace of layers", .sql = layer_schema},
	{.purpose = "verdicts, and the diversity of samples", .sql = verdict_schema},
	{.purpose = "scores, their summary and the size of runs", .sql = score_schema},
	{.purpose = "tags, notes, archive, trash and changes of runs; saved views", .sql = editing_schema},
	{.purpose = "studies and their cells", .sql = study_schema},
	{.purpose = "coarser levels of the curves", .sql = bucket_schema},
	{.purpose = "Wasserstein estimate and gradient penalty", .sql = critic_schema},
	{.purpose = "where the settings of runs came from", .sql = origin_schema},
};
const size_t migration_count = sizeof migrations / sizeof *migrations;

/* A file without tables is new: it may become a store. */
static bool check_is_store(struct store *store, bool *empty, struct error *error)
{
	/* In this order: another process may be making the store at this moment, id and tables at once. */
	int64_t application, tables;
	if (!statement_query_integer(store, "SELECT count(*) FROM sqlite_schema", 0, 0, &tables, error) ||
	    !statement_query_integer(store, "PRAGMA application_id", 0, 0, &application, error))
		return false;
	*empty = tables == 0;
	if (*empty || application == STORE_APPLICATION_ID)
		return true;
	return error_set(error, ERROR_INPUT, "%s is an SQLite file, but not a qgan store", store->path);
}

bool migrations_position(struct store *store, size_t known, size_t *position, struct error *error)
{
	bool empty;
	int64_t version;
	if (!check_is_store(store, &empty, error) ||
	    !statement_query_integer(store, "PRAGMA user_version", 0, 0, &version, error))
		return false;
	*position = empty || version < 0 ? 0 : (size_t)version;
	if (*position <= known)
		return true;
	return error_set(error, ERROR_STATE, "store %s was written by a newer qgan (schema %zu; this program knows %zu): use that one",
	                 store->path, *position, known);
}

static bool apply_step(struct store *store, const struct migration *step, size_t number, struct error *error)
{
	char pragma[64];
	snprintf(pragma, sizeof pragma, "PRAGMA user_version = %zu", number);
	if (store_execute(store, step->sql, error) && store_execute(store, pragma, error))
		return true;
	return error_prefix(error, "schema step %zu (%s)", number, step->purpose);
}

bool migrations_apply(struct store *store, const struct migration *steps, size_t count, struct error *error)
{
	size_t position;
	if (!migrations_position(store, count, &position, error))
		return false;
	if (position == count)
		return true;
	if (!store_begin_span(store, error))
		return false;
	/* Another process may have been faster between the look and the lock. */
	bool success = migrations_position(store, count, &position, error);
	for (size_t i = position; success && i < count; i++)
		success = apply_step(store, &steps[i], i + 1, error);
	return store_end_span(store, success, error);
}
