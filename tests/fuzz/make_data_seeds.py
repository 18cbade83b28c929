#!/usr/bin/python3
"""Writes the seeds of fuzz_idx, fuzz_cifar10 and fuzz_picture into tests/fuzz/corpus. Run from the source root (needs python3-pil)."""
import gzip
import io
import os
import struct

from PIL import Image


def write(target, name, data):
    folder = f"tests/fuzz/corpus/{target}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{name}", "wb") as file:
        file.write(data)


def idx(*sizes):
    count = 1
    for size in sizes:
        count *= size
    return bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + bytes(i * 7 % 256 for i in range(count))


def picture(mode, image, **options):
    target = io.BytesIO()
    image.convert(mode).save(target, **options)
    return target.getvalue()


def main():
    for name, data in (("pictures", idx(2, 5, 4)), ("labels", idx(6))):
        write("idx", name, data)
        write("idx", name + ".gz", gzip.compress(data, mtime=0))
        write("idx", name + "_cut", data[:-1])
        write("idx", name + "_cut.gz", gzip.compress(data, mtime=0)[:-6])
    write("idx", "huge", idx(1, 1, 1)[:4] + b"\xff" * 12)

    write("cifar10", "record", bytes([9]) + bytes(i % 32 for i in range(3072)))
    write("cifar10", "names", b"airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\r\nhorse\nship\ntruck\n\n")

    write("celeba", "list", b"000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n")
    write("celeba", "csv", b"image_id,partition\r\n000001.jpg,0\r\n\r\nb.jpg\t2 \r\n")
    write("celeba", "twice", b"a 0\nb 1\na 0")

    colour = Image.new("RGB", (11, 9))
    colour.putdata([(20 * x, 25 * y, 10 * x + 5 * y) for y in range(9) for x in range(11)])
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        write("picture", f"{mode}.png", picture(mode, colour, format="PNG"))
    deep = Image.new("I;16", (5, 3))
    write("picture", "deep.png", picture("I;16", deep, format="PNG"))
    write("picture", "transparent.png", picture("P", colour, format="PNG", transparency=3))
    for mode in ("L", "RGB", "CMYK"):
        write("picture", f"{mode}.jpg", picture(mode, colour, format="JPEG", quality=50))
    write("picture", "progressive.jpg", picture("RGB", colour, format="JPEG", progressive=True))


main()
