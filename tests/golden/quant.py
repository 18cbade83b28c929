#!/usr/bin/env python3
"""Writes quant.txt: fits of the uniform quantizers computed with numpy, straight from the formulas (paper equations 3
and 6-10), for tests/test_quant.c. Run it as `python3 tests/golden/quant.py > tests/golden/quant.txt`.

Format, one item a line, results as hexadecimal floats:
    tensor NAME COUNT, then COUNT weights
    fit METHOD BITS ITERATIONS ALPHA BETA MSE, then 2^BITS counts      (ITERATIONS 0: as the method does by default)
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


def fits(w):
    for bits in (1, 2, 3, 4, 8):
        yield "minmax", bits, 0, minmax(w, bits)
        for iterations in (0, 1, 5):
            steps = iterations or (32 if bits >= 4 else 16)
            yield "em", bits, iterations, em(w, bits, steps)


for name, values in tensors():
    w32 = values.astype(np.float32)
    w = w32.astype(np.float64)
    print("tensor", name, len(w))
    print(" ".join(str(x) for x in w32))  # enough digits to come back exactly
    for method, bits, iterations, (alpha, beta) in fits(w):
        z = states(w, alpha, beta, bits)
        levels = (alpha * z + beta).astype(np.float32).astype(np.float64)
        mse = np.mean((w - levels) ** 2)
        print("fit", method, bits, iterations, alpha.hex(), beta.hex(), float(mse).hex())
        print(" ".join(str(n) for n in np.bincount(z.astype(int), minlength=2**bits)))
