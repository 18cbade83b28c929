#!/usr/bin/env python3
"""Writes tests/golden/metrics.h: scores computed with numpy in double precision, by formulas other than the program's.
Run it in the source root.

FID: the trace of the root of S1 S2 is the nuclear norm of X1 X2^T / sqrt((n1 - 1) (n2 - 1)) for centred features X:
a singular value decomposition, without any covariance. IS: logarithms of probabilities, sample by sample. KID: all pairs
of the subsets that the program draws (Philox4x32-10, then the first steps of a shuffle), and a jackknife that leaves
samples out one by one."""
import numpy as np


class Numbers:
    """struct numbers of tests/golden_numbers.h."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1103515245 + 12345) % 2**31
        return (self.state / 2**31 - 0.5) * 2


def features(seed, count, dimensions, spread, shift):
    """make_features of tests/metric_features.h: neighbours depend on each other, spreads and means differ."""
    numbers, values = Numbers(seed), np.empty((count, dimensions), np.float32)
    for row in range(count):
        last = 0.0
        for i in range(dimensions):
            last = numbers.next() + 0.5 * last
            values[row, i] = np.float32(last * (spread * (1 + i % 5)) + shift * i)
    return values.astype(np.float64)


def fid(a, b):
    a_centred, b_centred = a - a.mean(0), b - b.mean(0)
    root = np.linalg.norm(a_centred @ b_centred.T, "nuc") / np.sqrt((len(a) - 1) * (len(b) - 1))
    means = np.sum((a.mean(0) - b.mean(0)) ** 2)
    return means + np.sum(a.var(0, ddof=1)) + np.sum(b.var(0, ddof=1)) - 2 * root


def inception_score(logits, splits):
    scores = []
    for i in range(splits):
        part = logits[i * len(logits) // splits:(i + 1) * len(logits) // splits]
        logs = part - part.max(1, keepdims=True)
        logs = logs - np.log(np.exp(logs).sum(1, keepdims=True))
        p = np.exp(logs)
        scores.append(np.exp(np.mean(np.sum(p * (logs - np.log(p.mean(0))), 1))))
    return np.mean(scores), np.std(scores)


def kid(a, b):
    kernel = lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3
    within = lambda x: (kernel(x, x).sum() - np.trace(kernel(x, x))) / (len(x) * (len(x) - 1))
    return within(a) + within(b) - 2 * kernel(a, b).mean()


def jackknife(a, b):
    left_a = np.array([kid(np.delete(a, i, 0), b) for i in range(len(a))])
    left_b = np.array([kid(a, np.delete(b, i, 0)) for i in range(len(b))])
    return np.sqrt(sum((len(x) - 1) * x.var() for x in (left_a, left_b)))


class Philox:
    """engine/tensor/random.c: the seed is the key; position and stream share the counter."""

    def __init__(self, seed, stream):
        self.seed, self.stream, self.counter = seed, stream, 0

    def block(self):
        c = [self.counter & 0xffffffff, self.counter >> 32, self.stream, 0]
        k = [self.seed & 0xffffffff, self.seed >> 32]
        for _ in range(10):
            even, odd = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(odd >> 32) ^ c[1] ^ k[0], odd & 0xffffffff, (even >> 32) ^ c[3] ^ k[1], even & 0xffffffff]
            k = [(k[0] + 0x9E3779B9) & 0xffffffff, (k[1] + 0xBB67AE85) & 0xffffffff]
        self.counter += 1
        return c

    def below(self, limit):
        while True:
            for number in self.block():
                if number >= 2**32 % limit:
                    return number % limit


SUBSETS_STREAM = 7


def kid_of_subsets(a, b, subsets, size, seed):
    random, orders = Philox(seed, SUBSETS_STREAM), [list(range(len(a))), list(range(len(b)))]
    estimates = []
    for _ in range(subsets):
        for order in orders:
            for i in range(size if size < len(order) else 0):
                other = i + random.below(len(order) - i)
                order[i], order[other] = order[other], order[i]
            order[:size] = sorted(order[:size])
        estimates.append(kid(a[orders[0][:size]], b[orders[1][:size]]))
    return np.mean(estimates), np.std(estimates)


body = ""


def write(name, value):
    global body
    body += "static const double golden_%s = %.17g;\n" % (name, value)


WELL_A, WELL_B = features(1, 400, 24, 0.3, 0.01), features(2, 300, 24, 0.25, 0.012)
FEW_A, FEW_B, MANY_B = features(3, 20, 48, 0.3, 0.01), features(4, 30, 48, 0.25, 0.012), features(5, 400, 48, 0.25, 0.012)
LOGITS = features(6, 103, 7, 2.0, 0.3)

product = np.cov(WELL_A, rowvar=False) @ np.cov(WELL_B, rowvar=False)
plain = fid(WELL_A, WELL_B)
roots = np.sqrt(np.linalg.eigvals(product).astype(complex)).real.sum()
again = (np.sum((WELL_A.mean(0) - WELL_B.mean(0)) ** 2) + np.trace(np.cov(WELL_A, rowvar=False)) +
         np.trace(np.cov(WELL_B, rowvar=False)) - 2 * roots)
assert abs(plain - again) < 1e-10 * plain

write("fid_well", plain)
write("fid_few", fid(FEW_A, FEW_B))
write("fid_few_many", fid(FEW_A, MANY_B))
for splits in (1, 4, 10):
    mean, deviation = inception_score(LOGITS, splits)
    write("is_mean_%d" % splits, mean)
    write("is_std_%d" % splits, deviation)
write("kid_whole", kid(WELL_A, WELL_B))
write("kid_whole_std", jackknife(WELL_A[:60], WELL_B[:40]))
for name, (a, b) in {"": (WELL_A, WELL_B), "_few": (FEW_A, WELL_B[:, :24])}.items():
    mean, deviation = kid_of_subsets(a[:, :24], b, 7, 200 if not name else 150, 3)
    write("kid_subsets%s" % name, mean)
    write("kid_subsets%s_std" % name, deviation)

with open("tests/golden/metrics.h", "w") as file:
    file.write("/* Computed with numpy %s by tests/make_golden_metrics.py; not to be edited. */\n" % np.__version__)
    file.write("#ifndef QGAN_TESTS_GOLDEN_METRICS_H\n#define QGAN_TESTS_GOLDEN_METRICS_H\n\n%s\n#endif\n" % body)
