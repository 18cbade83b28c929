/* verdict: recorded curves get the verdicts of those who saw their pictures, made-up ones test each rule at its edges. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/text.h"
#include "engine/gan/diversity.h"
#include "engine/gan/verdict.h"

static const char curves[] = "tests/golden/verdicts";

/* ---- recorded curves ---- */

enum column { STEP, LOSS_D, LOSS_G, D_REAL, D_FAKE, GRADIENT_D, GRADIENT_G, DIVERSITY, COLUMNS };

/* Empty fields are NaN. */
static void read_row(char *line, double row[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++) {
		char *field = strsep(&line, ",\n");
		row[i] = field && *field ? strtod(field, NULL) : NAN;
	}
}

static void feed_row(struct verdict_judge *judge, const double row[COLUMNS])
{
	if (!isnan(row[LOSS_D]))
		verdict_judge_add_point(judge, &(struct verdict_point){.step = (int64_t)row[STEP], .loss_d = row[LOSS_D],
			.loss_g = row[LOSS_G], .d_real = row[D_REAL], .d_fake = row[D_FAKE], .gradient_d = row[GRADIENT_D],
			.gradient_g = row[GRADIENT_G]});
	verdict_judge_add_diversity(judge, (int64_t)row[STEP], row[DIVERSITY]);
}

/* Feeds the file; the verdict and warnings it says are expected go to `expected`. */
static struct verdict_judge *read_curve(const char *name, char expected[VERDICT_TEXT_SIZE])
{
	char path[512], line[512];
	double row[COLUMNS];
	snprintf(path, sizeof path, "%s/%s", curves, name);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	struct verdict_judge *judge = verdict_judge_create();
	expected[0] = '\0';
	while (fgets(line, sizeof line, file)) {
		sscanf(line, "# expected: %191[^\n]", expected);
		if (line[0] == '#' || line[0] == 's')
			continue;
		read_row(line, row);
		feed_row(judge, row);
	}
	fclose(file);
	assert_true(expected[0] != '\0');
	return judge;
}

static void describe(const struct verdict *verdict, char text[VERDICT_TEXT_SIZE])
{
	char warnings[VERDICT_TEXT_SIZE];
	verdict_warnings_text(verdict->warnings, warnings);
	snprintf(text, VERDICT_TEXT_SIZE, "%.30s%s%.150s", verdict_kind_name(verdict->kind), *warnings ? " " : "", warnings);
}

static void recorded_curves_get_their_verdicts(void **state)
{
	(void)state;
	DIR *folder = opendir(curves);
	assert_non_null(folder);
	int seen = 0, kinds[VERDICT_KINDS] = {0};
	for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
		if (!strstr(entry->d_name, ".csv"))
			continue;
		char expected[VERDICT_TEXT_SIZE], found[VERDICT_TEXT_SIZE];
		struct verdict_judge *judge = read_curve(entry->d_name, expected);
		struct verdict verdict;
		verdict_judge_decide(judge, &verdict);
		verdict_judge_destroy(judge);
		describe(&verdict, found);
		if (strcmp(found, expected) != 0)
			fail_msg("%s: expected %s, found %s: %s", entry->d_name, expected, found, verdict.reason);
		assert_true(*verdict.reason);
		assert_int_equal(*verdict.action != '\0', verdict.kind != VERDICT_CONVERGENT);
		kinds[verdict.kind]++;
		seen++;
	}
	closedir(folder);
	assert_true(seen >= 22);
	for (int i = 0; i < VERDICT_KINDS; i++)
		assert_true(kinds[i] > 0);
}

/* ---- made-up curves ---- */

/* A healthy training's numbers, to be spoilt. */
static struct verdict_point healthy_point(int64_t step)
{
	double wave = 0.02 * sin((double)step);
	return (struct verdict_point){.step = step, .loss_d = 0.7, .loss_g = 2 + wave, .d_real = 0.75 + wave, .d_fake = 0.25 - wave,
		.gradient_d = 40, .gradient_g = 20 + wave, .wasserstein = NAN};
}

static double healthy_diversity(int64_t step)
{
	return 0.95 * (1 - exp(-(double)step / 300)) + 0.01 * sin(0.3 * (double)step);
}

typedef void spoil(struct verdict_point *point, double *diversity);

static struct verdict judge_made_up(int64_t steps, spoil *change)
{
	struct verdict_judge *judge = verdict_judge_create();
	for (int64_t step = 0; step <= steps; step += 10) {
		struct verdict_point point = healthy_point(step);
		double diversity = step % 50 == 0 ? healthy_diversity(step) : NAN;
		if (change)
			change(&point, &diversity);
		if (step > 0)
			verdict_judge_add_point(judge, &point);
		verdict_judge_add_diversity(judge, step, diversity);
	}
	struct verdict verdict;
	verdict_judge_decide(judge, &verdict);
	verdict_judge_destroy(judge);
	return verdict;
}

