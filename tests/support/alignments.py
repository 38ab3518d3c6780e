"""CTC by its definition, in float64, for tiny cases: enumerates every path of one class per frame."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np


def log_softmax(x: np.ndarray) -> np.ndarray:
    z = x - x.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def spelled(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    """The label sequence of a path: first repetitions are removed, then blanks."""
    return tuple(k for k, _ in itertools.groupby(path) if k != blank)


def sequence_probabilities(x: np.ndarray, blank: int) -> dict[tuple[int, ...], float]:
    """The probability of each label sequence for logits x (frames, classes): the sum over all paths that spell it."""
    p = np.exp(log_softmax(np.asarray(x, "float64")))
    total: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(x.shape[1]), repeat=x.shape[0]):
        total[spelled(path, blank)] += float(np.prod([p[t, k] for t, k in enumerate(path)]))
    return dict(total)


def loss_by_recursion(x: np.ndarray, labels: np.ndarray, blank: int) -> float:
    """-log of the probability of one label sequence, by the forward recursion on logarithms."""
    log_p = log_softmax(np.asarray(x, "float64"))
    states = [blank]
    for k in labels:
        states += [int(k), blank]
    alpha = np.full(len(states), -np.inf)
    alpha[0] = 0.0
    first = True
    for row in log_p:
        before = alpha.copy()
        for s, k in enumerate(states):
            terms = [before[s]]
            if s > 0 and not first:
                terms.append(before[s - 1])
            if s == 1 and first:
                terms.append(before[0])
            if s > 1 and k != blank and k != states[s - 2] and not first:
                terms.append(before[s - 2])
            alpha[s] = np.logaddexp.reduce(terms) + row[k]
        first = False
    return float(-np.logaddexp.reduce(alpha[-2:]))
