"""Gradients against derivatives in a random direction, in float64: one direction checks all arrays at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Arrays = Sequence[np.ndarray]

STEP = 2e-2  # for directions whose elements are of size 1
SHRINK = 4.0
TRIES = 7  # the smallest first step is 5e-6
ROWS = 5
ENOUGH = 1e-11  # of an estimated error, relative to the scale


def derivative(f: Callable[[float], float], scale: float = 1.0) -> tuple[float, float]:
    """(f'(0), an estimate of its error), by central differences that are extrapolated to step 0 (Ridders' method).

    A kink of f within the step makes the estimate large; the steps then start again at a quarter. At a kink itself the
    result is the mean of the slopes on both sides.
    """
    best = (np.nan, np.inf)
    for attempt in range(TRIES):
        found = _extrapolated(f, STEP / SHRINK**attempt, ENOUGH * scale)
        best = min(best, found, key=lambda pair: pair[1])
        if best[1] <= 100 * ENOUGH * scale:
            break
    return best


def _extrapolated(f: Callable[[float], float], step: float, enough: float) -> tuple[float, float]:
    """Neville's table of central differences with halved steps: column k has an error of order step^(2 k + 2)."""
    best, error, before = np.nan, np.inf, [np.nan]
    for i in range(ROWS):
        h = step / 2**i
        row = [(f(h) - f(-h)) / (2 * h)]
        for k, coarser in enumerate(before if i else []):
            row.append(row[k] + (row[k] - coarser) / (4.0 ** (k + 1) - 1))
            differs = max(abs(row[k + 1] - row[k]), abs(row[k + 1] - coarser))
            if differs < error:
                best, error = row[k + 1], differs
        if error <= enough:
            break
        before = row
    return float(best), float(error)


def direction(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """A random direction without small elements, so that each element of a gradient counts."""
    return rng.uniform(0.5, 1.5, x.shape) * rng.choice([-1.0, 1.0], x.shape)


def check(
    f: Callable[[Arrays], float], xs: Arrays, gradients: Arrays, names: Sequence[str], seed: int, tolerance: float
) -> None:
    """Asserts that the gradients of f at xs give its derivative in a random direction.

    The tolerance is relative to the sum of the sizes of the terms of <gradient, direction>. If it is exceeded, each
    array is moved alone, so that the message names the wrong gradients.
    """
    rng = np.random.default_rng(seed)
    vs = [direction(rng, x) for x in xs]
    found = difference(f, xs, gradients, vs)
    if found <= tolerance:
        return
    parts = []
    for k, name in enumerate(names):
        alone = [v if i == k else np.zeros_like(v) for i, v in enumerate(vs)]
        parts.append(f"{name}: {difference(f, xs, gradients, alone):.1e}")
    raise AssertionError(
        f"expected gradients within {tolerance:.0e} of the derivative, received {found:.1e}; "
        f"of each array alone: {', '.join(parts)}"
    )


def difference(f: Callable[[Arrays], float], xs: Arrays, gradients: Arrays, vs: Arrays) -> float:
    """|<gradients, vs> - the derivative of f in the direction vs|, relative to the sum of the terms' sizes."""
    terms = np.concatenate([(g * v).ravel() for g, v in zip(gradients, vs, strict=True)] or [np.zeros(0)])
    scale = max(1e-3, float(np.abs(terms).sum()))
    found, _ = derivative(lambda t: f([x + t * v for x, v in zip(xs, vs, strict=True)]), scale)
    return float(abs(found - terms.sum())) / scale
