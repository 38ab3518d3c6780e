"""Layer, group, RMS and unit normalization: each sample by itself. Batch normalization has its own file."""

from __future__ import annotations

import warnings
from typing import Any

from netlet import constraints, initializers, ops, regularizers
from netlet.ops.normalization import normalize_groups

from ..activations.activation import Elementwise
from ..base.input_spec import InputSpec


def check_axes(axis: Any, input_shape: Any, name: str) -> None:
    """Each axis is one of the input's."""
    for a in axis if isinstance(axis, (list, tuple)) else [axis]:
        if not -len(input_shape) <= a < len(input_shape):
            raise ValueError(f"Layer '{name}': axis {a} is out of bounds for input shape {tuple(input_shape)}.")


class AlongAxes(Elementwise):
    """Base of layers that normalise along the axis, or axes, `axis`."""

    axis: Any

    def compute_output_shape(self, input_shape: Any) -> Any:
        check_axes(self.axis, input_shape, self.name)
        return input_shape

    def _extents(self, input_shape: Any) -> tuple[int, ...]:
        """The input's extents along the axes: the shape of gamma and beta."""
        check_axes(self.axis, input_shape, self.name)
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        for a in axes:
            if input_shape[a] is None:
                raise ValueError(
                    f"Layer '{self.name}' must know the extent of axis {a} of its input; given shape "
                    f"{tuple(input_shape)}."
                )
        return tuple(input_shape[a] for a in axes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Scaled(AlongAxes):
    """Base of layers that multiply what they have normalised by gamma and add beta, both learned.

    Args:
        axis: along which gamma and beta lie.
        epsilon: added to the variance.
        center, scale: whether there is a beta, a gamma.
    """

    def __init__(
        self,
        axis: Any,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma: Any = None
        self.beta: Any = None

    def _make_gamma_and_beta(self, shape: tuple[int, ...]) -> None:
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }


def _axes_argument(layer: str, axis: Any) -> Any:
    if isinstance(axis, (list, tuple)):
        return list(axis)
    if isinstance(axis, int) and not isinstance(axis, bool):
        return axis
    raise TypeError(f"{layer}: `axis` is an integer or a list or tuple of integers; given {axis!r}.")


class LayerNormalization(Scaled):
    """y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, mean and variance taken over `axis` of each sample.

    Args:
        axis: one or several; gamma and beta have their extents.
        epsilon: added to the variance.
        center, scale: whether there is a beta, a gamma.
        rms_scaling: x / sqrt(variance + epsilon) * gamma; deprecated in Keras, use `RMSNormalization`.

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
            _axes_argument("LayerNormalization", axis),
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
            warnings.simplefilter("ignore")  # about rms_scaling: told when the layer was made
            return ops.layer_normalization(
                x, self.gamma, self.beta, self.axis, self.epsilon, rms_scaling=self.rms_scaling
            )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rms_scaling": self.rms_scaling}


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


class RMSNormalization(AlongAxes):
    """y = x / sqrt(mean(x**2) + epsilon) * scale, the mean taken over `axis` of each sample.

    Args:
        axis: one or several; the learned scale has their extents.
        epsilon: added to the mean.

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


class UnitNormalization(AlongAxes):
    """x divided by its Euclidean norm along `axis`.

    >>> import numpy as np
    >>> UnitNormalization()(np.array([[3.0, 4.0]], "float32")).numpy()
    array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _axes_argument("UnitNormalization", axis)

    def call(self, inputs: Any) -> Any:
        return ops.normalize(ops.cast_if_needed(inputs, self._compute_dtype), axis=self.axis, order=2, epsilon=1e-12)
