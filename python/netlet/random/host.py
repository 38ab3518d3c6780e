"""The binomial distribution, which NumPy draws on the host: not inside a recorded step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import numpy_dtype
from netlet.engine.graph import in_trial
from netlet.engine.tensor import Tensor

from .seeds import SeedGenerator, generator


def binomial(
    shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Draws how many of `counts` trials succeed, each with the given probability.

    NumPy draws it, so a step that is recorded for training cannot contain it.

    Args:
        shape: tuple of integers.
        counts: number of trials; an integer or an array that broadcasts to `shape`.
        probabilities: probability of success, in [0, 1]; a number or an array that broadcasts to `shape`.
        dtype: dtype of the result; default `config.floatx()`.
        seed: integer, `SeedGenerator`, or None for the global sequence.

    Returns:
        A Tensor.

    Raises:
        ValueError: a probability is outside of [0, 1], or a parameter does not broadcast to `shape`.
        TypeError: a parameter holds no real numbers.
        NotImplementedError: inside a step that is recorded.

    >>> binomial((2,), 5, 1.0, seed=1).tolist()
    [5.0, 5.0]
    """

    def draw(g: np.random.Generator) -> Any:
        trials = np.asarray(_numbers("binomial", "counts", counts)).astype(np.int64)
        return g.binomial(trials, _numbers("binomial", "probabilities", probabilities), size=tuple(shape))

    return _host("binomial", draw, dtype, seed)


def _numbers(name: str, label: str, value: Any) -> Any:
    """A parameter as NumPy takes it. Like elsewhere in netlet, a list of floats is an array of float32."""
    if isinstance(value, (int, float)):
        return value
    try:
        return np.asarray(value if isinstance(value, Tensor) else _core.tensor(value))
    except TypeError as e:
        kind = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"random.{name}: expected numbers as `{label}`, received {kind}.") from e


def _host(name: str, draw: Callable[[np.random.Generator], Any], dtype: Any, seed: Any) -> Tensor:
    if in_trial():  # only the shape counts, and no generator may advance
        seed = 0
    elif _core.recording():
        raise NotImplementedError(
            f"random.{name}: NumPy draws it, so a recorded step would repeat the same numbers. Draw them outside of "
            "the step, for example in a PyDataset, or compile the model with run_eagerly=True."
        )
    try:
        values = draw(generator(seed))
    except ValueError as e:
        raise ValueError(f"random.{name}: {e}") from e
    return _core.tensor(values.astype(numpy_dtype(dtype)))
