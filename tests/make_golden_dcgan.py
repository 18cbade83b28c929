#!/usr/bin/python3
"""Writes tests/golden/dcgan.h: one step of a small DCGAN with all its gradients, and the losses of twenty steps of
another one, as pytorch/examples would train them. Seeds are searched so that no input of a rectifier lies so near 0 that
rounding would decide its slope: one such flip and the game amplifies it a thousandfold in ten steps. Run from the source root (needs python3-torch).
tests/test_trainer.c draws the same weights, pictures and noise from the same seeds.
"""
import torch
import torch.nn as nn

from golden_numbers import Numbers, c_array, write_header


def networks(width, channels, latent):
    """32 x 32 pixels: G's last and D's first convolution of the 64 x 64 example are taken away."""
    w = width
    g = nn.Sequential(
        nn.ConvTranspose2d(latent, 4 * w, 4, 1, 0, bias=False), nn.BatchNorm2d(4 * w), nn.ReLU(True),
        nn.ConvTranspose2d(4 * w, 2 * w, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * w), nn.ReLU(True),
        nn.ConvTranspose2d(2 * w, w, 4, 2, 1, bias=False), nn.BatchNorm2d(w), nn.ReLU(True),
        nn.ConvTranspose2d(w, channels, 4, 2, 1, bias=False), nn.Tanh())
    d = nn.Sequential(
        nn.Conv2d(channels, w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True),
        nn.Conv2d(w, 2 * w, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * w), nn.LeakyReLU(0.2, True),
        nn.Conv2d(2 * w, 4 * w, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * w), nn.LeakyReLU(0.2, True),
        nn.Conv2d(4 * w, 1, 4, 1, 0, bias=False))
    return d, g


def draw(network, numbers, scale):
    for module in network:
        for name, parameter in module.named_parameters():
            norm = isinstance(module, nn.BatchNorm2d)
            shift = 1.0 if norm and name == "weight" else 0.0
            with torch.no_grad():
                parameter.copy_(numbers.floats(parameter.numel(), scale, shift).reshape(parameter.shape))


def watch_kinks(network):
    """Collects how near inputs of rectifiers come to 0, as a share of their root mean square."""
    nearest = []

    def look(module, inputs):
        x = inputs[0].detach()
        nearest.append((x.abs().min() / x.square().mean().sqrt()).item())

    for module in network:
        if isinstance(module, (nn.ReLU, nn.LeakyReLU)):
            module.register_forward_pre_hook(look)
    return nearest


def train(seed, width, channels, latent, batch, batches, steps, scale):
    d, g = networks(width, channels, latent)
    nearest = [watch_kinks(d), watch_kinks(g)]
    numbers = Numbers(seed)
    draw(d, numbers, scale)
    draw(g, numbers, scale)
    pictures = [numbers.activations(batch, channels, 32, 32) for _ in range(batches)]
    optimizers = [torch.optim.Adam(n.parameters(), 2e-4, (0.5, 0.999), 1e-8) for n in (d, g)]
    bce = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(batch), torch.zeros(batch)
    curve = []
    for step in range(steps):
        noise = numbers.activations(batch, latent, 1, 1, 1.7)
        d.zero_grad()
        real_scores = d(pictures[step % batches]).view(-1)
        loss_real = bce(real_scores, ones)
        loss_real.backward()
        fake = g(noise)
        fake_scores = d(fake.detach()).view(-1)
        loss_fake = bce(fake_scores, zeros)
        loss_fake.backward()
        d_gradients = [p.grad.clone() for p in d.parameters()]
        optimizers[0].step()
        g.zero_grad()
        loss_g = bce(d(fake).view(-1), ones)
        loss_g.backward()
        g_gradients = [p.grad.clone() for p in g.parameters()]
        optimizers[1].step()
        curve.append([(loss_real + loss_fake).item(), loss_g.item(), torch.sigmoid(real_scores).mean().item(),
                      torch.sigmoid(fake_scores).mean().item()])
    return d, g, d_gradients, g_gradients, torch.tensor(curve), min(nearest[0] + nearest[1])


def flat(tensors):
    return torch.cat([t.reshape(-1) for t in tensors])


def statistics(network):
    return flat([s for m in network if isinstance(m, nn.BatchNorm2d) for s in (m.running_mean, m.running_var)])


def train_off_kinks(**options):
    """The first seed for which rounding decides no rectifier's slope: then two programs differ by rounding only."""
    for seed in range(1, 1000):
        *results, nearest = train(seed, **options)
        if nearest > 1e-6:
            return seed, results
    raise SystemExit("no seed keeps away from the kinks")


seed, (d, g, d_gradients, g_gradients, curve) = train_off_kinks(
    width=2, channels=1, latent=4, batch=4, batches=1, steps=1, scale=0.3)
body = "/* One step at width 2, 1 channel, latent 4, batch 4. Tensors one after the other, in the order of the layers. */\n"
body += "enum { STEP_SEED = %d };\n" % seed
body += c_array("step_measures", curve)
body += c_array("step_d_gradients", flat(d_gradients)) + c_array("step_g_gradients", flat(g_gradients))
body += c_array("step_d_weights", flat(d.parameters())) + c_array("step_g_weights", flat(g.parameters()))
body += c_array("step_d_statistics", statistics(d)) + c_array("step_g_statistics", statistics(g))

seed, (*_, curve) = train_off_kinks(width=8, channels=3, latent=16, batch=8, batches=3, steps=20, scale=0.035)
body += "/* Twenty steps at width 8, 3 channels, latent 16, batch 8, over three batches in turn: loss of D, loss of G, D(x), D(G(z)). */\n"
body += "enum { CURVE_SEED = %d };\n" % seed
body += c_array("curve", curve)
write_header("tests/golden/dcgan.h", "QGAN_TESTS_GOLDEN_DCGAN_H", "tests/make_golden_dcgan.py", body)
