"""Keras's quantizers: functions and objects that make codes of arrays.

They follow Keras's convention: the scale is the reciprocal, codes = round(x · scale), and x is close to codes / scale.
`ops.quantize_absmax` follows that of ONNX and PyTorch, which netlet's layers use: x is close to codes · scale.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from netlet import ops
from netlet.config import standardize_dtype

INT8 = (-127, 127)


def checked_range(value_range: Any, what: str) -> tuple[int, int]:
    """`value_range` as two integers, the lower first.

    Args:
        value_range: lowest and highest code.
        what: who asks, for the error.

    Raises:
        ValueError: it is something else.

    >>> checked_range([-8, 7], "pack")
    (-8, 7)
    """
    try:
        low, high = (operator.index(v) for v in value_range)
    except (TypeError, ValueError):
        low, high = 0, 0
    if not low < high:
        raise ValueError(f"{what}: expected value_range (lowest, highest) of two integers, received {value_range!r}.")
    return low, high


def abs_max_quantize(
    inputs: Any,
    axis: Any,
    value_range: tuple[int, int] = INT8,
    dtype: Any = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[Any, Any]:
    """Codes of x in Keras's convention: scale = highest / (max|x| + epsilon), codes = round(x · scale).

    Args:
        inputs: floats.
        axis: the axis or axes along which elements share a scale.
        value_range: lowest and highest code; default (-127, 127).
        dtype: type of the codes; default "int8".
        epsilon: added to the maximum, so that zeros have a scale; default 1e-7.
        to_numpy: as in Keras, where it saves a GPU's memory. netlet computes the same numbers either way.

    Returns:
        (codes, scale): codes of x's shape, scale of x's dtype with size 1 along `axis`.

    Raises:
        ValueError: a value_range that is not two integers in order.

    Source: keras.quantizers.abs_max_quantize. `ops.quantize_absmax` is netlet's own form.

    >>> codes, scale = abs_max_quantize(np.array([0.1, -1.6, 3.2], "float32"), axis=0)
    >>> codes.tolist(), scale.round(4).tolist()
    ([4, -64, 127], [39.6875])
    """
    low, high = checked_range(value_range, "abs_max_quantize")
    x = ops.convert_to_tensor(inputs)
    top = ops.max(ops.abs(x), axis=axis, keepdims=True)
    scale = ops.divide(float(high), ops.add(top, epsilon))
    scale = ops.cast(scale, standardize_dtype(x.dtype))
    codes = ops.clip(ops.round(ops.multiply(x, scale)), low, high)
    return ops.cast(codes, dtype), scale


def abs_max_quantize_grouped_with_zero_point(
    inputs: Any,
    block_size: int,
    value_range: tuple[int, int] = (-8, 7),
    dtype: Any = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[Any, Any, Any]:
    """Codes of a matrix in groups of rows, each with a scale and a zero point per column.

    codes = round(x / scale) + zero_point, so that x is close to (codes - zero_point) · scale. The range of a group,
    max - min, takes all steps of `value_range`.

    Args:
        inputs: floats (rows, columns).
        block_size: rows of a group; the last group may have fewer.
        value_range: lowest and highest code; default (-8, 7), 4 bits. `highest - lowest + 1` is a power of 2.
        dtype: type of the codes; default "int8".
        epsilon: added to max - min; default 1e-7.
        to_numpy: as in Keras, where it saves a GPU's memory. The range of a group that is not full then includes 0, and
            that of a constant group is not widened.

    Returns:
        (codes, scale, zero_point): codes (rows, columns); scale of x's dtype and zero_point int8, both (groups,
        columns).

    Raises:
        ValueError: x is no matrix or empty; block_size below 1; a value_range that is no range of whole bits.

    Source: keras.quantizers.abs_max_quantize_grouped_with_zero_point.

    >>> x = np.array([[0.0], [1.5], [-4.0], [3.5]], "float32")
    >>> codes, scale, zero = abs_max_quantize_grouped_with_zero_point(x, block_size=2)
    >>> codes[:, 0].tolist(), zero[:, 0].tolist(), scale[:, 0].round(3).tolist()
    ([-8, 7, -8, 7], [-8, 0], [0.10000000149011612, 0.5])
    """
    name = "abs_max_quantize_grouped_with_zero_point"
    low, high = checked_range(value_range, name)
    bits = (high - low + 1).bit_length() - 1
    if (low, high) != (-(1 << bits >> 1), (1 << bits >> 1) - 1):
        raise ValueError(f"{name}: expected value_range such as (-8, 7) or (-128, 127), received {value_range!r}.")
    block = operator.index(block_size)
    x = ops.convert_to_tensor(inputs)
    if len(x.shape) != 2 or 0 in x.shape or block < 1:
        raise ValueError(
            f"{name}: expected a matrix with rows and columns and a block_size of at least 1, "
            f"received shape {tuple(x.shape)} and block_size {block_size}."
        )
    rows, columns = x.shape
    groups = -(-rows // block)
    padded = ops.pad(x, [[0, groups * block - rows], [0, 0]]) if groups > 1 or to_numpy else x
    grouped = ops.reshape(padded, (groups, -1, columns))
    least, most = ops.min(grouped, axis=1, keepdims=True), ops.max(grouped, axis=1, keepdims=True)
    if not to_numpy:
        constant = ops.equal(least, most)
        least, most = ops.where(constant, least - 1, least), ops.where(constant, most + 1, most)
    scale = ops.divide(most - least + epsilon, float(high - low))
    zero = ops.clip(ops.round(ops.divide(-least, scale)) + low, low, high)
    codes = ops.clip(ops.round(ops.divide(grouped, scale)) + zero, low, high)
    codes = ops.cast(ops.reshape(codes, (-1, columns))[:rows], dtype)
    return codes, scale[:, 0], ops.cast(zero[:, 0], "int8")


class Quantizer:
    """Base class of Keras's quantizers: `__call__(x)` returns x's codes, `get_config` the arguments.

    Args:
        output_dtype: type of the codes; default "int8".

    Source: Keras 3, `keras.quantizers.Quantizer`.

    >>> class Rounding(Quantizer):
    ...     def __call__(self, x):
    ...         return ops.cast(ops.round(x), self.output_dtype)
    >>> Rounding()(np.array([1.4, 2.6])).tolist()
    [1, 3]
    """

    def __init__(self, output_dtype: str = "int8") -> None:
        self.output_dtype = output_dtype

    def __call__(self, x: Any) -> Any:
        return x

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Quantizer:
        """Makes a quantizer from the dict that `get_config` returned.

        Args:
            config: the arguments by name.

        Returns:
            A quantizer of this class.
        """
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as a dict. Each quantizer defines its own.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define get_config().")


class AbsMaxQuantizer(Quantizer):
    """Calls `abs_max_quantize`.

    Args:
        axis: the axis or axes along which elements share a scale, where the call names none; default -1.
        value_range: lowest and highest code; default (-127, 127).
        epsilon: added to the maximum; default 1e-7.
        output_dtype: type of the codes; default "int8".

    Raises:
        ValueError: a value_range that is not two integers in order, or that int8 cannot hold.

    >>> codes, scale = AbsMaxQuantizer()(np.array([[1.0, -2.0]], "float32"))
    >>> codes.tolist(), scale.shape
    ([[64, -127]], (1, 1))
    """

    def __init__(
        self,
        axis: Any = None,
        value_range: tuple[int, int] = INT8,
        epsilon: float = 1e-7,
        output_dtype: str = "int8",
    ) -> None:
        super().__init__(output_dtype)
        self.axis = None if axis is None else tuple(np.atleast_1d(axis).tolist())
        self.value_range = checked_range(value_range, "AbsMaxQuantizer")
        self.epsilon = epsilon
        if output_dtype == "int8" and not -128 <= self.value_range[0] < self.value_range[1] <= 127:
            raise ValueError(
                f"AbsMaxQuantizer: expected value_range within (-128, 127) for int8, received {value_range}."
            )

    def __call__(self, x: Any, axis: Any = None, to_numpy: bool = False) -> tuple[Any, Any]:
        """(codes, scale) of x.

        Args:
            x: floats.
            axis: as in the constructor, which it replaces.
            to_numpy: see `abs_max_quantize`.
        """
        axis = axis if axis is not None else self.axis if self.axis is not None else -1
        return abs_max_quantize(x, axis, self.value_range, self.output_dtype, self.epsilon, to_numpy)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as a dict."""
        config = {"value_range": self.value_range, "epsilon": self.epsilon, "output_dtype": self.output_dtype}
        return config if self.axis is None else {**config, "axis": self.axis}
