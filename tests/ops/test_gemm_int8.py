"""8-bit integer products: u8 x s8 -> s32 and s8 x s8 -> s32 are exact on every instruction set, on the full range."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import netlet
from netlet import _core
from support.guarded import guarded

SIZES = [*range(18), 31, 32, 33, 63, 64, 65, 127, 128, 129]
TRANSPOSES = list(itertools.product([False, True], repeat=2))
TYPES = ["int8", "uint8"]


def bytes_of(rng, shape, dtype):
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max + 1, shape).astype(dtype)


def operands(rng, m, n, k, ta, tb, dtype):
    return bytes_of(rng, (k, m) if ta else (m, k), dtype), bytes_of(rng, (n, k) if tb else (k, n), "int8")


def exact(a, b, ta=False, tb=False):
    a, b = a.astype("float64"), b.astype("float64")  # sums stay far below 2**53
    return (a.swapaxes(-1, -2) if ta else a) @ (b.swapaxes(-1, -2) if tb else b)


def check(a, b, ta=False, tb=False):
    c = _core.matmul(a, b, ta, tb)
    assert c.dtype == np.int32
    expected = exact(a, b, ta, tb)
    if not np.array_equal(c, expected):
        np.testing.assert_array_equal(c, expected, err_msg=f"{a.shape} {a.dtype} x {b.shape}, transposed {ta} {tb}")


@pytest.mark.parametrize("dtype", TYPES)
def test_ten_thousand_small_shapes(dot_isa, dtype):
    """10,000 shapes for each type and instruction set; all use the same array of numbers."""
    rng = np.random.default_rng(1)
    a, b = bytes_of(rng, 24 * 40, dtype), bytes_of(rng, 24 * 40, "int8")
    shapes = rng.integers(0, [20, 24, 40], (10_000, 3))
    for m, n, k, (ta, tb) in zip(*shapes.T, itertools.cycle(TRANSPOSES)):
        check(a[: m * k].reshape((k, m) if ta else (m, k)), b[: k * n].reshape((n, k) if tb else (k, n)), ta, tb)


@pytest.mark.parametrize("dtype", TYPES)
def test_around_every_edge(dot_isa, dtype):
    rng = np.random.default_rng(2)
    for (m, n, k), (ta, tb) in zip(rng.choice(SIZES, (400, 3)), itertools.cycle(TRANSPOSES)):
        check(*operands(rng, m, n, k, ta, tb, dtype), ta, tb)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("ta", "tb"), TRANSPOSES)
def test_extremes_never_saturate(dot_isa, dtype, ta, tb):
    info = np.iinfo(dtype)
    for x, y, (m, n, k) in itertools.product(
        [info.min, info.max], [-128, 127], [(1, 5, 40), (3, 33, 1537), (40, 70, 999), (2, 1100, 300), (30, 64, 20000)]
    ):
        a = np.full((k, m) if ta else (m, k), x, dtype)
        check(a, np.full((n, k) if tb else (k, n), y, "int8"), ta, tb)


def test_sums_wrap_beyond_int32(dot_isa):
    """Exact modulo 2**32; below 65,536 terms (u8) and 131,072 terms (s8) nothing can wrap."""
    k = 140_000
    for x, dtype in [(-128, "int8"), (255, "uint8")]:
        a, b = np.full((2, k), x, dtype), np.full((k, 3), -128, "int8")
        np.testing.assert_array_equal(_core.matmul(a, b), exact(a, b).astype("int64").astype("int32"))
    k = 131_071
    check(np.full((1, k), -128, "int8"), np.full((k, 2), -128, "int8"))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("path", "m", "n", "k"),
    [("direct", 5, 300, 400), ("direct", 1, 3000, 77), ("packed", 60, 300, 400), ("packed", 130, 70, 2000)],
)
def test_each_path_is_taken(dot_isa, dtype, path, m, n, k):
    tape = _core.Tape(record=True)
    with tape:
        plan = tape.compile([_core.matmul(tape.input((m, k), dtype, "a"), tape.input((k, n), "int8", "b"))])
    assert f"gemm_{path}_{'u8' if dtype == 'uint8' else 's8'}s8" in [r["kernel"] for r in plan.records()]
    rng = np.random.default_rng(3)
    a, b = operands(rng, m, n, k, False, False, dtype)
    np.testing.assert_array_equal(plan.run([a, b])[0][0], exact(a, b))
    check(a, b)


@pytest.mark.product
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("a", "b"),
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 20, 30), (5, 30, 40)),
     ((2, 1, 2, 3), (5, 3, 4)), ((6, 1, 2, 3), (1, 5, 3, 4)), ((70, 2, 3), (70, 3, 4)), ((3, 60, 33), (3, 33, 70)),
     ((0, 2, 3), (3, 4)), ((2, 0), (0, 3)), ((0, 3), (3, 2)), ((4, 3), (3, 0)), ((2, 3, 0), (2, 0, 1))],
)  # fmt: skip
def test_axes_follow_numpy(dot_isa, dtype, a, b):
    rng = np.random.default_rng(4)
    x, y = bytes_of(rng, a, dtype), bytes_of(rng, b, "int8")
    got, expected = _core.matmul(x, y), x.astype("int64") @ y.astype("int64")
    assert np.shape(got) == np.shape(expected)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("dtype", TYPES)
def test_nothing_outside_the_operands_is_touched(dot_isa, dtype, side):
    rng = np.random.default_rng(5)
    shapes = [*rng.choice(SIZES, (15, 3)), (1, 1100, 70), (60, 130, 150), (3, 1, 50), (29, 65, 1601)]
    for (m, n, k), (ta, tb) in itertools.product(map(tuple, shapes), TRANSPOSES):
        check(*(guarded(x, side) for x in operands(rng, m, n, k, ta, tb, dtype)), ta, tb)


@pytest.mark.parametrize("shape", [(300, 200, 100), (1, 4000, 300), (10, 10, 30000), (1000, 16, 100), (20, 3000, 90)])
def test_every_number_of_threads_gives_the_same(threads, shape):
    rng = np.random.default_rng(6)
    for dtype, (ta, tb) in itertools.product(TYPES, TRANSPOSES):
        check(*operands(rng, *shape, ta, tb, dtype), ta, tb)


def test_onnx_defines_the_same():
    pytest.importorskip("onnx.helper")  # without ONNX, `onnx` alone would be the folder tests/onnx
    import onnx
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    rng = np.random.default_rng(7)
    for dtype in TYPES:
        a, b = operands(rng, 9, 13, 50, False, False, dtype)
        node = helper.make_node("MatMulInteger", ["a", "b", "za", "zb"], ["y"])
        info = {"a": a, "b": b, "za": np.array(a.flat[0]), "zb": np.array(np.int8(-7))}
        inputs = [
            helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
            for name, x in info.items()
        ]
        y = helper.make_tensor_value_info("y", TensorProto.INT32, None)
        model = helper.make_model(helper.make_graph([node], "g", inputs, [y]))
        (expected,) = ReferenceEvaluator(model).run(None, info)
        # (a - za)(b - zb) = ab - zb sum(a) - za sum(b) + K za zb
        za, zb = int(info["za"]), -7
        rows, columns = a.sum(1, dtype="int32", keepdims=True), b.sum(0, dtype="int32", keepdims=True)
        np.testing.assert_array_equal(_core.matmul(a, b) - zb * rows - za * columns + 50 * za * zb, expected)


def test_torch_gives_the_same():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(8)
    a, b = operands(rng, 32, 64, 128, False, False, "int8")
    np.testing.assert_array_equal(_core.matmul(a, b), torch._int_mm(torch.from_numpy(a), torch.from_numpy(b)).numpy())


def test_the_public_function_and_its_types():
    rng = np.random.default_rng(9)
    a, b = operands(rng, 3, 5, 7, False, False, "int8")
    for x, y in itertools.product([a, a.view("uint8")], [b, b.view("uint8")]):
        got = netlet.ops.matmul(x, y)
        assert str(got.dtype) == "int32"
        np.testing.assert_array_equal(got, x.astype("int64") @ y.astype("int64"))
    with pytest.raises(ValueError, match=r"matmul: expected the summed axes to agree"):
        _core.matmul(a, b[:3])
    with pytest.raises(TypeError):
        _core.matmul(a.astype("int64"), b)
