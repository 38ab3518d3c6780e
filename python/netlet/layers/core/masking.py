"""Masking: masks the time steps that contain only one given value."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.elementwise import Elementwise


class Masking(Elementwise):
    """Masks time steps that contain only `mask_value`.

    Input and output (B, T, ..., C). Where all C values of a step equal `mask_value`, the output is 0 and its mask
    (B, T, ...) is False. Later layers that support masks skip those steps: LSTM, GlobalAveragePooling1D, losses,
    metrics, ...

    Args:
        mask_value: the value of padded steps; 0.0 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Source: Keras 3, `keras.layers.Masking`.

    Example:

    >>> import numpy as np
    >>> y = Masking(-1.0)(np.array([[[1.0, 2.0], [-1.0, -1.0]]], "float32"))
    >>> y.numpy().tolist(), y._keras_mask.numpy().tolist()
    ([[[1.0, 2.0], [0.0, 0.0]]], [[True, False]])
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def call(self, inputs: Any) -> Any:
        there = self.compute_mask(inputs)
        y = ops.where(ops.expand_dims(there, -1), inputs, 0)
        y._keras_mask = there
        return y

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
