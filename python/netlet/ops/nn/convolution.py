"""Convolutions over 1, 2 or 3 spatial axes under Keras's names, with bias and activation.

Shapes, channels last: x (N, spatial..., C), kernel (K..., C / groups, F), y (N, places..., F). `windows.py` computes
the padding and the places from the arguments; the native kernels receive numbers.
"""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import HALVES

from ..core.dispatch import concrete, dtype_of, nearest_dtype, op, shape_of
from ..spatial.data_format import back, channels_last, standardize
from ..spatial.windows import Window, per_axis, standardize_padding

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]


@op
def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    bias: Any = None,
    activation: str = "linear",
    alpha: float = 0.0,
) -> Any:
    """Convolution: y[n, p, f] = activation(sum over k, c of x[n, s p + d k - low, c] kernel[k, c, f] + bias[f]).

    Args:
        inputs: (N, spatial..., C), or (N, C, spatial...) for channels first; 1 to 3 spatial axes.
        kernel: (K..., C / groups, F). Fewer channels than the input's mean groups, each with an equal part of the
            filters.
        strides: distance between neighbouring windows: a positive integer, or one for each spatial axis; 1 by default.
        padding: "valid" (the default; none), "same" (TensorFlow's: an odd one is on the high side) or, for one spatial
            axis, "causal" (all on the low side).
        data_format: "channels_last" (None, the default) or "channels_first".
        dilation_rate: distance between neighbouring elements of a window: like strides; 1 by default.
        bias: (F,), or None (the default).
        activation: an activation that `ops.dense` applies; "linear" by default.
        alpha: slope of leaky_relu, factor of elu; 0.0 by default.

    Returns:
        Tensor (N, places..., F), or (N, F, places...) for channels first.

    Raises:
        ValueError: shapes that do not fit together, or a kernel larger than the padded input.

    Source: Keras 3, `keras.ops.conv`; ONNX `Conv`.

    >>> import numpy as np
    >>> x = np.arange(6.0).reshape(1, 6, 1)
    >>> conv(x, np.ones((3, 1, 1)), strides=2, padding="same").ravel().numpy()
    array([3., 9., 9.])
    """
    x, window, fmt = _placed("ops.conv", inputs, kernel, strides, padding, data_format, dilation_rate, causal=True)
    _check_groups(shape_of(x), shape_of(kernel))
    pads = _fitting("ops.conv", shape_of(x), window)
    y = _core.conv(x, kernel, bias, window.strides, pads, window.dilation, activation, alpha)
    return back(y, fmt)


@op
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    bias: Any = None,
    activation: str = "linear",
    alpha: float = 0.0,
) -> Any:
    """Convolution of each channel with its own M filters.

    Args:
        inputs: (N, spatial..., C), or (N, C, spatial...) for channels first; 1 to 3 spatial axes.
        kernel: (K..., C, M).
        strides: distance between neighbouring windows: a positive integer, or one for each spatial axis; 1 by default.
        padding: "valid" (the default; none) or "same" (TensorFlow's: an odd one is on the high side).
        data_format: "channels_last" (None, the default) or "channels_first".
        dilation_rate: distance between neighbouring elements of a window: like strides; 1 by default.
        bias: (C M,), or None (the default).
        activation: an activation that `ops.dense` applies; "linear" by default.
        alpha: slope of leaky_relu, factor of elu; 0.0 by default.

    Returns:
        Tensor (N, places..., C M); the M results of channel c are at c M, c M + 1, ...

    Raises:
        ValueError: shapes that do not fit together, or a kernel larger than the padded input.

    Source: Keras 3, `keras.ops.depthwise_conv`.

    >>> import numpy as np
    >>> depthwise_conv(np.ones((1, 3, 2)), np.ones((2, 2, 1)) * [[2.0], [5.0]]).numpy()
    array([[[ 4., 10.],
            [ 4., 10.]]])
    """
    x, window, fmt = _placed("ops.depthwise_conv", inputs, kernel, strides, padding, data_format, dilation_rate)
    y = _depthwise("ops.depthwise_conv", x, kernel, window, bias, activation, alpha)
    return back(y, fmt)


