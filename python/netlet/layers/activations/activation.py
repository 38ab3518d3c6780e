"""Activation functions as layers. Each keeps the shape of its input."""

from __future__ import annotations

import warnings
from typing import Any

from netlet import activations, constraints, initializers, ops, regularizers

from ..base.elementwise import Elementwise
from ..base.input_spec import InputSpec
from ..base.layer import Layer


def _not_negative(layer: Layer, **arguments: Any) -> None:
    for name, value in arguments.items():
        if value is None or value < 0:
            raise ValueError(f"{type(layer).__name__}: `{name}` cannot be None or negative; given {value!r}.")


class Activation(Elementwise):
    """Applies an activation function, given by name or as a callable.

    >>> import numpy as np
    >>> Activation("relu")(np.array([[-1.0, 2.0]], "float32")).numpy()
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class ReLU(Elementwise):
    """x from `threshold` to `max_value`, max_value above, negative_slope * (x - threshold) below."""

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        _not_negative(self, negative_slope=negative_slope, threshold=threshold)
        if max_value is not None:
            _not_negative(self, max_value=max_value)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        own = {"max_value": self.max_value, "negative_slope": self.negative_slope, "threshold": self.threshold}
        return {**super().get_config(), **own}


class LeakyReLU(Elementwise):
    """x above 0, negative_slope * x below. The function `activations.leaky_relu` has slope 0.2, as in Keras."""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warnings.warn("LeakyReLU: `alpha` is now called `negative_slope`.", stacklevel=2)
        super().__init__(**kwargs)
        _not_negative(self, negative_slope=negative_slope)
        self.negative_slope = negative_slope

    def call(self, inputs: Any) -> Any:
        return ops.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(Elementwise):
    """x above 0, alpha * (e**x - 1) below."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return ops.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class PReLU(Elementwise):
    """x above 0, alpha * x below, where alpha is learned: one for each element of a sample, or shared along axes.

    Args:
        shared_axes: axes (1 is the first after the batch) along which there is one alpha.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        axes = shared_axes if shared_axes is None or isinstance(shared_axes, (list, tuple)) else [shared_axes]
        self.shared_axes = None if axes is None else list(axes)

    def build(self, input_shape: Any) -> None:
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            shape[axis - 1] = 1
        self.alpha = self.add_weight(
            name="alpha",
            shape=shape,
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        fixed = [i for i in range(1, len(input_shape)) if self.shared_axes and i not in self.shared_axes]
        self.input_spec = InputSpec(ndim=len(input_shape), axes={i: input_shape[i] for i in fixed})

    def call(self, inputs: Any) -> Any:
        below = ops.multiply(self.alpha, ops.relu(ops.negative(inputs)))
        return ops.subtract(ops.relu(inputs), below)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }


class Softmax(Elementwise):
    """softmax along `axis`; where a mask is given, positions that it excludes get probability 0."""

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return ops.softmax(inputs, axis=self.axis)
        shape, given = tuple(inputs.shape), tuple(mask.shape)
        if len(given) > len(shape) or any(n not in (1, d) for n, d in zip(given[::-1], shape[::-1], strict=False)):
            raise ValueError(
                f"Layer '{self.name}': each axis of `mask` has the extent of the inputs' or 1; given mask {given} for "
                f"inputs {shape}."
            )
        if mask.dtype != "bool":
            mask = ops.greater(mask, 0.5)
        return ops.where(mask, ops.softmax(ops.where(mask, inputs, -1e9), axis=self.axis), 0.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
