"""Convolution layers, and what all families of them share."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from netlet import activations, ops, regularizers
from netlet.ops.convolution import too_large
from netlet.ops.data_format import standardize
from netlet.ops.windows import Window, per_axis, standardize_padding

from ..base import roles
from ..base.image_spec import ImageSpec
from ..base.layer import Layer


class Windowed(Layer):
    """Base of the layers that slide learned windows over `rank` spatial axes: arguments, checks, weights, config.

    A subclass has a `rank`, the `_roles` of its weights ("kernel" has the arguments kernel_initializer,
    kernel_regularizer and kernel_constraint), and `_extents`, `_convolve` and `build`.
    """

    rank: ClassVar[int]
    _roles: ClassVar[tuple[str, ...]]
    _causal: ClassVar[bool] = False

    def __init__(
        self,
        *,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        **kwargs: Any,
    ) -> None:
        weights = roles.taken(self._roles, kwargs)
        super().__init__(**kwargs)
        name = type(self).__name__
        self.kernel_size = per_axis(kernel_size, self.rank, f"{name}: `kernel_size`")
        self.strides = per_axis(strides, self.rank, f"{name}: `strides`")
        self.dilation_rate = per_axis(dilation_rate, self.rank, f"{name}: `dilation_rate`")
        self.padding = standardize_padding(padding, name, self._causal)
        self.data_format = standardize(data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        for argument, value in weights.items():
            setattr(self, argument, value)
        self.input_spec = ImageSpec(self.rank, self.data_format)

    @property
    def _window(self) -> Window:
        return Window(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    # ---- building ----------------------------------------------------------------------------------------------------
    def _channels_of(self, input_shape: Any) -> int:
        """The number of channels, from a shape that this layer can work on."""
        complaint = self.input_spec.complaint(self.name, tuple(input_shape), self.compute_dtype)
        if complaint:
            raise ValueError(complaint)
        channels = input_shape[self._channel_axis]
        if not channels:
            raise ValueError(
                f"Layer '{self.name}' needs to know how many channels its input has, at least one; given {input_shape}."
            )
        self.compute_output_shape(input_shape)  # tells whether the window fits
        return int(channels)

    def _add(self, role: str, name: str, shape: tuple[int, ...]) -> Any:
        return roles.add(self, role, name, shape)

    def _add_bias(self, filters: int) -> None:
        self.bias = self._add("bias", "bias", (filters,)) if self.use_bias else None

    def _takes(self, channels: int, kernel: tuple[int, ...]) -> None:
        """From now on the input has so many channels."""
        self.input_spec = ImageSpec(self.rank, self.data_format, channels, f"its kernel is {kernel}")

    # ---- calling -----------------------------------------------------------------------------------------------------
    def call(self, inputs: Any) -> Any:
        x = inputs if inputs.dtype == self._compute_dtype else ops.cast(inputs, self._compute_dtype)
        fused = activations.fused(self.activation)
        name, alpha = fused or ("linear", 0.0)
        y = self._convolve(x, bias=self.bias, activation=name, alpha=alpha, **self._placement())
        return y if fused else self.activation(y)

    def _placement(self) -> dict[str, Any]:
        return {
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
        }

    def _convolve(self, x: Any, **arguments: Any) -> Any:
        raise NotImplementedError

    def _product(self, x: Any, kernel: Any, bias: Any, activation: tuple[str, float]) -> Any:
        """What the layer does, with other weights; where it has one kernel."""
        name, alpha = activation
        return self._convolve(x, kernel=kernel, bias=bias, activation=name, alpha=alpha, **self._placement())

    def _filters_for(self, channels: int | None) -> int | None:
        """Channels of the output."""
        raise NotImplementedError

    def _extents(self, extents: tuple[int | None, ...]) -> tuple[int | None, ...]:
        found = self._window.places(extents)
        if any(n is not None and n < 1 for n in found):
            why = too_large(self._window, extents)
            raise ValueError(
                f"Layer '{self.name}': {why}. Use padding=\"same\", a smaller kernel, or less pooling and striding "
                "before; or are the axes in another order?"
            )
        return found

    def compute_output_shape(self, input_shape: Any) -> Any:
        axis = self._channel_axis
        spatial = tuple(input_shape[1:-1] if axis == -1 else input_shape[2:])
        filters, extents = self._filters_for(input_shape[axis]), self._extents(spatial)
        return (input_shape[0], *extents, filters) if axis == -1 else (input_shape[0], filters, *extents)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            **self._placement(),
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            **roles.config(self, self._roles),
        }


def positive(value: Any, layer: str, name: str) -> int:
    """`value`, if it is a positive integer."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
        raise ValueError(f"{layer} expects a positive integer for `{name}`; given {value!r}.")
    return int(value)


