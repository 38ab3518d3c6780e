"""RMSNormalization: divides by the root mean square of each sample's features."""

from __future__ import annotations

from typing import Any

from netlet import ops

from .along_axes import AlongAxes


class RMSNormalization(AlongAxes):
    """Root-mean-square normalization: y = x / sqrt(mean(x**2) + epsilon) * scale.

    The mean is taken over `axis` of each sample. Input and output have the same shape; the learned scale has the
    dimensions of `axis`.

    Args:
        axis: an integer or a list or tuple of integers; -1 by default.
        epsilon: added to the mean; 1e-6 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an axis out of bounds or of unknown size.

    Source: Zhang and Sennrich, 2019; Keras 3, `keras.layers.RMSNormalization`.

    >>> import numpy as np
    >>> RMSNormalization(epsilon=0.0)(np.array([[3.0, -3.0]], "float32")).numpy()
    array([[ 1., -1.]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = False  # as in Keras
        self.axis = list(axis) if isinstance(axis, tuple) else axis
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        self.axis = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        self.scale = self.add_weight(name="scale", shape=self._extents(input_shape), initializer="ones")

    def call(self, x: Any) -> Any:
        return ops.rms_normalization(ops.cast_if_needed(x, self._compute_dtype), self.scale, self.axis, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}
