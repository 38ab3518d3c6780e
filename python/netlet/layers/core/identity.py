"""Identity: a layer that returns its input."""

from __future__ import annotations

from typing import Any

from netlet.base import tree
from netlet.engine.graph import KerasTensor

from ..base.elementwise import Elementwise


class Identity(Elementwise):
    """Returns its input, a tensor or a structure of tensors of any shape, unchanged.

    Args:
        **kwargs: the arguments of `Layer`, e.g. `name`.

    >>> import numpy as np
    >>> Identity()(np.array([[1.0, 2.0]], "float32")).numpy()
    array([[1., 2.]], dtype=float32)
    """

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return tree.map_structure(lambda t: KerasTensor(t.shape, t.dtype), args[0] if args else kwargs["inputs"])
