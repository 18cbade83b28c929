/* Computed with numpy 1.24.2 by tests/make_golden_metrics.py; not to be edited. */
#ifndef QGAN_TESTS_GOLDEN_METRICS_H
#define QGAN_TESTS_GOLDEN_METRICS_H

static const double golden_fid_well = 0.43888917664822458;
static const double golden_fid_few = 13.244633038276017;
static const double golden_fid_few_many = 10.563529109584067;
static const double golden_is_mean_1 = 3.0362575975131061;
static const double golden_is_std_1 = 0;
static const double golden_is_mean_4 = 2.8967060731768175;
static const double golden_is_std_4 = 0.14637047526915004;
static const double golden_is_mean_10 = 2.550194312361699;
static const double golden_is_std_10 = 0.27409094813435098;
static const double golden_kid_whole = 0.0043275807444378422;
static const double golden_kid_whole_std = 0.044923581086467074;
static const double golden_kid_subsets = 0.0062070399897285865;
static const double golden_kid_subsets_std = 0.0025199590603216227;
static const double golden_kid_subsets_few = -0.0044958963541826035;
static const double golden_kid_subsets_few_std = 0.0042375993489478479;

#endif
