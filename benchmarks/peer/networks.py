"""The networks of the peer: ResNet with the CIFAR stem and SimCLR's projection head, in plain PyTorch."""

from torch import nn


class Block(nn.Module):
    """Basic block (two 3x3 convolutions) or bottleneck (1x1, 3x3, 1x1)."""

    def __init__(self, inputs, inner, stride, bottleneck):
        super().__init__()
        outputs = inner * 4 if bottleneck else inner
        if bottleneck:
            plan = [(inputs, inner, 1, 1), (inner, inner, 3, stride), (inner, outputs, 1, 1)]
        else:
            plan = [(inputs, inner, 3, stride), (inner, outputs, 3, 1)]
        layers = []
        for i, (a, b, kernel, step) in enumerate(plan):
            layers += [nn.Conv2d(a, b, kernel, step, kernel // 2, bias=False), nn.BatchNorm2d(b)]
            if i < len(plan) - 1:
                layers.append(nn.ReLU(inplace=True))
        self.body = nn.Sequential(*layers)
        self.skip = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.last = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.last(self.body(x) + self.skip(x))


def encoder(depth, width=1):
    """ResNet-18 or -50 with a 3x3 stem of stride 1, its channels times the width; returns it and the length of h."""
    blocks, bottleneck = {18: ([2, 2, 2, 2], False), 50: ([3, 4, 6, 3], True)}[depth]
    channels = int(64 * width)
    layers = [nn.Conv2d(3, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
    for stage, count in enumerate(blocks):
        for i in range(count):
            inner = int(64 * width) << stage
            layers.append(Block(channels, inner, 2 if stage > 0 and i == 0 else 1, bottleneck))
            channels = inner * 4 if bottleneck else inner
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), channels


def head(features, size=128):
    """Two layers, each with batch norm; the last without shift."""
    last = nn.BatchNorm1d(size)
    last.bias.requires_grad_(False)
    return nn.Sequential(
        nn.Linear(features, features, bias=False),
        nn.BatchNorm1d(features),
        nn.ReLU(inplace=True),
        nn.Linear(features, size, bias=False),
        last,
    )
