"""EinsumDense: a dense layer whose product is given as an einsum equation."""

from __future__ import annotations

import math
from typing import Any

from netlet import activations, constraints, initializers, ops, regularizers
from netlet.initializers.scaling import VarianceScaling

from ..base.input_spec import InputSpec
from ..base.layer import Layer
from .einsum_equation import EinsumEquation


class EinsumDense(Layer):
    """Dense layer with an einsum product: y = activation(einsum(equation, x, kernel) + bias).

    The shapes of x, kernel, bias and y are given by the equation.

    Args:
        equation: "input,kernel->output", each a string of labels; "..." before or after the labels of input and output
            stands for axes that stay as they are. "abc,cde->abde" maps the last axis to two.
        output_shape: dimensions of the output without the batch and the axes of "...", an integer or a tuple; None
            entries are taken from the input.
        activation: name, function or None (linear, the default).
        bias_axes: labels of the output along which the bias varies; None (the default) for no bias.
        kernel_initializer: name, config or function; "glorot_uniform" by default.
        bias_initializer: name, config or function; "zeros" by default.
        kernel_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        kernel_constraint, bias_constraint: applied to the weights after each update; None by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    If the equation is a plain matrix product over one or more axes, it runs as one product of reshaped operands, with
    bias and activation fused, as in `Dense`.

    Raises:
        ValueError: an invalid equation, or one that does not match the shapes.

    Source: Keras 3, `keras.layers.EinsumDense`.

    >>> import numpy as np
    >>> EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de")(np.ones((1, 4, 5), "float32")).shape
    (1, 4, 2, 3)
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation = equation
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        parts = self._parts(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=parts.kernel_shape,
            initializer=self._initializer(parts),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if parts.bias_shape is not None:
            self.bias = self.add_weight(
                name="bias",
                shape=parts.bias_shape,
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(ndim=len(input_shape))

    def _parts(self, input_shape: Any) -> EinsumEquation:
        return EinsumEquation(self.equation, self.bias_axes, input_shape, self.partial_output_shape)

    def _initializer(self, parts: EinsumEquation) -> Any:
        """The kernel initializer; a VarianceScaling without axes gets the kernel's summed and output axes."""
        given = self.kernel_initializer
        if not isinstance(given, VarianceScaling) or None not in (given.input_axes, given.output_axes):
            return given
        config = given.get_config()
        axes = {"input_axes": parts.input_axes, "output_axes": parts.output_axes}
        return type(given).from_config({**config, **axes, "seed": given.seed})

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x = inputs if inputs.dtype == self._compute_dtype else ops.cast(inputs, self._compute_dtype)
        parts = self._parts(tuple(x.shape))
        whole_bias = parts.bias_shape in (None, parts.kernel_shape[parts.bound :])
        if parts.bound and whole_bias:
            return self._as_dense(x, parts)
        y = ops.einsum(self.equation, x, self.kernel)
        y = y if self.bias is None else ops.add(y, self.bias)
        return y if self.activation is None else self.activation(y)

    def _as_dense(self, x: Any, parts: EinsumEquation) -> Any:
        """The layer as one matrix product of x and the kernel, both reshaped to matrices."""
        rows, bound = len(x.shape) - parts.bound, parts.bound
        terms, units = math.prod(parts.kernel_shape[:bound]), math.prod(parts.kernel_shape[bound:])
        flat = _reshaped(x, (*tuple(x.shape)[:rows], terms))
        bias = None if self.bias is None else _reshaped(self.bias, (units,))
        fused = activations.fused(self.activation)
        y = ops.dense(flat, _reshaped(self.kernel, (terms, units)), bias, *(fused or ("linear", 0.0)))
        y = _reshaped(y, parts.output_shape)
        return y if fused is not None else self.activation(y)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self._parts(input_shape).output_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }


def _reshaped(x: Any, shape: tuple[int, ...]) -> Any:
    return x if tuple(x.shape) == shape else ops.reshape(x, shape)
