"""Convolutions of 1, 2 or 3 spatial axes under Keras's names; bias and activation are applied on the way out.

Shapes, for channels last: x (N, spatial..., C), kernel (K..., C / groups, F), y (N, places..., F). `windows.py` says
what padding means; the kernels are told numbers.
"""

from __future__ import annotations

from typing import Any

from netlet import _core

from .data_format import back, channels_last, standardize
from .dispatch import concrete, dtype_of, nearest_dtype, op, shape_of
from .windows import Window, per_axis, standardize_padding


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
        inputs: (N, spatial..., C), or (N, C, spatial...) for channels first.
        kernel: (K..., C / groups, F); fewer channels than the input's make groups, each with its share of the filters.
        strides, dilation_rate: positive integers, or one for each spatial axis.
        padding: "valid", "same" (TensorFlow's: the odd one high) or "causal" (all low).
        bias: (F,) or None.
        activation, alpha: those that `ops.dense` applies.

    Raises:
        ValueError: shapes that do not fit together; a kernel larger than the padded input.

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
    """Convolution of each channel by itself: kernel (K..., C, M), result (N, places..., C M), channel c at c M ... .

    The other arguments, and errors, are those of `conv`. Source: Keras 3, `keras.ops.depthwise_conv`.

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
    """`depthwise_conv` with the one kernel, then `conv` with the other, (1..., C M, F), which mixes channels.

    Bias and activation are those of the second. Source: Keras 3, `keras.ops.separable_conv`.
    """
    name = "ops.separable_conv"
    x, window, fmt = _placed(name, inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    pointwise = shape_of(pointwise_kernel)
    rank = len(window.size)
    channels = shape_of(x)[-1] * shape_of(depthwise_kernel)[-1]
    if len(pointwise) != rank + 2 or pointwise[:rank] != (1,) * rank or pointwise[rank] != channels:
        raise ValueError(f"{name}: the pointwise kernel is {(*(1,) * rank, channels, 'filters')}; given {pointwise}.")
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
    """Transposed convolution: the gradient of a `conv` with respect to its input, as an operation of its own.

    Args:
        inputs: (N, places..., C).
        kernel: (K..., F, C): that of the convolution, which leads from F to C channels.
        output_padding: None, or how much longer than the shortest an axis of the result is, less than its stride.
            Without: n s for "same"; (n - 1) s + max(span, s) for "valid", where span = dilation (K - 1) + 1. With it:
            (n - 1) s + span % 2 + output_padding, and (n - 1) s + span + output_padding.

    The other arguments are those of `conv`. Source: Keras 3, `keras.ops.conv_transpose`; Dumoulin and Visin, "A guide
    to convolution arithmetic for deep learning", 2016.

    >>> import numpy as np
    >>> conv_transpose(np.array([[[1.0], [10.0]]]), np.ones((3, 1, 1)), strides=2).ravel().numpy()
    array([ 1.,  1., 11., 10., 10.])
    """
    name = "ops.conv_transpose"
    x, window, fmt = _placed(name, inputs, kernel, strides, padding, data_format, dilation_rate)
    places, channels = shape_of(x)[1:-1], shape_of(kernel)[-1]
    if shape_of(x)[-1] != channels:
        raise ValueError(
            f"{name}: a kernel of {shape_of(kernel)} (spatial..., filters, channels) takes {channels} channels; given "
            f"x of {shape_of(x)} (channels last)."
        )
    extra = None if output_padding is None else check_output_padding(output_padding, window.strides, name)
    extents, pads = window.transposed(places, extra)
    y = _core.conv_transpose(x, kernel, bias, window.strides, pads, extents, window.dilation, activation, alpha)
    return back(y, fmt)


def check_output_padding(value: Any, strides: tuple[int, ...], name: str) -> tuple[int, ...]:
    found = per_axis(value, len(strides), f"{name}: `output_padding`", least=0)
    if any(o >= s for o, s in zip(found, strides)):
        raise ValueError(f"{name}: `output_padding` must be less than `strides`; given {found} and {strides}.")
    return found


def _placed(
    name: str, x: Any, kernel: Any, strides: Any, padding: Any, data_format: Any, dilation: Any, causal: bool = False
) -> tuple[Any, Window, str]:
    """(x with its channels last and of the kernel's type, the window, the format that x came in)."""
    shape, rank = shape_of(kernel), len(shape_of(kernel)) - 2
    if not 1 <= rank <= 3 or min(shape, default=0) < 1:
        raise ValueError(
            f"{name}: a kernel has 1 to 3 spatial axes and two of channels, none of them empty; given {shape}."
        )
    if len(shape_of(x)) != rank + 2:
        raise ValueError(
            f"{name}: with a kernel of {shape} the input has {rank + 2} axes: batch, {rank} spatial, channels; given "
            f"{shape_of(x)}."
        )
    window = Window(
        shape[:rank],
        per_axis(strides, rank, f"{name}: `strides`"),
        per_axis(dilation, rank, f"{name}: `dilation_rate`"),
        standardize_padding(padding, name, causal and rank == 1),
    )
    fmt, dtype = standardize(data_format), nearest_dtype(kernel)
    return channels_last(x if dtype_of(x) == dtype else _core.cast(concrete(x), dtype), fmt), window, fmt


def _check_groups(x: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    channels, taken, filters = x[-1], *kernel[-2:]
    if channels % taken or not channels:
        hint = f" Axis 1 has {taken}: are the channels first?" if x[1] == taken else ""
        raise ValueError(
            f"ops.conv: a kernel of {kernel} (spatial..., channels / groups, filters) takes multiples of {taken} "
            f"channels; given x of {x} (channels last).{hint}"
        )
    if filters % (channels // taken):
        raise ValueError(
            f"ops.conv: {channels} channels and a kernel of {kernel} make {channels // taken} groups, which cannot "
            f"share {filters} filters evenly."
        )


def _fitting(name: str, x: tuple[int, ...], window: Window) -> list[tuple[int, int]]:
    """The pads, where the window has a place at all."""
    extents = x[1:-1]
    if window.padding == "valid" and any(n < span for n, span in zip(extents, window.spans)):
        raise ValueError(f"{name}: {too_large(window, extents)}; given x of {x} (channels last).")
    return window.pads(extents)


def too_large(window: Window, extents: Any) -> str:
    """Words for a window that an unpadded input has no place for."""
    holes = f" with dilation {_times(window.dilation)}" if max(window.dilation) > 1 else ""
    return f"a kernel of {_times(window.size)}{holes} does not fit an input of {_times(extents)} without padding"


def _times(extents: Any) -> str:
    return " x ".join(map(str, extents))


def _depthwise(name: str, x: Any, kernel: Any, window: Window, bias: Any, activation: str, alpha: float) -> Any:
    shape, channels = shape_of(x), shape_of(kernel)[-2]
    if shape[-1] != channels:
        raise ValueError(
            f"{name}: a kernel of {shape_of(kernel)} (spatial..., channels, multiplier) takes {channels} channels; "
            f"given x of {shape} (channels last)."
        )
    pads = _fitting(name, shape, window)
    return _core.depthwise_conv(x, kernel, bias, window.strides, pads, window.dilation, activation, alpha)
