"""`netlet.onnx.load` of graphs that exporters seldom write, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import netlet
from support.onnx_graphs import Graph, by_runtime, randoms


def check(proto: Any, rtol: float = 1e-5, **inputs: np.ndarray) -> Any:
    """The loaded model, whose predictions are those of ONNX Runtime."""
    model = netlet.onnx.load(proto)
    results = model.predict(inputs, verbose=0)
    results = results if isinstance(results, list) else [results]
    for got, want in zip(results, by_runtime(proto, inputs), strict=True):
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        np.testing.assert_allclose(got, want, rtol=rtol, atol=1e-5)
    return model


@pytest.mark.parametrize("op_type", ["Identity", "Transpose"])
def test_an_activation_of_a_value_with_two_names(op_type: str) -> None:
    """The other reader sees the value without the activation."""
    r, g = randoms(), Graph(x=("n", 3, 4, 5))
    product = g("Conv", "x", r(2, 3, 3, 3))
    perm = {"perm": [0, 2, 3, 1]} if op_type == "Transpose" else {}
    check(g.model(product, g("Relu", g(op_type, product, **perm))), x=r(2, 3, 4, 5))
