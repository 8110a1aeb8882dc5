#!/usr/bin/python3
"""Writes the golden numbers that the C# tests compare with, computed by PyTorch and torchvision alone.

Run:    /usr/bin/python3 tests/golden/make.py       (Debian: apt-get install python3-torch python3-torchvision)
Writes: resnet, vit, optimizers, losses, views, augment, autoaugment (.safetensors) beside this file. With names: only those.

Weights, images and gradients are not stored: `numbers` makes them from a name, and tests/SimCLR.Core.Tests/Golden/Formula.cs
is the same formula. What is large is stored as a digest: sum, L2 norm and four sampled elements.
"""

import json
import math
import pathlib
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torchvision.transforms import InterpolationMode
from torchvision.transforms import autoaugment
from torchvision.transforms import functional as T

HERE = pathlib.Path(__file__).parent
P = 2**31 - 1


# ---- the formula, and files --------------------------------------------------------------------------------------------------


def numbers(name, shape, low=-1.0, high=1.0):
    """float64 in [low, high), a function of the name and the position alone."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    i = np.arange(math.prod(shape), dtype=np.int64)
    k = (i * 1103515245 + seed) % P
    k = k * k % P
    k = (k * 48271 + i) % P
    k = k * k % P
    return torch.from_numpy(low + (high - low) * (k / P)).reshape(shape)


def digest(tensor):
    """Sum, L2 norm, and the elements at 0, 1/4, 1/2 and 3/4 of the memory in C order."""
    flat = tensor.detach().double().reshape(-1)
    return torch.stack([flat.sum(), flat.norm()] + [flat[len(flat) * j // 4] for j in range(4)])


def save(path, tensors, notes=None):
    """The safetensors format: header length, JSON header, little-endian bytes."""
    kinds = {torch.float64: "F64", torch.float32: "F32", torch.int64: "I64", torch.uint8: "U8"}
    header, parts, offset = {}, [], 0
    if notes:
        header["__metadata__"] = notes
    for name, tensor in sorted(tensors.items()):
        tensor = tensor.detach().cpu().contiguous()
        data = tensor.numpy().tobytes()
        header[name] = {
            "dtype": kinds[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def load(path):
    """Tensors of a safetensors file, by name."""
    kinds = {"F64": np.float64, "F32": np.float32, "I64": np.int64}
    data = pathlib.Path(path).read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)

    def tensor(entry):
        begin, end = entry["data_offsets"]
        flat = np.frombuffer(data[start + begin : start + end], dtype=kinds[entry["dtype"]])
        return torch.from_numpy(flat.copy()).reshape(entry["shape"])

    return {name: tensor(entry) for name, entry in header.items()}


# ---- encoders ----------------------------------------------------------------------------------------------------------------


def weight(case, name, shape):
    """The fixed weight of that name: variances stay near 1 through the layers."""
    if name.endswith("running_mean"):
        return numbers(f"{case}.{name}", shape, -0.1, 0.1)
    if name.endswith("running_var"):
        return numbers(f"{case}.{name}", shape, 0.5, 1.5)
    if len(shape) == 1 and name.endswith("weight"):
        return numbers(f"{case}.{name}", shape, 0.5, 1.5)
    if len(shape) == 1:
        return numbers(f"{case}.{name}", shape, -0.1, 0.1)
    bound = math.sqrt(6 / math.prod(shape[1:]))
    return numbers(f"{case}.{name}", shape, -bound, bound)


def fill(case, model, rename=lambda name: name):
    for name, tensor in model.state_dict().items():
        if tensor.dtype.is_floating_point:
            tensor.copy_(weight(case, rename(name), tuple(tensor.shape)))


def digests(named):
    named = sorted(named)
    return torch.stack([digest(tensor) for _, tensor in named]), ",".join(name for name, _ in named)


def resnet(depth, cifar):
    model = getattr(torchvision.models, f"resnet{depth}")(num_classes=10).double()
    if cifar:
        model.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False).double()
        model.maxpool = torch.nn.Identity()
    return model


def resnet_case(case, depth, side, cifar):
    model = resnet(depth, cifar)
    fill(case, model)
    images = numbers(f"{case}.images", (4, 3, side, side), 0, 1)
    out, notes = {}, {}
    model.eval()
    with torch.no_grad():
        out[f"{case}.eval"] = model(images)
    model.train()
    logits = model(images)
    (logits * numbers(f"{case}.direction", (4, 10))).sum().backward()
    out[f"{case}.train"] = logits
    out[f"{case}.gradients"], notes[f"{case}.gradients"] = digests((n, p.grad) for n, p in model.named_parameters())
    return out, notes


def training_case(case):
    """Three steps of SGD in training mode: batch-norm statistics and weights after them."""
    model = resnet(18, cifar=True)
    fill(case, model)
    model.train()
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.01},
        {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.01, momentum=0.9)
    for step in range(3):
        optimizer.zero_grad()
        logits = model(numbers(f"{case}.images.{step}", (4, 3, 16, 16), 0, 1))
        (logits * numbers(f"{case}.direction", (4, 10), -0.1, 0.1)).sum().backward()
        optimizer.step()
    state = [(n, t) for n, t in model.state_dict().items() if t.dtype.is_floating_point]
    out, notes = digests(state)
    model.eval()
    with torch.no_grad():
        after = model(numbers(f"{case}.images.0", (4, 3, 16, 16), 0, 1))
    return {f"{case}.state": out, f"{case}.eval": after}, {f"{case}.state": notes}


def timm_name(name):
    """torchvision's name of a vision transformer's tensor, as timm calls it."""
    pairs = [
        ("class_token", "cls_token"),
        ("conv_proj", "patch_embed.proj"),
        ("encoder.pos_embedding", "pos_embed"),
        ("encoder.layers.encoder_layer_", "blocks."),
        ("encoder.ln", "norm"),
        ("ln_1", "norm1"),
        ("ln_2", "norm2"),
        ("self_attention.in_proj_", "attn.qkv."),
        ("self_attention.out_proj", "attn.proj"),
        ("mlp.0", "mlp.fc1"),
        ("mlp.3", "mlp.fc2"),
    ]
    for ours, timms in pairs:
        name = name.replace(ours, timms)
    return name


def vit_case(case):
    model = torchvision.models.VisionTransformer(
        image_size=32, patch_size=8, num_layers=3, num_heads=3, hidden_dim=48, mlp_dim=192, num_classes=10
    ).double()
    model.heads = torch.nn.Identity()
    fill(case, model, timm_name)
    h = model(numbers(f"{case}.images", (4, 3, 32, 32), 0, 1))
    (h * numbers(f"{case}.direction", (4, 48))).sum().backward()
    gradients, names = digests((timm_name(n), p.grad) for n, p in model.named_parameters())
    return {f"{case}.h": h, f"{case}.gradients": gradients}, {f"{case}.gradients": names}


def vit_sizes_case(case):
    """The same network on images of other sizes, its positions interpolated; and positions of 14 patches at 6 as DINO's code has them, 0.1 of a patch beside."""
    model = torchvision.models.VisionTransformer(
        image_size=32, patch_size=8, num_layers=3, num_heads=3, hidden_dim=48, mlp_dim=192, num_classes=10
    ).double()
    fill(case, model, timm_name)
    tensors, notes = {}, {}
    for name, (height, width) in {"small": (16, 16), "large": (48, 48), "wide": (24, 40)}.items():
        model.zero_grad()
        patches = model.conv_proj(numbers(f"{case}.{name}", (2, 3, height, width), 0, 1))
        grid = model.encoder.pos_embedding[:, 1:].reshape(1, 4, 4, 48).permute(0, 3, 1, 2)
        grid = F.interpolate(grid, size=patches.shape[2:], mode="bicubic")
        tokens = (patches + grid).flatten(2).transpose(1, 2)
        first = (model.class_token + model.encoder.pos_embedding[:, :1]).expand(2, -1, -1)
        h = model.encoder.ln(model.encoder.layers(torch.cat([first, tokens], 1)))[:, 0]
        (h * numbers(f"{case}.{name} direction", (2, 48))).sum().backward()
        named = [(timm_name(n), p.grad) for n, p in model.named_parameters() if not n.startswith("heads")]
        tensors[f"{case}.{name}.h"] = h
        tensors[f"{case}.{name}.gradients"], notes[f"{case}.{name}.gradients"] = digests(named)
    grid = numbers(f"{case}.positions", (1, 5, 14, 14))
    tensors[f"{case}.positions"] = F.interpolate(grid, size=(6, 6), mode="bicubic")
    tensors[f"{case}.positions beside"] = F.interpolate(grid, scale_factor=(6.1 / 14, 6.1 / 14), mode="bicubic")
    return tensors, notes