def no_strides_with_dilation(layer: Any, name: str | None = None) -> None:
    if max(layer.strides) > 1 and max(layer.dilation_rate) > 1:
        raise ValueError(
            f"{name or type(layer).__name__}: strides and dilation exclude each other, as in Keras; given strides="
            f"{layer.strides}, dilation_rate={layer.dilation_rate}. `ops.conv` does both."
        )


class Conv(Windowed):
    """Base of Conv1D, Conv2D and Conv3D: y = activation(x * kernel + bias), `*` being cross-correlation.

    x (N, spatial..., C), kernel (K..., C / groups, filters), bias (filters,), y (N, places..., filters); C before the
    spatial axes for `data_format="channels_first"`. An axis of n has floor((n - span + p) / s) + 1 places, where
    span = dilation (K - 1) + 1.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size, strides, dilation_rate: positive integers, or one for each spatial axis.
        padding: "valid" (p = 0), "same" (ceil(n / s) places; where p is odd the larger half is at the end, as in
            TensorFlow), or, Conv1D alone, "causal" (all of it at the start).
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        groups: each group of C / groups channels has its own filters / groups filters.
        activation: name, function or None (linear). linear, relu, leaky_relu, sigmoid, tanh, elu and exponential are
            applied while the result is still in registers.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: see those modules.

    Raises:
        ValueError: arguments that cannot be; strides with dilation; an input of another rank or other channels than
            before; channels or filters that the groups do not divide; a kernel larger than the padded input.

    Source: Keras 3, `keras.layers.Conv2D`.
    """

    _roles = ("kernel", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
        super().__init__(
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        layer = type(self).__name__
        self.filters, self.groups = positive(filters, layer, "filters"), positive(groups, layer, "groups")
        if self.filters % self.groups:
            raise ValueError(f"{layer}: {self.filters} filters cannot be shared evenly by {self.groups} groups.")
        no_strides_with_dilation(self)

    def build(self, input_shape: Any) -> None:
        channels = self._channels_of(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"Layer '{self.name}': {channels} channels cannot be shared evenly by {self.groups} groups; given "
                f"shape {tuple(input_shape)} ({self.data_format})."
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self._add("kernel", "kernel", shape)
        self._add_bias(self.filters)
        self._takes(channels, shape)

    def _convolve(self, x: Any, kernel: Any = None, **arguments: Any) -> Any:
        return ops.conv(x, self.kernel if kernel is None else kernel, **arguments)

    def _filters_for(self, channels: int | None) -> int | None:
        return self.filters

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


class Conv1D(Conv):
    """Convolution over the steps of a sequence: x (N, steps, C); the arguments are those of `Conv`.

    >>> layer = Conv1D(4, 3, padding="causal", activation="relu")
    >>> layer(np.ones((2, 10, 5), "float32")).shape, layer.count_params()
    ((2, 10, 4), 64)
    """

    rank, _causal = 1, True


class Conv2D(Conv):
    """Convolution over images: x (N, height, width, C); the arguments are those of `Conv`.

    >>> layer = Conv2D(32, (3, 3), activation="relu")
    >>> layer(np.ones((2, 28, 28, 1), "float32")).shape, layer.kernel.shape
    ((2, 26, 26, 32), (3, 3, 1, 32))
    """

    rank = 2


class Conv3D(Conv):
    """Convolution over volumes or videos: x (N, depth, height, width, C); the arguments are those of `Conv`.

    >>> Conv3D(2, 3, strides=2, padding="same")(np.ones((1, 5, 6, 7, 1), "float32")).shape
    (1, 3, 3, 4, 2)
    """

    rank = 3


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
