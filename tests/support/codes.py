"""8-bit codes for tests, and NumPy's version of what requantization computes (csrc/ops/quant/requantize_args.h)."""

from __future__ import annotations

import numpy as np

INEXACT = ("sigmoid", "tanh", "elu", "exponential")  # activations whose bits depend on the instruction set


def codes(rng, shape, dtype):
    """Codes over the full range of the dtype."""
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max + 1, shape).astype(dtype)


def scales(rng, shape):
    return rng.uniform(0.001, 0.02, shape).astype("float32")


def activated(v, activation, alpha):
    """In float32, one rounding for each operation, as the kernels."""
    alpha = np.float32(alpha)
    if activation == "relu":
        return np.maximum(v, np.float32(0))
    if activation == "leaky_relu":
        return np.where(v > 0, v, v * alpha)
    wide = v.astype("float64")
    with np.errstate(over="ignore"):
        if activation == "sigmoid":
            wide = 1 / (1 + np.exp(-wide))
        elif activation == "tanh":
            wide = np.tanh(wide)
        elif activation == "elu":
            wide = np.where(wide > 0, wide, alpha * np.expm1(wide))
        elif activation == "exponential":
            wide = np.exp(wide)
        return wide.astype("float32")


def quantized(v, scale, zero, dtype="uint8"):
    info = np.iinfo(dtype)
    scale, zero = np.asarray(scale, v.dtype), np.asarray(0 if zero is None else zero).astype(v.dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        code = np.round(v / scale) + zero
    return np.where(np.isnan(code), 0, np.clip(code, info.min, info.max)).astype(dtype)


def centered(q, zero):
    """q - zero in int64; zero broadcasts against q."""
    return q.astype("int64") - (0 if zero is None else np.asarray(zero).astype("int64"))


def requantized(
    sums, x_scale, kernel_scale, bias=None, activation="linear", alpha=0, out_scale=None, out_zero=None
) -> np.ndarray:
    """`sums` is the int64 product of centered codes (..., N)."""
    if bias is not None and bias.dtype == np.int32:
        sums = sums + bias.astype("int64")
    v = sums.astype("int32").astype("float32") * (x_scale * np.reshape(kernel_scale, -1))
    if bias is not None and bias.dtype == np.float32:
        v = v + bias
    v = activated(v, activation, alpha)
    if out_scale is None:
        return v
    return quantized(v, out_scale, out_zero, "uint8" if out_zero is None else out_zero.dtype)


def dense_problem(rng, m, n, k, dtype, row_scales=False, zero=True, kernel_zero=False, channels=True, bias=None):
    """Random arguments of quantized_dense by name, without the options of its last step."""
    rows, columns = (m, 1) if row_scales else (), (1, n) if channels else ()
    return {
        "x": codes(rng, (m, k), dtype),
        "x_scale": scales(rng, rows),
        "x_zero": codes(rng, rows, dtype) if zero else None,
        "kernel": codes(rng, (k, n), "int8"),
        "kernel_scale": scales(rng, columns),
        "kernel_zero": codes(rng, columns, "int8") if kernel_zero else None,
        "bias": {None: None, "float32": rng.normal(0, 1, n).astype("float32"),
                 "int32": rng.integers(-5000, 5000, n).astype("int32")}[bias],
    }  # fmt: skip
