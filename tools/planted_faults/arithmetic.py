"""Faults that break promises about numbers: 1 to 4, 7, 18."""

from __future__ import annotations

from .fault import Fault

FAULTS = [
    Fault(
        1,
        "matrix products: the last slice of a split sum is left out",
        "csrc/ops/gemm/gemm_simd.cpp",
        "for (int64_t s = 0; s < g.count; ++s) sum += V::load_n(",
        "for (int64_t s = 0; s + 1 < g.count; ++s) sum += V::load_n(",
        "tests/ops/test_gemm.py",
    ),
    Fault(
        2,
        "matrix products: split sums are rounded to multiples of 8",
        "csrc/ops/gemm/gemm_simd.cpp",
        "sum.store_n(c + j, n);",
        "(sum + V::set1(T(1 << 26)) - V::set1(T(1 << 26))).store_n(c + j, n);",
        "tests/ops/test_gemm.py",
    ),
    Fault(
        3,
        "expm1 is exp minus one",
        "csrc/ops/elementwise/elementwise_formulas.h",
        "f(expm1, expm1(x))",
        "f(expm1, exp(x) - one)",
        "tests/ops/test_vmath.py",
    ),
    Fault(
        4,
        "softmax: at most 80 is subtracted from a row",
        "csrc/ops/softmax/softmax_rows.h",
        "V e = exp(load_row<V>(x + i, k) - m);",
        "V e = exp(load_row<V>(x + i, k) - min(m, V::set1(T(80))));",
        "tests/ops/test_softmax.py",
    ),
    Fault(
        7,
        "quantizers: ranges are multiplied by the reciprocal of the steps",
        "csrc/ops/quant/quant_code.h",
        "high / steps - low / steps : range / steps;",
        "high / steps - low / steps : range * (T(1) / steps);",
        "tests/ops/test_quant.py",
    ),
    Fault(
        18,
        "moving average of ranges: each batch counts as much as all before",
        "python/netlet/layers/quantized/base/observers.py",
        "BATCH_SHARE = 0.1",
        "BATCH_SHARE = 1.0",
        "tests/quantizers/test_observers.py",
    ),
    Fault(
        18,
        "calibration: the range of a layer is half of what was seen",
        "python/netlet/quantizers/calibration.py",
        "return {id(layer): seen.range() for",
        "return {id(layer): tuple(v / 2 for v in seen.range()) for",
        "tests/quantizers/test_observers.py tests/quantizers/test_accuracy.py",
    ),
]