static void constant(struct verdict_point *point, double *diversity)
{
	*point = (struct verdict_point){.step = point->step, .loss_d = 1.4, .loss_g = 0.7, .d_real = 0.5, .d_fake = 0.5,
		.gradient_d = 0.1, .gradient_g = 0.1};
	*diversity = isnan(*diversity) ? NAN : 0.05;
}

static void growing(struct verdict_point *point, double *diversity)
{
	double size = (double)point->step / 2000;
	point->d_real += 0.24 * size * sin((double)point->step / 120);
	point->d_fake -= 0.24 * size * sin((double)point->step / 120);
	(void)diversity;
}

static void growing_pictures(struct verdict_point *point, double *diversity)
{
	*diversity *= 1 - 0.14 * (double)point->step / 2000 * (1 + sin((double)point->step));
}

static void late_collapse(struct verdict_point *point, double *diversity)
{
	if (point->step > 1700)
		*diversity *= 0.1;
}

static void fading(struct verdict_point *point, double *diversity)
{
	if (point->step > 1000)
		*diversity *= 1 - 0.5 * (double)(point->step - 1000) / 1000;
}

static void saturated(struct verdict_point *point, double *diversity)
{
	(void)diversity;
	if (point->step > 1500) {
		point->d_real = 0.995;
		point->d_fake = 0.003;
	}
}

static void vanished(struct verdict_point *point, double *diversity)
{
	(void)diversity;
	point->gradient_g *= point->step > 1500 ? 1e-4 : 1;
}

static void exploding(struct verdict_point *point, double *diversity)
{
	(void)diversity;
	point->loss_g *= point->step > 1800 ? exp((double)(point->step - 1800) / 50) : 1;
}

static void large_but_falling(struct verdict_point *point, double *diversity)
{
	(void)diversity;
	point->loss_g = 30 * exp(-(double)point->step / 3000);
}

static void noisy(struct verdict_point *point, double *diversity)
{
	(void)point;
	*diversity = isnan(*diversity) ? NAN : 4; /* four times as far apart as real pictures */
}

static void without_pictures(struct verdict_point *point, double *diversity)
{
	(void)point;
	*diversity = NAN;
}

static void unknown_numbers(struct verdict_point *point, double *diversity)
{
	*point = (struct verdict_point){.step = point->step, .loss_d = NAN, .loss_g = NAN, .d_real = NAN, .d_fake = NAN,
		.gradient_d = NAN, .gradient_g = NAN};
	*diversity = NAN;
}

/* A critic: no scale, but a distance that falls by a third in the later half, or has settled. */
static void nearing(struct verdict_point *point, double *diversity)
{
	point->d_real = point->d_fake = point->loss_g = NAN;
	point->wasserstein = 4 + 26 * exp(-(double)point->step / 600);
	(void)diversity;
}

static void near(struct verdict_point *point, double *diversity)
{
	point->d_real = point->d_fake = point->loss_g = NAN;
	point->wasserstein = 4 + 26 * exp(-(double)point->step / 150) + 0.3 * sin((double)point->step);
	(void)diversity;
}

