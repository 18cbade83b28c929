#!/usr/bin/env python3
"""Writes the recorded curve of a run as a golden file of test_verdict.

usage: record.py STORE RUN EXPECTED "HOW IT WAS MADE" [--from STEP] [--every N] [--until STEP] > NAME.csv

EXPECTED is a verdict and its warnings: "failed d-saturated". One line a metric point, or the mean of every N of them;
diversity is that of the fixed-noise grid over that of real pictures, worked out here from the stored PNG grids and
the data set's files, as engine/gan/diversity.c does.
"""
import argparse
import glob
import gzip
import io
import json
import sqlite3

import numpy
from PIL import Image

MOST_PICTURES = 512


def spread(pictures):
    pictures = pictures.astype(numpy.float64)
    return numpy.sqrt(2 * pictures.var(axis=0, ddof=1).mean())


def evenly(pictures):
    step = max(1, len(pictures) // MOST_PICTURES)
    return pictures[::step][:MOST_PICTURES]


def real_spread(spec):
    kind, _, folder = spec.partition(":")
    if kind == "cifar10":
        files = sorted(glob.glob(folder + "/data_batch_*.bin"))
        data = numpy.concatenate([numpy.fromfile(name, numpy.uint8) for name in files]).reshape(-1, 3073)
        return spread(evenly(data)[:, 1:])
    name = (folder or "/usr/share/datasets/fashion-mnist") + "/train-images-idx3-ubyte.gz"
    data = numpy.frombuffer(gzip.open(name).read()[16:], numpy.uint8).reshape(-1, 28, 28)
    return spread(numpy.pad(evenly(data), ((0, 0), (2, 2), (2, 2))).reshape(-1, 1024))


def tiles(png, count, columns):
    grid = numpy.asarray(Image.open(io.BytesIO(png)))
    side = grid.shape[1] // columns
    return numpy.array([grid[i // columns * side:(i // columns + 1) * side, i % columns * side:(i % columns + 1) * side].ravel()
                        for i in range(count)])


def number(value):
    return "" if value is None else "%.4g" % value


def main():
    parser = argparse.ArgumentParser()
    for name in ("store", "run", "expected", "made"):
        parser.add_argument(name)
    parser.add_argument("--from", type=int, default=-1, dest="first")
    parser.add_argument("--until", type=int, default=1 << 60)
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    store = sqlite3.connect("file:%s?mode=ro" % arguments.store, uri=True)
    run, spec = store.execute("SELECT id, data FROM runs WHERE name = ?", (arguments.run,)).fetchone()
    span = (run, arguments.first, arguments.until)
    points = store.execute("SELECT step, loss_d, loss_g, d_real, d_fake, gradient_d, gradient_g FROM metric_points"
                           " WHERE run_id = ? AND step > ? AND step <= ? ORDER BY step", span).fetchall()
    grids = store.execute("SELECT step, png, tiles, columns FROM samples WHERE run_id = ? AND step > ? AND step <= ?"
                          " AND seed = 0 ORDER BY step", span).fetchall()
    real = real_spread(spec)
    rows = {}
    for i in range(0, len(points) - arguments.every + 1, arguments.every):
        group = points[i:i + arguments.every]
        means = [None if any(p[k] is None for p in group) else sum(p[k] for p in group) / len(group) for k in range(1, 7)]
        rows[group[-1][0]] = [number(mean) for mean in means] + [""]
    for step, png, count, columns in grids:
        rows.setdefault(step, [""] * 7)[6] = number(spread(tiles(png, count, columns)) / real)
    print("# %s" % arguments.made)
    print("# expected: %s" % arguments.expected)
    print("step,loss_d,loss_g,d_real,d_fake,gradient_d,gradient_g,diversity")
    for step in sorted(rows):
        print("%d,%s" % (step, ",".join(rows[step])))


if __name__ == "__main__":
    main()