def vits():
    (tensors, notes), (more, names) = vit_case("vit"), vit_sizes_case("vit")
    return tensors | more, notes | names


class SkResNet:
    """SK-ResNet-50 of SimCLR v2's reference code (2006.10029; sk_ratio above 0), written out by functions: batch norm, the mixing of the
    two paths and the shortcut's mean are spelled out. Training mode, no classifier."""

    def __init__(self, case, ratio, widths):
        self.case, self.ratio, self.widths, self.leaves = case, ratio, widths, {}

    def leaf(self, name, *shape):
        if name not in self.leaves:
            self.leaves[name] = weight(self.case, name, shape).requires_grad_()
        return self.leaves[name]

    def conv(self, x, name, out, size, stride=1):
        side = size // 2
        padded = F.pad(x, (side, side, side, side))
        return F.conv2d(padded, self.leaf(f"{name}.weight", out, x.shape[1], size, size), stride=stride)

    def norm(self, x, name):
        mean = x.mean((0, 2, 3), keepdim=True)
        variance = (x - mean).pow(2).mean((0, 2, 3), keepdim=True)
        gain = self.leaf(f"{name}.weight", x.shape[1]).reshape(1, -1, 1, 1)
        return (x - mean) / (variance + 1e-5).sqrt() * gain + self.leaf(f"{name}.bias", x.shape[1]).reshape(1, -1, 1, 1)

    def selective(self, x, name, filters, stride):
        x = self.norm(self.conv(x, f"{name}.conv", 2 * filters, 3, stride), f"{name}.bn").relu()
        paths = torch.stack([x[:, :filters], x[:, filters:]])
        pooled = paths.sum(0).mean((2, 3), keepdim=True)
        reduced = max(int(filters * self.ratio), 32)
        hidden = self.norm(self.conv(pooled, f"{name}.attn.fc_reduce", reduced, 1), f"{name}.attn.bn").relu()
        votes = self.conv(hidden, f"{name}.attn.fc_select", 2 * filters, 1)
        mixing = torch.stack([votes[:, :filters], votes[:, filters:]]).exp()
        return (paths * mixing / mixing.sum(0)).sum(0)

    def shortcut(self, x, name, out, stride):
        padded = F.pad(x, (0, 1, 0, 1))
        windows = [padded[:, :, i : i + x.shape[2], j : j + x.shape[3]] for i in (0, 1) for j in (0, 1)]
        total = torch.stack(windows).sum(0)
        if stride == 1:  # a mean over what is not padding
            there = F.pad(torch.ones_like(x), (0, 1, 0, 1))
            counts = [there[:, :, i : i + x.shape[2], j : j + x.shape[3]] for i in (0, 1) for j in (0, 1)]
            mean = total / torch.stack(counts).sum(0)
        else:
            mean = total[:, :, ::2, ::2] / 4
        return self.norm(self.conv(mean, f"{name}.1", out, 1), f"{name}.2")

    def block(self, x, name, filters, stride, first):
        shortcut = self.shortcut(x, f"{name}.downsample", 4 * filters, stride) if first else x
        x = self.norm(self.conv(x, f"{name}.conv1", filters, 1), f"{name}.bn1").relu()
        x = self.selective(x, f"{name}.conv2", filters, stride)
        x = self.norm(self.conv(x, f"{name}.conv3", 4 * filters, 1), f"{name}.bn3")
        return (x + shortcut).relu()

    def __call__(self, x):
        half, width = self.widths[0] // 2, self.widths[0]
        x = self.norm(self.conv(x, "conv1.0", half, 3, 2), "conv1.1").relu()
        x = self.norm(self.conv(x, "conv1.3", half, 3), "conv1.4").relu()
        x = self.norm(self.conv(x, "conv1.6", width, 3), "bn1").relu()
        x = F.max_pool2d(x, 3, 2, 1)
        for i, (filters, blocks) in enumerate(zip(self.widths, [3, 4, 6, 3])):
            for j in range(blocks):
                x = self.block(x, f"layer{i + 1}.{j}", filters, 2 if i > 0 and j == 0 else 1, j == 0)
        return x.mean((2, 3))


