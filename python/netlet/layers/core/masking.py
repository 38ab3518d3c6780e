"""Masking: steps that hold nothing but one value do not count."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.elementwise import Elementwise


class Masking(Elementwise):
    """Steps of x (B, T, ..., C) whose C numbers all equal `mask_value` become 0, and the output's mask is False there.

    Layers behind it that know masks pass over those steps: LSTM, GlobalAveragePooling1D, losses, metrics, ...

    Args:
        mask_value: the number that fills a step which is not there.

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
