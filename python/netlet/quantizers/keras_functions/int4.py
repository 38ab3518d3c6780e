"""4-bit codes, two in a byte: as Keras packs them, and as layers with 4-bit weights store them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from netlet import _core, ops
from netlet.config import standardize_dtype
from netlet.layers.quantized.weight_only.int4_codes import pack

BYTES = ("int8", "uint8")


def _checked(dtype: Any, given: Any, what: str) -> str:
    """The name of `dtype`. Raises where it, or that of the argument, is no type of one byte."""
    name = standardize_dtype(dtype)
    if name not in BYTES:
        raise ValueError(f"{what}: expected dtype int8 or uint8, received {name}.")
    if standardize_dtype(given) not in BYTES:
        raise TypeError(f"{what}: expected an array of int8 or uint8, received {standardize_dtype(given)}.")
    return name


def _place(axis: int, rank: int, what: str) -> int:
    place = operator.index(axis)
    if not -rank <= place < rank:
        raise ValueError(f"{what}: expected an axis of an array with {rank} axes, received {axis}.")
    return place % rank


def pack_int4(arr: Any, axis: int = 0, dtype: Any = "int8") -> tuple[Any, tuple[int, ...], int]:
    """Packs 4-bit codes in pairs along an axis: the first of a pair in the low nibble, the second in the high one.

    Args:
        arr: int8 (or uint8) codes from -8 to 7 (0 to 15).
        axis: the axis of the pairs; default 0. An odd length is padded with one 0.
        dtype: "int8" (default) or "uint8": arr's type and the result's.

    Returns:
        (packed, its shape, length of `axis` in arr).

    Raises:
        ValueError: a dtype or axis that does not exist; codes that 4 bits do not hold (Keras drops their upper bits).
        TypeError: arr has another type than `dtype`.

    Source: keras.quantizers.pack_int4.

    >>> packed, shape, length = pack_int4(np.array([-3, 2, 1], "int8"))
    >>> packed.tolist(), shape, length
    ([45, 1], (2,), 3)
    """
    codes = np.asarray(arr)
    name = _checked(dtype, codes.dtype, "pack_int4")
    if codes.dtype != name:
        raise TypeError(f"pack_int4: expected an array of {name}, received {codes.dtype}.")
    low, high = (-8, 7) if name == "int8" else (0, 15)
    if codes.size and not low <= codes.min() <= codes.max() <= high:
        raise ValueError(f"pack_int4: expected codes in [{low}, {high}], received {codes.min()} to {codes.max()}.")
    place = _place(axis, codes.ndim, "pack_int4")
    packed = pack(codes, place)
    return ops.convert_to_tensor(packed), packed.shape, codes.shape[place]


def unpack_int4(packed: Any, orig_len: int, axis: int = 0, dtype: Any = "int8") -> Any:
    """The codes that `pack_int4` packed.

    Args:
        packed: int8 or uint8.
        orig_len: length of the axis before packing.
        axis: the axis of the pairs; default 0.
        dtype: "int8" (default): codes from -8 to 7; "uint8": codes from 0 to 15.

    Returns:
        Tensor of that dtype, of packed's shape with `orig_len` elements along the axis.

    Raises:
        ValueError: a dtype or axis that does not exist; an orig_len that the packed array does not hold.
        TypeError: packed is not int8 or uint8.

    Source: keras.quantizers.unpack_int4.

    >>> unpack_int4(np.array([45, 1], "int8"), 3).tolist()
    [-3, 2, 1]
    """
    name = _checked(dtype, packed.dtype, "unpack_int4")
    codes = _core.unpack_int4(packed, _place(axis, len(packed.shape), "unpack_int4"), operator.index(orig_len))
    if name == "int8":
        return codes
    wide = ops.cast(codes, "int32")
    return ops.cast(ops.where(wide < 0, wide + 16, wide), "uint8")