def sk_case(case):
    """Width 1/8; images of 60 pixels, so that a shortcut halves an odd side; ratio 1, so that more than the least 32 occurs."""
    model = SkResNet(case, 1.0, [8, 16, 32, 64])
    h = model(numbers(f"{case}.images", (4, 3, 60, 60), 0, 1))
    (h * numbers(f"{case}.direction", (4, 256))).sum().backward()
    gradients, names = digests((n, p.grad) for n, p in model.leaves.items())
    return {f"{case}.h": h, f"{case}.gradients": gradients}, {f"{case}.gradients": names}


# ---- optimizers --------------------------------------------------------------------------------------------------------------

SHAPES = {"linear": (4, 3), "convolution": (3, 2, 3, 3), "bias": (5,)}
STEPS = 6


def rate(step, peak):
    return peak * (1 - step / 8)


def parameters():
    return {name: numbers(f"optimizers.{name}", shape).requires_grad_() for name, shape in SHAPES.items()}


def gradient(name, step):
    return numbers(f"optimizers.gradient.{name}.{step}", SHAPES[name])


def trajectory(case, peak, make):
    """Every parameter after every step, with a learning rate that falls."""
    ps = parameters()
    decayed, free = [ps["linear"], ps["convolution"]], [ps["bias"]]
    optimizer = make(decayed, free)
    out = {name: [] for name in ps}
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, peak)
        for name, p in ps.items():
            p.grad = gradient(name, step)
        optimizer.step()
        for name, p in ps.items():
            out[name].append(p.detach().clone())
    return {f"{case}.{name}": torch.stack(steps) for name, steps in out.items()}