@op
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    bias: Any = None,
    activation: str = "linear",
    alpha: float = 0.0,
) -> Any:
    """A depthwise convolution, followed by a convolution with a 1 x ... x 1 kernel that mixes the channels.

    Args:
        inputs: (N, spatial..., C), or (N, C, spatial...) for channels first; 1 to 3 spatial axes.
        depthwise_kernel: (K..., C, M).
        pointwise_kernel: (1..., C M, F).
        strides: of the depthwise convolution: a positive integer, or one for each spatial axis; 1 by default.
        padding: of the depthwise convolution: "valid" (the default) or "same".
        data_format: "channels_last" (None, the default) or "channels_first".
        dilation_rate: of the depthwise convolution: like strides; 1 by default.
        bias: (F,), added after the second convolution; None (the default): none.
        activation: applied after the second convolution; "linear" by default.
        alpha: slope of leaky_relu, factor of elu; 0.0 by default.

    Returns:
        Tensor (N, places..., F).

    Raises:
        ValueError: shapes that do not fit together, or a kernel larger than the padded input.

    Source: Keras 3, `keras.ops.separable_conv`.

    >>> import numpy as np
    >>> separable_conv(np.ones((1, 3, 2)), np.ones((2, 2, 1)), np.ones((1, 2, 1))).ravel().numpy()
    array([4., 4.])
    """
    name = "ops.separable_conv"
    x, window, fmt = _placed(name, inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    pointwise = shape_of(pointwise_kernel)
    rank = len(window.size)
    channels = shape_of(x)[-1] * shape_of(depthwise_kernel)[-1]
    if len(pointwise) != rank + 2 or pointwise[:rank] != (1,) * rank or pointwise[rank] != channels:
        raise ValueError(
            f"{name}: expected a pointwise kernel of shape {(*(1,) * rank, channels, 'filters')}, received {pointwise}."
        )
    deep = _depthwise(name, x, depthwise_kernel, window, None, "linear", 0.0)
    ones, none = (1,) * rank, [(0, 0)] * rank
    return back(_core.conv(deep, pointwise_kernel, bias, ones, none, ones, activation, alpha), fmt)


@op
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
    bias: Any = None,
    activation: str = "linear",
    alpha: float = 0.0,
) -> Any:
    """Transposed convolution: the gradient of a convolution with respect to its input, as an operation of its own.

    Args:
        inputs: (N, places..., C), or (N, C, places...) for channels first.
        kernel: (K..., F, C): the kernel of a convolution from F to C channels.
        strides: strides of that convolution: a positive integer, or one for each spatial axis; 1 by default.
        padding: padding of that convolution: "valid" (the default) or "same".
        output_padding: None (the default): the size of the result along an axis of n places is n s for "same", and
            (n - 1) s + max(span, s) for "valid", with span = dilation (K - 1) + 1. An integer less than the stride, or
            one for each spatial axis: (n - 1) s + span % 2 + output_padding, and (n - 1) s + span + output_padding.
        data_format: "channels_last" (None, the default) or "channels_first".
        dilation_rate: dilation of that convolution: like strides; 1 by default.
        bias: (F,), or None (the default).
        activation: an activation that `ops.dense` applies; "linear" by default.
        alpha: slope of leaky_relu, factor of elu; 0.0 by default.

    Returns:
        Tensor (N, spatial..., F), or (N, F, spatial...) for channels first.

    Raises:
        ValueError: shapes that do not fit together, or an output_padding that is not less than the stride.

    Source: Keras 3, `keras.ops.conv_transpose`; Dumoulin and Visin, "A guide to convolution arithmetic for deep
    learning", 2016.

    >>> import numpy as np
    >>> conv_transpose(np.array([[[1.0], [10.0]]]), np.ones((3, 1, 1)), strides=2).ravel().numpy()
    array([ 1.,  1., 11., 10., 10.])
    """
    name = "ops.conv_transpose"
    x, window, fmt = _placed(name, inputs, kernel, strides, padding, data_format, dilation_rate)
    places, channels = shape_of(x)[1:-1], shape_of(kernel)[-1]
    if shape_of(x)[-1] != channels:
        raise ValueError(
            f"{name}: a kernel of {shape_of(kernel)} (spatial..., filters, channels) takes {channels} channels; "
            f"received x of {shape_of(x)} (channels last)."
        )
    extra = None if output_padding is None else check_output_padding(output_padding, window.strides, name)
    extents, pads = window.transposed(places, extra)
    y = _core.conv_transpose(x, kernel, bias, window.strides, pads, extents, window.dilation, activation, alpha)
    return back(y, fmt)


