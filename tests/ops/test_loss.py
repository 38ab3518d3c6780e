"""Loss kernels: values and gradients against Keras's losses, differentiated by JAX in float64."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from netlet import _core
from support.gradients import gradient, rng_of
from support.keras64 import value_and_gradient as oracle

keras = pytest.importorskip("keras")
jax = pytest.importorskip("jax")
jnp = jax.numpy

EPSILON = 1e-7
REDUCED = [(5, 1), (4, 7), (2, 3, 5), (700, 40)]
SHAPES = [(1,), (5, 1), (3, 2), (4, 7), (3, 8), (2, 9), (5, 16), (3, 17), (2, 3, 5), (2, 33), (1, 700), (600, 1)]
PROBABILITY_KINDS = {"binary_crossentropy", "kl_divergence", "poisson"}


def close(ours, theirs, dtype, slack=1.0):
    assert ours.dtype == np.dtype(dtype)
    assert ours.shape == theirs.shape
    rtol = (4e-15 if dtype == "float64" else 3e-6) * slack
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)


def keras_hinge(square):
    # The labels are used as given: in netlet a separate op converts 0 and 1 to -1 and 1.
    def f(t, x):
        e = jnp.maximum(1.0 - t * x, 0.0)
        return jnp.mean(e * e if square else e, axis=-1)

    return f


POINTWISE = {
    "squared_error": keras.losses.mean_squared_error,
    "absolute_error": keras.losses.mean_absolute_error,
    "huber": lambda t, x: keras.losses.huber(t, x, delta=0.7),
    "log_cosh": keras.losses.log_cosh,
    "absolute_percentage_error": keras.losses.mean_absolute_percentage_error,
    "squared_logarithmic_error": keras.losses.mean_squared_logarithmic_error,
    "poisson": keras.losses.poisson,
    "kl_divergence": keras.losses.kl_divergence,
    "binary_crossentropy": lambda t, x: keras.losses.binary_crossentropy(t, x, label_smoothing=0.1),
    "binary_crossentropy_logits": lambda t, x: keras.losses.binary_crossentropy(
        t, x, from_logits=True, label_smoothing=0.1
    ),
    "hinge": keras_hinge(False),
    "squared_hinge": keras_hinge(True),
}


def inputs(kind: str, shape: tuple[int, ...], dtype: str):
    rng = rng_of(kind, shape)
    if kind in PROBABILITY_KINDS:
        return rng.uniform(0, 1, shape).astype(dtype), rng.uniform(0.01, 0.99, shape).astype(dtype)
    if kind == "squared_logarithmic_error":
        return rng.uniform(0, 3, shape).astype(dtype), rng.uniform(-0.5, 3, shape).astype(dtype)
    if kind == "binary_crossentropy_logits":
        return rng.uniform(0, 1, shape).astype(dtype), (rng.normal(size=shape) * 4).astype(dtype)
    return rng.normal(size=shape).astype(dtype), rng.normal(size=shape).astype(dtype)


def ours(kind: str, t, **kwargs):
    options = {"delta": 0.7} if kind == "huber" else {}
    if kind.startswith("binary"):
        options = {"label_smoothing": 0.1}
    return lambda x: _core.loss_pointwise(kind, t, x, **options, **kwargs)


def seed_of(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return rng_of(shape).normal(size=shape[:-1]).astype(dtype)


def edges() -> tuple[np.ndarray, np.ndarray]:
    high = 1 - EPSILON
    edge = np.array([0, EPSILON, EPSILON / 2, high, (1 + high) / 2, 1, 0.5, -1, 2])
    t, x = np.meshgrid(np.array([0.0, 1.0, 0.5, -1.0, EPSILON, 2.0]), edge)
    return t.reshape(-1, 1), x.reshape(-1, 1)


@functools.cache
def elements(kind: str):
    """Each case's losses and slopes, element by element: Keras's loss of rows of one element, compiled once."""
    cases = {(shape, dtype): inputs(kind, shape, dtype) for shape in SHAPES for dtype in ("float32", "float64")}
    cases |= {(shape, "float64"): inputs(kind, shape, "float64") for shape in REDUCED}
    cases["edges"] = edges()
    t, x = (np.concatenate([case[i].astype("float64").ravel() for case in cases.values()])[:, None] for i in (0, 1))
    losses, slopes = oracle(POINTWISE[kind], x, None, [t])
    found, at = {}, 0
    for name, (_, x) in cases.items():
        here = slice(at, at := at + x.size)
        found[name] = losses[here].reshape(x.shape), slopes[here, 0].reshape(x.shape)
    return found


def pointwise_oracle(kind: str, shape: tuple[int, ...], dtype: str, seed: np.ndarray):
    """A row's loss is the mean of its elements' losses; of the Kullback-Leibler divergence the sum."""
    losses, slopes = elements(kind)[shape, dtype]
    n = 1 if kind == "kl_divergence" else shape[-1]
    return losses.sum(-1) / n, slopes * np.asarray(seed, "float64")[..., None] / n


@pytest.mark.product
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", POINTWISE)
def test_pointwise_rows(isa, kind, shape, dtype):
    t, x = inputs(kind, shape, dtype)
    seed = seed_of(shape, dtype)
    y, dx = gradient(ours(kind, t), x, seed)
    # The reference is computed in float64 on the same inputs, also for float32 kernels.
    wide_y, wide_dx = pointwise_oracle(kind, shape, dtype, seed)
    close(y, wide_y, dtype, 3)
    close(dx, wide_dx, dtype, 10)


@functools.cache
def reducer(reduction: str, weighted: bool):
    options = {"reduction": reduction, "dtype": "float64"}
    reduce = keras.src.losses.loss.reduce_weighted_values
    if weighted:
        return lambda w, rows: reduce(rows, sample_weight=w, **options)
    return lambda rows: reduce(rows, **options)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight"])
@pytest.mark.parametrize("shape", REDUCED, ids=str)
@pytest.mark.parametrize("kind", ["squared_error", "binary_crossentropy_logits", "kl_divergence"])
def test_pointwise_reduced(kind, shape, reduction, weighted):
    t, x = inputs(kind, shape, "float64")
    w = rng_of(shape).uniform(0, 2, shape[:-1]) if weighted else None
    y, dx = gradient(ours(kind, t, sample_weight=w, reduction=reduction), x)
    rows, _ = pointwise_oracle(kind, shape, "float64", np.ones(shape[:-1]))
    ref_y, seed = oracle(reducer(reduction, weighted), rows, None, [] if w is None else [w])
    _, ref_dx = pointwise_oracle(kind, shape, "float64", seed)
    close(y, ref_y, "float64", 5)
    close(dx, ref_dx, "float64", 5)


@pytest.mark.parametrize("kind", POINTWISE)
def test_ties_and_edges_have_the_slopes_of_automatic_differentiation(isa, kind):
    t, x = edges()
    y, dx = gradient(ours(kind, t), x)
    losses, ref_dx = elements(kind)["edges"]
    ref_y = losses[:, 0]
    if kind in ("absolute_error", "absolute_percentage_error"):
        # |e| has derivative 0 at 0, as in TensorFlow and PyTorch. JAX has 1, which would change perfect predictions.
        assert not dx[t == x].any()
        ref_dx = np.where(t == x, 0, ref_dx)
    np.testing.assert_allclose(y, ref_y, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dx, ref_dx, rtol=1e-12, atol=1e-14)


def test_a_difference_has_a_gradient_into_its_target_too():
    t, x = inputs("huber", (4, 3), "float64")
    for kind in ["squared_error", "absolute_error", "huber", "log_cosh"]:
        _, dx = gradient(ours(kind, t), x)
        _, dt = gradient(lambda v, kind=kind: ours(kind, v)(x), t)
        np.testing.assert_array_equal(dt, -dx)


@functools.cache
def keras_crossentropy(from_logits: bool, smoothing: float | None):
    """Keras's function: of one-hot targets, or of labels where `smoothing` is None."""
    if smoothing is None:
        return functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=from_logits)
    return functools.partial(keras.losses.categorical_crossentropy, from_logits=from_logits, label_smoothing=smoothing)