def groups(decayed, free, decay):
    return [{"params": decayed, "weight_decay": decay}, {"params": free, "weight_decay": 0.0}]


def lars(case, peak, momentum, decay, trust_coefficient):
    """You et al. 2017 with the learning rate inside the velocity; what has one dimension is neither decayed nor adapted."""
    out = {}
    for name, p in parameters().items():
        w = p.detach().numpy().copy()
        v = np.zeros_like(w)
        steps = []
        for step in range(STEPS):
            u, trust = gradient(name, step).numpy(), 1.0
            if w.ndim > 1:
                u = u + decay * w
                trust = trust_coefficient * math.sqrt((w * w).sum()) / math.sqrt((u * u).sum())
            v = momentum * v + rate(step, peak) * trust * u
            w = w - v
            steps.append(torch.from_numpy(w.copy()))
        out[f"{case}.{name}"] = torch.stack(steps)
    return out


def optimizers():
    o = torch.optim
    return {
        **trajectory("sgd", 0.1, lambda d, f: o.SGD(groups(d, f, 0.01), lr=1, momentum=0.9)),
        **trajectory("nesterov", 0.1, lambda d, f: o.SGD(groups(d, f, 0.01), lr=1, momentum=0.9, nesterov=True)),
        **trajectory("adam", 0.01, lambda d, f: o.Adam(groups(d, f, 0.01), lr=1, betas=(0.9, 0.999), eps=1e-8)),
        **trajectory("adamw", 0.01, lambda d, f: o.AdamW(groups(d, f, 0.1), lr=1, betas=(0.9, 0.999), eps=1e-8)),
        **lars("lars", 50.0, 0.9, 0.01, 0.001),
    }


# ---- losses ------------------------------------------------------------------------------------------------------------------


