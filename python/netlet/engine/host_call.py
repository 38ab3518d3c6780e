"""Functions of NumPy arrays as ops: for what has no kernel, such as LAPACK's decompositions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from netlet import _core


def host_call(
    name: str, fn: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[tuple[tuple[int, ...], str]]
) -> list[_core.Tensor]:
    """Calls a function of NumPy arrays: at once, or, while a step is recorded, in each run of the step.

    A recorded call is one record of the plan. It runs on the thread that runs the plan and takes the GIL. An exception
    ends the run before the next record and comes out of `fit`, `predict` or `evaluate` as itself. No gradient flows
    through the call; `_core.custom_backward` gives its results one.

    The function must not write to its arguments, which are read-only, and should have no state: a step may run again,
    to find the origin of a value that is not finite.

    Args:
        name: what errors and `plan.describe()` call it, as "host_call:name".
        fn: receives an ndarray for each input and returns an array, or a tuple or list of arrays.
        inputs: arrays, Tensors, Variables or numbers. float16 and bfloat16 arrive as float32.
        outputs: (shape, dtype) of each result of `fn`.

    Returns:
        One Tensor for each result.

    Raises:
        ValueError: a result has another shape or dtype.
        NotImplementedError: a step is recorded for a GPU. At once, values on a GPU are copied to the host and back.

    >>> import numpy as np
    >>> (y,) = host_call("sort", np.sort, [np.array([3.0, 1.0])], [((2,), "float64")])
    >>> y.tolist()
    [1.0, 3.0]
    """
    return _core.host_call(fn, inputs, outputs, name)
