"""The same SimCLR training step in plain PyTorch, for comparison. Prints JSON, one object per line.

First line: what was set up, or {"skipped": why}. Then for every line of standard input, a number of steps, it takes them
and prints {"seconds": ..., "processor": ...}. With --seconds S it needs no input and prints the images per second once.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time


ENCODERS = {"resnet18": (18, 1), "resnet18-quarter": (18, 0.25), "resnet50": (50, 1)}  # depth and width


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", choices=list(ENCODERS), default="resnet18")
    parser.add_argument("--views", choices=["tensor", "loader"], default="tensor")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--device", choices=["cpu", "cuda", "auto"], default="auto")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--threads", type=int, help="threads of an operation on the CPU; default: PyTorch's own choice")
    parser.add_argument("--seconds", type=float, help="measure for so long and end")
    return parser.parse_args()


def tell(**values):
    print(json.dumps(values), flush=True)


def processor_time():
    """Seconds of processor time of this process and of its loader's workers."""
    used = time.process_time()
    for child in multiprocessing.active_children():
        try:
            with open(f"/proc/{child.pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
            used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            pass
    return used


def nt_xent(torch, a, b, temperature=0.5):
    """The mean over all 2N views, each an anchor."""
    z = torch.nn.functional.normalize(torch.cat([a, b]).float())
    logits = z @ z.T / temperature
    logits.fill_diagonal_(float("-inf"))
    n = len(a)
    positives = torch.arange(2 * n, device=z.device).roll(n)
    return torch.nn.functional.cross_entropy(logits, positives)


def make_step(torch, options, device):
    """A function that takes one training step."""
    import networks
    import views

    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True
    images = torch.randint(0, 256, (max(2 * options.batch, 512), 3, 32, 32), dtype=torch.uint8)
    if options.views == "tensor":
        pairs = views.tensor_pairs(images, options.batch, device)
    else:
        pairs = views.loader_pairs(images, options.batch, device, options.workers)
    encoder, features = networks.encoder(*ENCODERS[options.encoder])
    model = torch.nn.Sequential(encoder, networks.head(features)).to(device, memory_format=torch.channels_last)
    rate = 0.06 * options.batch / 256
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9, weight_decay=5e-4)
    half = options.precision == "bfloat16"

    def step():
        with torch.no_grad():
            both = torch.cat(next(pairs)).contiguous(memory_format=torch.channels_last)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            z = model(both)
        nt_xent(torch, *z.chunk(2)).backward()
        optimizer.step()

    return step


def main():
    options = arguments()
    try:
        import torch

        if options.views == "loader":
            import torchvision  # noqa: F401
    except ImportError as error:
        return tell(skipped=f"{sys.executable}: {error}")
    if options.device == "cuda" and not torch.cuda.is_available():
        return tell(skipped="this PyTorch sees no CUDA device")
    cuda = options.device != "cpu" and torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    if options.threads:
        torch.set_num_threads(options.threads)
    step = make_step(torch, options, device)

    def take(count):
        used, start = processor_time(), time.perf_counter()
        for _ in range(count):
            step()
        if cuda:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - start
        return seconds, processor_time() - used

    try:
        take(3 if cuda else 1)
    except RuntimeError as error:
        if "out of memory" in str(error):
            return tell(skipped="out of memory")
        raise
    name = torch.cuda.get_device_name() if cuda else "cpu"
    tell(torch=torch.__version__, device=name, threads=torch.get_num_threads(), workers=options.workers)
    if options.seconds:
        # As ours does: a few steps say how many fill the time, and only the last of those is waited for.
        take(3)
        steps = max(1, int(options.seconds * 2 / take(2)[0]))
        return tell(images_per_second=steps * options.batch / take(steps)[0], steps=steps)
    for line in sys.stdin:
        seconds, processor = take(int(line))
        tell(seconds=seconds, processor=processor)


if __name__ == "__main__":
    main()
