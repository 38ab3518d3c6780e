"""Where netlet.ops and keras.ops differ on purpose, or where Keras's NumPy backend differs from its others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from support.generated.difference import Difference, not_compared
from support.generated.ops import Call


def arrays(value: object) -> list[np.ndarray]:
    if isinstance(value, (list, tuple)):
        return [x for v in value for x in arrays(v)]
    return [value] if isinstance(value, (np.ndarray, np.generic)) else []


def has(*dtypes: str) -> Callable[[Call], bool]:
    return lambda call: any(str(x.dtype) in dtypes for x in arrays(call.args))


def has_number(call: Call) -> bool:
    return any(isinstance(x, (bool, int, float)) for x in call.args)


def without_strides(call: Call) -> bool:
    return "strides" not in call.kwargs


INTEGERS = "bool", "int8", "uint8", "int32", "int64"
SMALL = has("bool", "int8", "uint8")
DIFFERENCES = [
    # netlet's rules.
    Difference(
        "sum prod trace cumsum cumprod nansum nanprod nancumsum nancumprod vander",
        "dtype",
        "sums and products of 8-bit integers and bools are int32 in netlet, and do not wrap around",
        SMALL,
    ),
    Difference(
        "dot inner vdot matmul tensordot einsum correlate",
        "dtype values",
        "sums of products of 8-bit integers are int32 in netlet, and do not wrap around",
        SMALL,
    ),
    Difference("sum prod cumsum cumprod nansum nanprod nancumsum nancumprod vander", "values", "as above", SMALL),
    Difference(
        "arctan2 hypot logaddexp logaddexp2 fmod gcd lcm heaviside nextafter bitwise_and bitwise_or bitwise_xor fmax "
        "fmin bitwise_left_shift bitwise_right_shift left_shift right_shift isclose allclose divide_no_nan",
        "dtype",
        "Keras makes an array of a Python number first, which then widens the result",
        has_number,
    ),
    Difference("sign round rsqrt", "error dtype", "netlet counts bools as int32; Keras raises", has("bool")),
    Difference("rsqrt", "dtype values error", "netlet casts integers to floatx; JAX raises", has(*INTEGERS)),
    Difference("clip", "dtype", "bounds that are floats make floats of bools, as on JAX", has("bool")),
    Difference("histogram", "error", "netlet flattens the array", lambda call: call.args[0].ndim != 1),
    # Keras's NumPy backend.
    Difference("deg2rad rad2deg", "values", "computed in float16", SMALL, "numpy"),
    Difference("segment_max segment_min", "dtype", "float64", backend="numpy"),
    Difference("sparsemax", "dtype values", "float64, and a sum of less than 1", backend="numpy"),
    Difference("clip", "dtype values", "the bounds of integers are cast to integers", has(*INTEGERS), "numpy"),
    Difference("normalize", "dtype values", "float64, and integers after a division", has(*INTEGERS), "numpy"),
    Difference("top_k unique histogram nonzero", "dtype", "int64 in place of int32 and float32", backend="numpy"),
    Difference(
        "max_pool average_pool", "error", "raises without strides", lambda c: "strides" not in c.kwargs, "numpy"
    ),
    Difference(
        "dot_product_attention",
        "error",
        "several query heads for one key head: on JAX and PyTorch only",
        lambda call: call.args[0].shape[2] != call.args[1].shape[2],
        "numpy",
    ),
    Difference("image.sobel_edges", "values", "pads another way than JAX and TensorFlow", backend="numpy"),
]


def difference(name: str, call: Call) -> set[str]:
    """What is not compared for a call."""
    mixed = {"float32"} if len({str(x.dtype) for x in arrays(call.args)} & {"float32", "float64"}) == 2 else set()
    return not_compared(DIFFERENCES, name, call) | mixed
