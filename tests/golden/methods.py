#!/usr/bin/python3
"""Writes the golden numbers of the methods: three training steps of each in plain PyTorch, float64, and the losses of a small example.

Run:    /usr/bin/python3 tests/golden/methods.py       (Debian: apt-get install python3-torch python3-torchvision)
Writes: methods.safetensors beside this file. Images, weights and the queue are made by `numbers`, as in make.py.
"""

import copy
import math
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

import make
from make import numbers, save

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)


# ---- networks ----------------------------------------------------------------------------------------------------------------


class Encoder(nn.Module):
    """Two stages of convolution, batch norm and ReLU, and the mean over positions."""

    def __init__(self):
        super().__init__()
        layers, previous = [], 3
        for channels in (4, 8):
            layers += [nn.Conv2d(previous, channels, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
            previous = channels
        self.stages = nn.Sequential(*layers)

    def forward(self, x):
        return self.stages(x).mean((2, 3))


class Head(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


def fill(network, module):
    """Fixed weights and statistics, made from their names."""
    with torch.no_grad():
        make.fill(network, module)
    return module


class Online(nn.Module):
    """Encoder, head and predictor."""

    def __init__(self, head, predictor=None):
        super().__init__()
        self.encoder = fill("methods.encoder", Encoder())
        self.head = fill("methods.head", head)
        self.predictor = None if predictor is None else fill("methods.predictor", predictor)

    def project(self, x):
        return self.head(self.encoder(x))


def plain_head():
    """Linear layers with bias and ReLU: MoCo v2's."""
    return Head(nn.Linear(8, 10), nn.ReLU(), nn.Linear(10, 6))


def byol_head(inputs=8):
    """No norm and no bias after the last layer: BYOL's head and predictor, and Barlow Twins' and VICReg's head."""
    return Head(nn.Linear(inputs, 10, bias=False), nn.BatchNorm1d(10), nn.ReLU(), nn.Linear(10, 6, bias=False))


def simsiam_head():
    return Head(
        nn.Linear(8, 10, bias=False), nn.BatchNorm1d(10), nn.ReLU(), nn.Linear(10, 6, bias=False), nn.BatchNorm1d(6, affine=False)
    )


def simsiam_predictor():
    return Head(nn.Linear(6, 10, bias=False), nn.BatchNorm1d(10), nn.ReLU(), nn.Linear(10, 6))


# ---- losses ------------------------------------------------------------------------------------------------------------------


def cos(p, z):
    return F.cosine_similarity(p, z, dim=1)


def moco_loss(q, k, queue, t):
    q, k = F.normalize(q), F.normalize(k)
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ F.normalize(queue).T], 1) / t
    return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long))


def in_batch_loss(q, k, t):
    return F.cross_entropy(F.normalize(q) @ F.normalize(k).T / t, torch.arange(len(q)))


def barlow_loss(a, b, weight):
    norm = nn.BatchNorm1d(a.shape[1], affine=False)
    c = norm(a).T @ norm(b) / len(a)
    on = (c.diagonal() - 1).pow(2).sum()
    off = c.pow(2).sum() - c.diagonal().pow(2).sum()
    return on + weight * off


def vicreg_loss(a, b):
    """The official code's: half of the variance terms' sum."""
    loss = 25 * F.mse_loss(a, b)
    for z in (a, b):
        loss = loss + 25 * F.relu(1 - (z.var(0) + 1e-4).sqrt()).mean() / 2
        c = torch.cov(z.T)
        loss = loss + (c.pow(2).sum() - c.diagonal().pow(2).sum()) / z.shape[1]
    return loss


# ---- three steps -------------------------------------------------------------------------------------------------------------

STEPS, RATE, COUNT = 3, 0.1, 8


def views():
    images = numbers("methods.images", (COUNT, 3, 12, 12), 0, 256).floor()
    a = (images.float() / 255).double()
    return a, a.flip(3)


def cosine(step):
    return RATE * 0.5 * (1 + math.cos(math.pi * step / STEPS))


def optimizer_of(online, rate_of_biases=1.0):
    """SGD that decays weights alone; the rate of each group is a function of the step."""
    groups = {}
    for name, p in online.named_parameters():
        if p.requires_grad:
            key = (p.dim() > 1, name.startswith("predictor"))
            groups.setdefault(key, []).append(p)
    return torch.optim.SGD(
        [
            {"params": ps, "weight_decay": 1e-4 if weights else 0, "factor": 1 if weights else rate_of_biases, "predictor": predictor}
            for (weights, predictor), ps in groups.items()
        ],
        lr=RATE,
        momentum=0.9,
    )


