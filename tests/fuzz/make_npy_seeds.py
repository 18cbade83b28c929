#!/usr/bin/env python3
"""Writes the seeds of fuzz_npy: tests/fuzz/corpus/npy. Needs numpy. Run it in the source root."""
import os

import numpy as np
from numpy.lib import format as npy_format

FOLDER = "tests/fuzz/corpus/npy"
os.makedirs(FOLDER, exist_ok=True)


def save(name, array, version=(1, 0)):
    with open(f"{FOLDER}/{name}.npy", "wb") as file:
        npy_format.write_array(file, array, version=version)


grid = np.arange(6).reshape(2, 3) - 2
for descr in ("<f2", "<f4", "<f8", ">f4", ">f8", "|i1", "<i2", ">i4", "<i8", "|u1", "<u2", "<u8", "|b1", "<c8"):
    save(descr[1:] + ("_big" if descr[0] == ">" else ""), grid.astype(descr))
save("fortran", np.asfortranarray(grid.astype("<f4")))
save("three_dimensions_fortran", np.asfortranarray(np.arange(24, dtype="<f8").reshape(2, 3, 4)))
save("no_dimension", np.float32(3))
save("empty", np.zeros((0, 3), "<f4"))
save("version_2", grid.astype("<f4"), (2, 0))
save("version_3", grid.astype("<f4"), (3, 0))
save("not_finite", np.array([np.nan, np.inf, -np.inf, 0], "<f2"))
save("too_large", np.array([1e300]))
