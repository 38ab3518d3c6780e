"""Lists of thresholds: checks, defaults, and whether a prediction's place among them can be computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import config

ALL_POSITIVE = -1e10  # a threshold below all predictions; with `top_k`, the others are set to it


def as_thresholds(given: Any, default: float = 0.5) -> list[float]:
    """Returns thresholds as a list.

    Args:
        given: a number or several, each in [0, 1]; None for `default`.
        default: the only threshold if none is given.

    Raises:
        ValueError: no threshold, or one outside [0, 1].

    >>> as_thresholds(0.3), as_thresholds(None)
    ([0.3], [0.5])
    """
    if given is None:
        return [default]
    thresholds = list(given) if isinstance(given, (list, tuple, np.ndarray)) else [given]
    wrong = [t for t in thresholds if t is None or not 0 <= t <= 1]
    if wrong:
        raise ValueError(f"Threshold values must be in [0, 1]. Received: {wrong}")
    if not thresholds:
        raise ValueError("thresholds: expected at least one number, received an empty list.")
    return thresholds


def for_config(given: Any) -> Any:
    """Returns thresholds as a config holds them: arrays as lists.

    >>> for_config(np.array([0.25, 0.5])), for_config(0.5)
    ([0.25, 0.5], 0.5)
    """
    return given.tolist() if isinstance(given, (np.ndarray, np.generic)) else given


def inner_thresholds(count: int) -> list[float]:
    """Returns evenly spaced thresholds in [0, 1] without 0 and 1.

    Args:
        count: number of thresholds with 0 and 1.

    >>> inner_thresholds(5)
    [0.25, 0.5, 0.75]
    """
    return [i / (count - 1) for i in range(1, count - 1)]


def spacing_of(thresholds: Any) -> str:
    """Returns "even" for at least three thresholds that are evenly spaced from 0 to 1, else "any".

    "even_beyond": the first is a little below 0 and the last a little above 1, so that every prediction, which is
    clipped to [0, 1], lies between them.

    >>> spacing_of([0, 0.5, 1]), spacing_of([-1e-7, 0.5, 1]), spacing_of([0.2, 0.5])
    ('even', 'even_beyond', 'any')
    """
    if len(thresholds) < 3:
        return "any"
    if not np.allclose(thresholds, np.linspace(0, 1, len(thresholds)), atol=config.epsilon()):
        return "any"
    return "even_beyond" if thresholds[0] < 0 or thresholds[-1] > 1 else "even"
