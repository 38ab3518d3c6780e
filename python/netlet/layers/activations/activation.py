"""Activation functions as layers. Input and output have the same shape."""

from __future__ import annotations

import warnings
from typing import Any

from netlet import activations, constraints, initializers, ops, regularizers

from ..base.elementwise import Elementwise
from ..base.input_spec import InputSpec
from ..base.layer import Layer


def _not_negative(layer: Layer, **arguments: Any) -> None:
    """Raises ValueError if an argument is None or negative."""
    for name, value in arguments.items():
        if value is None or value < 0:
            raise ValueError(f"{type(layer).__name__}: expected `{name}` of at least 0, received {value!r}.")


class Activation(Elementwise):
    """Applies an activation function to each element. Input and output have the same shape.

    Args:
        activation: name, config or function; None: linear.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown name.

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
    """Rectified linear unit: x where x >= threshold, negative_slope * (x - threshold) below, limited to `max_value`.

    Input and output have the same shape.

    Args:
        max_value: largest output, at least 0; None (the default): no limit.
        negative_slope: slope below the threshold, at least 0; 0.0 by default.
        threshold: at least 0; 0.0 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: a negative argument.

    >>> import numpy as np
    >>> ReLU(max_value=2.0)(np.array([[-1.0, 1.0, 3.0]], "float32")).numpy()
    array([[0., 1., 2.]], dtype=float32)
    """

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
    """Leaky rectified linear unit: x where x > 0, negative_slope * x elsewhere.

    Input and output have the same shape. The function `activations.leaky_relu` has slope 0.2, as in Keras.

    Args:
        negative_slope: slope below 0, at least 0; 0.3 by default.
        **kwargs: `alpha`, an older name of `negative_slope`, and the arguments of `Layer`.

    Raises:
        ValueError: negative_slope is None or negative.

    >>> import numpy as np
    >>> LeakyReLU(0.5)(np.array([[-1.0, 2.0]], "float32")).numpy()
    array([[-0.5,  2. ]], dtype=float32)
    """

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
    """Exponential linear unit: x where x > 0, alpha * (e**x - 1) elsewhere.

    Input and output have the same shape.

    Args:
        alpha: factor below 0; 1.0 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    >>> import numpy as np
    >>> ELU()(np.array([[-1.0, 2.0]], "float32")).numpy().round(3)
    array([[-0.632,  2.   ]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return ops.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class PReLU(Elementwise):
    """Parametric rectified linear unit: x where x > 0, alpha * x elsewhere, with a learned alpha.

    Input and output have the same shape. alpha has the shape of a sample, with size 1 along `shared_axes`.

    Args:
        alpha_initializer: "Zeros" by default.
        alpha_regularizer: penalty on alpha; None by default.
        alpha_constraint: applied to alpha after each update; None by default.
        shared_axes: axis or axes (1 is the first after the batch) that share one alpha; None (the default): none.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown initializer, regularizer or constraint; when built: an axis that the input does not have.

    >>> import numpy as np
    >>> layer = PReLU(shared_axes=[1])
    >>> layer(np.ones((2, 3, 4), "float32")).shape, layer.alpha.shape
    ((2, 3, 4), (1, 4))
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
            if not 1 <= axis <= len(shape):
                raise ValueError(
                    f"Layer '{self.name}': expected `shared_axes` from 1 to {len(shape)} for inputs of shape "
                    f"{tuple(input_shape)}, received {axis}."
                )
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
    """Softmax along an axis; masked elements get probability 0. Input and output have the same shape.

    Args:
        axis: axis or axes that sum to 1; -1 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Call arguments: inputs; mask=None, which broadcasts to the inputs: elements where it is False (numbers: at most 0.5)
    get probability 0.

    Raises:
        ValueError: the mask does not broadcast to the inputs.

    >>> import numpy as np
    >>> Softmax()(np.zeros((1, 2), "float32")).numpy()
    array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return ops.softmax(inputs, axis=self.axis)
        shape, given = tuple(inputs.shape), tuple(mask.shape)
        if len(given) > len(shape) or any(n not in (1, d) for n, d in zip(given[::-1], shape[::-1], strict=False)):
            raise ValueError(
                f"Layer '{self.name}': expected a mask that broadcasts to the inputs {shape}, received shape {given}."
            )
        if mask.dtype != "bool":
            mask = ops.greater(mask, 0.5)
        return ops.where(mask, ops.softmax(ops.where(mask, inputs, -1e9), axis=self.axis), 0.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
