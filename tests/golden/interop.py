#!/usr/bin/python3
"""Exchanges weights with the C# tests: interop.py FOLDER.

For each CASE, FOLDER/CASE.safetensors was written by EncoderWeights.Save. It is loaded into torchvision's network with
strict=True, and what the network makes of `images` goes to CASE.torch.safetensors ("h"), beside the weights of a second,
randomly initialized network (its own names, or with a prefix) and their "h", in CASE.weights.safetensors and CASE.expected.safetensors.
Ends with 3 where PyTorch or torchvision is absent.
"""

import pathlib
import sys

try:
    import torch

    from make import load, numbers, resnet, save
except ImportError as error:
    print(error)
    sys.exit(3)

CASES = {"resnet18cifar": (18, True, ""), "resnet50": (50, False, "module.backbone.")}


def represent(model):
    model.eval()
    with torch.no_grad():
        return model(numbers("interop.images", (4, 3, 64, 64), 0, 1).float())


def network(depth, cifar):
    model = resnet(depth, cifar).float()
    model.fc = torch.nn.Identity()
    return model


def randomize_statistics(model):
    for name, tensor in model.state_dict().items():
        if name.endswith("running_mean"):
            tensor.normal_(0, 0.1)
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)


def main(folder):
    torch.manual_seed(0)
    for case, (depth, cifar, prefix) in CASES.items():
        model = network(depth, cifar)
        model.load_state_dict(load(folder / f"{case}.safetensors"), strict=True)
        save(folder / f"{case}.torch.safetensors", {"h": represent(model)})

        other = resnet(depth, cifar).float()
        randomize_statistics(other)
        weights = {prefix + name: tensor for name, tensor in other.state_dict().items()}
        save(folder / f"{case}.weights.safetensors", weights)
        other.fc = torch.nn.Identity()
        save(folder / f"{case}.expected.safetensors", {"h": represent(other)})


main(pathlib.Path(sys.argv[1]))