@functools.cache
def categorical(shape, from_logits, smoothing, dtype):
    """Targets, predictions, output gradient, and the reference's value and gradient."""
    rng = rng_of(shape, from_logits, smoothing)
    t = rng.uniform(0, 1, shape).astype(dtype)
    x = (rng.normal(size=shape) * 3 if from_logits else rng.uniform(0.01, 2, shape)).astype(dtype)
    seed = rng.normal(size=shape[:-1]).astype(dtype)
    return t, x, seed, *oracle(keras_crossentropy(from_logits, smoothing), x, seed, [t])


@pytest.mark.product
@pytest.mark.filterwarnings("ignore:In loss categorical_crossentropy")  # Keras warns about a single class
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("shape", [(3, 1), (4, 2), (5, 7), (3, 8), (2, 3, 16), (3, 17), (2, 40), (2, 1300)], ids=str)
def test_categorical_crossentropy(isa, shape, from_logits, smoothing, dtype):
    t, x, seed, ref_y, ref_dx = categorical(shape, from_logits, smoothing, dtype)
    options = {"from_logits": from_logits, "label_smoothing": smoothing}
    y, dx = gradient(lambda v: _core.loss_categorical_crossentropy(t, v, **options), x, seed)
    if dtype == "float32":
        np.testing.assert_allclose(y, ref_y, rtol=3e-6, atol=1e-6)
        np.testing.assert_allclose(dx, ref_dx, rtol=1e-5, atol=2e-6 * np.abs(ref_dx).max())
    else:
        np.testing.assert_allclose(y, ref_y, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(dx, ref_dx, rtol=1e-12, atol=1e-14 * np.abs(ref_dx).max())


@functools.cache
def sparse(shape, from_logits, dtype):
    """Labels, predictions, output gradient, and the reference's value and gradient."""
    rng = rng_of(shape, from_logits)
    t = rng.integers(0, shape[-1], shape[:-1])
    x = (rng.normal(size=shape) * 3 if from_logits else rng.uniform(0.01, 2, shape)).astype(dtype)
    seed = rng.normal(size=shape[:-1]).astype(dtype)
    return t, x, seed, *oracle(keras_crossentropy(from_logits, None), x, seed, [t])


@pytest.mark.product
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("labels", ["int32", "int64", "uint8", "int8", "float32", "float64"])
@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("shape", [(3, 1), (4, 2), (37, 7), (3, 8), (2, 3, 16), (3, 17), (2, 40), (2, 100)], ids=str)
def test_sparse_categorical_crossentropy(isa, shape, from_logits, labels, dtype):
    t, x, seed, ref_y, ref_dx = sparse(shape, from_logits, dtype)
    y, dx = gradient(
        lambda v: _core.loss_sparse_categorical_crossentropy(t.astype(labels), v, from_logits=from_logits), x, seed
    )
    tight = (1e-6, 3e-6) if dtype == "float32" else (1e-14, 1e-13)
    np.testing.assert_allclose(y, ref_y, rtol=tight[1], atol=tight[0])
    np.testing.assert_allclose(dx, ref_dx, rtol=4 * tight[1], atol=tight[0] * np.abs(ref_dx).max())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("rows", [6, 5000])
@pytest.mark.parametrize("from_logits", [False, True])
def test_sparse_crossentropy_ignores_a_class_as_keras_does(from_logits, rows, reduction, weighted):
    rng = rng_of(rows, reduction)
    t = rng.integers(-1, 5, rows)
    x = rng.uniform(0.1, 1, (rows, 5))
    w = rng.uniform(0.5, 2, rows) if weighted else None
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=from_logits, ignore_class=-1, reduction=reduction, dtype="float64"
    )
    options = {"from_logits": from_logits, "ignore_class": -1, "reduction": reduction, "sample_weight": w}
    y, dx = gradient(lambda v: _core.loss_sparse_categorical_crossentropy(t, v, **options), x)
    ref_y, ref_dx = oracle(lambda v: loss(t, v, sample_weight=w), x)
    np.testing.assert_allclose(y, ref_y, rtol=1e-12)
    np.testing.assert_allclose(dx, ref_dx, rtol=1e-11, atol=1e-14)


