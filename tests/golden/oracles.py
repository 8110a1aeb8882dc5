#!/usr/bin/python3
"""Computes by plain PyTorch, in float64, the numbers of a small example that the C# tests hold, and fails where one is another.

Run:    /usr/bin/python3 tests/golden/oracles.py       (Debian: apt-get install python3-torch)

The example is tests/SimCLR.Core.Tests/Methods/Example.cs: four images, embeddings of three numbers. The losses are those that methods.py trains with (losses.py).
Ends with 3 where PyTorch is absent.
"""

import math
import sys

try:
    import torch
    import torch.nn.functional as F

    from losses import assignments, barlow_loss, cos, dino_loss, in_batch_loss, moco_loss, noise_loss, swav_loss, vicreg_loss
except ImportError as error:
    print(error)
    sys.exit(3)

torch.set_default_dtype(torch.float64)

A = torch.tensor([[1, 0, 2], [0, 1, -1], [-1, 1, 0], [2, -1, 1]]).double()
B = torch.tensor([[1, 1, 1], [0, 2, -1], [-2, 1, 1], [1, -1, 0]]).double()
Q = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [-1, 0, 1]]).double()
S1 = torch.tensor([[0.9, 0.1, -0.2], [0.2, 0.8, 0], [-0.3, 0.4, 0.7], [0.6, 0.5, 0.1]])
S2 = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.9, -0.1], [0, 0.3, 0.5], [0.4, 0.6, 0.2]])
CENTRE = torch.tensor([[0.1, -0.2, 0.3]])

checked = 0


def check(name, value, wanted, within=1e-9):
    """A number or a row of them."""
    global checked
    value, wanted = torch.as_tensor(value).detach().double(), torch.as_tensor(wanted).double()
    assert value.shape == wanted.shape, f"{name} has the shape {list(value.shape)}, not {list(wanted.shape)}"
    assert (value - wanted).abs().max() < within, f"{name} is {value.tolist()}, not {wanted.tolist()}"
    checked += value.numel()


def gradient(loss, at=A):
    """That of a loss at its argument's first row."""
    leaf = at.clone().requires_grad_()
    return torch.autograd.grad(loss(leaf), leaf)[0][0]


# ---- losses of one process ------------------------------------------------------------------------------------------------------


