"""4-bit codes of weights: how they are computed, and packed in pairs."""

from __future__ import annotations

from typing import Any

import numpy as np


def pack(codes: Any, axis: int) -> Any:
    """Two codes in a byte: of each pair along the axis, the first in the low nibble, as Keras packs them.

    Args:
        codes: int8 or uint8, from -8 to 15.
        axis: the axis of the pairs; an odd length is padded with a 0.

    Returns:
        An array of the codes' dtype with ceil(length / 2) along the axis.

    >>> pack(np.array([-3, 2, 1], "int8"), 0)
    array([45,  1], dtype=int8)
    """
    nibbles = np.moveaxis(codes, axis, 0).view("uint8") & 15
    if len(nibbles) % 2:
        nibbles = np.concatenate([nibbles, np.zeros_like(nibbles[:1])])
    packed = np.moveaxis(nibbles[::2] | (nibbles[1::2] << 4), 0, axis)
    return np.ascontiguousarray(packed).view(codes.dtype)


def grouped_codes(w: Any, group: int) -> tuple[Any, Any, Any]:
    """Codes from -8 to 7 of a matrix, whose rows share scales and zero points in groups.

    scale = (max - min) / 15, zero_point = round(-8 - min / scale), code = round(w / scale) + zero_point, as
    `ops.quantize_zeropoint` with 16 instead of 256 codes: max and min include 0, and a group of zeros has the scale 1.

    Args:
        w: float32 (K, N).
        group: rows of a group; the last group may have fewer.

    Returns:
        (codes int8 (K, N), scale float32 (groups, N), zero_point int8 (groups, N)).

    >>> codes, scale, zero = grouped_codes(np.array([[0.0], [3.0], [-1.5]], "float32"), 3)
    >>> codes[:, 0].tolist(), scale.round(4).tolist(), zero.tolist()
    ([-3, 7, -8], [[0.30000001192092896]], [[-3]])
    """
    starts = np.arange(0, len(w), group)
    least = np.minimum(np.minimum.reduceat(w, starts, axis=0), np.float32(0))
    most = np.maximum(np.maximum.reduceat(w, starts, axis=0), np.float32(0))
    scale = most / np.float32(15) - least / np.float32(15)
    scale = np.where(most == least, np.float32(1), np.maximum(scale, np.finfo(np.float32).tiny))
    zero = np.clip(np.rint(-8 - least / scale), -8, 7)
    of_row = np.arange(len(w)) // group
    codes = np.clip(np.rint(w / scale[of_row]) + zero[of_row], -8, 7)
    return codes.astype("int8"), scale.astype("float32"), zero.astype("int8")
