"""A layer that returns its input."""

from __future__ import annotations

from typing import Any

from netlet.base import tree
from netlet.engine.graph import KerasTensor

from ..base.elementwise import Elementwise


class Identity(Elementwise):
    """Passes its input on."""

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return tree.map_structure(lambda t: KerasTensor(t.shape, t.dtype), args[0] if args else kwargs["inputs"])
