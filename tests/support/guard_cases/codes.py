"""Cases of 8-bit codes: quantization, and layers of codes."""

from __future__ import annotations

import numpy as np

from netlet import _core
from support.codes import codes, dense_problem
from support.guard_cases.table import FLOATS, SIZES, case, numbers, with_gradients
from support.quantized_convolution import KINDS, Case
from support.quantized_rnn import weights_of
from support.rnn_arrays import GATES
from support.rnn_arrays import case as rnn_case


@case(*FLOATS)
def quantized(dtype):
    found = []
    for shape in (*((3, n) for n in SIZES), (1, 40_001)):
        x = numbers(*shape, dtype=dtype)
        for axes in (None, [0], [1]):
            q, scale = _core.quantize_absmax(x, axes)
            found += [q, scale, _core.dequantize_absmax(q, scale)]
            q, scale, zero = _core.quantize_zeropoint(x, "uint8", axes)
            found += [q, scale, zero, _core.dequantize_zeropoint(q, scale, zero)]
        one = np.asarray(0.01, dtype), np.uint8(7)
        found += [_core.quantize_with(x, *one), with_gradients(lambda v, one=one: _core.fake_quantize_with(v, *one), x)]
    return found


@case()
def moved_codes():
    found, rng = [], np.random.default_rng(0)
    scales = np.float32(0.02), np.uint8(3), np.float32(0.03), np.uint8(100)
    for n in (*SIZES, 65):
        q = codes(rng, (n,), "uint8")
        found.append(_core.requantize(q, *scales))
        found.append(_core.quantized_add(q, *scales[:2], q, *scales[2:], "relu", 0.0, *scales[:2]))
        found += [_core.unpack_int4(codes(rng, (3, n), "int8"), axis, 2 * (3, n)[axis] - 1) for axis in (0, 1)]
        found.append(_core.dequantize_groups(codes(rng, (12, n), "int8"), numbers(3, n), None, 4))
    return found


@case("uint8", "int8")
def dense_of_codes(dtype):
    rng, found = np.random.default_rng(0), []
    for m, n, k in [(1, 1, 1), (3, 5, 7), (17, 33, 9), (31, 65, 129), (3, 300, 771)]:
        problem = dense_problem(rng, m, n, k, dtype, kernel_zero=True, channels=True, bias="float32")
        found += [_core.quantized_dense(**problem), _core.quantized_dense(**problem, out_scale=np.float32(0.2))]
    return found


@case(*KINDS)
def convolutions_of_codes(kind):
    return [Case(kind, seed).run(out_scale=np.float32(3)) for seed in range(20)]


@case(*GATES)
def recurrent_of_codes(kind):
    found = []
    for shape in [(1, 2, 3, 5), (3, 2, 1, 17), (9, 3, 2, 33)]:
        arrays = rnn_case(kind, *shape, dtype="float32")
        (w, w_scale), (r, r_scale) = weights_of(arrays[1]), weights_of(arrays[2])
        x = codes(np.random.default_rng(0), shape[:3], "uint8")
        zero = np.asarray(np.uint8(9))
        found.append(_core.quantized_rnn(kind, x, np.float32(0.02), zero, w, w_scale, None, r, r_scale, *arrays[3:]))
    return found
