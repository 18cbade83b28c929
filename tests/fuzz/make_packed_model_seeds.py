#!/usr/bin/python3
"""Writes the seeds of fuzz_packed_model into tests/fuzz/corpus/packed_model. Run from the source root."""
import json, os, struct

FOLDER = "tests/fuzz/corpus/packed_model/"
SETTINGS = {
    "model": "dcgan", "data": "shapes", "size": "32", "channels": "1", "width": "4", "latent": "10", "batch": "8", "d-bits": "2",
    "g-bits": "2", "bits": "", "exempt": "none", "quantizer": "em", "quantizer-iterations": "0", "literal": "no", "per-channel": "no",
    "allow-degenerate": "no", "optimizer": "adam", "d-learning-rate": "0.0002", "g-learning-rate": "0.0002", "beta1": "0.5",
    "beta2": "0.999", "seed": "7", "threads": "1", "steps": "0", "epochs": "1", "checkpoint-every": "0", "sample-every": "0",
    "layers-every": "0", "metric-every": "1", "samples": "4",
}
FACTS = {"format": "qgan packed model 1", "networks": "G", "step": "5", "sha256": "", **{f"settings.{k}": v for k, v in SETTINGS.items()}}


def write(name, metadata, tensors):
    header, data = {"__metadata__": {**FACTS, **metadata}}, b""
    for key, (dtype, shape, values) in tensors.items():
        header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(FOLDER + name, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def plan(name, method, bits, shape, dimension, **more):
    facts = {"method": method, "bits": str(bits), "shape": shape, "dimension": dimension, **more}
    return {f"{name}.{key}": value for key, value in facts.items()}


def scales(*pairs):
    return "F64", [len(pairs), 2], b"".join(struct.pack("<2d", *pair) for pair in pairs)


os.makedirs(FOLDER, exist_ok=True)
floats = ("F32", [2], struct.pack("<2f", 1, -1))
write("whole", plan("G.a.weight", "em", 3, "3x2", "none"),
      {"G.a.weight.scales": scales((0.01, -0.03)), "G.n.bias": floats, "G.a.weight.codes": ("U8", [3], bytes([0x88, 0xc6, 0x01]))})
write("channels", plan("D.a.weight", "log", 2, "2x3x2", "1", constant="010") | {"networks": "DG"},
      {"D.a.weight.scales": scales((0.5, -3), (0, 0.25), (0.1, 1)), "D.a.weight.codes": ("U8", [3], b"\x1b\xe4\x00")})
write("tanh", plan("G.a.weight", "tanh", 1, "5", "none"), {"G.a.weight.scales": scales((0, 0)), "G.a.weight.codes": ("U8", [1], b"\x15")})
write("eight", plan("G.a.weight", "minmax", 8, "1x4", "none"),
      {"G.a.weight.scales": scales((1e300, -1e300)), "G.a.weight.codes": ("U8", [4], bytes(range(4)))})
write("floats_only", {}, {"G.a.weight": floats})
write("no_scales", plan("G.a.weight", "em", 8, "2", "none"), {"G.a.weight.codes": ("U8", [2], b"\x00\xff")})
