"""One time step of a recurrent layer of codes, in NumPy: int64 sums, float32 products, float64 gates."""

from __future__ import annotations

import numpy as np

from support.quantized import codes, row_ranges

F = np.float32
CURVES = {
    "tanh": np.tanh,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "linear": lambda v: v,
    "relu": lambda v: np.maximum(v, 0),
    "hard_sigmoid": lambda v: np.clip(v / 6 + 0.5, 0, 1),
}


def range_codes(x):
    """Codes, scale and zero point of each row of x, from its range (ONNX's DynamicQuantizeLinear)."""
    scale, zero = row_ranges(x, (-1,))
    return codes(x, scale, zero).astype("int64"), scale, zero.astype("int64")


def dequantized_product(codes, scale, zero, w, w_scale, w_zero=0):
    return ((codes - zero) @ (w.astype("int64") - w_zero)).astype("float32") * (scale * w_scale)


def weights_of(kernel):
    """int8 codes of a kernel (K, N), and one scale for each column."""
    scale = np.abs(kernel).max(0, initial=0) / F(127)
    scale[scale == 0] = 1
    return np.clip(np.rint(kernel / scale), -127, 127).astype("int8"), scale


def step(kind, x, w, r, bias, h, c, act="tanh", gate="sigmoid"):
    """(h, c) after one step: x is (codes (B, I), scale, zero), w and r are (codes, scale)."""
    a, s = CURVES[act], CURVES[gate]
    u = len(r[0])
    from_x = dequantized_product(*x, *w)
    if bias is not None:
        from_x = from_x + (bias[0] if kind == "gru" else bias)

    def product(v, first, last):
        return dequantized_product(*range_codes(v), r[0][:, first:last], r[1][first:last])

    def wide(v):
        return v.astype("float64")

    if kind == "simple_rnn":
        return a(wide(from_x + product(h, 0, u))), None
    if kind == "lstm":
        i, f, g, o = np.split(wide(from_x + product(h, 0, 4 * u)), 4, 1)
        c = s(f) * c + s(i) * a(g)
        return s(o) * a(c), c
    if kind == "gru":
        m = product(h, 0, 3 * u)
        m = m if bias is None else m + bias[1]
        update, reset = s(wide(from_x + m)[:, :u]), s(wide(from_x + m)[:, u : 2 * u])
        new = a(wide(from_x[:, 2 * u :]) + reset * m[:, 2 * u :])
    else:
        gates = s(wide(from_x[:, : 2 * u] + product(h, 0, 2 * u)))
        update, reset = gates[:, :u], gates[:, u:].astype("float32")
        new = a(wide(from_x[:, 2 * u :] + product(reset * h, 2 * u, 3 * u)))
    return update * h + (1 - update) * new, None