def losses():
    """NT-Xent by cross entropy, each anchor by itself: its own similarity left out, its positive first."""
    out = {}
    for n, d in [(6, 5), (32, 16)]:
        for temperature in [0.05, 0.1, 0.5, 1.0]:
            for normalized in [True, False]:
                a = numbers(f"losses.a.{n}", (n, d)).requires_grad_()
                b = numbers(f"losses.b.{n}", (n, d)).requires_grad_()
                z = torch.cat([a, b])
                if normalized:
                    z = z / z.pow(2).sum(1, keepdim=True).sqrt()
                terms = []
                for i in range(2 * n):
                    positive = (i + n) % (2 * n)
                    others = [j for j in range(2 * n) if j not in (i, positive)]
                    logits = torch.stack([z[i] @ z[j] for j in [positive] + others]) / temperature
                    terms.append(F.cross_entropy(logits[None], torch.tensor([0])))
                loss = torch.stack(terms).mean()
                loss.backward()
                case = f"{n}.{temperature}.{'cosine' if normalized else 'dot'}"
                out[f"{case}.value"] = loss.detach()
                out[f"{case}.gradient"] = torch.cat([a.grad, b.grad])
    return out


# ---- views -------------------------------------------------------------------------------------------------------------------

BOXES = [(0, 0, 24, 20), (3, 2, 16, 11), (5, 7, 12, 12), (1, 0, 20, 20), (10, 4, 7, 9)]
ORDERS = [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2), (2, 0, 3, 1), (3, 0, 1, 2)]
JITTER = [(0.4, 1.7, 0.3, 0.2), (1.6, 0.5, 1.8, -0.2), (1.2, 1.2, 0.0, 0.45), (0.9, 0.2, 1.4, -0.5), (1.0, 1.0, 1.0, 0.1)]
SIGMAS = [0.1, 0.5, 1.0, 1.5, 2.0]


def jitter(image, order, factors):
    operations = [T.adjust_brightness, T.adjust_contrast, T.adjust_saturation, T.adjust_hue]
    for which in order:
        image = operations[which](image, factors[which])
    return image


def views():
    images = numbers("views.images", (5, 3, 24, 20), 0, 1).float()
    large = numbers("views.large", (5, 3, 40, 40), 0, 1).float()
    modes = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}

    def crops(mode, antialias):
        sized = [T.resize(T.crop(x, *box), [12, 12], mode, antialias=antialias) for x, box in zip(images, BOXES)]
        return torch.stack(sized).clamp(0, 1)

    out = {f"crop.{name}.antialias": crops(mode, True) for name, mode in modes.items()}
    out |= {f"crop.{name}": crops(mode, False) for name, mode in modes.items()}
    out["flip"] = T.hflip(images)
    out["grayscale"] = T.rgb_to_grayscale(images, 3)
    out["jitter"] = torch.stack([jitter(x, o, f) for x, o, f in zip(images, ORDERS, JITTER)])
    out["blur"] = torch.stack([T.gaussian_blur(x, [5, 5], [s, s]) for x, s in zip(large, SIGMAS)])
    out["rotate"] = torch.stack([T.rotate(x, 90.0 * (i % 4)) for i, x in enumerate(large)])
    out["solarize"] = T.solarize(images, 0.5)
    # Bytes would do for the eye; the tests want the numbers, of which every third is enough for the large ones.
    return {name: tensor[..., ::3] if tensor.shape[-1] == 40 else tensor for name, tensor in out.items()}


# An image each. Posterize and Equalize are given bytes, which is all that torchvision has them for.
AUGMENTED = [
    ("Identity", 0.0),
    ("ShearX", 0.21),
    ("ShearX", -0.3),
    ("ShearY", 0.17),
    ("ShearY", -0.09),
    ("TranslateX", 2.7),
    ("TranslateX", -6.2),
    ("TranslateY", 3.9),
    ("Rotate", 23.0),
    ("Rotate", -9.0),
    ("Brightness", 0.8),
    ("Brightness", -0.27),
    ("Color", 0.6),
    ("Color", -0.9),
    ("Contrast", 0.9),
    ("Contrast", -0.5),
    ("Sharpness", 0.9),
    ("Sharpness", -0.45),
    ("Posterize", 5.0),
    ("Solarize", 0.405),
    ("AutoContrast", 0.0),
    ("Equalize", 0.0),
]


