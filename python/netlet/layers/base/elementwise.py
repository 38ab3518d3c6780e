"""Base of layers whose output has the same shape as their input."""

from __future__ import annotations

from typing import Any

from .layer import Layer


class Elementwise(Layer):
    """Base of layers whose output has the same shape as their input. They support masking.

    Args:
        **kwargs: the arguments of `Layer`.
    """

    _needs_no_build = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
