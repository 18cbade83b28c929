#!/usr/bin/python3
"""Writes tests/golden/layers.h: one forward and backward pass of every kind of layer, and the optimizers.

Run from the source root (needs python3-torch). tests/test_layers.c draws the same inputs from the same seeds.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from golden_numbers import Numbers, c_array, ours, write_header

BATCH = 3
body = ""


def case(name, module, c, h, parameters=(), input_scale=1.0):
    """Weights from seed 2, input from seed 1, output gradient from seed 3; training mode."""
    global body
    weights = Numbers(2)
    for parameter, scale, shift in parameters:
        with torch.no_grad():
            parameter.copy_(weights.floats(parameter.numel(), scale, shift).reshape(parameter.shape))
    x = Numbers(1).activations(BATCH, c, h, h, input_scale).requires_grad_(True)
    y = module(x)
    dy = Numbers(3).activations(*y.shape)
    y.backward(dy)
    body += c_array(name + "_y", ours(y)) + c_array(name + "_dx", ours(x.grad))
    for i, (parameter, _, _) in enumerate(parameters):
        body += c_array("%s_gradient%d" % (name, i), parameter.grad)
    return x


conv = nn.Conv2d(3, 5, 4, 2, 1, bias=False)
case("conv2d", conv, 3, 6, [(conv.weight, 0.5, 0)])
conv = nn.Conv2d(3, 2, 4, 1, 0, bias=False)
case("conv2d_whole", conv, 3, 4, [(conv.weight, 0.5, 0)])
deconv = nn.ConvTranspose2d(4, 3, 4, 2, 1, bias=False)
case("conv_transpose2d", deconv, 4, 3, [(deconv.weight, 0.5, 0)])
deconv = nn.ConvTranspose2d(4, 3, 4, 1, 0, bias=False)
case("conv_transpose2d_whole", deconv, 4, 1, [(deconv.weight, 0.5, 0)])


class Linear(nn.Module):
    """nn.Linear on flattened pictures, its output as 1 x 1 pictures."""

    def __init__(self, c, h, out):
        super().__init__()
        self.linear = nn.Linear(c * h * h, out)

    def forward(self, x):
        return self.linear(x.flatten(1))[:, :, None, None]


linear = Linear(2, 3, 4)
case("linear", linear, 2, 3, [(linear.linear.weight, 0.5, 0), (linear.linear.bias, 0.5, 0)])

norm = nn.BatchNorm2d(4)
x = case("batch_norm", norm, 4, 3, [(norm.weight, 0.5, 1), (norm.bias, 0.5, 0)])
body += c_array("batch_norm_running_mean", norm.running_mean) + c_array("batch_norm_running_var", norm.running_var)
norm.eval()
body += c_array("batch_norm_evaluated", ours(norm(x)))

norm = nn.BatchNorm2d(4)
case("batch_norm_leaky", nn.Sequential(norm, nn.LeakyReLU(0.2)), 4, 3, [(norm.weight, 0.5, 1), (norm.bias, 0.5, 0)])
body += c_array("batch_norm_leaky_running_mean", norm.running_mean)
norm = nn.GroupNorm(1, 4)
case("layer_norm", norm, 4, 3, [(norm.weight, 0.5, 1), (norm.bias, 0.5, 0)])


class Spectral(nn.Module):
    """A convolution whose weights are divided as torch.nn.utils.spectral_norm does with one iteration from u = (1, .., 1)."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(5, 3, 4, 4))

    def forward(self, x):
        conv = nn.Conv2d(3, 5, 4, 2, 1, bias=False)
        conv.weight = self.weight
        conv = nn.utils.spectral_norm(conv)
        conv.weight_u.fill_(1)
        y = conv(x)
        self.u = conv.weight_u
        return y


spectral = Spectral()
case("spectral_conv2d", spectral, 3, 6, [(spectral.weight, 0.5, 0)])
body += c_array("spectral_conv2d_u", spectral.u)
case("relu", nn.ReLU(), 2, 3)
case("leaky_relu", nn.LeakyReLU(0.2), 2, 3)
case("tanh", nn.Tanh(), 2, 3, input_scale=4)
case("sigmoid", nn.Sigmoid(), 2, 3, input_scale=8)
case("max_pool", nn.MaxPool2d(2), 3, 6)
case("average_pool", nn.AvgPool2d(3), 3, 6)

logits = Numbers(5).floats(24, 4).reshape(6, 4).requires_grad_(True)
loss = F.cross_entropy(logits, torch.arange(6) % 4)
loss.backward()
body += c_array("cross_entropy_loss", loss) + c_array("cross_entropy_gradient", logits.grad)

for name, make in (("adam", lambda p: torch.optim.Adam(p, 2e-2, (0.5, 0.999), 1e-8)),
                   ("sgd", lambda p: torch.optim.SGD(p, 2e-2, momentum=0.9))):
    numbers = Numbers(4)
    weights = numbers.floats(10).requires_grad_(True)
    optimizer = make([weights])
    for _ in range(5):
        weights.grad = numbers.floats(10, 0.1)
        optimizer.step()
    body += c_array(name + "_weights", weights)

write_header("tests/golden/layers.h", "QGAN_TESTS_GOLDEN_LAYERS_H", "tests/make_golden_layers.py", body)
