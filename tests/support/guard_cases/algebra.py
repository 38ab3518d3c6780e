"""Cases of matrix products: one shape for each path, in floats, bfloat16 and codes, with gradients."""

from __future__ import annotations

import itertools

from netlet import _core
from support.bf16 import BF16
from support.guard_cases.table import FLOATS, case, numbers, with_gradients

# M, N, K, transposed b: of each path of gemm_choice.cpp, with partial tiles at every edge.
PATHS = [
    (3, 5, 7, False),
    (17, 33, 9, True),
    (33, 129, 130, True),
    (61, 513, 50, False),
    (11, 9, 12_001, False),
    (1, 301, 330, False),
    (3, 501, 201, False),
    (1, 301, 71, True),
    (4, 33, 71, True),
]


@case(*FLOATS)
def products(dtype):
    found = []
    for m, n, k, transposed in PATHS:
        a, b = numbers(m, k, dtype=dtype), numbers(*((n, k) if transposed else (k, n)), dtype=dtype, seed=1)
        found.append(with_gradients(lambda x, y, t=transposed: _core.matmul(x, y, False, t), a, b))
    return found


@case(*FLOATS)
def dense(dtype):
    found = []
    for m, n, k in [(3, 1, 5), (7, 17, 9), (33, 70, 11), (1, 300, 40)]:
        arrays = (numbers(m, k, dtype=dtype), numbers(k, n, dtype=dtype), numbers(n, dtype=dtype))
        found.append(with_gradients(lambda *a: _core.dense(*a, "relu"), *arrays))
    return found


@case("int8", "uint8", "bfloat16")
def low_precision(dtype):
    def operand(m, n, kind):
        return numbers(m, n).astype(BF16) if dtype == "bfloat16" else numbers(m, n, dtype=kind)

    more = {"dtype": "float32"} if dtype == "bfloat16" else {}
    return [
        _core.matmul(operand(m, k, dtype), operand(*((n, k) if t else (k, n)), "int8"), False, t, **more)
        for (m, n, k), t in itertools.product([(1, 3, 5), (17, 33, 9), (31, 129, 131)], [False, True])
    ]


@case()
def mixed_products():
    found = []
    for m, n, k in [(1, 1, 1), (5, 17, 3), (31, 129, 131), (4_097, 9, 7)]:
        x, w, b = numbers(m, k).astype(BF16), numbers(k, n), numbers(n)
        found.append(with_gradients(lambda *a: _core.dense(*a, "relu"), x, w, b))
    return found
