#!/usr/bin/python3
"""Inception-v3 here beside torchvision's, on one machine: compare_inception.py QGAN [FILE.pth]

Needs python3-torch, python3-torchvision and python3-pil. Without FILE the parameters are those of make_golden_inception.py.
They are saved as torch.save does now, as it did before 1.6, and as safetensors; qgan imports each, and its features and
logits of some pictures are compared with torchvision's. Then both compute the same pictures in turn with as many threads as
there are cores, and the times of every turn are printed: of qgan the "seconds" that qgan features extract gives, of torch
the same without reading and decoding, as the network comes and with channels last.
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

import numpy
import torch
import torchvision
from PIL import Image

import make_golden_inception as golden

COUNT, BATCH, TURNS = 64, 16, 5
THREADS = len(os.sched_getaffinity(0))


def write_safetensors(path, state):
    header, data = {}, b""
    kinds = {torch.int64: "I64", torch.float32: "F32"}
    for name, value in sorted(state.items(), key=lambda item: (item[1].dtype != torch.int64, item[0])):
        raw = value.numpy().tobytes()
        header[name] = {"dtype": kinds[value.dtype], "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def run(qgan, *words):
    result = subprocess.run([qgan, *words, "--json"], stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout)


def make_network(file):
    if not file:
        return golden.network(1)
    net = torchvision.models.inception_v3(weights=None, init_weights=False)
    net.load_state_dict(torch.load(file, map_location="cpu"))
    net.transform_input, net.aux_logits, net.AuxLogits = True, False, None
    return net.eval()


def read_pictures(folder):
    paths = sorted((folder / "pictures").iterdir())
    return torch.from_numpy(numpy.stack([numpy.array(Image.open(path)) for path in paths])).permute(0, 3, 1, 2).float() / 255


def forward(net, pictures):
    """Features and logits, as make_golden_inception.py computes them, in batches; and the seconds."""
    start = time.perf_counter()
    caught, logits = [], []
    hook = net.fc.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    with torch.inference_mode():
        for batch in pictures.split(BATCH):
            x = torch.nn.functional.interpolate(batch, size=(299, 299), mode="bilinear", align_corners=False)
            logits.append(net(golden.Normalize(golden.MEAN, golden.DEVIATION)(x)))
    hook.remove()
    return torch.cat(caught).double().numpy(), torch.cat(logits).double().numpy(), time.perf_counter() - start


def compare(qgan, file, folder):
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    net = make_network(file)
    state = net.state_dict()
    torch.save(state, folder / "zip.pth")
    torch.save(state, folder / "old.pth", _use_new_zipfile_serialization=False)
    write_safetensors(folder / "net.safetensors", state)
    (folder / "pictures").mkdir()
    for i in range(COUNT):
        pixels = numpy.roll(golden.picture(32, 3), (5 * i, 3 * i, i), (0, 1, 2))
        Image.fromarray(pixels).save(folder / f"pictures/{i:04}.png")
    hashes = set()
    for name in ("zip.pth", "old.pth", "net.safetensors"):
        imported = run(qgan, "import", str(folder / name))
        print(name, imported["layout"], imported["tensors"], "tensors", imported["skipped"], "skipped", imported["hash"][:12])
        hashes.add(imported["hash"])
    assert len(hashes) == 1, "the same weights must have the same hash"
    pictures = read_pictures(folder)
    torch.set_num_threads(THREADS)
    print(f"{COUNT} pictures, torch {torch.__version__}, batches of {BATCH}, {THREADS} threads each")
    for turn in range(TURNS):
        features, logits, theirs = forward(net.to(memory_format=torch.contiguous_format), pictures)
        _, _, last = forward(net.to(memory_format=torch.channels_last), pictures)
        ours = run(qgan, "features", "extract", "inception-v3", "--data", f"images:{folder / 'pictures'}", "--output",
                   str(folder / "a.npy"), "--logits", str(folder / "l.npy"), "--threads", str(THREADS))["seconds"]
        print(f"turn {turn + 1}: qgan {ours:.3f} s ({COUNT / ours:.1f} pictures/s), torchvision {theirs:.3f} s "
              f"({theirs / ours:.2f} times), channels last {last:.3f} s ({last / ours:.2f} times)", flush=True)
    for name, truth in (("a.npy", features), ("l.npy", logits)):
        print(name, "worst error over root mean square", golden.error_of(numpy.load(folder / name), truth))


def main():
    with tempfile.TemporaryDirectory(prefix="qgan-inception-") as folder:
        compare(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None, pathlib.Path(folder))


if __name__ == "__main__":
    main()
