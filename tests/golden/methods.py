#!/usr/bin/python3
"""Writes the golden numbers of the methods: three training steps of each in plain PyTorch, float64, and losses of several crops.

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
from losses import barlow_loss, cos, dino_loss, lejepa_loss, moco_loss, noise_loss, swav_loss, vicreg_loss
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


# ---- losses without a training ------------------------------------------------------------------------------------------------


def noise():
    scores = numbers("methods.noise scores", (5, 9), 0.1, 3).requires_grad_()
    loss = noise_loss(scores, 40.0, 30)
    return {"noise.loss": loss.detach().reshape(1), "noise.gradients": torch.autograd.grad(loss, scores)[0]}


def several_crops():
    """Losses and gradients of five crops of six images, embeddings of 5 numbers."""
    result = {}
    crops = [numbers(f"methods.crop {i}", (6, 5)).requires_grad_() for i in range(5)]
    taught = [numbers(f"methods.taught {i}", (6, 5)) for i in range(2)]
    prototypes = F.normalize(numbers("methods.crop prototypes", (7, 5)))
    centre = numbers("methods.crop centre", (1, 7), -0.2, 0.2)
    directions = F.normalize(numbers("methods.crop directions", (5, 8)), dim=0)

    def scores(z):
        return F.normalize(z) @ prototypes.T

    losses = {
        "swav": lambda: swav_loss([scores(z) for z in crops]),
        "dino": lambda: dino_loss([scores(z) for z in crops], [scores(z) for z in taught], centre, 0.04),
        "lejepa": lambda: lejepa_loss(crops, directions),
    }
    for name, loss in losses.items():
        value = loss()
        result[f"crops.{name}"] = value.detach().reshape(1)
        result[f"crops.{name}.gradients"] = torch.stack(torch.autograd.grad(value, crops))
    return result


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


def train(online, loss, after=lambda step: None, rate_of_biases=1.0, constant_predictor=False, before_move=lambda step, optimizer: None):
    """The losses of three steps."""
    optimizer, losses = optimizer_of(online, rate_of_biases), []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = (RATE if constant_predictor and group["predictor"] else cosine(step)) * group["factor"]
        optimizer.zero_grad()
        value = loss()
        value.backward()
        before_move(step, optimizer)
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
    swav_steps(result)
    dino_steps(result)
    return result


def crops():
    """The two views, and the middle of the images as it is and mirrored."""
    a, b = views()
    middle = a[:, :, 2:10, 2:10]
    return [torch.cat([a, b]), torch.cat([middle, middle.flip(3)])]


def with_outputs(count=7):
    online = Online(byol_head())
    online.outputs = fill("methods.outputs", nn.Linear(6, count, bias=False))
    return online


def by_size(online):
    """Embeddings of the four crops, by one pass for each size."""
    return [z for size in crops() for z in online.project(size).chunk(2)]


def swav_steps(result):
    online = with_outputs()

    def loss():
        with torch.no_grad():
            online.outputs.weight.copy_(F.normalize(online.outputs.weight))
        return swav_loss([online.outputs(F.normalize(z)) for z in by_size(online)])

    def frozen(step, optimizer):
        if step == 0:
            online.outputs.weight.grad = None

    keep(result, "swav", train(online, loss, before_move=frozen), online)


def dino_steps(result):
    online = with_outputs()
    target, centre, scores = target_of(online), torch.zeros(1, 7), []
    temperatures = iter([0.02, 0.03, 0.04])

    def outputs(network, z):
        return F.normalize(z) @ F.normalize(network.outputs.weight).T

    def loss():
        with torch.no_grad():
            scores[:] = [outputs(target, z) for z in target.project(crops()[0]).chunk(2)]
        return dino_loss([outputs(online, z) for z in by_size(online)], scores, centre, next(temperatures))

    def shortened(step, optimizer):
        for p in online.parameters():
            p.grad *= min(1, 0.05 / (p.grad.norm().item() + 1e-6))
        for group in optimizer.param_groups:
            if group["weight_decay"] > 0:
                group["weight_decay"] = 1e-4 * (10 - 9 * 0.5 * (1 + math.cos(math.pi * step / STEPS)))
        if step == 0:
            online.outputs.weight.grad = None

    def moved(step):
        m = 1 - (1 - 0.9) * (math.cos(math.pi * step / STEPS) + 1) / 2
        centre.mul_(0.9).add_(torch.cat(scores).mean(0, keepdim=True), alpha=0.1)
        with torch.no_grad():
            for own, followed in zip(target.parameters(), online.parameters()):
                own.copy_(m * own + (1 - m) * followed)

    keep(result, "dino", train(online, loss, moved, before_move=shortened), online, target)
    result["dino.centre"] = centre


if __name__ == "__main__":
    save(HERE / "methods.safetensors", {name: tensor.double() for name, tensor in (three_steps() | several_crops() | noise()).items()})
    print("methods.safetensors")
