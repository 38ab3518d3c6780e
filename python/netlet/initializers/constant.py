"""Initializers that are not random."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import numpy_dtype, standardize_dtype

from .initializer import Initializer


class Zeros(Initializer):
    """All elements are 0.

    >>> Zeros()((2,)).numpy()
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        # NumPy's zeros are pages without physical memory. Optimizer slots read them once and then discard them.
        return _core.as_tensor(np.zeros(shape, numpy_dtype(dtype)))


class Ones(Initializer):
    """All elements are 1.

    >>> Ones()((2,)).numpy()
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return _core.full(shape, standardize_dtype(dtype), 1.0)


class Constant(Initializer):
    """All elements are `value`.

    Args:
        value: number, or array that broadcasts to the shape; default 0.

    >>> Constant(3.0)((2,)).numpy()
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return _core.tensor(np.broadcast_to(np.asarray(self.value), shape), standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value.tolist() if isinstance(self.value, (np.ndarray, np.generic)) else self.value}


class Identity(Initializer):
    """A matrix with `gain` on its diagonal and 0 elsewhere.

    Args:
        gain: value on the diagonal; default 1.

    Raises:
        ValueError: the shape, at the call, is not that of a matrix.

    >>> Identity(2.0)((2, 2)).numpy()
    array([[2., 0.],
           [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        if len(shape) != 2:
            raise ValueError(f"Identity: expected the shape of a matrix, received {tuple(shape)}.")
        return _core.tensor(self.gain * np.eye(*shape), standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
