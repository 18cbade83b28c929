#!/usr/bin/env python3
"""Trains a little with every method, exports, and reads the packed model with nothing but this file: codes unpacked, levels
worked out, and compared with what the checkpoint's master weights give under the paper's formulas. Sizes must be those that
`qgan export` and `qgan runs show` tell.

  check_packed.py QGAN"""
import hashlib
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

SMALL = ["--data", "shapes", "--width", "4", "--latent", "10", "--batch", "4", "--steps", "3", "--layers-every", "1", "--threads", "1"]
RUNS = {
	"em": ["--d-bits", "2", "--g-bits", "3", "--bits", "G.deconv4=32,D.conv1=7"],
	"minmax": ["--d-bits", "5", "--g-bits", "1", "--per-channel"],
	"log": ["--d-bits", "4", "--g-bits", "3"],
	"tanh": ["--d-bits", "8", "--g-bits", "2"],
}
EPS, LARGEST_ARGUMENT = 1e-8, 1 - 1e-6
WIDTHS = {"F32": 4, "F64": 8, "U8": 1}


def run(qgan, *words):
	done = subprocess.run([qgan, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
	if done.returncode:
		sys.exit(f"qgan {' '.join(words)}: status {done.returncode}\n{done.stderr}")
	return done.stdout


def read_safetensors(path):
	with open(path, "rb") as file:
		length, = struct.unpack("<Q", file.read(8))
		header = json.loads(file.read(length))
		data = file.read()
	metadata = header.pop("__metadata__")
	assert metadata["sha256"] == hashlib.sha256(data).hexdigest()
	tensors = {}
	for name, entry in header.items():
		begin, end = entry["data_offsets"]
		assert end - begin == math.prod(entry["shape"]) * WIDTHS[entry["dtype"]] and begin % WIDTHS[entry["dtype"]] == 0
		tensors[name] = entry["dtype"], data[begin:end]
	return metadata, tensors


def floats(data):
	return struct.unpack(f"<{len(data) // 4}f", data)


def single(value):
	return struct.unpack("<f", struct.pack("<f", value))[0]


def unpack(data, bits, count):
	codes = []
	for begin in range(0, len(data), bits): # eight codes fill `bits` bytes
		eight = int.from_bytes(data[begin:begin + bits], "little")
		codes += [eight >> bits * i & (1 << bits) - 1 for i in range(8)]
	return codes[:count]


def clip(value, low, high):
	return max(low, min(high, value))


def uniform(bits, alpha, beta):
	top = (1 << bits) - 1
	return lambda w: clip(round((w - beta) / alpha), 0, top), lambda z: alpha * z + beta


def logarithmic(bits, alpha, beta):
	half = 1 << bits - 1

	def encode(w):
		m = clip(round((math.log(abs(w) + EPS) - beta) / alpha), 0, half - 1)
		return half + m if w >= 0 else half - 1 - m

	def decode(z):
		magnitude = math.exp(beta + (z - half if z >= half else half - 1 - z) * alpha)
		return magnitude if z >= half else -magnitude
	return encode, decode


def tangent(bits, _alpha, _beta):
	top = (1 << bits) - 1
	return (lambda w: round((math.tanh(w) + 1) / 2 * top),
	        lambda z: math.atanh(clip((2 * z - top) / top, -LARGEST_ARGUMENT, LARGEST_ARGUMENT)))


METHODS = {"em": uniform, "minmax": uniform, "log": logarithmic, "tanh": tangent}


def check_tensor(name, metadata, packed, master):
	"""Compares one packed tensor with the master weights; returns its bytes."""
	shape = [int(length) for length in metadata[f"{name}.shape"].split("x")]
	bits, dimension, count = int(metadata[f"{name}.bits"]), metadata[f"{name}.dimension"], math.prod(shape)
	codes = unpack(packed[f"{name}.codes"][1], bits, count)
	pairs = struct.unpack(f"<{len(packed[f'{name}.scales'][1]) // 8}d", packed[f"{name}.scales"][1])
	rules = [METHODS[metadata[f"{name}.method"]](bits, *pairs[i:i + 2]) for i in range(0, len(pairs), 2)]
	inner = 1 if dimension == "none" else math.prod(shape[int(dimension) + 1:])
	squares = errors = 0.0
	for i, (code, weight) in enumerate(zip(codes, floats(master[name][1]))):
		encode, decode = rules[i // inner % len(rules)]
		assert code == encode(weight), f"{name}: code {i} is {code}, but weight {weight} has the state {encode(weight)}"
		squares += weight ** 2
		errors += (weight - single(decode(code))) ** 2
	assert count == len(codes) == len(master[name][1]) // 4
	bytes_taken = len(packed[f"{name}.codes"][1]) + len(packed[f"{name}.scales"][1])
	assert len(packed[f"{name}.codes"][1]) == (count * bits + 7) // 8
	return bytes_taken, errors / count


def close(a, b):
	return abs(a - b) <= 1e-6 * abs(b)


def check_run(qgan, folder, method):
	store, output = os.path.join(folder, "runs.db"), os.path.join(folder, f"{method}.qgan")
	run(qgan, "train", *SMALL, *RUNS[method], "--quantizer", method, "--store", store, "--run-name", method, "--json")
	told = json.loads(run(qgan, "export", method, "--network", "both", "--output", output, "--store", store, "--json"))
	shown = json.loads(run(qgan, "runs", "show", method, "--store", store, "--json"))
	metadata, packed = read_safetensors(output)
	_, master = read_safetensors(shown["checkpoints"][-1]["path"])
	layers = {f"{layer['network']}.{layer['layer']}.weight": layer for layer in shown["layers"]}
	assert told["verified"] and told["file_bytes"] == os.path.getsize(output) and metadata["format"] == "qgan packed model 1"
	sums = {"D": 0, "G": 0}
	for name, layer in layers.items():
		if f"{name}.codes" in packed:
			size, error = check_tensor(name, metadata, packed, master)
			assert close(layer["mse"], error), f"{name}: the store's MSE is {layer['mse']}, that of the file {error}"
			assert layer["bits"] == int(metadata[f"{name}.bits"])
		else:
			size = len(packed[name][1])
			assert layer["bits"] == 32 and layer["quantizer"] == "float"
		assert layer["packed_bytes"] == size, f"{name}: {layer['packed_bytes']} bytes told, {size} taken"
		sums[name[0]] += size
	for network in told["networks"] + shown["networks"][:2]:
		assert network["packed_bytes"] == sums[network["network"]]
	for name, (dtype, data) in packed.items():
		if dtype == "F32":
			assert data == master[name][1], f"{name} differs from the checkpoint's"
	return len(layers)


def main():
	with tempfile.TemporaryDirectory() as folder:
		layers = sum(check_run(sys.argv[1], folder, method) for method in RUNS)
	print(f"{len(RUNS)} packed models, {layers} layers: every code, level and size is right")


if __name__ == "__main__":
	main()
