"""Cases of convolutions, pooling and images."""

from __future__ import annotations

import numpy as np

from netlet import _core
from support.bf16 import BF16
from support.guard_cases.table import FLOATS, case, numbers, with_gradients

SAME, VALID = [(1, 1)] * 2, [(0, 0)] * 2
# Size of the image, channels, filters, strides, pads. Winograd needs 16 channels and 16 tiles.
CONVOLUTIONS = [
    ((6, 7), 3, 5, [1, 1], SAME),
    ((5, 6), 3, 17, [1, 1], SAME),
    ((16, 17), 16, 33, [1, 1], SAME),
    ((19, 18), 17, 16, [1, 1], VALID),
    ((9, 8), 9, 17, [2, 1], SAME),
    ((5, 9), 33, 1, [1, 1], VALID),
]


def convolution(size, channels, filters, strides, pads, f=_core.conv, dtype="float32", taps=(3, 3), batch=2):
    x, w = numbers(batch, *size, channels, dtype=dtype), numbers(*taps, channels, filters, dtype=dtype)
    if f is _core.depthwise_conv:
        return with_gradients(lambda x, w: f(x, w, None, strides, pads, [1, 1]), x, w)
    b = numbers(filters, dtype=dtype)
    return with_gradients(lambda x, w, b: f(x, w, b, strides, pads, [1, 1], "relu"), x, w, b)


@case(*FLOATS)
def convolutions(dtype):
    return [convolution(*sizes, dtype=dtype) for sizes in CONVOLUTIONS]


@case()
def convolutions_of_the_highest_precision():
    _core.keep_convolutions_exact(True)
    found = [convolution(*sizes) for sizes in CONVOLUTIONS if min(sizes[1:3]) >= 16]
    _core.keep_convolutions_exact(False)
    return found


# Without gradients conv_planar pads by itself.
@case(*FLOATS)
def convolutions_of_few_channels(dtype):
    found = []
    for channels, filters, stride in [(1, 5, 1), (1, 17, 1), (3, 5, 2)]:
        x, w = numbers(2, 9, 23, channels, dtype=dtype), numbers(3, 3, channels, filters, dtype=dtype)
        found.append(_core.conv(x, w, numbers(filters, dtype=dtype), [stride] * 2, SAME, [1, 1], "tanh"))
    return found


@case(*FLOATS)
def depthwise_convolutions(dtype):
    return [
        convolution((5, 6), channels, multiplier, [1, 1], SAME, _core.depthwise_conv, dtype)
        for channels, multiplier in [(1, 1), (3, 2), (17, 1), (33, 1)]
    ]


@case()
def mixed_convolutions():
    found = []
    for size, channels, filters, stride in [((8, 9), 17, 33, 1), ((12, 13), 16, 16, 1), ((9, 10), 16, 17, 2)]:
        x, w, b = numbers(4, *size, channels).astype(BF16), numbers(3, 3, channels, filters), numbers(filters)
        found.append(with_gradients(lambda *a, s=stride: _core.conv(*a, [s] * 2, SAME, [1, 1], "relu"), x, w, b))
    return found


@case(*FLOATS)
def pools(dtype):
    found = []
    for channels in (1, 3, 17, 33):
        for window, strides, pads in [([2, 2], [2, 2], VALID), ([3, 2], [1, 2], SAME), ([3, 3], [2, 1], SAME)]:
            for f in (_core.max_pool, _core.average_pool):
                x = numbers(2, 5, 7, channels, dtype=dtype)
                found.append(with_gradients(lambda v, f=f, a=(window, strides, pads): f(v, *a), x))
    return found


@case("int8", "uint8")
def pools_of_codes(dtype):
    arrays = [numbers(2, 5, 7, channels, dtype=dtype) for channels in (1, 3, 17, 33, 65)]
    return [f(x, [3, 2], [2, 1], SAME) for f in (_core.max_pool, _core.average_pool) for x in arrays]


@case(*FLOATS)
def resampled(dtype):
    bands = np.array([0, 1, 1], "int32"), np.array([2, 0, 3], "int32"), numbers(3, 3, dtype="float64")
    arrays = [numbers(2, 4, inner, dtype=dtype) for inner in (1, 3, 7, 17, 33)]
    return [with_gradients(lambda v: _core.resample(v, 1, *bands), x) for x in arrays]


@case(*FLOATS)
def transformed(dtype):
    found = []
    turn = np.array([[0.8, -0.6, 1.5, 0.6, 0.8, -2.5, 0, 0], [1, 0, 0, 0, 1, 0, 0.01, 0.02]], dtype)
    for channels in (1, 2, 3, 5):
        x = numbers(2, 9, 13, channels, dtype=dtype)
        for mode in ("constant", "nearest", "wrap", "mirror", "reflect"):
            for name in ("nearest", "bilinear"):
                found.append(with_gradients(lambda v, n=name, m=mode: _core.affine_transform(v, turn, n, m, 0.5), x))
        found.append(_core.flip_images(x, np.array([True, False]), True, True))
    corners = np.array([[[0, 0], [5, 0], [0, 4], [5, 4]]] * 3, dtype)
    return found, _core.homography(corners, corners + numbers(3, 4, 2, dtype=dtype))


@case(*FLOATS)
def sampled(dtype):
    found = []
    for sizes, channels in [((5,), 2), ((4, 3), 1), ((4, 3), 5), ((2, 3, 2), 3)]:
        x = numbers(2, int(np.prod(sizes)), channels, dtype=dtype)
        at = 9 * numbers(2, len(sizes), 67, dtype=dtype) - 3
        for mode in ("constant", "nearest", "wrap", "mirror", "reflect"):
            found.append(with_gradients(lambda v, a, m=mode, s=sizes: _core.sample(v, a, s, True, m), x, at))
    return found


@case(*FLOATS)
def equalized(dtype):
    images = [255 * numbers(*shape, dtype=dtype) for shape in [(1, 1, 1, 1), (2, 7, 5, 3), (1, 33, 18, 1)]]
    images.append(255 * numbers(9, 7, 5, 3, dtype=dtype))  # many images: one work unit each
    return [_core.equalize(x, 256) for x in images], [_core.equalize_tiles(x, 4.0, 2, 3) for x in images[1:]]
