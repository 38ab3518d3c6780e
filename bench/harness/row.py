"""A benchmark row: a named piece of work that netlet and its peers do on the same arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from netlet.commands.bench.timing import Work


@dataclass(frozen=True)
class Case:
    """The work of a row: netlet's function and its arrays, the peers' calls, the answer, and the amount of work.

    ours(*on) is timed twice: as a call ("call"), and recorded many times in one plan ("plan"), as in a training step,
    with no Python between. Set either `flops` (for a sum of products: 2 M N K) or `bytes` (each byte that must be read
    or written, counted once). Before anything is timed, every side's first result must equal `truth` within the
    tolerances.
    """

    ours: Callable[..., Any]
    on: Sequence[Any]
    truth: Any  # from NumPy in float64, or exact integers; a tuple if there are several results
    peers: Mapping[str, Work] = field(default_factory=dict)  # see peers.py
    flops: float = 0
    bytes: float = 0
    floor: str = ""  # one of floors.py; "" means "float32" for flops and "copy" for bytes
    rtol: float = 1e-5
    atol: float = 1e-6
    eager: bool = True  # False: only the plan is timed
    recorded: bool = True  # False: only the call is timed
    in_place: bool = False  # ours changes its operands, so only its first call can be checked
    grad: bool = False  # the plan's tape records gradients: see gradient_of


@dataclass(frozen=True)
class Row:
    """A name and a function that makes the case, so that arrays exist only while their row runs.

    line, size: for a row that is a point of the plot, its panel and its position on the x axis.
    """

    name: str
    make: Callable[[], Case]
    line: str = ""
    size: int = 0


def gradient_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """f(x, dy) -> (y, dx): forward and backward of `function` with respect to its first argument.

    For plans; use it with `grad=True`.
    """

    def both(x: Any, dy: Any) -> tuple[Any, Any]:
        from netlet import _core

        y = function(x)
        return y, _core.current_recording().gradients(y, [x], dy)[0]

    return both


def uniform(shape: int | Sequence[int], low: float = -4.0, high: float = 4.0, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(0).uniform(low, high, shape).astype(dtype)


def normal(shape: int | Sequence[int], dtype: str = "float32", seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)
