#!/usr/bin/python3
"""Writes the seeds of fuzz_checkpoint into tests/fuzz/corpus/checkpoint. Run from the source root."""
import hashlib, json, struct

FOLDER = "tests/fuzz/corpus/checkpoint/"


def write(name, header, data=b"", hashed=True):
    if hashed:
        header = {"__metadata__": {"step": "5", "sha256": hashlib.sha256(data).hexdigest()}, **header}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(FOLDER + name, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def tensor(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


eight = struct.pack("<8f", *range(8))
write("good", {"a": tensor([2, 3], 0, 24), "b": tensor([], 24, 28), "c": tensor([1], 28, 32)}, eight)
write("reordered", {"a": tensor([2], 24, 32), "b": tensor([1, 2, 3, 1], 0, 24)}, eight)
write("no_tensors", {})
write("empty_tensor", {"a": tensor([0, 5], 0, 0)})
write("no_hash", {"a": tensor([8], 0, 32)}, eight, hashed=False)
write("overlap", {"a": tensor([4], 0, 16), "b": tensor([5], 12, 32)}, eight)
write("half_floats", {"a": tensor([16], 0, 32, "F16")}, eight)
write("too_large", {"a": tensor([4611686018427387904], 0, 0)})
packed = struct.pack("<2d", 0.01, -0.02) + eight[:8] + bytes(range(5))
write("packed", {"a.scales": tensor([1, 2], 0, 16, "F64"), "b": tensor([2], 16, 24), "a.codes": tensor([5], 24, 29, "U8")}, packed)
write("misaligned", {"a": tensor([1], 0, 1, "U8"), "b": tensor([1], 1, 5)}, eight[:5])