def train(online, loss, after=lambda step: None, rate_of_biases=1.0, constant_predictor=False):
    """The losses of three steps."""
    optimizer, losses = optimizer_of(online, rate_of_biases), []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = (RATE if constant_predictor and group["predictor"] else cosine(step)) * group["factor"]
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        after(step)
        losses.append(value.detach())
    return torch.stack(losses)


def follow(target, online, m):
    with torch.no_grad():
        for k, q in zip(target.parameters(), list(online.encoder.parameters()) + list(online.head.parameters())):
            k.copy_(m * k + (1 - m) * q)


def target_of(online):
    target = copy.deepcopy(online)
    target.predictor = None
    return target.requires_grad_(False)


def keep(result, name, losses, online, target=None):
    result[f"{name}.losses"] = losses
    for key, tensor in online.state_dict().items():
        result[f"{name}.{key}"] = tensor
    for key, tensor in {} if target is None else target.state_dict().items():
        result[f"{name}.target.{key}"] = tensor


def three_steps():
    result = {}
    a, b = views()

    for symmetric in (False, True):
        online = Online(plain_head())
        target, queue = target_of(online), F.normalize(numbers("methods.queue", (16, 6)))
        keys = []

        def moco():
            with torch.no_grad():
                keys[:] = [target.project(x) for x in ((a, b) if symmetric else (b,))]
            if symmetric:
                return moco_loss(online.project(a), keys[1], queue, 0.2) + moco_loss(online.project(b), keys[0], queue, 0.2)
            return moco_loss(online.project(a), keys[0], queue, 0.2)

        def moved(step):
            follow(target, online, 0.9)
            new = F.normalize(torch.cat(keys))
            start = step * len(new) % len(queue)
            queue[start : start + len(new)] = new

        keep(result, "moco2" if symmetric else "moco", train(online, moco, moved), online, target)

    online = Online(byol_head(), byol_head(6))
    target = target_of(online)

    def byol():
        p1, p2 = online.predictor(online.project(a)), online.predictor(online.project(b))
        with torch.no_grad():
            z1, z2 = target.project(a), target.project(b)
        return (2 - 2 * cos(p1, z2)).mean() + (2 - 2 * cos(p2, z1)).mean()

    def byol_moved(step):
        follow(target, online, 1 - (1 - 0.9) * (math.cos(math.pi * step / STEPS) + 1) / 2)

    keep(result, "byol", train(online, byol, byol_moved), online, target)

    online = Online(simsiam_head(), simsiam_predictor())

    def simsiam():
        z1, z2 = online.project(a), online.project(b)
        p1, p2 = online.predictor(z1), online.predictor(z2)
        return -(cos(p1, z2.detach()).mean() + cos(p2, z1.detach()).mean()) / 2

    keep(result, "simsiam", train(online, simsiam, constant_predictor=True), online)

    online = Online(byol_head())
    barlow = train(online, lambda: 0.1 * barlow_loss(online.project(a), online.project(b), 0.005), rate_of_biases=0.5)
    keep(result, "barlow", barlow, online)

    vicreg = Online(byol_head())
    keep(result, "vicreg", train(vicreg, lambda: vicreg_loss(vicreg.project(a), vicreg.project(b))), vicreg)
    return result


# ---- the example whose losses the tests hold -----------------------------------------------------------------------------------

A = torch.tensor([[1, 0, 2], [0, 1, -1], [-1, 1, 0], [2, -1, 1]]).double()
B = torch.tensor([[1, 1, 1], [0, 2, -1], [-2, 1, 1], [1, -1, 0]]).double()
Q = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [-1, 0, 1]]).double()


def example():
    expected = {
        "SimSiam": (-cos(A, B).mean(), -0.8638326937),
        "BYOL, both directions": (2 * (2 - 2 * cos(A, B)).mean(), 0.5446692251),
        "MoCo 0.07": (moco_loss(A, B, Q, 0.07), 0.6399881891),
        "MoCo 0.2": (moco_loss(A, B, Q, 0.2), 0.7238755544),
        "MoCo v3 0.2": (0.4 * in_batch_loss(A, B, 0.2), 0.0547685664),
        "MoCo v3 1": (2 * in_batch_loss(A, B, 1.0), 1.5967116687),
        "Barlow 0.0051": (barlow_loss(A, B, 0.0051), 0.1323194146),
        "Barlow 0.005": (barlow_loss(A, B, 0.005), 0.1321543327),
        "VICReg": (vicreg_loss(A, B), 17.3867463272),
        "VICReg of halves": (vicreg_loss(A / 2, B / 2), 13.8605872888),
    }
    for name, (value, wanted) in expected.items():
        assert abs(value.item() - wanted) < 1e-9, f"{name} is {value.item()}, not {wanted}"


if __name__ == "__main__":
    example()
    save(HERE / "methods.safetensors", {name: tensor.double() for name, tensor in three_steps().items()})
    print("methods.safetensors")
