#!/usr/bin/python3
"""Generators here beside onnxruntime's, on one machine: compare_onnxruntime.py QGAN NODE_MODULES [--bits 1,2,4,8]

Needs python3-torch, node, and onnxruntime-node, installed in a folder of its own, which is NODE_MODULES:
npm install --ignore-scripts onnxruntime-node (the package brings its library for x86-64 Linux). torch exports a DCGAN generator
of the same layers, in evaluation mode, float32; onnxruntime runs it with all its graph optimizations. qgan draws from packed
k-bit weights of its own. Both take the same batches with the same threads in turn, several rounds, each for a second; printed
are pictures a second by the best and by the median batch of all rounds, and how many times onnxruntime's they are.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

import torch
from torch import nn

LATENT, SECONDS = 100, 1
SCRIPT = pathlib.Path(__file__).with_suffix(".js")


def generator(size, width, channels):
    stages = {32: 2, 64: 3, 128: 4}[size]
    features = width << stages
    layers = [nn.ConvTranspose2d(LATENT, features, 4, 1, 0, bias=False), nn.BatchNorm2d(features), nn.ReLU(True)]
    for _ in range(stages):
        layers += [nn.ConvTranspose2d(features, features // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(features // 2), nn.ReLU(True)]
        features //= 2
    return nn.Sequential(*layers, nn.ConvTranspose2d(features, channels, 4, 2, 1, bias=False), nn.Tanh()).eval()


def run(*words):
    return json.loads(subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, check=True).stdout)


def run_onnx(options, file, batch, threads):
    result = run("node", SCRIPT, options.modules, file, LATENT, batch, threads, SECONDS)
    return result["ms"], result["median_ms"]


def run_qgan(options, size, width, batch, threads, bits):
    result = run(options.qgan, "bench", "generate", "--size", size, "--width", width, "--batch", batch, "--threads", threads,
                 "--bits", bits, "--seconds", SECONDS, "--json")
    return result["best_ms"], result["ms"]


def compare(options, folder, size, width, batch, threads):
    file = folder / f"{size}-{width}-{batch}.onnx"
    if not file.exists():
        torch.onnx.export(generator(size, width, 3), torch.randn(batch, LATENT, 1, 1), file, input_names=["z"], output_names=["x"])
    times = {}
    for _ in range(options.rounds):
        times.setdefault("onnxruntime", []).append(run_onnx(options, file, batch, threads))
        for bits in options.bits:
            times.setdefault(bits, []).append(run_qgan(options, size, width, batch, threads, bits))
    rates = {name: (1e3 * batch / min(best for best, _ in rows), 1e3 * batch / statistics.median(median for _, median in rows))
             for name, rows in times.items()}
    peer = rates.pop("onnxruntime")
    print(f"{size}x{size} width {width:3} batch {batch:2} threads {threads}: onnxruntime {peer[0]:6.0f} best {peer[1]:6.0f} median", end="")
    for bits, rate in rates.items():
        print(f" | {bits} bits {rate[0]:6.0f} ({rate[0] / peer[0]:.2f}x) {rate[1]:6.0f} ({rate[1] / peer[1]:.2f}x)", end="")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("qgan")
    parser.add_argument("modules")
    parser.add_argument("--bits", default="2", type=lambda text: [int(bits) for bits in text.split(",")])
    parser.add_argument("--rounds", default=5, type=int)
    options = parser.parse_args()
    print(f"pictures a second, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        for size, width in ((32, 128), (32, 64), (64, 64)):
            for batch in (1, 64):
                for threads in (1, 2):
                    compare(options, pathlib.Path(folder), size, width, batch, threads)
    print(f"load {os.getloadavg()[0]:.1f}")


main()
