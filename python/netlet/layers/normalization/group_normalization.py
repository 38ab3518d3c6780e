"""Group normalization."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.ops.normalization import normalize_groups

from ..base.input_spec import InputSpec
from .along_axes import Scaled


class GroupNormalization(Scaled):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta with the statistics of each sample's groups of channels.

    Args:
        groups: how many groups the channels form, each of neighbouring ones; -1 for one a channel (instance
            normalization). 1 takes all channels together, as layer normalization over everything but the batch does.
        axis: that of the channels; gamma and beta have its extent.
        epsilon: added to the variance.
        center, scale: whether there is a beta, a gamma.

    Raises:
        ValueError: groups that do not divide the channels.

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
                f"GroupNormalization: `groups` is positive, or -1 for instance normalization; given {groups!r}."
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
                f"Layer '{self.name}': {self.groups} groups do not divide the {channels} channels of axis {self.axis} "
                f"of an input of shape {tuple(input_shape)}."
            )
        self._make_gamma_and_beta((channels,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def call(self, inputs: Any) -> Any:
        x = ops.cast_if_needed(inputs, self._compute_dtype)
        return normalize_groups(x, self.groups, self.gamma, self.beta, self.axis, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups}
