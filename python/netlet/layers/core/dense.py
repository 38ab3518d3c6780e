"""Dense: y = activation(x @ kernel + bias)."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import activations, constraints, initializers, ops, regularizers

from ..base.input_spec import InputSpec
from ..base.layer import Layer


class Dense(Layer):
    """Fully connected layer: y = activation(x @ kernel + bias) over the last axis.

    x (..., K), kernel (K, units), bias (units,), y (..., units).

    Args:
        units: last dimension of the output, a positive integer.
        activation: name, function or None (linear, the default). linear, relu, leaky_relu, sigmoid, tanh, elu,
            exponential and relu6 are fused into the matrix product.
        use_bias: whether to add a bias; True by default.
        kernel_initializer: name, config or function; "glorot_uniform" by default.
        bias_initializer: name, config or function; "zeros" by default.
        kernel_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        kernel_constraint, bias_constraint: applied to the weights after each update; None by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: units is not a positive integer; an unknown name; the last axis of the input is unknown or changed.

    Source: Keras 3, `keras.layers.Dense`.

    Example:

    >>> layer = Dense(3, activation="relu")
    >>> layer(np.ones((2, 5), "float32")).shape, layer.count_params()
    ((2, 3), 18)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(units, bool) or not isinstance(units, (int, np.integer)) or units <= 0:
            raise ValueError(f"Dense expected a positive integer for `units`, received {units!r}.")
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = int(units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        k = input_shape[-1]
        if k is None:
            raise ValueError(f"Layer '{self.name}': expected a known last axis, received shape {input_shape}.")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(k, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: k}, reason=f"its kernel is {(k, self.units)}")

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x = inputs if inputs.dtype == self._compute_dtype else ops.cast(inputs, self._compute_dtype)
        fused = activations.fused(self.activation)
        if fused is not None:
            return self._product(x, self.kernel, self.bias, fused)
        return self.activation(ops.dense(x, self.kernel, self.bias))

    def _product(self, x: Any, kernel: Any, bias: Any, activation: tuple[str, float]) -> Any:
        return ops.dense(x, kernel, bias, *activation)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }
