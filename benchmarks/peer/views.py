"""SimCLR's views twice: tensor operations on the whole batch, each image with its own parameters; and PIL in DataLoader workers.

Both: crop of area 0.2 .. 1 and ratio 3/4 .. 4/3, flip 0.5, jitter 0.4/0.4/0.4/0.1 with probability 0.8, grayscale 0.1.
"""

import math

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


def _uniform(n, low, high, device):
    return torch.empty(n, device=device).uniform_(low, high)


def _crop_and_flip(x):
    n, _, height, width = x.shape
    area = _uniform(n, 0.2, 1.0, x.device)
    ratio = _uniform(n, math.log(3 / 4), math.log(4 / 3), x.device).exp()
    w, h = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    centre_x, centre_y = (torch.rand_like(w) * 2 - 1) * (1 - w), (torch.rand_like(h) * 2 - 1) * (1 - h)
    sign = torch.where(torch.rand_like(w) < 0.5, -1.0, 1.0)
    theta = torch.zeros(n, 2, 3, device=x.device)
    theta[:, 0, 0], theta[:, 0, 2] = w * sign, centre_x
    theta[:, 1, 1], theta[:, 1, 2] = h, centre_y
    grid = F.affine_grid(theta, (n, 3, height, width), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _gray(x):
    # Not by a tensor of the weights: it would be copied to the device, which waits for it.
    return 0.299 * x[:, 0:1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:3]


def _turn_hue(x, turns):
    high, low = x.amax(1), x.amin(1)
    chroma = high - low
    r, g, b = x.unbind(1)
    unit = chroma.clamp_min(1e-8)
    sextant = torch.where(high == r, (g - b) / unit, torch.where(high == g, 2 + (b - r) / unit, 4 + (r - g) / unit))
    angle = (sextant + 6 * turns.view(-1, 1, 1)) % 6
    wheel = torch.stack([(angle - 3).abs() - 1, 2 - (angle - 2).abs(), 2 - (angle - 4).abs()], 1).clamp(0, 1)
    return wheel * chroma.unsqueeze(1) + low.unsqueeze(1)


def tensor_view(images):
    """One view of each image: [N, 3, H, W] uint8 to float32 in [0, 1], on the device of the images."""
    x = _crop_and_flip(images.float().div_(255))
    n = len(x)
    factor = lambda: _uniform(n, 0.6, 1.4, x.device).view(-1, 1, 1, 1)
    y = (x * factor()).clamp(0, 1)
    f = factor()
    y = (y * f + (1 - f) * _gray(y).mean((2, 3), keepdim=True)).clamp(0, 1)
    f = factor()
    y = (y * f + (1 - f) * _gray(y)).clamp(0, 1)
    y = _turn_hue(y, _uniform(n, -0.1, 0.1, x.device))
    chance = lambda p: torch.rand(n, 1, 1, 1, device=x.device) < p
    y = torch.where(chance(0.8), y, x)
    return torch.where(chance(0.1), _gray(y), y)


class _Pairs(Dataset):
    """Some images many times over, as many as a large set has: an epoch's end would empty the loader's workers."""

    COUNT = 50_000

    def __init__(self, images):
        from torchvision import transforms

        self.images = images.permute(0, 2, 3, 1).contiguous().numpy()
        self.view = transforms.Compose(
            [
                transforms.RandomResizedCrop(32, scale=(0.2, 1.0)),
                transforms.RandomHorizontalFlip(),
                transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
                transforms.RandomGrayscale(0.1),
                transforms.ToTensor(),
            ]
        )

    def __len__(self):
        return self.COUNT

    def __getitem__(self, i):
        from PIL import Image

        image = Image.fromarray(self.images[i % len(self.images)])
        return self.view(image), self.view(image)


def tensor_pairs(images, batch, device):
    """Endless pairs of views, made on the device that the images lie on."""
    images = images.to(device)
    while True:
        order = torch.randperm(len(images), device=device)
        for start in range(0, len(images) - batch + 1, batch):
            chosen = images[order[start : start + batch]]
            yield tensor_view(chosen), tensor_view(chosen)


def loader_pairs(images, batch, device, workers):
    """Endless pairs of views, made by torchvision on PIL images in worker processes."""
    loader = DataLoader(
        _Pairs(images),
        batch,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
    )
    while True:
        for a, b in loader:
            yield a.to(device, non_blocking=True), b.to(device, non_blocking=True)
