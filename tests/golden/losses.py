"""The losses of the methods in plain PyTorch: what methods.py trains with, and oracles.py computes of a small example."""

import torch
import torch.nn.functional as F
from torch import nn

# ---- losses of two views --------------------------------------------------------------------------------------------------------


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


# ---- losses of several crops: the first two of a size, then smaller ones ----------------------------------------------------------


def assignments(scores, epsilon=0.05, iterations=3):
    """SwAV's: a batch shared out evenly to prototypes, [N, K]."""
    q = torch.exp(scores.detach() / epsilon).T
    q = q / q.sum()
    for _ in range(iterations):
        q = q / q.sum(1, keepdim=True) / len(q)
        q = q / q.sum(0, keepdim=True) / q.shape[1]
    return (q / q.sum(0, keepdim=True)).T


def swav_loss(scores, t=0.1):
    loss = 0
    for code in (0, 1):
        q, part = assignments(scores[code]), 0
        for crop in range(len(scores)):
            if crop != code:
                part = part - (q * F.log_softmax(scores[crop] / t, 1)).sum(1).mean()
        loss = loss + part / (len(scores) - 1)
    return loss / 2


def dino_loss(students, teachers, centre, teacher_t, student_t=0.1):
    loss, terms = 0, 0
    for i, teacher in enumerate(teachers):
        p = F.softmax((teacher - centre) / teacher_t, 1).detach()
        for j, student in enumerate(students):
            if i != j:
                loss, terms = loss - (p * F.log_softmax(student / student_t, 1)).sum(1).mean(), terms + 1
    return loss / terms


def lejepa_loss(views, directions, weight=0.05):
    t = torch.linspace(0, 3, 17)
    trapezoid = torch.full((17,), 2 * 3 / 16)
    trapezoid[0] = trapezoid[-1] = 3 / 16
    normal = torch.exp(-t * t / 2)
    statistics = []
    for z in views:
        x = (z @ directions)[..., None] * t
        error = (x.cos().mean(0) - normal) ** 2 + x.sin().mean(0) ** 2
        statistics.append((len(z) * error @ (trapezoid * normal)).mean())
    centre = (views[0] + views[1]) / 2
    together = torch.stack([(z - centre) ** 2 for z in views]).mean()
    return weight * sum(statistics) / len(views) + (1 - weight) * together


def noise_loss(scores, constant, classes):
    """As lib/NCECriterion.py of zhirongw/lemniscate.pytorch has it: own scores first, the noise even over the classes."""
    p, drawn = scores / constant, scores.shape[1] - 1
    own = p[:, 0] / (p[:, 0] + drawn / classes + 1e-7)
    others = (drawn / classes) / (p[:, 1:] + drawn / classes + 1e-7)
    return -(own.log().sum() + others.log().sum()) / len(scores)
