"""UnitNormalization: scales vectors to length 1."""

from __future__ import annotations

from typing import Any

from netlet import ops

from .along_axes import AlongAxes, axes_argument


class UnitNormalization(AlongAxes):
    """Scales vectors to length 1: divides x by its Euclidean norm along `axis`. Input and output have the same shape.

    Args:
        axis: an integer or a list or tuple of integers; -1 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        TypeError: `axis` is neither an integer nor a list or tuple.

    >>> import numpy as np
    >>> UnitNormalization()(np.array([[3.0, 4.0]], "float32")).numpy()
    array([[0.6, 0.8]], dtype=float32)
    """

    _needs_no_build = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axes_argument("UnitNormalization", axis)

    def call(self, inputs: Any) -> Any:
        return ops.normalize(ops.cast_if_needed(inputs, self._compute_dtype), axis=self.axis, order=2, epsilon=1e-12)
