/* A search under way, and a study of layers, as the session fills them. For the screen tests. */
#ifndef QGAN_TESTS_SEARCH_FIXTURE_H
#define QGAN_TESTS_SEARCH_FIXTURE_H

#include "tests/view_fixture.h"

static inline struct view_search_cell *fixture_study_cell(struct view_search *search, const char *key, int d, int g,
	enum view_cell_state state, double fid)
{
	struct view_search_cell *cell = &search->cells[search->cell_count++];
	bool done = state == VIEW_CELL_DONE, is_float = d == 32 && g == 32;
	*cell = (struct view_search_cell){
		.id = search->cell_count, .run = state == VIEW_CELL_QUEUED ? 0 : 100 + search->cell_count, .d_bits = d, .g_bits = g,
		.state = state, .on_map = strcmp(key, "base") != 0, .fid = done ? fid : NAN, .fid_spread = done ? fid / 40 : NAN,
		.is_mean = done ? 9 - fid / 10 : NAN, .is_spread = done ? 0.06 : NAN, .bytes = done ? 1000.0 * (83 * d + 86 * g) : NAN,
		.ratio = done ? 169.0 * 32 / (83 * d + 86 * g) : NAN, .seconds = done ? 312 : 0, .done = NAN,
		.meets = done && fid <= search->target,
	};
	text_copy(cell->key, sizeof cell->key, key);
	text_copy(cell->method, sizeof cell->method, is_float ? "float" : "em");
	if (done)
		text_copy(cell->verdict, sizeof cell->verdict, fid < 20 ? "convergent" : "unstable");
	return cell;
}

static inline struct view_search *fixture_study(struct view *view, const char *name, const char *kind)
{
	struct view_search *search = memory_zeroed(1, sizeof *search);
	*search = (struct view_search){
		.id = 3, .working = true, .method_count = 1, .scale = 1, .shown = 0, .study_count = 2, .seconds = 2040, .seconds_left = 3060,
		.target = NAN, .first_cell = 1,
	};
	text_copy(search->name, sizeof search->name, name);
	text_copy(search->kind, sizeof search->kind, kind);
	text_copy(search->status, sizeof search->status, "running");
	text_copy(search->method, sizeof search->method, "em");
	text_copy(search->recipe, sizeof search->recipe,
	          "classifier/shapes 1a2b3c4d, 5000 pictures in 10 splits, against shapes train 9f86d081");
	view->search = search;
	return search;
}

/* D found, G on its way. */
static inline struct view_search *fixture_search(struct view *view)
{
	static const int widths[] = {1, 2, 3, 4, 8, 32};
	struct view_search *search = fixture_study(view, "search-fashion-mnist", "search");
	search->has_map = search->has_target = true;
	search->target = 12.9;
	search->stage = 2;
	search->width_count = 6;
	memcpy(search->widths, widths, sizeof widths);
	fixture_study_cell(search, "base", 32, 32, VIEW_CELL_DONE, 9.9)->front = true;
	fixture_study_cell(search, "em D1 G32", 1, 32, VIEW_CELL_DONE, 17.4)->path = 1;
	struct view_search_cell *found = fixture_study_cell(search, "em D2 G32", 2, 32, VIEW_CELL_DONE, 11.2);
	found->path = 2;
	found->front = true;
	fixture_study_cell(search, "em D2 G1", 2, 1, VIEW_CELL_CUT, 0)->path = 3;
	text_copy(search->cells[3].message, sizeof search->cells[3].message, "the samples are nearly equal");
	struct view_search_cell *running = fixture_study_cell(search, "em D2 G2", 2, 2, VIEW_CELL_RUNNING, 0);
	running->path = 4;
	running->done = 0.62;
	fixture_study_cell(search, "em D4 G4", 4, 4, VIEW_CELL_QUEUED, 0)->by_hand = true;
	fixture_study_cell(search, "em D3 G3", 3, 3, VIEW_CELL_DONE, 14.8)->front = true;
	fixture_study_cell(search, "em D8 G1", 8, 1, VIEW_CELL_FAILED, 0);
	search->cells_done = 6;
	search->first_cell = 5;
	return search;
}

/* Every layer alone. */
static inline struct view_search *fixture_layers_study(struct view *view)
{
	static const char *const names[] = {"G.deconv4", "D.conv1", "G.deconv1", "D.conv4"};
	static const double rises[] = {31.5, 12.25, 0.75, -0.2};
	struct view_search *search = fixture_study(view, "layers-shapes", "layers");
	char key[32];
	search->working = false;
	search->scale = 0.25;
	search->seconds_left = NAN;
	text_copy(search->status, sizeof search->status, "finished");
	text_copy(search->title, sizeof search->title, "each layer alone at 1 bit");
	fixture_study_cell(search, "base", 32, 32, VIEW_CELL_DONE, 9.9);
	fixture_study_cell(search, "float", 32, 32, VIEW_CELL_DONE, 9.5);
	for (int i = 0; i < 4; i++) {
		snprintf(key, sizeof key, "%s 1 bit", names[i]);
		fixture_study_cell(search, key, 32, 32, VIEW_CELL_DONE, 9.5 + rises[i]);
		search->layers[i] = (struct view_search_layer){.bits = 1, .rise = rises[i]};
		text_copy(search->layers[i].name, sizeof search->layers[i].name, names[i]);
	}
	search->layers[4] = (struct view_search_layer){.name = "D.conv2", .bits = 1, .rise = NAN};
	search->layer_count = 5;
	search->cells_done = search->cell_count;
	search->first_cell = search->cell_count;
	return search;
}

#endif