def test_nothing_left_to_count_is_a_loss_of_zero():
    x = np.full((3, 4), 0.25)
    y, dx = gradient(
        lambda v: _core.loss_sparse_categorical_crossentropy([7, 7, 7], v, ignore_class=7, reduction="mean"), x
    )
    assert y == 0
    np.testing.assert_array_equal(dx, 0)
    assert _core.loss_pointwise("squared_error", np.zeros((0, 3)), np.zeros((0, 3)), reduction="mean") == 0


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("bad", [-1, 4, 2**31 - 1, -(2**31), 1e30, -1e30, np.inf, np.nan])
def test_a_label_out_of_range_is_nan_and_reads_nothing(isa, bad, from_logits):
    t = np.array([1, bad, 2], dtype="float64" if isinstance(bad, float) else "int64")
    x = np.random.default_rng(0).uniform(0.1, 1, (3, 4))
    y, dx = gradient(lambda v: _core.loss_sparse_categorical_crossentropy(t, v, from_logits=from_logits), x)
    np.testing.assert_array_equal(np.isnan(y), [False, True, False])
    np.testing.assert_array_equal(np.isnan(dx).all(axis=1), [False, True, False])


@pytest.mark.parametrize("scale", [88.0, 1e4, 1e30])
def test_logits_of_any_size(isa, scale):
    x = np.array([[scale, -scale, 0], [-scale, -scale, -scale], [0, 0, scale]], dtype="float32")
    for t in (0, 1, 2):
        labels = np.full(3, t)
        y, dx = gradient(lambda v, k=labels: _core.loss_sparse_categorical_crossentropy(k, v, from_logits=True), x)
        ref, ref_dx = oracle(
            lambda v, k=labels: keras.losses.sparse_categorical_crossentropy(k, v, from_logits=True), x
        )
        np.testing.assert_allclose(y, ref, rtol=1e-6)
        np.testing.assert_allclose(dx, ref_dx, rtol=1e-6, atol=1e-30)
        one_hot = np.eye(3, dtype="float32")[labels]
        y, dx = gradient(lambda v, k=one_hot: _core.loss_categorical_crossentropy(k, v, from_logits=True), x)
        np.testing.assert_allclose(y, ref, rtol=1e-6)
        np.testing.assert_allclose(dx, ref_dx, rtol=1e-6, atol=1e-30)


