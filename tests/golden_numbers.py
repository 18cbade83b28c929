"""What the generators of golden values share: numbers that C makes too (tests/golden_numbers.h), and C arrays."""
import numpy as np
import torch


class Numbers:
    """A linear congruential generator: the same doubles, rounded to the same floats, as struct numbers in C."""

    def __init__(self, seed):
        self.state = seed

    def floats(self, count, scale=1.0, shift=0.0):
        values = np.empty(count, np.float64)
        for i in range(count):
            self.state = (self.state * 1103515245 + 12345) % 2**31
            values[i] = (self.state / 2**31 - 0.5) * 2 * scale + shift
        return torch.from_numpy(values.astype(np.float32))

    def activations(self, n, c, h, w, scale=1.0):
        """Drawn in the engine's order [H][W][N][C], returned as PyTorch's [N][C][H][W]."""
        return self.floats(h * w * n * c, scale).reshape(h, w, n, c).permute(2, 3, 0, 1).contiguous()


def ours(activations):
    """[N][C][H][W] to a flat list in the engine's order."""
    return activations.permute(2, 3, 0, 1)


def c_array(name, tensor):
    values = tensor.detach().double().reshape(-1).tolist()
    lines, line = [], "\t"
    for value in values:
        text = "%.9g" % value
        text = (text if any(c in text for c in ".en") else text + ".0") + "f, "
        if len(line) + len(text) > 126:
            lines.append(line.rstrip())
            line = "\t"
        line += text
    lines.append(line.rstrip())
    return "static const float %s[%d] = {\n%s\n};\n" % (name, len(values), "\n".join(lines))


def write_header(path, guard, script, body):
    with open(path, "w") as file:
        file.write("/* Computed with PyTorch %s by %s; not to be edited. */\n" % (torch.__version__, script))
        file.write("#ifndef %s\n#define %s\n\n%s\n#endif\n" % (guard, guard, body))
