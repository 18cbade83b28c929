#!/usr/bin/python3
"""Golden outputs of Inception-v3, computed by torchvision's own code: tests/golden/inception.safetensors.

Needs python3-torch and python3-torchvision. The parameters and pictures are made by a formula that tests/test_inception.c
repeats. The chain is that of torchvision: interpolate(bilinear, align_corners=False) to 299 x 299, Normalize with ImageNet's
mean and deviation, inception_v3 with transform_input in evaluation mode; features are what comes into `fc`. Computed in
float64, so that what a test measures is the error of the tested code alone; the script prints how far torchvision's own
float32 is off. "narrow" is the same network with an eighth of the channels.
"""
import hashlib
import json
import math
import pathlib
import struct
import sys
import warnings

import numpy
import torch
import torchvision.models.inception as inception
from torchvision.transforms import Normalize

NARROW = 8
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PICTURES = {"full": ((32, 3), (299, 3)), "narrow": ((32, 3), (299, 3), (28, 1), (400, 3))}  # size, channels


def noise(name, count):
    """count numbers in [0, 1): an integer hash of the name and the index."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 & 0xFFFFFFFF
    h = (numpy.arange(count, dtype=numpy.uint64) * 2654435761 + seed) & 0xFFFFFFFF
    for _ in range(2):
        h = (h ^ h >> 16) * 0x45D9F3B & 0xFFFFFFFF
    return ((h ^ h >> 16) >> 8).astype(numpy.float64) / (1 << 24)


def parameter(name, shape):
    u = noise(name, math.prod(shape))
    if len(shape) > 1:  # as much comes out as goes in
        u = (2 * u - 1) * math.sqrt((6 if len(shape) == 4 else 3) / math.prod(shape[1:]))
    elif name.endswith(("bn.weight", "running_var")):
        u = 0.8 + 0.4 * u
    else:
        u = 0.2 * (u - 0.5)
    return u.astype(numpy.float32).reshape(shape)


def picture(size, channels):
    """A waving surface with noise on it, as PIL would give it."""
    u = noise(f"picture {size}", size * size * channels).reshape(size, size, channels)
    y, x, c = numpy.mgrid[0:size, 0:size, 0:channels]
    wave = (y * 7 * 32 // size + x * 5 * 32 // size + c * 40) % 200
    return (wave + numpy.floor(56 * u)).astype(numpy.uint8)


def network(divisor):
    """torchvision's, with every convolution's channels divided; the auxiliary classifier does nothing in evaluation."""
    original = inception.BasicConv2d

    def narrow(in_channels, out_channels, **arguments):
        return original(in_channels if in_channels == 3 else in_channels // divisor, out_channels // divisor, **arguments)

    inception.BasicConv2d = narrow
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = inception.Inception3(aux_logits=False, transform_input=True, init_weights=False)
    inception.BasicConv2d = original
    net.fc = torch.nn.Linear(2048 // divisor, 1000)
    state = {name: torch.from_numpy(parameter(name, tuple(value.shape)))
             for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    net.load_state_dict(state, strict=False)
    return net.eval()


def run(net, size, channels, dtype):
    x = torch.from_numpy(picture(size, channels)).permute(2, 0, 1)[None].to(dtype) / 255
    x = x.repeat(1, 3 // channels, 1, 1)
    x = torch.nn.functional.interpolate(x, size=(299, 299), mode="bilinear", align_corners=False)
    net = net.to(dtype)
    caught = []
    hook = net.fc.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    with torch.no_grad():
        logits = net(Normalize(MEAN, DEVIATION)(x))
    hook.remove()
    return caught[0][0].double().numpy(), logits[0].double().numpy()


def write(path, tensors):
    header, data = {}, b""
    for name, values in tensors.items():
        raw = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": (len(data), len(data) + len(raw))}
        data += raw
    header["__metadata__"] = {"sha256": hashlib.sha256(data).hexdigest()}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def error_of(values, truth):
    return numpy.max(numpy.abs(values - truth)) / numpy.sqrt(numpy.mean(truth ** 2))


def main():
    tensors = {}
    for name, pictures in PICTURES.items():
        net = network(1 if name == "full" else NARROW)
        exact = [run(net, *kind, torch.float64) for kind in pictures]
        floats = [run(net, *kind, torch.float32) for kind in pictures]
        for i, what in enumerate(("features", "logits")):
            truth = numpy.stack([row[i] for row in exact])
            tensors[f"{name}.{what}"] = truth
            print(name, what, truth.shape, "root mean square", numpy.sqrt(numpy.mean(truth ** 2)), "spread over pictures",
                  truth.std(axis=0).mean(), "error of torchvision's float32",
                  error_of(numpy.stack([row[i] for row in floats]), truth))
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "golden/inception.safetensors")
    write(target, tensors)


if __name__ == "__main__":
    main()
