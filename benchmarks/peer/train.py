"""The same SimCLR run in plain PyTorch: trains on CIFAR-10 (its binary version) and prints k-NN accuracy along the way.

dkobak/simclr-cifar10's recipe: ResNet-18 with the CIFAR stem, a head of 1024 and 128 without batch norm, SGD with momentum 0.9, decay 5e-4 of all
parameters, cosine without warmup, temperature 0.5; each view goes through the network by itself.
"""

import argparse
import math
import os
import time

import torch
from torch import nn

import networks
import views
from simclr_peer import nt_xent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="a folder with data_batch_1.bin ... and test_batch.bin")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--rate", type=float, help="per 256 images; default: 0.06 to 100 epochs, else 0.03")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--knn", type=int, default=25, help="every so many epochs")
    parser.add_argument("--limit", type=int, help="of the training images")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def read(folder, names):
    """[N, 3, 32, 32], uint8, and [N], int64."""
    files = [open(os.path.join(folder, name), "rb").read() for name in names]
    rows = torch.frombuffer(bytearray(b"".join(files)), dtype=torch.uint8).view(-1, 3073)
    return rows[:, 1:].reshape(-1, 3, 32, 32).clone(), rows[:, 0].long()


@torch.no_grad()
def features(encoder, images, half):
    encoder.eval()
    with torch.autocast(images.device.type, torch.bfloat16, enabled=half):
        parts = [
            encoder((part.float() / 255).contiguous(memory_format=torch.channels_last)).float()
            for part in images.split(1000)
        ]
    encoder.train()
    return nn.functional.normalize(torch.cat(parts))


def knn(encoder, train, test, half, k=10):
    """The majority of the k nearest by cosine similarity."""
    bank, queries = features(encoder, train[0], half), features(encoder, test[0], half)
    right = 0
    for part, labels in zip(queries.split(1000), test[1].split(1000)):
        nearest = train[1][(part @ bank.T).topk(k).indices]
        votes = nn.functional.one_hot(nearest, 10).sum(1)
        right += (votes.argmax(1) == labels).sum()
    return 100 * right.item() / len(test[1])


def main():
    options = arguments()
    torch.manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    half = options.precision == "bfloat16"
    train = [part.to(device) for part in read(options.data, [f"data_batch_{i}.bin" for i in range(1, 6)])]
    test = [part.to(device) for part in read(options.data, ["test_batch.bin"])]
    if options.limit:
        chosen = torch.randperm(len(train[0]))[: options.limit].to(device)
        train, test = [part[chosen] for part in train], [part[: options.limit] for part in test]
    encoder, size = networks.encoder(18)
    head = nn.Sequential(nn.Linear(size, 1024), nn.ReLU(inplace=True), nn.Linear(1024, 128))
    model = nn.Sequential(encoder, head).to(device, memory_format=torch.channels_last)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    base = options.rate or (0.06 if options.epochs <= 100 else 0.03)
    highest = base * options.batch / 256
    optimizer = torch.optim.SGD(model.parameters(), highest, momentum=0.9, weight_decay=5e-4)
    pairs = views.tensor_pairs(train[0], options.batch, device)
    steps = len(train[0]) // options.batch
    start = time.perf_counter()
    for epoch in range(options.epochs):
        for group in optimizer.param_groups:
            group["lr"] = highest * (1 + math.cos(math.pi * epoch / options.epochs)) / 2
        total = torch.zeros((), device=device)
        for _ in range(steps):
            with torch.no_grad():
                a, b = (view.contiguous(memory_format=torch.channels_last) for view in next(pairs))
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                z = model(a), model(b)
            loss = nt_xent(torch, *z)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        seconds = time.perf_counter() - start
        line = f"epoch {epoch + 1}  loss {total.item() / steps:.3f}  {(epoch + 1) * steps * options.batch / seconds:,.0f} images/s"
        if (epoch + 1) % options.knn == 0 or epoch + 1 == options.epochs:
            line += f"  k-NN, k = 10: {knn(encoder, train, test, half):.2f} %"
        print(line, flush=True)


if __name__ == "__main__":
    main()
