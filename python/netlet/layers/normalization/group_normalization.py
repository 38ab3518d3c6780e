"""GroupNormalization: normalizes over groups of channels of each sample."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.ops.nn.normalization import normalize_groups

from ..base.input_spec import InputSpec
from .along_axes import Scaled


class GroupNormalization(Scaled):
    """Group normalization: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta.

    Mean and variance are taken over each group of channels of each sample. Input and output have the same shape
    (N, ..., C); gamma and beta are (C,).

    Args:
        groups: number of groups of adjacent channels, 32 by default; -1: one group for each channel (instance
            normalization); 1: one group of all channels.
        axis: the channels axis; -1 by default.
        epsilon: added to the variance; 1e-3 by default.
        center: whether to add beta; True by default.
        scale: whether to multiply by gamma; True by default.
        beta_initializer: "zeros" by default.
        gamma_initializer: "ones" by default.
        beta_regularizer, gamma_regularizer: penalties on the weights; None by default.
        beta_constraint, gamma_constraint: applied after each update; None by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid `groups`; channels not divisible by the groups; an axis out of bounds or of unknown size.

    Source: Wu and He, 2018; Keras 3, `keras.layers.GroupNormalization`.

    >>> import numpy as np
    >>> GroupNormalization(groups=2)(np.ones((1, 3, 4), "float32")).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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
        if isinstance(groups, bool) or not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ValueError(
                f"GroupNormalization: expected `groups` positive or -1 (instance normalization), received {groups!r}."
            )
        super().__init__(
            axis,
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
        self.groups = groups

    def build(self, input_shape: Any) -> None:
        (channels,) = self._extents(input_shape)
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ValueError(
                f"Layer '{self.name}': expected channels divisible by {self.groups} groups, received {channels} on "
                f"axis {self.axis} of shape {tuple(input_shape)}."
            )
        self._make_gamma_and_beta((channels,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def call(self, inputs: Any) -> Any:
        x = ops.cast_if_needed(inputs, self._compute_dtype)
        return normalize_groups(x, self.groups, self.gamma, self.beta, self.axis, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups}
