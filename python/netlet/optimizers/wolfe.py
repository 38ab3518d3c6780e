"""Line search for a step length that satisfies the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

SUFFICIENT_DECREASE, CURVATURE = 1e-4, 0.9  # c1 and c2 of the conditions


class Point(NamedTuple):
    """A point on the line.

    Attributes:
        step: its distance from the start, in lengths of the direction.
        loss: the loss there.
        gradient: the gradient there.
        slope: gradient · direction.
    """

    step: float
    loss: float
    gradient: np.ndarray
    slope: float


def dot(a: np.ndarray, b: np.ndarray) -> float:
    """The dot product, with the same bits for any number of threads: BLAS would split the sum."""
    return float(np.sum(a * b))


def strong_wolfe(
    evaluate: Callable[[float], tuple[float, np.ndarray]],
    start: Point,
    step: float,
    direction: np.ndarray,
    tolerance_change: float,
    most: int,
) -> tuple[Point, int]:
    """Finds a step length t with loss(t) <= loss(0) + c1 t slope(0) and |slope(t)| <= c2 |slope(0)|.

    First it makes steps that grow, until such a length lies between the last two (or is the last). Then it narrows the
    bracket between two lengths by the minimum of a cubic polynomial.

    Args:
        evaluate: function of a step length that returns the loss and the gradient.
        start: the point at 0, with a negative slope.
        step: the first length to try.
        direction: the direction.
        tolerance_change: the search ends when the bracket times the direction's largest element is smaller.
        most: most steps of the search after the first.

    Returns:
        (the best point, number of calls of `evaluate`).

    Source: Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6, in the form of
    `torch.optim.LBFGS`.
    """

    def at(t: float) -> Point:
        loss, gradient = evaluate(t)
        return Point(t, loss, gradient, dot(gradient, direction))

    def too_high(p: Point) -> bool:
        return p.loss > start.loss + SUFFICIENT_DECREASE * p.step * start.slope

    def flat(p: Point) -> bool:
        return abs(p.slope) <= -CURVATURE * start.slope

    before, new, searches = start, at(step), 0
    bracket: list[Point] = []
    done = False
    while searches < most:
        if too_high(new) or (searches > 1 and new.loss >= before.loss):
            bracket = [before, new]
        elif flat(new):
            bracket, done = [new], True
        elif new.slope >= 0:
            bracket = [before, new]
        if bracket:
            break
        bounds = new.step + 0.01 * (new.step - before.step), new.step * 10
        before, new = new, at(cubic_minimum(before, new, bounds))
        searches += 1
    if searches == most:
        bracket = [start, new]

    close = False  # whether the last trial was near an end of the bracket
    widest = float(np.abs(direction).max())
    low, high = (0, 1) if bracket[0].loss <= bracket[-1].loss else (1, 0)
    while not done and searches < most:
        left, right = sorted((bracket[0].step, bracket[1].step))
        if (right - left) * widest < tolerance_change:
            break
        t, margin = cubic_minimum(bracket[0], bracket[1]), 0.1 * (right - left)
        near = min(right - t, t - left) < margin
        if near and (close or t >= right or t <= left):
            t, near = (right - margin if abs(t - right) < abs(t - left) else left + margin), False
        close = near
        new = at(t)
        searches += 1
        if too_high(new) or new.loss >= bracket[low].loss:
            bracket[high] = new
            low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
            continue
        if flat(new):
            done = True
        elif new.slope * (bracket[high].step - bracket[low].step) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = new
    return bracket[low], searches + 1


def cubic_minimum(a: Point, b: Point, bounds: tuple[float, float] | None = None) -> float:
    """The step length of the minimum of the cubic polynomial through two points with their slopes.

    Args:
        a, b: the points.
        bounds: the smallest and the largest result; None for the points' steps.

    Returns:
        The step length; the middle of the bounds if the polynomial has no minimum or a loss is not finite.
    """
    least, most = bounds or (min(a.step, b.step), max(a.step, b.step))
    if not (math.isfinite(a.loss) and math.isfinite(b.loss)):
        return (least + most) / 2
    if a.step > b.step:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = d1 * d1 - a.slope * b.slope
    if square < 0:
        return (least + most) / 2
    d2 = math.sqrt(square)
    divisor = b.slope - a.slope + 2 * d2
    if divisor == 0:
        return (least + most) / 2
    return min(max(b.step - (b.step - a.step) * ((b.slope + d2 - d1) / divisor), least), most)
