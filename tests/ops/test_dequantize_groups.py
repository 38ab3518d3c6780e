"""_core.dequantize_groups: codes whose rows share scales in groups, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core


def operands(rows, columns, group, dtype="int8", seed=0):
    rng = np.random.default_rng(seed)
    info = np.iinfo(dtype)
    shape = -(-rows // group), columns
    q = rng.integers(info.min, info.max + 1, (rows, columns)).astype(dtype)
    return q, rng.uniform(0.1, 2, shape).astype("float32"), rng.integers(info.min, info.max + 1, shape).astype(dtype)


def reference(q, scale, zero, group):
    of_row = np.arange(len(q)) // group
    return (q.astype("float32") - (0 if zero is None else zero[of_row].astype("float32"))) * scale[of_row]


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("group", [1, 3, 4, 7, 12, 50])
@pytest.mark.parametrize("shape", [(12, 2), (12, 17), (7, 300)])
def test_rows_take_the_scale_of_their_group(isa, threads, dtype, group, shape):
    q, scale, zero = operands(*shape, group, dtype)
    for z in (zero, None):
        np.testing.assert_array_equal(_core.dequantize_groups(q, scale, z, group), reference(q, scale, z, group))


@pytest.mark.parametrize(("rows", "group"), [(12, 1), (12, 4), (12, 12), (120_000, 40_000)])
def test_one_column(isa, rows, group):
    q, scale, zero = operands(rows, 1, group)
    np.testing.assert_array_equal(_core.dequantize_groups(q, scale, zero, group), reference(q, scale, zero, group))


def test_no_rows():
    assert _core.dequantize_groups(np.zeros((0, 3), "int8"), np.zeros((0, 3), "float32"), None, 4).shape == (0, 3)


def test_a_plan_computes_it_once():
    q, scale, zero = (_core.tensor(v) for v in operands(10, 6, 4))
    tape = _core.Tape(record=True)
    with tape:
        y = _core.matmul(tape.input((2, 10), "float32", "x"), _core.dequantize_groups(q, scale, zero, 4))
        plan = tape.compile([y])
    assert [row["kept"] for row in plan.records() if row["kernel"] == "dequantize_f32"] == [True]


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"q": np.zeros((10, 6), "float32")}, TypeError, "int8 or uint8, received float32"),
        ({"q": np.zeros(10, "int8")}, ValueError, r"a matrix of codes .* received \(10,\)"),
        ({"group": 0}, ValueError, "groups of 0"),
        ({"group": 3}, ValueError, r"shape \(4, 6\) for codes \(10, 6\) in groups of 3 rows, received .* \(3, 6\)"),
        ({"scale": np.zeros((3, 6))}, ValueError, "received float64"),
        ({"zero": np.zeros((3, 6), "uint8")}, ValueError, "zero point of int8 .* received uint8"),
        ({"q": np.zeros((10, 1), "int8"), "scale": np.zeros((3, 1), "float32")}, ValueError, "whole groups"),
    ],
)
def test_errors(change, error, text):
    q, scale, zero = operands(10, 6, 4)
    arguments = {"q": q, "scale": scale, "zero": zero, "group": 4, **change}
    with pytest.raises(error, match=text):
        _core.dequantize_groups(**arguments)
