"""The binomial distribution, which NumPy draws on the host: in a recorded step as a host call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import numpy_dtype, standardize_dtype
from netlet.engine.graph import in_trial
from netlet.engine.host_call import host_call
from netlet.engine.tensor import Tensor

from .seeds import SeedGenerator, generator, native_seed


def binomial(
    shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: int | SeedGenerator | None = None
) -> Tensor:
    """Draws how many of `counts` trials succeed, each with the given probability.

    NumPy draws it on the host. In a recorded step, each run draws new numbers that depend on the seed, the place of the
    call in the step and the number of the step.

    Args:
        shape: tuple of integers.
        counts: number of trials; an integer or an array that broadcasts to `shape`.
        probabilities: probability of success, in [0, 1]; a number or an array that broadcasts to `shape`.
        dtype: dtype of the result; default `config.floatx()`.
        seed: integer, `SeedGenerator`, or None (the default) for the global sequence.

    Returns:
        Tensor of that shape and dtype.

    Raises:
        ValueError: a probability is outside of [0, 1], or a parameter does not broadcast to `shape`.
        TypeError: a parameter holds no real numbers.
        NotImplementedError: inside a step that is recorded for a GPU.

    >>> binomial((2,), 5, 1.0, seed=1).tolist()
    [5.0, 5.0]
    """

    def draw(g: np.random.Generator, counts: Any, probabilities: Any) -> Any:
        return g.binomial(np.asarray(counts).astype(np.int64), probabilities, size=tuple(shape))

    return _host("binomial", draw, tuple(shape), {"counts": counts, "probabilities": probabilities}, dtype, seed)


def _numbers(name: str, label: str, value: Any) -> Any:
    """A parameter as NumPy takes it. Like elsewhere in netlet, a list of floats is an array of float32."""
    if isinstance(value, (int, float)):
        return value
    try:
        return np.asarray(value if isinstance(value, Tensor) else _core.tensor(value))
    except TypeError as e:
        kind = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"random.{name}: expected numbers as `{label}`, received {kind}.") from e


def _host(
    name: str, draw: Callable[..., Any], shape: tuple[int, ...], parameters: dict[str, Any], dtype: Any, seed: Any
) -> Tensor:
    """Draws at once or in each run of the recorded step."""

    def checked(*arguments: Any) -> Any:
        try:
            return draw(*arguments)
        except ValueError as e:
            raise ValueError(f"random.{name}: {e}") from e

    if not _core.recording():
        seed = 0 if in_trial() else seed  # in a trial only the shape counts, and no generator may advance
        numbers = [_numbers(name, label, value) for label, value in parameters.items()]
        return _core.tensor(checked(generator(seed), *numbers).astype(numpy_dtype(dtype)))
    number, fresh = native_seed(seed)
    recording = _core.current_recording()
    stream = recording.next_stream() if fresh and recording is not None else 0

    def run(step: np.ndarray, *numbers: np.ndarray) -> Any:
        g = np.random.default_rng([number, stream, int(step.item())]) if fresh else generator(number)
        return np.asarray(checked(g, *numbers)).astype(np.float64)

    inputs = [_recorded_numbers(name, label, value) for label, value in parameters.items()]
    (y,) = host_call(f"random.{name}", run, [_core.step_cell(), *inputs], [(shape, "float64")])
    return _core.cast(y, standardize_dtype(dtype))


def _recorded_numbers(name: str, label: str, value: Any) -> Any:
    """A parameter that may be computed by the recorded step."""
    inner = getattr(value, "_tensor", value)
    return inner if isinstance(inner, Tensor) else _numbers(name, label, value)