def check_output_padding(value: Any, strides: tuple[int, ...], name: str) -> tuple[int, ...]:
    """The argument `output_padding` as a tuple.

    Args:
        value: an integer, or one for each spatial axis.
        strides: stride of each spatial axis.
        name: name of the op or layer, for the message.

    Returns:
        tuple of integers.

    Raises:
        ValueError: an entry below 0, or not less than its stride.

    >>> check_output_padding(1, (2, 2), "ops.conv_transpose")
    (1, 1)
    """
    found = per_axis(value, len(strides), f"{name}: `output_padding`", least=0)
    if any(o >= s for o, s in zip(found, strides)):
        raise ValueError(f"{name}: expected `output_padding` less than `strides` {strides}, received {found}.")
    return found


def _placed(
    name: str, x: Any, kernel: Any, strides: Any, padding: Any, data_format: Any, dilation: Any, causal: bool = False
) -> tuple[Any, Window, str]:
    """(x, channels last and in the kernel's dtype or a half; the window; the data format of the argument)."""
    shape, rank = shape_of(kernel), len(shape_of(kernel)) - 2
    if not 1 <= rank <= 3 or min(shape, default=0) < 1:
        raise ValueError(
            f"{name}: expected a kernel with 1 to 3 spatial axes and two of channels, none empty, received {shape}."
        )
    if len(shape_of(x)) != rank + 2:
        raise ValueError(
            f"{name}: expected inputs of {rank + 2} axes (batch, {rank} spatial, channels) for a kernel of {shape}, "
            f"received {shape_of(x)}."
        )
    window = Window(
        shape[:rank],
        per_axis(strides, rank, f"{name}: `strides`"),
        per_axis(dilation, rank, f"{name}: `dilation_rate`"),
        standardize_padding(padding, name, causal and rank == 1),
    )
    fmt, dtype = standardize(data_format), nearest_dtype(kernel)
    dtype = "float32" if dtype in HALVES else dtype
    takes = dtype_of(x) in (dtype, *HALVES)  # the result for a half is a half
    return channels_last(x if takes else _core.cast(concrete(x), dtype), fmt), window, fmt


def _check_groups(x: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    """Raises ValueError if the kernel's channels do not divide the input's, or the groups do not divide the filters."""
    channels, taken, filters = x[-1], *kernel[-2:]
    if channels % taken or not channels:
        hint = f" Axis 1 has {taken}: are the channels first?" if x[1] == taken else ""
        raise ValueError(
            f"ops.conv: a kernel of {kernel} (spatial..., channels / groups, filters) takes multiples of {taken} "
            f"channels; received x of {x} (channels last).{hint}"
        )
    if filters % (channels // taken):
        raise ValueError(
            f"ops.conv: {channels} channels and a kernel of {kernel} make {channels // taken} groups, which do not "
            f"divide {filters} filters evenly."
        )


def _fitting(name: str, x: tuple[int, ...], window: Window) -> list[tuple[int, int]]:
    """The padding, if the window fits in the input."""
    extents = x[1:-1]
    if window.padding == "valid" and any(n < span for n, span in zip(extents, window.spans)):
        raise ValueError(f"{name}: {too_large(window, extents)}; received x of {x} (channels last).")
    return window.pads(extents)


def too_large(window: Window, extents: Any) -> str:
    """The words of a message about a window that is larger than an input without padding.

    Args:
        window: the window.
        extents: size of each spatial axis of the input.

    Returns:
        str.

    >>> too_large(Window((3, 3), (1, 1), (1, 1), "valid"), (2, 5))
    'a kernel of 3 x 3 does not fit an input of 2 x 5 without padding'
    """
    holes = f" with dilation {_times(window.dilation)}" if max(window.dilation) > 1 else ""
    return f"a kernel of {_times(window.size)}{holes} does not fit an input of {_times(extents)} without padding"


def _times(extents: Any) -> str:
    return " x ".join(map(str, extents))


def _depthwise(name: str, x: Any, kernel: Any, window: Window, bias: Any, activation: str, alpha: float) -> Any:
    """The depthwise convolution of channels-last x."""
    shape, channels = shape_of(x), shape_of(kernel)[-2]
    if shape[-1] != channels:
        raise ValueError(
            f"{name}: a kernel of {shape_of(kernel)} (spatial..., channels, multiplier) takes {channels} channels; "
            f"received x of {shape} (channels last)."
        )
    pads = _fitting(name, shape, window)
    return _core.depthwise_conv(x, kernel, bias, window.strides, pads, window.dilation, activation, alpha)