static void each_rule_at_its_edge(void **state)
{
	(void)state;
	static const struct { int64_t steps; spoil *change; const char *expected, *said; } cases[] = {
		{2000, NULL, "convergent", "settled"},
		{990, NULL, "undecided", "judged from step 1,000 on"},
		{0, NULL, "undecided", "judged from step 1,000 on"},
		{10, NULL, "undecided", "judged from step 1,000 on"},
		{2000, constant, "failed collapse d-blind", "nearly equal"},
		{2000, growing, "unstable", "margin"},
		{2000, growing_pictures, "unstable", "diversity swings"},
		{2000, late_collapse, "failed collapse", "nearly equal"},
		{2000, fading, "unstable", "diversity has fallen"},
		{2000, saturated, "failed d-saturated", "D saturated"},
		{900, saturated, "undecided", "too early"},
		{2000, vanished, "unstable gradient-vanished", "vanished"},
		{2000, exploding, "unstable loss-explodes", "explodes"},
		{2000, large_but_falling, "convergent", "settled"},
		{2000, noisy, "failed", "never left the level of noise"},
		{2000, without_pictures, "convergent", "margin"},
		{2000, nearing, "undecided", "Wasserstein estimate is still falling"},
		{2000, near, "convergent", "diversity has settled"},
		{2000, unknown_numbers, "undecided", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char found[VERDICT_TEXT_SIZE];
		struct verdict verdict = judge_made_up(cases[i].steps, cases[i].change);
		describe(&verdict, found);
		if (strcmp(found, cases[i].expected) != 0 || !strstr(verdict.reason, cases[i].said))
			fail_msg("case %zu: expected %s (%s), found %s (%s)", i, cases[i].expected, cases[i].said, found, verdict.reason);
		assert_null(strstr(verdict.reason, "nan"));
		assert_null(strstr(verdict.reason, "inf"));
	}
}

static void lost_numbers_fail_at_once(void **state)
{
	(void)state;
	struct verdict_judge *judge = verdict_judge_create();
	struct verdict verdict;
	verdict_judge_decide(judge, &verdict);
	assert_int_equal(verdict.kind, VERDICT_UNDECIDED);
	struct verdict_point point = healthy_point(10);
	verdict_judge_add_point(judge, &point);
	verdict_judge_add_failure(judge, 12, "step 13: D's loss is not finite");
	verdict_judge_decide(judge, &verdict);
	assert_int_equal(verdict.kind, VERDICT_FAILED);
	assert_int_equal(verdict.warnings, 1u << VERDICT_NOT_FINITE);
	assert_string_equal(verdict.reason, "step 13: D's loss is not finite");
	assert_non_null(strstr(verdict.action, "go back"));
	point = healthy_point(20); /* it goes on after all */
	verdict_judge_add_point(judge, &point);
	verdict_judge_decide(judge, &verdict);
	assert_int_equal(verdict.kind, VERDICT_UNDECIDED);
	point = healthy_point(30);
	point.loss_g = INFINITY;
	verdict_judge_add_point(judge, &point);
	verdict_judge_decide(judge, &verdict);
	assert_int_equal(verdict.kind, VERDICT_FAILED);
	verdict_judge_destroy(judge);
}

/* ---- scores ---- */

struct made_score {
	const char *name;
	bool higher;
	double noise, error;
	double values[8];
};

static void add_scores(struct verdict_judge *judge, const struct made_score *scores)
{
	for (int i = 0; i < 8; i++)
		verdict_judge_add_score(judge, &(struct verdict_score){.step = 250 * (i + 1), .name = scores->name,
			.higher_is_better = scores->higher, .value = scores->values[i], .error = scores->error, .noise = scores->noise});
}

static struct verdict judge_score_curve(const struct made_score *scores)
{
	struct verdict_judge *judge = verdict_judge_create();
	struct verdict verdict;
	add_scores(judge, scores);
	verdict_judge_decide(judge, &verdict);
	verdict_judge_destroy(judge);
	return verdict;
}

/* Levels of the paper's table 2 and figure 2: what a row ends at, and how it gets there. */
static void scores_are_judged_by_the_papers_words(void **state)
{
	(void)state;
	static const struct { struct made_score scores; enum verdict_kind expected; const char *said; } cases[] = {
		{{"IS", true, 1, 0.03, {2.1, 3, 3.6, 3.9, 4.1, 4.15, 4.1, 4.15}}, VERDICT_CONVERGENT, "IS has settled at 4.1"},
		{{"IS", true, 1, 0.03, {1.1, 1.16, 1.2, 1.13, 1.28, 1.17, 1.2, 1.16}}, VERDICT_FAILED, "at best 1.2"},
		{{"IS", true, 1, 0.03, {2, 3.4, 1.5, 3.2, 1.4, 3.4, 1.6, 3.4}}, VERDICT_UNSTABLE, "swings"},
		{{"IS", true, 1, 0.03, {2, 3.4, 3.4, 3.3, 2.4, 2.0, 1.5, 1.3}}, VERDICT_UNSTABLE, "fallen: from 3.4 to 1.3"},
		{{"IS", true, 1, 0.03, {1.2, 1.4, 1.6, 1.8, 2.2, 2.6, 3.0, 3.4}}, VERDICT_UNDECIDED, "still rising"},
		{{"FID", false, 450, 2, {160, 90, 70, 60, 56, 55, 54, 54.3}}, VERDICT_CONVERGENT, "FID has settled at 54"},
		{{"FID", false, 450, 2, {430, 407, 440, 421, 437, 466, 460, 408}}, VERDICT_FAILED, "at best 40"},
		{{"FID", false, 450, 2, {200, 90, 300, 95, 310, 90, 290, 100}}, VERDICT_UNSTABLE, "swings"},
		{{"FID", false, 450, 2, {200, 80, 70, 72, 160, 200, 260, 300}}, VERDICT_UNSTABLE, "FID has risen again: from 70 to 300"},
		{{"FID", false, 450, 2, {420, 380, 340, 300, 250, 200, 150, 100}}, VERDICT_UNDECIDED, "FID is still falling"},
		{{"FID", false, NAN, 2, {400, 200, 110, 90, 82, 80, 80, 80}}, VERDICT_CONVERGENT, "settled"},
		/* swings within the evaluations' own error are no swings */
		{{"KID", false, 0.4, 0.03, {0.2, 0.1, 0.05, 0.09, 0.01, 0.1, 0.02, 0.09}}, VERDICT_CONVERGENT, "settled"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct verdict verdict = judge_score_curve(&cases[i].scores);
		if (verdict.kind != cases[i].expected || !strstr(verdict.reason, cases[i].said))
			fail_msg("case %zu: %s: %s", i, verdict_kind_name(verdict.kind), verdict.reason);
	}
}

static void the_worst_score_counts_and_scores_before_the_proxy(void **state)
{
	(void)state;
	static const struct made_score good = {"IS (a)", true, 1, 0.03, {2.1, 3, 3.6, 3.9, 4.1, 4.15, 4.1, 4.15}};
	static const struct made_score bad = {"FID (a)", false, 450, 2, {200, 90, 300, 95, 310, 90, 290, 100}};
	struct verdict_judge *judge = verdict_judge_create();
	struct verdict verdict;
	for (int64_t step = 10; step <= 250; step += 10) {
		struct verdict_point point = healthy_point(step);
		double diversity = NAN;
		constant(&point, &diversity); /* the proxy would say failed */
		verdict_judge_add_point(judge, &point);
	}
	add_scores(judge, &good);
	verdict_judge_decide(judge, &verdict);
	assert_int_equal(verdict.kind, VERDICT_CONVERGENT);
	verdict_judge_destroy(judge);
	judge = verdict_judge_create();
	for (int i = 0; i < 8; i++) {
		const struct made_score *both[] = {&good, &bad};
		for (int k = 0; k < 2; k++)
			verdict_judge_add_score(judge, &(struct verdict_score){.step = 250 * (i + 1), .name = both[k]->name,
				.higher_is_better = both[k]->higher, .value = both[k]->values[i], .noise = both[k]->noise});
	}
	verdict_judge_decide(judge, &verdict);
	assert_int_equal(verdict.kind, VERDICT_UNSTABLE);
	assert_non_null(strstr(verdict.reason, "FID (a) swings"));
	verdict_judge_destroy(judge);
}

/* ---- what it promises ---- */

/* Judging on the way, or a second time, changes nothing; a long curve is judged like a short one. */
static void the_same_curve_gives_the_same_verdict(void **state)
{
	(void)state;
	struct verdict_judge *asked = verdict_judge_create(), *restored = verdict_judge_create();
	struct verdict a, b;
	for (int64_t step = 10; step <= 100000; step += 10) {
		struct verdict_point point = healthy_point(step);
		verdict_judge_add_point(asked, &point);
		verdict_judge_add_point(restored, &point);
		if (step % 100)
			continue;
		verdict_judge_add_diversity(asked, step, healthy_diversity(step));
		verdict_judge_add_diversity(restored, step, healthy_diversity(step));
		if (step % 5000 == 0)
			verdict_judge_decide(asked, &a);
	}
	verdict_judge_decide(asked, &a);
	verdict_judge_decide(restored, &b);
	assert_true(verdict_same(&a, &b));
	assert_string_equal(a.reason, b.reason);
	assert_int_equal(a.kind, VERDICT_CONVERGENT);
	verdict_judge_destroy(asked);
	verdict_judge_destroy(restored);
}

static void a_change_begins_anew(void **state)
{
	(void)state;
	struct verdict_judge *judge = verdict_judge_create();
	struct verdict verdict;
	for (int64_t step = 10; step <= 2000; step += 10) {
		struct verdict_point point = healthy_point(step);
		double diversity = NAN;
		constant(&point, &diversity);
		verdict_judge_add_point(judge, &point);
	}
	verdict_judge_decide(judge, &verdict);
	assert_int_equal(verdict.kind, VERDICT_UNSTABLE);
	assert_string_equal(verdict.action, "halve G's learning rate");
	verdict_judge_set_quantized(judge, true);
	verdict_judge_decide(judge, &verdict);
	assert_non_null(strstr(verdict.action, "more bits"));
	verdict_judge_begin_anew(judge, 2000);
	verdict_judge_decide(judge, &verdict);
	assert_int_equal(verdict.kind, VERDICT_UNDECIDED);
	assert_int_equal(verdict.warnings, 0);
	assert_non_null(strstr(verdict.reason, "from step 3,000 on"));
	for (int64_t step = 2010; step <= 3000; step += 10) {
		struct verdict_point point = healthy_point(step);
		verdict_judge_add_point(judge, &point);
		if (step % 50 == 0)
			verdict_judge_add_diversity(judge, step, 0.95);
	}
	verdict_judge_decide(judge, &verdict);
	assert_int_equal(verdict.kind, VERDICT_CONVERGENT);
	verdict_judge_destroy(judge);
}

static void names_are_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < VERDICT_KINDS; i++) {
		enum verdict_kind kind = VERDICT_KINDS;
		assert_true(verdict_kind_parse(verdict_kind_name((enum verdict_kind)i), &kind));
		assert_int_equal(kind, i);
	}
	enum verdict_kind kind = VERDICT_UNSTABLE;
	assert_false(verdict_kind_parse("", &kind));
	assert_false(verdict_kind_parse("great", &kind));
	assert_int_equal(kind, VERDICT_UNSTABLE);
	char text[VERDICT_TEXT_SIZE];
	verdict_warnings_text(~0u, text); /* all that there are fit */
	assert_string_equal(text, "not-finite collapse d-saturated d-blind gradient-vanished loss-explodes");
	for (const struct verdict_threshold *row = verdict_thresholds; row->name; row++)
		assert_true(row->value > 0 && *row->unit && *row->reason);
}

