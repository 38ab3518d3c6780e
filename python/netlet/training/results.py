"""Small things that training needs: numbers out of metrics, the order of rows, argument checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import random
from ..variable import storage_epoch as storage_epoch


class NonFiniteLossError(FloatingPointError):
    """The loss became NaN or infinite; the weights are those before the step that would have spoilt them."""


class ShuffleOrder:
    """The order of the rows in each epoch: a pure function of (seed, how many orders came before).

    Both numbers are saved with the model, so a resumed training shuffles as the unbroken one would have.
    """

    def __init__(self) -> None:
        self._seed: int | None = None
        self._count = 0

    def next(self, rows: int) -> np.ndarray:
        if self._seed is None:
            self._seed = random.make_seed()
        rng = np.random.Generator(np.random.Philox(key=self._seed, counter=[0, 0, 0, self._count]))
        self._count += 1
        return rng.permutation(rows)

    def get(self) -> list[int] | None:
        return None if self._seed is None else [self._seed, self._count]

    def set(self, state: Any) -> None:
        self._seed, self._count = (None, 0) if state is None else (int(state[0]), int(state[1]))


def as_number(value: Any) -> Any:
    """A metric's result as a Python float; arrays stay arrays."""
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array


def in_order(logs: dict[str, Any]) -> Any:
    """[loss, *metrics], or the only value."""
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def due(validation_freq: int | list[int], epoch: int) -> bool:
    if isinstance(validation_freq, int):
        return (epoch + 1) % validation_freq == 0
    return epoch + 1 in validation_freq


def check_count(what: str, value: Any, least: int = 1, none_too: bool = False) -> None:
    if value is None and none_too:
        return
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{what}: expected a whole number of at least {least}; given {value!r}.")
