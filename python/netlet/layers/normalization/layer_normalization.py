"""LayerNormalization: normalizes over the features of each sample."""

from __future__ import annotations

import warnings
from typing import Any

from netlet import ops

from .along_axes import Scaled, axes_argument


class LayerNormalization(Scaled):
    """Layer normalization: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta.

    Mean and variance are taken over `axis` of each sample. Input and output have the same shape; gamma and beta have
    the dimensions of `axis`.

    Args:
        axis: an integer or a list or tuple of integers; -1 by default.
        epsilon: added to the variance; 1e-3 by default.
        center: whether to add beta; True by default.
        scale: whether to multiply by gamma; True by default.
        beta_initializer: "zeros" by default.
        gamma_initializer: "ones" by default.
        beta_regularizer, gamma_regularizer: penalties on the weights; None by default.
        beta_constraint, gamma_constraint: applied after each update; None by default.
        **kwargs: `rms_scaling` (y = x / sqrt(variance + epsilon) * gamma; deprecated in Keras, use `RMSNormalization`),
            and the arguments of `Layer`.

    Raises:
        TypeError: `axis` is neither an integer nor a list or tuple.
        ValueError: an axis out of bounds or of unknown size.

    Source: Ba et al., 2016; Keras 3, `keras.layers.LayerNormalization`.

    >>> import numpy as np
    >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]], "float32")).numpy()
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        rms_scaling = bool(kwargs.pop("rms_scaling", False))
        if rms_scaling:
            warnings.warn(
                "LayerNormalization(rms_scaling=True) divides by the standard deviation, not by the root mean square; "
                "use RMSNormalization.",
                stacklevel=2,
            )
        super().__init__(
            axes_argument("LayerNormalization", axis),
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.rms_scaling = rms_scaling

    def build(self, input_shape: Any) -> None:
        self.axis = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        self.scale, scale = self.scale or self.rms_scaling, self.scale
        self.center, center = self.center and not self.rms_scaling, self.center
        self._make_gamma_and_beta(self._extents(input_shape))
        self.scale, self.center = scale, center

    def call(self, inputs: Any) -> Any:
        x = ops.cast_if_needed(inputs, self._compute_dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # __init__ already warned about rms_scaling
            return ops.layer_normalization(
                x, self.gamma, self.beta, self.axis, self.epsilon, rms_scaling=self.rms_scaling
            )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rms_scaling": self.rms_scaling}
