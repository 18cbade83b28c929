#!/usr/bin/env python3
"""Writes quant.txt: fits of all quantizers computed with numpy, straight from the formulas (paper equations 3 to 10),
for tests/test_quant.c. Run it as `python3 tests/golden/quant.py > tests/golden/quant.txt`.

Format, one item a line, results as hexadecimal floats:
    tensor NAME COUNT, then COUNT weights
    fit METHOD BITS ITERATIONS ALPHA BETA MSE, then 2^BITS counts      (ITERATIONS 0: as many as the paper prints)
"""
import numpy as np


def states(w, alpha, beta, bits):
    return np.clip(np.rint((w - beta) / alpha), 0, 2**bits - 1)


def minmax(w, bits):
    return (w.max() - w.min()) / (2**bits - 1), w.min()


def em(w, bits, iterations):
    alpha, beta = minmax(w, bits)
    for _ in range(iterations):
        z = states(w, alpha, beta, bits)
        cw, cz = w - w.mean(), z - z.mean()
        alpha = (cw @ cz) / (cz @ cz)
        beta = w.mean() - alpha * z.mean()
    return alpha, beta


def tensors():
    rng = np.random.default_rng(20261124)
    yield "normal", rng.normal(0, 0.02, 400)
    yield "shifted_normal", rng.normal(3, 0.5, 301)
    yield "uniform", rng.uniform(-1, 1, 257)
    yield "heavy_tails", rng.standard_t(3, 300) * 0.1
    yield "one_outlier", np.append(rng.normal(0, 1, 200), 30.0)
    yield "two_heaps", np.concatenate([rng.normal(-2, 0.1, 90), rng.normal(1, 0.3, 110)])
    yield "mostly_zero", np.where(rng.random(300) < 0.8, 0.0, rng.normal(0, 1, 300))
    yield "large_mean", 1000 + rng.normal(0, 1, 250)
    yield "skewed", rng.exponential(0.3, 222)
    yield "few", np.array([0.3, -1.25, 0.5, 2.0, 0.1])
    yield "end_of_range", rng.uniform(-3.0e38, 3.0e38, 64)


def linear(w, bits, alpha, beta):
    z = states(w, alpha, beta, bits)
    return alpha, beta, z, alpha * z + beta


def log(w, bits):
    """A sign bit; states from the most negative level upwards."""
    half = 2 ** (bits - 1)
    logarithm = np.log(np.abs(w) + 1e-8)
    beta = logarithm.min()
    alpha = (logarithm.max() - beta) / (half - 1) if half > 1 else 0.0
    m = np.clip(np.rint((logarithm - beta) / alpha), 0, half - 1) if alpha > 0 else np.zeros(len(w))
    positive = w >= 0
    values = np.minimum(np.exp(beta + m * alpha), np.finfo(np.float32).max)
    return alpha, beta, np.where(positive, half + m, half - 1 - m), np.where(positive, values, -values)


def tanh(w, bits):
    """No scale; the end states with the values that training uses."""
    top = 2**bits - 1
    z = np.rint((np.tanh(w) + 1) / 2 * top)
    return 0.0, 0.0, z, np.arctanh(np.clip(2 * z / top - 1, -(1 - 1e-6), 1 - 1e-6))


def fits(w):
    for bits in (1, 2, 3, 4, 8):
        yield "minmax", bits, 0, linear(w, bits, *minmax(w, bits))
        for iterations in (0, 1, 5):
            steps = iterations or (32 if bits >= 4 else 16)
            yield "em", bits, iterations, linear(w, bits, *em(w, bits, steps))
        yield "log", bits, 0, log(w, bits)
        yield "tanh", bits, 0, tanh(w, bits)


for name, values in tensors():
    w32 = values.astype(np.float32)
    w = w32.astype(np.float64)
    print("tensor", name, len(w))
    print(" ".join(str(x) for x in w32))  # enough digits to come back exactly
    for method, bits, iterations, (alpha, beta, z, quantized) in fits(w):
        levels = quantized.astype(np.float32).astype(np.float64)
        mse = np.mean((w - levels) ** 2)
        print("fit", method, bits, iterations, float(alpha).hex(), float(beta).hex(), float(mse).hex())
        print(" ".join(str(n) for n in np.bincount(z.astype(int), minlength=2**bits)))
