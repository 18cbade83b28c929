#!/usr/bin/python3
"""Seeds for tests/fuzz/fuzz_pytorch.c and samples for tests/test_pytorch.c: state dicts as torch.save writes them, as it
wrote them with Python 2 and PyTorch 0.1, and pickles that want to do something. Needs python3-torch."""
import collections
import io
import pathlib
import pickle
import struct
import warnings
import zipfile

import torch

folder = pathlib.Path(__file__).parent / "corpus/pytorch"
folder.mkdir(parents=True, exist_ok=True)
warnings.simplefilter("ignore")


def save(name, value, old=False, **arguments):
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not old, **arguments)
    (folder / name).write_bytes(buffer.getvalue())


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 3, 2)
        self.bn = torch.nn.BatchNorm2d(3)


def numbers(*shape):
    return torch.arange(1, 1 + torch.Size(shape).numel(), dtype=torch.float32).reshape(shape) / 2


def net():
    model = Net()
    model.conv.weight.data = numbers(3, 2, 2, 2)
    model.conv.bias.data = numbers(3)
    return model


shared = numbers(4, 3)
many = collections.OrderedDict(
    plain=numbers(2, 3), turned=shared.t(), row=shared[2], column=shared[:, 1], one=torch.tensor(7.5), empty=torch.zeros(0, 4),
    double=numbers(3).double(), half=numbers(2).half(), whole=torch.tensor([1, 2, 3]), wide=numbers(1, 2).expand(3, 2),
    parameter=torch.nn.Parameter(numbers(2)), text="no tensor", nothing=None, real=0.25, long=1 << 70)
for old in (False, True):
    end = "_old" if old else ""
    save("state" + end, net().state_dict(), old)
    save("many" + end, many, old)
    save("checkpoint" + end, {"epoch": 3, "state_dict": net().state_dict(), "best": 0.5}, old)
save("module", net())  # as of old it would hold the source text of its classes
save("list", [1, 2, 3])
save("protocol_4", net().state_dict(), pickle_protocol=4)


def text(value):
    """Python 2 kept short strings so."""
    return b"U" + bytes([len(value)]) + value.encode()


def python_2(first, second=None):
    """A state dict of one or two tensors, as PyTorch 0.1 with Python 2 wrote it: an OrderedDict of a list of pairs."""
    def tensor(key, shape, strides):
        size, step = (b"".join(b"K" + bytes([n]) for n in numbers) for numbers in (shape, strides))
        count = 1
        for n in shape:
            count *= n
        return (b"ctorch._utils\n_rebuild_tensor\n((" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") +
                b"K" + bytes([count]) + b"NtQK\x00(" + size + b"t(" + step + b"ttR")

    def pair(name, value):
        return b"](" + text(name) + value + b"e"
    pairs = pair(first, tensor("111", (2, 2), (2, 1))) + (pair(second, tensor("222", (3,), (1,))) if second else b"")
    state = b"\x80\x02ccollections\nOrderedDict\n](" + pairs + b"e\x85R."
    facts = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    keys = [b"111", b"222"] if second else [b"111"]
    listed = b"\x80\x02](" + b"".join(text(key.decode()) for key in keys) + b"e."
    head = b"".join(pickle.dumps(value, protocol=2) for value in (0x1950A86A20F9469CFC6C, 1001, facts))
    data = struct.pack("<q4f", 4, 1.5, 2.5, 3.5, 4.5) + (struct.pack("<q3f", 3, -1, -2, -3) if second else b"")
    return head + state + listed + data


(folder / "python_2").write_bytes(python_2("conv.weight", "conv.bias"))
(folder / "python_2_more").write_bytes(python_2("a") + b"more")
(folder / "python_2_cut").write_bytes(python_2("a")[:-1])


def archive(name, members):
    with zipfile.ZipFile(folder / name, "w") as file:
        for member, content in members.items():
            info = zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0))
            file.writestr(info, content)


def evil(name, pickled):
    archive(name, {"a/data.pkl": pickled, "a/version": b"3\n"})


evil("system", b"\x80\x02cos\nsystem\nU\x0aid > ownedx\x85R.")
evil("eval", b"\x80\x02c__builtin__\neval\nU\x011\x85R.")
evil("call_storage", b"\x80\x02ctorch\nFloatStorage\n)R.")
evil("inst", b"\x80\x02(ios\nsystem\n.")
evil("no_opcode", b"\x80\x02\xff.")
evil("loop", b"\x80\x02]q\x00h\x00a.")
four_values = (b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor\n"
               b"((U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x04tQK\x00")
evil("beyond", four_values + b"(K\x02K\x03t(K\x03K\x01ttRs.")
evil("missing", four_values + b"(K\x02K\x02t(K\x02K\x01ttRs.")
evil("deep", b"\x80\x02" + b"(" * 300 + b".")
archive("no_pickle", {"a/version": b"3\n"})
archive("big_endian", {"a/data.pkl": b"\x80\x02}.", "a/byteorder": b"big"})
(folder / "tar").write_bytes(b"sys_info".ljust(257, b"\0") + b"ustar  \0".ljust(255, b"\0"))
