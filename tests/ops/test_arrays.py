"""NumPy's functions of netlet.ops beyond their comparison with Keras (test_ops_names.py): gradients, recorded steps,
unknown batch sizes, and what depends on values or takes functions."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netlet
from netlet import _core, ops
from support.differences import check_gradients

RNG = np.random.default_rng(0)
M = RNG.standard_normal((3, 4))
T = RNG.standard_normal((2, 3, 4))
V = np.array([3.0, 1.0, 2.5, -1.0, 0.5])
POSITIVE = RNG.uniform(0.2, 0.8, (3, 4))
HOLES = np.where(M > 0.6, np.nan, M)

DIFFERENTIABLE = {
    "append": (lambda x, y: ops.append(x, y), M, V),
    "array_split": (lambda x: ops.array_split(x, 3, axis=1)[0], M),
    "dstack": (lambda x: ops.dstack([x, ops.square(x)]), M),
    "rot90": (lambda x: ops.rot90(x, 3), M),
    "real": (ops.real, M),
    "diff": (lambda x: ops.diff(x, 2), M),
    "trapezoid": (lambda y, x: ops.trapezoid(y, x), M, V[:4]),
    "tensordot": (lambda x, y: ops.tensordot(x, y, ([0, 2], [1, 0])), T, RNG.standard_normal((4, 2, 3))),
    "inner": (ops.inner, M, M[0]),
    "outer": (ops.outer, V, M[0]),
    "vdot": (ops.vdot, M, M[::-1].copy()),
    "kron": (ops.kron, M, V),
    "dot": (ops.dot, M, np.moveaxis(T, 1, 2).copy()),
    "cross": (ops.cross, M[:, :3].copy(), M[:, 1:].copy()),
    "cross of two": (lambda a, b: ops.cross(a, b), M[:, :2].copy(), M[:, 1:].copy()),
    "correlate": (lambda a, b: ops.correlate(a, b, "same"), V, V[1:4].copy()),
    "quantile": (lambda x: ops.quantile(x, [0.3, 0.8], axis=1), M),
    "nanquantile": (lambda x: ops.nanquantile(x, [0.3, 0.8], axis=1), M),
    "nanmedian": (ops.nanmedian, M),
    "nansum": (lambda x: ops.nansum(x, axis=0), M),
    "nanprod": (lambda x: ops.nanprod(x, axis=0), M),
    "nanmean": (lambda x: ops.nanmean(x, axis=0), M),
    "nanvar": (lambda x: ops.nanvar(x, axis=0), M),
    "nanstd": (lambda x: ops.nanstd(x, axis=0), M),
    "nanmax": (lambda x: ops.nanmax(x, axis=0), M),
    "nancumsum": (lambda x: ops.nancumsum(x, axis=0), M),
    "nancumprod": (lambda x: ops.nancumprod(x, axis=0), M),
    "nan_to_num": (ops.nan_to_num, M),
    "ptp": (lambda x: ops.ptp(x, axis=1), M),
    "corrcoef": (ops.corrcoef, M),
    "unique": (lambda x: ops.unique(x, size=7), V),
    "unique of known size": (ops.unique, V),
    "select": (lambda x, y: ops.select([M > 0, M > -1], [x, y], 2.0), M, M[0]),
    "saturate_cast": (lambda x: ops.saturate_cast(x, "float64"), M),
    "rearrange": (lambda x: ops.rearrange(x, "a b (c d) -> (d a) c b", c=2), T),
    "max": (lambda x: ops.max(x, axis=1, initial=0.1), M),
    "pad": (lambda x: ops.pad(x, 2, mode="reflect"), M),
    "pad with a ramp": (lambda x: ops.pad(x, 2, mode="linear_ramp"), M),
    "pad with the mean": (lambda x: ops.pad(x, (1, 2), mode="mean"), M),
    "pad with a value": (lambda x, v: ops.pad(x, 1, constant_values=v), M, np.array(2.0)),
    "vander": (lambda x: ops.vander(x, 4), V),
    "diagflat": (ops.diagflat, V),
    "linspace": (lambda a, b: ops.linspace(a, b, 4, axis=1), V, V[::-1].copy()),
    "logspace": (lambda a, b: ops.logspace(a, b, 4, base=2.0), V, V[::-1].copy()),
    "geomspace": (lambda a, b: ops.geomspace(a, b, 4), POSITIVE, POSITIVE[::-1].copy()),
    "cdist": (ops.cdist, M, M[:2] + 1),
    "extract_sequences": (lambda x: ops.extract_sequences(x, 2, 1), M),
    "binary_crossentropy": (ops.binary_crossentropy, POSITIVE, POSITIVE[::-1].copy()),
    "binary_crossentropy of logits": (lambda t, x: ops.binary_crossentropy(t, x, from_logits=True), POSITIVE, M),
    "categorical_crossentropy": (lambda x: ops.categorical_crossentropy(np.eye(4)[:3], x), POSITIVE),
    "sparse_categorical_crossentropy": (
        lambda x: ops.sparse_categorical_crossentropy([2, 0, 1, 1], x, from_logits=True, axis=0),
        M,
    ),
    "vectorize": (lambda x, y: ops.vectorize(lambda a, b: a * b * b)(x, y), M[:2], M[0]),
    "einsum of four": (lambda a, b: ops.einsum("ij,jk,k,ij->i", a, b, V, a), M, RNG.standard_normal((4, 5))),
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients(name):
    f, *xs = DIFFERENTIABLE[name]
    check_gradients(f, xs, tolerance=1e-8, h=1e-4)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_recorded_and_symbolic(name):
    """The same values from a recorded plan, and in a model whose batch size is unknown."""
    f, *xs = DIFFERENTIABLE[name]
    want = np.asarray(f(*xs))
    if name != "unique of known size":
        with _core.Tape(record=True) as tape:
            plan = tape.compile([f(*[tape.input(x.shape, "float64", f"x{i}") for i, x in enumerate(xs)])])
        np.testing.assert_allclose(np.asarray(plan.run(xs)[0][0]), want, rtol=1e-12, atol=1e-14)
        if name == "pad with a value":  # inputs of models have a batch axis
            return
        inputs = [netlet.Input(batch_shape=x.shape, dtype="float64") for x in xs]
        model = netlet.Model(inputs, f(*inputs))
        np.testing.assert_allclose(np.asarray(model(xs)), want, rtol=1e-12, atol=1e-14)


def test_unknown_batch_size():
    x = netlet.Input((4, 6))
    for f, shape in [
        (lambda x: ops.rearrange(x, "b (h k) c -> b h (k c)", k=2), (None, 2, 12)),
        (lambda x: ops.rearrange(x, "b ... -> ... b"), (4, 6, None)),
        (lambda x: ops.quantile(x, [0.1, 0.5], axis=-1), (2, None, 4)),
        (lambda x: ops.nanmean(x, axis=(1, 2)), (None,)),
        (lambda x: ops.tensordot(x, np.ones((6, 3)), 1), (None, 4, 3)),
        (lambda x: ops.outer(x, [1.0, 2.0]), (None, 2)),
        (lambda x: ops.unique(x, size=5), (5,)),
        (lambda x: ops.cdist(x, x), (None, 4, 4)),
        (lambda x: ops.hsplit(x, 2)[1], (None, 2, 6)),
        (lambda x: ops.append(x, x, axis=0), (None, 4, 6)),
        (lambda x: ops.diff(x, axis=1), (None, 3, 6)),
        (lambda x: ops.isin(x, [1.0]), (None, 4, 6)),
        (lambda x: ops.pad(x, ((0, 0), (1, 1), (0, 2)), mode="symmetric"), (None, 6, 8)),
        (lambda x: ops.vectorize(lambda row: ops.sum(row), signature="(n)->()")(x), (None, 4)),
        (lambda x: ops.view(x), (None, 4, 6)),
        (lambda x: ops.select([x > 0.5, x > 0.1], [x, -x]), (None, 4, 6)),
    ]:
        y = f(x)
        assert y.shape == shape
        value = RNG.uniform(0, 1, (3, 4, 6)).astype("float32")
        np.testing.assert_array_equal(np.asarray(netlet.Model(x, y)(value)), np.asarray(f(value)))


def test_shapes_that_depend_on_values_are_refused_in_a_recorded_step():
    with _core.Tape(record=True) as tape:
        x = tape.input((3, 4), "float32", "x")
        for call in (
            lambda: ops.unique(x),
            lambda: ops.hanning(x),
            lambda: ops.kaiser(5, x),
            lambda: ops.unique(x, axis=0, size=3),
            lambda: ops.view(x, "int32"),
        ):
            with pytest.raises(NotImplementedError, match=r"ops\.(unique|hanning|kaiser|view)"):
                call()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, -0.0, 1.0, 2.0, np.nan, np.inf]), max_size=8),
    st.one_of(st.none(), st.integers(0, 9)),
    st.sampled_from([None, 5.0]),
)
def test_unique(values, size, fill):
    x = np.array(values)
    if not values and size:
        with pytest.raises(ValueError, match="no elements"):
            ops.unique(x, size=size)
        return
    want = list(np.unique(x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False))
    got = ops.unique(x, return_index=True, return_inverse=True, return_counts=True, size=size, fill_value=fill)
    want[2] = want[2].reshape(x.shape)
    if size is not None and len(x):
        missing = max(size - len(want[0]), 0)
        for i, filling in ((0, want[0][0] if fill is None else fill), (1, want[1][0]), (3, 0)):
            want[i] = np.concatenate([want[i], [filling] * missing])[:size]
    for g, w in zip(got, want, strict=True):
        np.testing.assert_array_equal(np.asarray(g), w)


@pytest.mark.parametrize("size", [None, 1, 2, 4])
def test_unique_rows(size):
    x = np.array([[3, 1, 2], [0, 1, 2], [3, 1, 2], [0, 0, 9]])
    for axis in (0, 1, -1):
        want = jax.numpy.unique(x, True, True, True, axis=axis, size=size)
        got = ops.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis, size=size)
        for g, w in zip(got, want, strict=True):
            np.testing.assert_array_equal(np.asarray(g), np.asarray(w))


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming", "hanning"])
def test_tapers(name):
    for points in (-1, 0, 1, 2, 9, 30):
        got = getattr(ops, name)(points)
        assert got.dtype == "float32"
        np.testing.assert_allclose(got.numpy(), getattr(np, name)(points), atol=1e-7)
        np.testing.assert_allclose(ops.kaiser(ops.convert_to_tensor(points), 5), np.kaiser(points, 5), atol=1e-7)
    for bad in (2.5, [1, 2], True, "a", None, 2**62):
        with pytest.raises((ValueError, TypeError, MemoryError)):
            getattr(ops, name)(bad)


def test_saturate_cast_against_python():
    edges = [-1e30, -(2.0**31) - 129, -(2.0**31), -129.0, -1.0, -0.5, 0.0, 0.7, 127.0, 255.9, 256.0, 2.0**31, 1e30]
    edges += [np.inf, -np.inf, np.nan, 2.0**63, -(2.0**63)]
    for old in ("float32", "float64"):
        x = np.array(edges, old)
        for new in ("int8", "uint8", "int32", "int64"):
            limits = np.iinfo(new)
            want = [0 if np.isnan(v) else max(limits.min, min(limits.max, int(np.clip(v, -1e36, 1e36)))) for v in x]
            assert ops.saturate_cast(x, new).tolist() == want
    x = np.array([-(2**63), -(2**31) - 1, -129, -1, 0, 255, 256, 2**31, 2**63 - 1])
    for new in ("int8", "uint8", "int32", "int64"):
        limits = np.iinfo(new)
        assert ops.saturate_cast(x, new).tolist() == [max(limits.min, min(limits.max, int(v))) for v in x]
    assert ops.saturate_cast(np.array([np.inf, -np.inf, 2.0]), "float64").tolist() == [
        np.finfo("float64").max,
        np.finfo("float64").min,
        2.0,
    ]
    assert ops.saturate_cast(x, "float32").dtype == ops.saturate_cast(x, "bfloat16").astype("float32").dtype
    assert ops.saturate_cast(np.array([1e39, -np.inf]), "bfloat16").astype("float32").tolist() == [
        (2 - 2**-7) * 2.0**127,
        -(2 - 2**-7) * 2.0**127,
    ]


def test_view():
    x = np.array([[1.0, -2.0]], "float32")
    for dtype in ("int32", "uint8", "float64", "int64", "float16", "bool"):
        np.testing.assert_array_equal(ops.view(x, dtype).numpy(), x.view(dtype))
    assert ops.view(np.float32(1.0), "int32").item() == 0x3F800000
    for value, dtype in (
        (np.zeros((2, 3), "int8"), "int32"),
        (np.float64(1.0), "int32"),
        (np.zeros((2, 0, 3), "int8"), "int32"),
    ):
        with pytest.raises(ValueError, match=r"ops\.view"):
            ops.view(value, dtype)


def test_vectorize():
    calls = []

    def clipped(a, b, power=1):
        calls.append(1)
        return (a if a < b else b) ** power

    f = ops.vectorize(clipped, excluded={"power"})
    x = np.array([[1.0, 4.0], [9.0, 2.0]])
    np.testing.assert_array_equal(f(x, np.array([3.0, 3.0]), power=2), np.minimum(x, 3.0) ** 2)
    assert len(calls) == 4 and f.__name__ == "clipped"
    both = ops.vectorize(lambda m, v: (ops.matmul(m, v), ops.sum(v)), signature="(m,n),(n)->(m),()")
    m, v = RNG.standard_normal((5, 2, 3)), RNG.standard_normal((4, 1, 3))
    product, total = both(m, v)
    np.testing.assert_allclose(product, np.einsum("bmn,cxn->cbm", m, v), rtol=1e-12)
    np.testing.assert_allclose(total, np.broadcast_to(v.sum(-1), (4, 5)), rtol=1e-12)
    for call, error in (
        (lambda: ops.vectorize(3), TypeError),
        (lambda: ops.vectorize(abs, signature="n->n"), ValueError),
        (lambda: both(m), ValueError),
        (lambda: both(m, v[..., :2]), ValueError),
        (lambda: f(np.ones(2), np.ones(3)), ValueError),
        (lambda: f(np.ones(0), 1.0), ValueError),
    ):
        with pytest.raises(error, match=r"ops\.vectorize"):
            call()


@pytest.mark.parametrize(
    "pattern",
    ["a b -> c a", "a b", "a b -> a", "a a -> a", "a (b -> a b", "a b c -> a b c", "(a c) b -> a c b", "a b -> a - b"],
)
def test_patterns_that_do_not_fit(pattern):
    with pytest.raises(ValueError, match=r"ops\.rearrange"):
        ops.rearrange(M, pattern)


def test_patterns_of_einops():
    assert ops.rearrange(T, "a ... -> ... a").shape == (3, 4, 2)
    assert ops.rearrange(T, "a ... -> a (...)").shape == (2, 12)
    assert ops.rearrange(T, "a b c -> a 1 b c").shape == (2, 1, 3, 4)
    assert ops.rearrange(T[:, :1], "a 1 c -> c a").shape == (4, 2)
    np.testing.assert_array_equal(
        ops.rearrange(T, "a b (c d) -> d (a c) b", c=2), T.reshape(2, 3, 2, 2).transpose(3, 0, 2, 1).reshape(2, 4, 3)
    )
    for lengths in ({"c": 3}, {"c": 0}, {"e": 2}, {"c": 2, "d": 3}, {}):
        with pytest.raises(ValueError, match=r"ops\.rearrange"):
            ops.rearrange(T, "a b (c d) -> a b c d", **lengths)


def test_complex_numbers_are_refused():
    for name in ("real", "imag", "conj", "conjugate", "angle", "isreal"):
        with pytest.raises(TypeError, match=r"complex"):
            getattr(ops, name)(np.array([1j]))


def test_a_step_with_quantiles_of_its_own():
    """q, indices and histogram ranges that the step computes."""
    with _core.Tape(record=True) as tape:
        x, q = tape.input((3, 4), "float64", "x"), tape.input((2,), "float32", "q")
        counts, edges = ops.histogram(x, 4)
        plan = tape.compile([ops.quantile(x, q, axis=1), counts, edges])
    for _ in range(2):
        x = RNG.standard_normal((3, 4))
        got, counts, edges = (np.asarray(v) for v in plan.run([x, np.array([0.25, 1.0], "float32")])[0])
        np.testing.assert_allclose(got, np.quantile(x, [0.25, 1.0], axis=1), rtol=1e-12)
        np.testing.assert_array_equal(counts, np.histogram(x, 4)[0])
        np.testing.assert_allclose(edges, np.histogram(x, 4)[1], rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_histograms_of_numbers_on_edges(dtype):
    x = np.array([0.0, 0.1, 0.2, 0.3, 0.3, 0.6, 0.7, 1.0, -0.0, 2.0, -1.0], dtype)
    for bins in (1, 3, 7, 10):
        for limits in (None, (0.0, 1.0), (0.3, 0.3)):
            counts, edges = ops.histogram(x, bins, limits)
            np.testing.assert_array_equal(counts, np.histogram(x, edges.numpy())[0])
            assert counts.dtype == edges.dtype == dtype
    assert ops.histogram([], 2)[1].tolist() == [0.0, 0.5, 1.0]
    assert ops.histogram([np.nan, 1.0], 2, (0, 1))[0].tolist() == [0.0, 1.0]
    for bad, error in (
        ((3, 0.5), TypeError),
        ((3, 0), ValueError),
        ((3, 2, (1, 0)), ValueError),
        ((3, 2, 5), ValueError),
    ):
        with pytest.raises(error, match=r"ops\.histogram"):
            ops.histogram(*bad)


def test_losses_and_ops_of_one_name_are_saved_apart(tmp_path):
    x = netlet.Input((3,))
    y = netlet.Input((3,))
    outputs = [netlet.losses.binary_crossentropy(y, x), ops.binary_crossentropy(y, x)]
    model = netlet.Model([x, y], outputs)
    model.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    values = [RNG.uniform(0.1, 0.9, (2, 3)).astype("float32") for _ in range(2)]
    for want, got, shape in zip(model(values), again(values), ((2,), (2, 3)), strict=True):
        assert got.shape == shape
        np.testing.assert_array_equal(got.numpy(), want.numpy())


def test_distances_near_zero():
    x = _core.tensor(np.zeros((2, 3)))
    x.requires_grad = True
    with netlet.GradientTape() as tape:
        y = ops.sum(ops.cdist(x, np.zeros((1, 3))))
    assert tape.gradient(y, x).numpy().tolist() == np.zeros((2, 3)).tolist()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_results_of_halves_are_halves(dtype):
    x = ops.cast(POSITIVE, dtype)
    for f in (
        lambda x: ops.quantile(x, [0.2, 0.5], method="midpoint"),
        lambda x: ops.nanquantile(x, ops.cast([0.25, 0.5], dtype), axis=1),
        lambda x: ops.categorical_crossentropy(x, x),
        lambda x: ops.binary_crossentropy(x, x),
        lambda x: ops.pad(x, 1, mode="linear_ramp"),
        lambda x: ops.linspace(x, x, 3),
        lambda x: ops.correlate(x[0], x[1], "full"),
        lambda x: ops.corrcoef(x),
        lambda x: ops.cdist(x, x),
        lambda x: ops.nanstd(x, axis=0),
        lambda x: ops.trapezoid(x),
        lambda x: ops.histogram(x, 3)[0],
        lambda x: ops.unique(x),
        lambda x: ops.vander(x[0]),
    ):
        got, want = f(x), np.asarray(f(ops.cast(x, "float32")))
        assert got.dtype == dtype
        np.testing.assert_allclose(ops.cast(got, "float32"), want, rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "mean", "median"])
def test_padding_of_any_width(mode):
    for shape in ((1,), (2, 3), (3, 1, 4)):
        x = RNG.standard_normal(shape)
        for widths in [(0, 0), (1, 0), (2, 2), (3, 7), (9, 8)]:
            np.testing.assert_allclose(ops.pad(x, widths, mode), np.pad(x, widths, mode), rtol=1e-12, atol=1e-15)
    integers = np.array([[3, -7, 4], [1, 0, 9]], "int32")
    np.testing.assert_array_equal(ops.pad(integers, ((1, 2), (4, 0)), mode), np.pad(integers, ((1, 2), (4, 0)), mode))
    with pytest.raises(ValueError, match=r"ops\.pad"):
        ops.pad(x, -1, mode)
    with pytest.raises(ValueError, match=r"ops\.pad"):
        ops.pad(x, 1, mode, constant_values=1.0)


@pytest.mark.parametrize("width", [1.5, "a", ((1, 2), (3,)), ((1,), (2,)), (1, 2, 3)])
def test_widths_that_do_not_fit(width):
    with pytest.raises(ValueError, match=r"ops\.pad: expected pad_width as an integer"):
        ops.pad(np.ones(3), width)


def test_an_error_of_trace_names_it():
    with pytest.raises(ValueError, match=r"ops\.trace: expected at least two axes"):
        ops.trace(np.ones(3))
