"""Recurrent ops against ONNX's reference evaluator for RNN, LSTM and GRU."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from netlet import ops

# Order of the gates: netlet has i, f, g, o (LSTM) and z, r, n (GRU); ONNX has i, o, f, c and z, r, h.
ORDER = {"RNN": [0], "LSTM": [0, 3, 1, 2], "GRU": [0, 1, 2]}


def onnx_result(operator, x, w, r, b, h, c, **attributes):
    """(Y, Y_h[, Y_c]) with netlet's order of axes, from weights in netlet's layout."""
    units, order = r.shape[0], ORDER[operator]

    def rows(matrix):  # (K, G U) -> (1, G U, K)
        return np.concatenate([matrix[:, g * units : (g + 1) * units] for g in order], 1).T[None]

    both = np.concatenate([rows(v[None])[..., 0] for v in b], 1)  # (1, 2 G U)
    given = {"X": x.swapaxes(0, 1), "W": rows(w), "R": rows(r), "B": both, "h": h[None]}
    names = ["X", "W", "R", "B", "", "h"]
    outputs = ["Y", "Y_h"]
    if operator == "LSTM":
        given["c"] = c[None]
        names.append("c")
        outputs.append("Y_c")
    node = helper.make_node(operator, names, outputs, hidden_size=units, **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info(n, TensorProto.DOUBLE, v.shape) for n, v in given.items()],
        [helper.make_tensor_value_info(n, TensorProto.DOUBLE, None) for n in outputs],
    )
    y, *states = ReferenceEvaluator(helper.make_model(graph)).run(None, given)
    return [y[:, 0].swapaxes(0, 1), *(s[0] for s in states)]


def arrays(gates, n=3, steps=5, features=2, units=4):
    rng = np.random.default_rng(0)
    shapes = [(n, steps, features), (features, gates * units), (units, gates * units), (2, gates * units), (n, units)]
    return [rng.normal(0, 0.7, s) for s in (*shapes, (n, units))]


def check(found, expected):
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-12, atol=1e-13)


def test_rnn():
    x, w, r, b, h, _ = arrays(1)
    check(ops.simple_rnn(x, w, r, b.sum(0), h), onnx_result("RNN", x, w, r, b, h, None))


def test_lstm():
    x, w, r, b, h, c = arrays(4)
    check(ops.lstm(x, w, r, b.sum(0), h, c), onnx_result("LSTM", x, w, r, b, h, c))


def test_gru_with_reset_after():
    x, w, r, b, h, _ = arrays(3)
    check(ops.gru(x, w, r, b, h), onnx_result("GRU", x, w, r, b, h, None, linear_before_reset=1))


def test_gru_with_reset_before():
    x, w, r, b, h, _ = arrays(3)
    check(ops.gru(x, w, r, b.sum(0), h, reset_after=False), onnx_result("GRU", x, w, r, b, h, None))
