#!/usr/bin/python3
"""Writes tests/golden/penalty.h: the gradient penalty of WGAN-GP and its gradients by automatic differentiation in double
(create_graph), for critics without and with layer norm; and the losses of the families.

Run from the source root (needs python3-torch). tests/test_penalty.c draws the same inputs from the same seeds.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from golden_numbers import Numbers, c_array, write_header

SIZE, CHANNELS, WIDTH, BATCH, WEIGHT = 16, 3, 6, 4, 10
body = ""


def critic(layer_norm, linear):
    layers, channels, size = [nn.Conv2d(CHANNELS, WIDTH, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)], WIDTH, SIZE // 2
    while size > 4:
        layers.append(nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False))
        channels, size = 2 * channels, size // 2
        if layer_norm:
            layers.append(nn.GroupNorm(1, channels))
        layers.append(nn.LeakyReLU(0.2))
    if linear:
        layers += [nn.Flatten(), nn.Linear(channels * 16, 1)]
    else:
        layers.append(nn.Conv2d(channels, 1, 4, 1, 0, bias=False))
    return nn.Sequential(*layers)


def case(name, layer_norm=False, linear=False):
    """Weights, real, fake and mix from one seed, in this order."""
    global body
    d, numbers = critic(layer_norm, linear), Numbers(21)
    for key, parameter in d.named_parameters():
        gamma = parameter.dim() == 1 and key.endswith("weight")
        with torch.no_grad():
            parameter.copy_(numbers.floats(parameter.numel(), 0.3, 1 if gamma else 0).reshape(parameter.shape))
    d = d.double()
    real, fake = (numbers.activations(BATCH, CHANNELS, SIZE, SIZE).double() for _ in range(2))
    mix = numbers.floats(BATCH, 0.5, 0.5).double()[:, None, None, None]
    between = (mix * real + (1 - mix) * fake).requires_grad_(True)
    gradient = torch.autograd.grad(d(between).sum(), between, create_graph=True)[0]
    norms = gradient.flatten(1).norm(2, 1)
    penalty = WEIGHT * ((norms - 1) ** 2).mean()
    penalty.backward()
    body += c_array(name + "_penalty", penalty) + c_array(name + "_norms", norms)
    for i, parameter in enumerate(d.parameters()):
        gradients = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        body += c_array("%s_gradient%d" % (name, i), gradients)


case("plain")
case("normed", layer_norm=True)
case("linear", linear=True)

scores = torch.tensor([-100, -20, -3, -0.5, 0, 0.25, 2, 15, 100.0], requires_grad=True)
body += c_array("bce_scores", scores)
for target in (0, 1):
    scores.grad = None
    loss = F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, target))
    loss.backward()
    body += c_array("bce_loss%d" % target, loss) + c_array("bce_gradient%d" % target, scores.grad)

for target in (0, 1, -1):
    scores.grad = None
    loss = 0.5 * F.mse_loss(scores, torch.full_like(scores, target))
    loss.backward()
    body += c_array("squares_loss%d" % (target % 3), loss) + c_array("squares_gradient%d" % (target % 3), scores.grad)
for sign in (0, 1):
    scores.grad = None
    loss = F.relu(1 - (scores if sign else -scores)).mean()
    loss.backward()
    body += c_array("hinge_loss%d" % sign, loss) + c_array("hinge_gradient%d" % sign, scores.grad)

write_header("tests/golden/penalty.h", "QGAN_TESTS_GOLDEN_PENALTY_H", "tests/make_golden_penalty.py", body)
