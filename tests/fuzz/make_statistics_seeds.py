#!/usr/bin/env python3
"""Writes the seeds of fuzz_statistics: tests/fuzz/corpus/statistics. Needs numpy. Run it in the source root."""
import os
import zipfile

import numpy as np
from numpy.lib import format as npy_format

FOLDER = "tests/fuzz/corpus/statistics"
os.makedirs(FOLDER, exist_ok=True)

mu = np.array([1, -2, 0.5])
sigma = np.array([[2, 0.5, 0], [0.5, 1, -0.25], [0, -0.25, 3]])


def path(name):
    return f"{FOLDER}/{name}.npz"


np.savez(path("stored"), mu=mu, sigma=sigma)
np.savez_compressed(path("deflated"), mu=mu, sigma=sigma)
np.savez(path("floats"), mu=mu.astype("<f4"), sigma=sigma.astype("<f4"))
np.savez(path("fortran_big"), mu=mu.astype(">f8"), sigma=np.asfortranarray(sigma))
np.savez_compressed(path("samples_and_more"), mu=mu, sigma=sigma, samples=np.int64(5000), note=np.arange(4))
np.savez(path("without_sigma"), mu=mu)
np.savez(path("objects"), mu=np.array([None, 1], dtype=object), sigma=sigma)


def write(name, members, comment=b"", compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path(name), "w", compression) as archive:
        archive.comment = comment
        for member, array in members:
            with archive.open(zipfile.ZipInfo(member), "w") as file:
                npy_format.write_array(file, array)


write("plain_zip", [("mu.npy", mu), ("sigma.npy", sigma)], b"a comment")
write("twice", [("mu.npy", mu), ("sigma.npy", sigma), ("mu.npy", mu)])
write("bzip2", [("mu.npy", mu), ("sigma.npy", sigma)])
data = bytearray(open(path("bzip2"), "rb").read())
for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
    data[data.find(mark) + place] = 12
open(path("bzip2"), "wb").write(data)
data = bytearray(open(path("plain_zip"), "rb").read())
for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
    data[data.find(mark) + place] |= 1
open(path("encrypted"), "wb").write(data)
with zipfile.ZipFile(path("empty"), "w"):
    pass