/* ---- diversity ---- */

static void diversity_is_the_mean_distance_of_pairs(void **state)
{
	(void)state;
	enum { COUNT = 7, SIDE = 4, CHANNELS = 3, VALUES = SIDE * SIDE * CHANNELS, GRID_COLUMNS = 3 };
	static uint8_t pictures[COUNT][VALUES], grid_pixels[3 * SIDE][GRID_COLUMNS * SIDE][CHANNELS];
	uint32_t random = 1;
	for (int i = 0; i < COUNT; i++)
		for (int v = 0; v < VALUES; v++) {
			random = random * 1664525u + 1013904223u;
			pictures[i][v] = (uint8_t)(random >> 24);
			int y = i / GRID_COLUMNS * SIDE + v / CHANNELS / SIDE, x = i % GRID_COLUMNS * SIDE + v / CHANNELS % SIDE;
			grid_pixels[y][x][v % CHANNELS] = pictures[i][v];
		}
	double sum = 0;
	for (int i = 0; i < COUNT; i++)
		for (int k = 0; k < i; k++)
			for (int v = 0; v < VALUES; v++)
				sum += (double)(pictures[i][v] - pictures[k][v]) * (pictures[i][v] - pictures[k][v]);
	double expected = sqrt(sum / (COUNT * (COUNT - 1) / 2) / VALUES);
	const struct image grid = {GRID_COLUMNS * SIDE, 3 * SIDE, CHANNELS, &grid_pixels[0][0][0]};
	assert_true(fabs(diversity_of_pictures(&pictures[0][0], COUNT, VALUES, VALUES) - expected) < 1e-9 * expected);
	assert_true(fabs(diversity_of_grid(&grid, COUNT, GRID_COLUMNS) - expected) < 1e-9 * expected);
	const struct dataset dataset = {.size = SIDE, .channels = CHANNELS, .count = COUNT, .pixels = &pictures[0][0]};
	double diversity;
	assert_true(diversity_of_dataset(&dataset, &diversity, NULL));
	assert_true(fabs(diversity - expected) < 1e-9 * expected);
	assert_true(isnan(diversity_of_pictures(&pictures[0][0], 1, VALUES, VALUES)));
	assert_true(isnan(diversity_of_grid(&grid, 1, GRID_COLUMNS)));
	memset(pictures, 77, sizeof pictures);
	assert_true(diversity_of_pictures(&pictures[0][0], COUNT, VALUES, VALUES) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_curves_get_their_verdicts),
		cmocka_unit_test(each_rule_at_its_edge),
		cmocka_unit_test(lost_numbers_fail_at_once),
		cmocka_unit_test(scores_are_judged_by_the_papers_words),
		cmocka_unit_test(the_worst_score_counts_and_scores_before_the_proxy),
		cmocka_unit_test(the_same_curve_gives_the_same_verdict),
		cmocka_unit_test(a_change_begins_anew),
		cmocka_unit_test(names_are_read_back),
		cmocka_unit_test(diversity_is_the_mean_distance_of_pairs),
	};
	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
