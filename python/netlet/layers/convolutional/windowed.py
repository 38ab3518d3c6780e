"""Base of convolution layers: arguments, checks, weights and config of a window over spatial axes."""

from __future__ import annotations

from typing import Any, ClassVar

from netlet import activations, ops, regularizers
from netlet.ops.nn.convolution import too_large
from netlet.ops.spatial.data_format import standardize
from netlet.ops.spatial.windows import Window, per_axis, standardize_padding

from ..base import roles
from ..base.image_spec import ImageSpec
from ..base.layer import Layer


class Windowed(Layer):
    """Base of layers that apply a learned window to `rank` spatial axes.

    A subclass defines `rank`, the `_roles` of its weights (role "kernel" has the arguments kernel_initializer,
    kernel_regularizer and kernel_constraint), `build`, `_convolve` and `_filters_for`.

    Args:
        kernel_size, strides, dilation_rate: positive integers, or one for each spatial axis.
        padding: "valid", "same", or "causal" if the class has `_causal`.
        data_format: "channels_last", "channels_first" or None (channels_last).
        activation: name, function or None (linear).
        use_bias: whether to add a bias.
        **kwargs: the arguments of each role, and those of `Layer`.
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
        """The number of channels of an input shape; raises ValueError if the layer cannot process the shape."""
        complaint = self.input_spec.complaint(self.name, tuple(input_shape), self.compute_dtype)
        if complaint:
            raise ValueError(complaint)
        channels = input_shape[self._channel_axis]
        if not channels:
            raise ValueError(
                f"Layer '{self.name}' expected an input with a known number of channels, at least one, received "
                f"shape {input_shape}."
            )
        self.compute_output_shape(input_shape)  # raises ValueError if the window does not fit
        return int(channels)

    def _add(self, role: str, name: str, shape: tuple[int, ...]) -> Any:
        return roles.add(self, role, name, shape)

    def _add_bias(self, filters: int) -> None:
        self.bias = self._add("bias", "bias", (filters,)) if self.use_bias else None

    def _takes(self, channels: int, kernel: tuple[int, ...]) -> None:
        """Requires this number of channels of later inputs; `kernel` is the shape named in the error."""
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
        """Computes the layer with the given weights instead of its own; only for layers with one kernel."""
        name, alpha = activation
        return self._convolve(x, kernel=kernel, bias=bias, activation=name, alpha=alpha, **self._placement())

    def _filters_for(self, channels: int | None) -> int | None:
        """Channels of the output for an input with `channels`; None if unknown."""
        raise NotImplementedError

    def _extents(self, extents: tuple[int | None, ...]) -> tuple[int | None, ...]:
        found = self._window.places(extents)
        if any(n is not None and n < 1 for n in found):
            why = too_large(self._window, extents)
            raise ValueError(
                f"Layer '{self.name}': {why}. Use padding=\"same\", a smaller kernel, or less pooling and striding "
                "before this layer, or check the order of the axes."
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


def no_strides_with_dilation(layer: Any, name: str | None = None) -> None:
    """Raises ValueError if strides and dilation are both above 1."""
    if max(layer.strides) > 1 and max(layer.dilation_rate) > 1:
        raise ValueError(
            f"{name or type(layer).__name__}: expected strides or dilation of 1, as in Keras, received strides="
            f"{layer.strides}, dilation_rate={layer.dilation_rate}. `ops.conv` supports both."
        )