def augmented():
    images = (numbers("augment.images", (len(AUGMENTED), 3, 24, 20)).abs() * 90 + 60).floor().byte()
    space = autoaugment.RandAugment()._augmentation_space(31, (24, 20))

    def one(image, name, magnitude):
        if name in ("Posterize", "Equalize"):
            return autoaugment._apply_op(image, name, magnitude, InterpolationMode.NEAREST, None).float() / 255
        return autoaugment._apply_op(image.float() / 255, name, magnitude, InterpolationMode.NEAREST, None)

    levels = [[m[level] if m.dim() else m for m, _ in space.values()] for level in range(31)]
    return {
        "operation": torch.tensor([list(space).index(name) for name, _ in AUGMENTED]),
        "magnitude": torch.tensor([magnitude for _, magnitude in AUGMENTED]),
        "augmented": torch.stack([one(x, *case) for x, case in zip(images, AUGMENTED)]),
        "levels": torch.tensor(levels, dtype=torch.float64),
        "signed": torch.tensor([int(signed) for _, signed in space.values()]),
    }


# ---- AutoAugment, on bytes ---------------------------------------------------------------------------------------------------


def byte_images(name, count, height=16, width=12):
    """Bytes of low and of high contrast in turn, whose middle differs from image to image."""
    unit = numbers(name, (count, 3, height, width), 0, 1)
    middle = numbers(f"{name}.middle", (count, 1, 1, 1), 90, 160)
    spread = torch.tensor([60.0, 300.0]).double()[torch.arange(count) % 2].reshape(-1, 1, 1, 1)
    return (middle + (unit - 0.5) * spread).clamp(0, 255).floor().byte()


def drawn(policy, images, pair):
    """The whole transformation, with both operations applied; signs differ from pair to pair."""
    auto = autoaugment.AutoAugment(policy)
    auto.get_params = lambda count: (pair, torch.zeros(2), torch.tensor([pair % 2, pair // 2 % 2]))
    return auto(images[pair])


def auto_augmented():
    space = autoaugment.AutoAugment()._augmentation_space(10, (16, 12))
    names = list(space)
    cases = [
        (names.index(name), sign * float(levels[level] if levels.dim() else 0))
        for name, (levels, signed) in space.items()
        for level in (range(10) if levels.dim() else range(3))
        for sign in ([1, -1] if signed else [1])
    ]
    images = byte_images("autoaugment.images", len(cases))
    nearest = InterpolationMode.NEAREST
    out = {
        "operation": torch.tensor([which for which, _ in cases]),
        "magnitude": torch.tensor([magnitude for _, magnitude in cases]),
        "augmented": torch.stack(
            [autoaugment._apply_op(x, names[which], m, nearest, None) for x, (which, m) in zip(images, cases)]
        ),
        "gray": torch.stack(
            [autoaugment._apply_op(x[:1], names[which], m, nearest, None) for x, (which, m) in zip(images, cases)]
        ),
        "levels": torch.stack([m.float() if m.dim() else torch.zeros(10) for m, _ in space.values()], 1),
        # Enough pixels for each byte to be spread.
        "equalized": T.equalize(byte_images("autoaugment.large", 4, 48, 40)),
    }
    large = byte_images("autoaugment.policies", 25, 24, 20)
    for policy in autoaugment.AutoAugmentPolicy:
        pairs = autoaugment.AutoAugment(policy).policies
        out[f"{policy.value}.policy"] = torch.tensor(
            [[(names.index(n), p, 0 if level is None else level) for n, p, level in pair] for pair in pairs],
            dtype=torch.float64,
        )
        out[f"{policy.value}.augmented"] = torch.stack([drawn(policy, large, pair) for pair in range(25)])
    return out, {"operations": ",".join(names)}


def resnets():
    tensors, notes = {}, {}
    for more, names in [
        resnet_case("resnet18", 18, 64, cifar=False),
        resnet_case("resnet50", 50, 64, cifar=False),
        resnet_case("resnet18cifar", 18, 16, cifar=True),
        training_case("training"),
        sk_case("sk50"),
    ]:
        tensors |= more
        notes |= names
    return tensors, notes


FILES = {
    "resnet": resnets,
    "vit": vits,
    "optimizers": lambda: (optimizers(), {}),
    "losses": lambda: (losses(), {}),
    "views": lambda: (views(), {}),
    "augment": lambda: (augmented(), {}),
    "autoaugment": auto_augmented,
}


def main():
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "numpy": np.__version__}
    for name in sys.argv[1:] or FILES:
        tensors, notes = FILES[name]()
        save(HERE / f"{name}.safetensors", tensors, versions | notes)


if __name__ == "__main__":
    main()