def nt_xent_of(anchors, keys, own, t):
    """The mean over some anchors, whose numbers among all 2N keys are given: the positive is half of the keys away, the anchor itself no key."""
    logits = (anchors[own] @ keys.T / t).masked_fill(own[:, None] == torch.arange(len(keys)), -math.inf)
    return F.cross_entropy(logits, (own + len(keys) // 2) % len(keys))


def nt_xent(a, b, t):
    z = F.normalize(torch.cat([a, b]))
    return nt_xent_of(z, z, torch.arange(len(z)), t)


def contrastive():
    check("cosines", cos(A, B), [0.7745966692, 0.9486832981, 0.8660254038, 0.8660254038])
    check("SimSiam, one direction", -cos(A, B).mean(), -0.8638326937)
    check("SimSiam, both directions", -(cos(A, B).mean() + cos(B, A).mean()) / 2, -0.8638326937)
    check("BYOL, one direction", (2 - 2 * cos(A, B)).mean(), 0.2723346126)
    check("BYOL, one direction by squares", (F.normalize(A) - F.normalize(B)).pow(2).sum(1).mean(), 0.2723346126)
    check("BYOL, both directions", (2 - 2 * cos(A, B)).mean() + (2 - 2 * cos(B, A)).mean(), 0.5446692251)
    check("MoCo, 0.07", moco_loss(A, B, Q, 0.07), 0.6399881891)
    check("MoCo, 0.2", moco_loss(A, B, Q, 0.2), 0.7238755544)
    for t, cross_entropy, with_factor in (0.2, 0.1369214159, 0.0547685664), (1.0, 0.7983558344, 1.5967116687):
        check(f"in the batch, {t}", in_batch_loss(A, B, t), cross_entropy)
        check(f"MoCo v3, {t}", 2 * t * in_batch_loss(A, B, t), with_factor)
    check("NT-Xent, 0.5", nt_xent(A, B, 0.5), 0.7920212626)
    check("NT-Xent, 0.1", nt_xent(A, B, 0.1), 0.1220839361)
    check("SimSiam's gradient", gradient(lambda a: -cos(a, B).mean()), [-0.0258198890, -0.0645497224, 0.0129099445])


def of_statistics():
    c = F.batch_norm(A, None, None, training=True).T @ F.batch_norm(B, None, None, training=True) / len(A)
    diagonal = [0.9128642348, 0.8992184771, 0.6741922625]
    check("Barlow Twins' C, diagonal", c.diagonal(), diagonal)
    check("Barlow Twins' C, off it", torch.stack([c[0, 1], c[1, 0]]), [-0.7181789498, -0.7385411129])
    check("Barlow Twins, on the diagonal", (c.diagonal() - 1).pow(2).sum(), 0.1239002388)
    check("Barlow Twins, off it", c.pow(2).sum() - c.diagonal().pow(2).sum(), 1.6508187836)
    check("Barlow Twins, 0.0051", barlow_loss(A, B, 0.0051), 0.1323194146)
    check("Barlow Twins, 0.005", barlow_loss(A, B, 0.005), 0.1321543327)
    check("Barlow Twins' gradient", gradient(lambda a: barlow_loss(a, B, 0.0051)), [-0.0171073481, -0.0320131702, -0.0009727086])

    def hinge(z):
        return F.relu(1 - (z.var(0) + 1e-4).sqrt()).mean()

    def covariance(z):
        c = torch.cov(z.T)
        return (c.pow(2).sum() - c.diagonal().pow(2).sum()) / z.shape[1]

    def solo(a, b):
        """solo-learn's: no half of the variance terms' sum."""
        return 25 * F.mse_loss(a, b) + 25 * (hinge(a) + hinge(b)) + covariance(a) + covariance(b)

    check("VICReg's invariance", F.mse_loss(A, B), 0.5833333333)
    check("VICReg's hinges", torch.stack([hinge(A), hinge(B)]), [0.0141735568, 0.0141735568])
    check("VICReg's covariances", torch.stack([covariance(A), covariance(B)]), [2.0370370370, 0.4120370370])
    check("VICReg", vicreg_loss(A, B), 17.3867463272)
    check("VICReg of solo-learn", solo(A, B), 17.7410852469)
    check("VICReg of halves", vicreg_loss(A / 2, B / 2), 13.8605872888)
    check("VICReg of halves of solo-learn", solo(A / 2, B / 2), 23.9222741147)
    check("VICReg's gradient", gradient(lambda a: vicreg_loss(a, B)), [0.7962962963, -4.6188394782, 4.4814814815])


def of_prototypes():
    check("SwAV's code of row 1, 0.5", assignments(S1, 0.5)[0], [0.709352, 0.149964, 0.140684], 1e-6)
    check("SwAV's code of row 4, 0.5", assignments(S1, 0.5)[3], [0.397491, 0.340773, 0.261736], 1e-6)
    check("SwAV's code of row 4, 0.05", assignments(S1, 0.05)[3], [0.498722, 0.498500, 0.002779], 1e-6)
    check("SwAV, 0.05", swav_loss([S1, S2]), 0.4583843194)

    def cross_entropy(codes, scores):
        return -(codes * F.log_softmax(scores / 0.1, 1)).sum(1).mean()

    smooth = cross_entropy(assignments(S1, 0.5), S2) + cross_entropy(assignments(S2, 0.5), S1)
    check("SwAV, 0.5", smooth / 2, 2.3681002878)

    units = F.normalize(Q)
    nearest = (F.normalize(A) @ units.T).argmax(1)
    assert nearest.tolist() == [2, 1, 1, 0], f"the neighbours are {nearest.tolist()}"
    check("NNCLR, one direction", in_batch_loss(units[nearest], B, 0.1), 1.3432101250)
    logits = F.normalize(A) @ units.T / 0.07
    check("instance discrimination", F.cross_entropy(logits, torch.arange(4)), 5.4121596176)
    check("DINO", dino_loss([torch.zeros_like(B), B], [A], CENTRE, 0.04), 0.4479512181)
    check("DINO's centre", 0.9 * CENTRE[0] + 0.1 * A.mean(0), [0.14, -0.155, 0.32])


def schedules():
    for start, quarters in (0.99, [0.9914644661, 0.995, 0.9985355339]), (0.996, [0.9965857864, 0.998, 0.9994142136]):
        shares = [1 - (1 - start) * (math.cos(math.pi * i / 4) + 1) / 2 for i in range(5)]
        check(f"the momentum from {start} on", shares, [start, *quarters, 1])


# ---- two ranks: rows 0 and 1, rows 2 and 3 --------------------------------------------------------------------------------------

T = 0.5
OWN = [torch.tensor([0, 1, 4, 5]), torch.tensor([2, 3, 6, 7])]


def two_ranks():
    def all_rows(a):
        return F.normalize(torch.cat([a, B]))

    def of_rank(rank, a, keys=None):
        z = all_rows(a)
        return nt_xent_of(z, z if keys is None else keys, OWN[rank], T)

    def alone(rank, a):
        rows = slice(2 * rank, 2 * rank + 2)
        return nt_xent(a[rows], B[rows], T)

    check("NT-Xent of two ranks", torch.stack([of_rank(0, A), of_rank(1, A)]), [0.8564813871, 0.7275611382])
    check("their mean", (of_rank(0, A) + of_rank(1, A)) / 2, 0.7920212626)
    check("without a gather", (alone(0, A) + alone(1, A)) / 2, 0.1630883165)
    # Of rank 0's first row, after the mean over ranks.
    check("exact", gradient(lambda a: (of_rank(0, a) + of_rank(1, a)) / 2), [0.0059306509, -0.1148207488, -0.0029653254])
    constant = all_rows(A)
    check("as an anchor", gradient(lambda a: of_rank(0, a, constant) / 2), [0.0022628516, -0.0559401540, -0.0011314258])
    check("by its rank's loss", gradient(lambda a: of_rank(0, a) / 2), [-0.0128244426, -0.0920975452, 0.0064122213])
    check("by its rank alone", gradient(lambda a: alone(0, a) / 2), [-0.0073926434, -0.0117963305, 0.0036963217])


# ---- what is watched for: nothing is learnt -------------------------------------------------------------------------------------


def chance():
    """All embeddings equal: the logarithm of how many there are to choose from."""

    def equal(n, d=3):
        return torch.ones(n, d)

    for prototypes, level in (3000, 8.006), (512, 6.238):
        check(f"SwAV, {prototypes} prototypes", swav_loss([torch.zeros(4, prototypes)] * 2), level, 5e-4)
    for queue, level in (4096, 8.318), (65536, 11.090):
        check(f"MoCo, {queue} keys", moco_loss(equal(4), equal(4), equal(queue), 0.2), level, 5e-4)
    for images, level in (128, 5.541), (256, 6.236), (512, 6.930):
        check(f"NT-Xent, {images} images", nt_xent(equal(images), equal(images), 0.5), level, 5e-4)
    check("instance discrimination by noise", noise_loss(torch.full((4, 7), 2.0), 40.0, 20), math.log(7) + 6 * math.log(7 / 6), 1e-5)
    check("VICReg", vicreg_loss(equal(4), equal(4)), 24.75)


if __name__ == "__main__":
    contrastive()
    of_statistics()
    of_prototypes()
    schedules()
    two_ranks()
    chance()
    print(f"{checked} numbers are those of the tests.")
