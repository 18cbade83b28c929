"""How far generated pictures are from real ones, in a feature space simple enough to say in a sentence: the first 64
principal components of Fashion-MNIST's 60,000 training pictures (framed to 32x32, pixels from 0 to 1).

The number is called "PCA-64 Fréchet distance". It is not an FID: no network looks at the pictures, so it sees their
overall shapes and brightness, not whether a sleeve looks right. It compares cases of one study with each other. Beside it
stands a diversity: the root mean square distance between two generated pictures over that between two real ones, so that
a generator that draws the same picture again and again shows as 0. Needs numpy."""
import gzip
import math
import os
import struct
import zlib

import numpy

SIDE, FRAMED, COMPONENTS = 28, 32, 64


def read_real(folder, split):
	"""Pictures of an IDX file as rows of 1024 numbers."""
	path = os.path.join(folder, f"{split}-images-idx3-ubyte")
	opened = open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz", "rb")
	with opened as file:
		magic, count, rows, columns = struct.unpack(">4i", file.read(16))
		if (magic, rows, columns) != (0x803, SIDE, SIDE):
			raise ValueError(f"{path}: not pictures of {SIDE} x {SIDE}")
		pixels = numpy.frombuffer(file.read(count * SIDE * SIDE), numpy.uint8).reshape(count, SIDE, SIDE)
	frame = (FRAMED - SIDE) // 2
	framed = numpy.pad(pixels, ((0, 0), (frame, frame), (frame, frame)))
	return framed.reshape(count, -1).astype(numpy.float32) / 255


def undo_filter(kind, row, above):
	"""One line of an 8-bit grey PNG; `row` is changed in place. The line above is the finished one."""
	if kind == 1:
		return numpy.cumsum(row, dtype=numpy.uint8)
	if kind == 2:
		return row + above
	left = upper_left = 0
	line, up = row.tolist(), above.tolist()
	for x, b in enumerate(up):
		if kind == 3:
			guess = (left + b) // 2
		else: # Paeth: whichever of left, above and upper left is nearest to left + above - upper left
			a_off, b_off, c_off = abs(b - upper_left), abs(left - upper_left), abs(left + b - 2 * upper_left)
			guess = left if a_off <= b_off and a_off <= c_off else b if b_off <= c_off else upper_left
		left, upper_left = (line[x] + guess) & 255, b
		line[x] = left
	return numpy.array(line, numpy.uint8)


def read_png(path):
	"""An 8-bit grey PNG, as qgan writes them, as an array [height][width]."""
	with open(path, "rb") as file:
		data = file.read()
	place, packed, header = 8, [], None
	while place < len(data):
		length, kind = struct.unpack(">I4s", data[place:place + 8])
		body = data[place + 8:place + 8 + length]
		if kind == b"IHDR":
			header = struct.unpack(">IIBBBBB", body)
		elif kind == b"IDAT":
			packed.append(body)
		place += 12 + length
	width, height = header[:2]
	if header[2:] != (8, 0, 0, 0, 0):
		raise ValueError(f"{path}: not an 8-bit grey PNG without interlacing")
	lines = numpy.frombuffer(zlib.decompress(b"".join(packed)), numpy.uint8).reshape(height, width + 1)
	picture = numpy.zeros((height + 1, width), numpy.uint8)
	for y, line in enumerate(lines):
		picture[y + 1] = line[1:] if line[0] == 0 else undo_filter(line[0], line[1:], picture[y])
	return picture[1:]


def read_grid(path, count):
	"""The tiles of a grid, as rows of 1024 numbers."""
	picture = read_png(path)
	columns = math.ceil(math.sqrt(count))
	rows = picture.shape[0] // FRAMED
	tiles = picture.reshape(rows, FRAMED, columns, FRAMED).swapaxes(1, 2).reshape(rows * columns, -1)
	return tiles[:count].astype(numpy.float32) / 255


def moments(features):
	return features.mean(0), numpy.cov(features, rowvar=False)


def frechet(left, right):
	"""|m1 - m2|^2 + trace(S1 + S2 - 2 (S1 S2)^(1/2)) of two normal distributions given as (mean, covariance)."""
	values, vectors = numpy.linalg.eigh(left[1])
	root = vectors * numpy.sqrt(values.clip(0)) @ vectors.T
	between = numpy.sqrt(numpy.linalg.eigvalsh(root @ right[1] @ root).clip(0)).sum()
	return float(((left[0] - right[0]) ** 2).sum() + numpy.trace(left[1]) + numpy.trace(right[1]) - 2 * between)


class Reference:
	"""The real pictures, measured once."""

	def __init__(self, folder):
		real = read_real(folder, "train")
		self.mean = real.mean(0, dtype=numpy.float64)
		covariance = numpy.zeros((FRAMED * FRAMED,) * 2)
		for part in numpy.array_split(real, 12): # in double precision, without a double copy of all pictures
			centred = part - self.mean
			covariance += centred.T @ centred
		covariance /= len(real) - 1
		self.spread = float(numpy.trace(covariance))
		values, vectors = numpy.linalg.eigh(covariance)
		self.axes = vectors[:, -COMPONENTS:]
		self.real = (numpy.zeros(COMPONENTS), numpy.diag(values[-COMPONENTS:]))
		self.floor = frechet(self.real, moments(self.features(read_real(folder, "t10k"))))

	def features(self, pictures):
		return (pictures - self.mean) @ self.axes

	def measure(self, path, count):
		"""Distance and diversity of the pictures in a grid."""
		tiles = read_grid(path, count)
		diversity = math.sqrt(float(tiles.var(0, ddof=1, dtype=numpy.float64).sum()) / self.spread)
		return frechet(self.real, moments(self.features(tiles))), diversity
