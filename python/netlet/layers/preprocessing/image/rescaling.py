"""Rescaling: y = x * scale + offset."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops
from netlet.config import numpy_dtype

from ...base.elementwise import Elementwise


class Rescaling(Elementwise):
    """Rescales values: y = x * scale + offset, e.g. `Rescaling(1 / 255)` for uint8 images.

    Input and output have the same shape; the output has the layer's float type.

    Args:
        scale: number, or array that broadcasts to the input.
        offset: number, or array that broadcasts to the input; 0.0 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: when called: a scale or offset that does not broadcast to the input.

    >>> Rescaling(1 / 255)(np.array([[0, 255]], "uint8")).numpy()
    array([[0., 1.]], dtype=float32)
    """

    _needs_no_build = False

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def call(self, inputs: Any) -> Any:
        x = ops.multiply(ops.cast_if_needed(inputs, self.compute_dtype), self._number(self.scale))
        plain = isinstance(self.offset, (int, float)) and self.offset == 0
        return x if plain else ops.add(x, self._number(self.offset))

    def _number(self, value: Any) -> Any:
        return float(value) if isinstance(value, (int, float)) else np.asarray(value, numpy_dtype(self.compute_dtype))

    def get_config(self) -> dict[str, Any]:
        def plain(value: Any) -> Any:
            return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value

        return {**super().get_config(), "scale": plain(self.scale), "offset": plain(self.offset)}
