#!/usr/bin/python3
"""Writes tests/golden/pictures.h, pictures resized by PIL, and tests/golden/order.h, epochs shuffled by a Philox of its own.

Run from the source root (needs python3-numpy, python3-pil). tests/test_pictures.c and tests/test_batcher.c compare.
"""
import numpy as np
import PIL
from PIL import Image

MODES = {1: "L", 3: "RGB"}
CASES = [(50, 37, 3, 16), (40, 64, 1, 24), (9, 9, 3, 20), (33, 32, 1, 32), (32, 32, 1, 64), (100, 100, 3, 7)]


def pattern(width, height, channels):
    """The same formula stands in tests/test_pictures.c: slopes, a texture finer than the filter, and hard edges."""
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    return ((x * 7 + y * 3 + c * 50 + x * y % 61 + (x // 5 + y // 4) % 2 * 90) % 256).astype(np.uint8)


def resized(width, height, channels, size):
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    pixels = pattern(width, height, channels)
    image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels, MODES[channels])
    square = image.crop((left, top, left + side, top + side)).resize((size, size), Image.BILINEAR)
    return np.asarray(square).reshape(-1)


def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011)."""
    counter, key = list(counter), list(key)
    for _ in range(10):
        first, second = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [second >> 32 ^ counter[1] ^ key[0], second & 0xFFFFFFFF, first >> 32 ^ counter[3] ^ key[1], first & 0xFFFFFFFF]
        key = [key[0] + 0x9E3779B9 & 0xFFFFFFFF, key[1] + 0xBB67AE85 & 0xFFFFFFFF]
    return counter


def epoch_order(count, seed, epoch, stream=4):
    """Fisher-Yates from the end; of a block of four the first number without bias counts; epochs are 2^34 blocks apart."""
    order, position = list(range(count)), epoch << 34
    for limit in range(count, 1, -1):
        chosen = None
        while chosen is None:
            block = philox((position & 0xFFFFFFFF, position >> 32, stream, 0), (seed & 0xFFFFFFFF, seed >> 32))
            position += 1
            chosen = next((number for number in block if number >= 2**32 % limit), None)
        chosen %= limit
        order[limit - 1], order[chosen] = order[chosen], order[limit - 1]
    return order


def c_values(values, width=128):
    lines, line = [], "\t"
    for value in values:
        text = f"{value}, "
        if len(line) + len(text) > width - 4:
            lines.append(line.rstrip())
            line = "\t"
        line += text
    return "\n".join(lines + [line.rstrip()]) + "\n"


def write_header(name, made_with, body):
    guard = f"QGAN_TESTS_GOLDEN_{name.upper()}_H"
    with open(f"tests/golden/{name}.h", "w") as file:
        file.write(f"/* Computed with {made_with} by tests/make_golden_pictures.py; not to be edited. */\n")
        file.write(f"#ifndef {guard}\n#define {guard}\n\n#include <stdint.h>\n\n{body}\n#endif\n")


def main():
    body = ""
    for number, case in enumerate(CASES):
        body += f"static const uint8_t resized_{number}[] = {{\n{c_values(resized(*case))}}};\n\n"
    body += "static const struct golden_resize {\n\tint width, height, channels, size;\n\tconst uint8_t *pixels;\n}"
    body += " golden_resizes[] = {\n"
    for number, case in enumerate(CASES):
        body += "\t{%d, %d, %d, %d, resized_%d},\n" % (*case, number)
    write_header("pictures", f"PIL {PIL.__version__}", body + "};\n")
    body = "/* The order of 20 pictures, seed 2^32 + 7, in epochs 0 and 3. */\n"
    for epoch in (0, 3):
        body += f"static const uint8_t golden_order_{epoch}[20] = {{\n{c_values(epoch_order(20, 2**32 + 7, epoch))}}};\n"
    write_header("order", "Python", body)


main()