def test_a_logit_of_minus_infinity_is_a_class_that_cannot_be(isa):
    x = np.array([[-np.inf, 1.0, 2.0]])
    one_hot = np.array([[0.0, 0.0, 1.0]])
    expected = np.log1p(np.exp(-1.0))
    for f in (
        lambda v: _core.loss_categorical_crossentropy(one_hot, v, from_logits=True),
        lambda v: _core.loss_sparse_categorical_crossentropy([2], v, from_logits=True),
    ):
        y, dx = gradient(f, x)
        np.testing.assert_allclose(y, [expected], rtol=1e-15)
        assert dx[0, 0] == 0
        assert np.isfinite(dx).all()
    y, _ = gradient(lambda v: _core.loss_sparse_categorical_crossentropy([0], v, from_logits=True), x)
    assert y == [np.inf]


def test_small_losses_keep_their_digits(isa):
    logits = np.array([[20.0], [40.0], [-30.0]])
    t = np.array([[1.0], [1.0], [0.0]])
    y = _core.loss_pointwise("binary_crossentropy_logits", t, logits)
    np.testing.assert_allclose(y, np.log1p(np.exp(-np.abs(logits[:, 0]))), rtol=1e-15)


def test_infinite_logits_of_binary_crossentropy(isa):
    """A certain prediction has loss 0 if it is right (Keras: NaN) and an infinite loss if it is wrong."""
    t = np.array([[0.0], [1.0], [0.0], [1.0], [0.5], [0.5]])
    x = np.array([[np.inf], [-np.inf], [-np.inf], [np.inf], [np.inf], [-np.inf]])
    for dtype in ("float32", "float64"):
        loss = functools.partial(_core.loss_pointwise, "binary_crossentropy_logits", t.astype(dtype))
        y, dx = gradient(loss, x.astype(dtype))
        np.testing.assert_array_equal(y, [np.inf, np.inf, 0, 0, np.inf, np.inf])
        np.testing.assert_array_equal(dx[:, 0], [1, -1, 0, 0, 0.5, -0.5])


def test_nan_is_never_hidden(isa):
    x = np.array([[0.3, np.nan, 0.3]])
    for from_logits in (False, True):
        assert np.isnan(_core.loss_categorical_crossentropy(np.array([[1.0, 0, 0]]), x, from_logits=from_logits)).all()
        assert np.isnan(_core.loss_sparse_categorical_crossentropy([0], x, from_logits=from_logits)).all()
    for kind in POINTWISE:
        for t, x in ((0.5, np.nan), (np.nan, 0.5)):
            y = ours(kind, np.full((1, 3), t))(np.full((1, 3), x))
            assert np.isnan(y).all(), kind
