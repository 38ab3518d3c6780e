"""Reading of tables of houses and their prices: what `boston_housing` and `california_housing` share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlet.base.untrusted import Damaged

from .reading import read_npz
from .source import RemoteFile, given_or_cached

Split = tuple[NDArray[Any], NDArray[Any]]


def read(path: Any, file: RemoteFile, features: int) -> Split:
    """Reads (x, y) from an .npz file.

    Args:
        path: the file. A path that does not exist is a file name in the cache folder.
        file: what is downloaded if it is not there.
        features: number of columns of x.

    Raises:
        Damaged: other contents.
    """
    found = given_or_cached(path, file)
    x, y = read_npz(found, ("x", "y"), ("float32", "float64"))
    if x.ndim != 2 or x.shape[1] != features or y.shape != x.shape[:1]:
        raise Damaged(f"{found}: expected x (N, {features}) and y (N,), received shapes {x.shape} and {y.shape}.")
    return x, y


def split(x: NDArray[Any], y: NDArray[Any], test_split: float, seed: int) -> tuple[Split, Split]:
    """Shuffles the rows as Keras does and splits them.

    Args:
        x: array (N, ...).
        y: array (N,).
        test_split: fraction of the rows at the end for testing, in [0, 1).
        seed: seed of the order.
    """
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    at = int(len(x) * (1 - test_split))
    return (x[:at], y[:at]), (x[at:], y[at:])


def check_split(name: str, test_split: float) -> None:
    """Raises ValueError unless `test_split` is in [0, 1)."""
    if not 0 <= test_split < 1:
        raise ValueError(f"{name}.load_data: expected `test_split` in [0, 1), received {test_split!r}.")
