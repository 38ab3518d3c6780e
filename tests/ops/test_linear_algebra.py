"""Linear algebra: values against NumPy and SciPy, gradients in float64 against central differences, edge cases."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import netlet
from netlet import _core, layers, ops
from netlet.ops.linalg.lu import decompose
from netlet.ops.linalg.triangular import substitute
from support.second_derivatives import check, watched

RNG = np.random.default_rng(5)
SHAPES = [(3, 3), (2, 4, 4), (2, 1, 3, 3), (1, 1), (0, 0), (0, 3, 3)]


def square(*shape):
    return RNG.standard_normal(shape) + 3 * np.eye(shape[-1])


def definite(*shape):
    a = RNG.standard_normal(shape)
    return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])


def gradients(f, values, seeds):
    xs = watched(values)
    with netlet.GradientTape() as tape:
        ys = f(*xs)
        ys = [ys] if isinstance(ys, netlet.Tensor) else list(ys)
    return [None if g is None else g.numpy() for g in tape.gradient(ys, xs, seeds)]


def check_gradient(f, *values, step=1e-6, tolerance=1e-7):
    """Each gradient along a random direction against a central difference."""
    outputs = f(*watched(values))
    outputs = [outputs] if isinstance(outputs, netlet.Tensor) else list(outputs)
    rng = np.random.default_rng(3)
    seeds = [rng.standard_normal(y.shape) for y in outputs]

    def value(*arrays):
        ys = f(*[_core.tensor(a) for a in arrays])
        ys = [ys] if isinstance(ys, netlet.Tensor) else list(ys)
        return sum(float(np.sum(s * y.numpy())) for s, y in zip(seeds, ys, strict=True))

    for i, (value_i, found) in enumerate(zip(values, gradients(f, values, seeds), strict=True)):
        direction = rng.standard_normal(value_i.shape)
        moved = [[v + sign * step * direction if j == i else v for j, v in enumerate(values)] for sign in (1, -1)]
        expected = (value(*moved[0]) - value(*moved[1])) / (2 * step)
        assert float(np.sum(found * direction)) == pytest.approx(expected, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_values_against_numpy(shape, dtype):
    rtol = 1e-4 if dtype == "float32" else 1e-10
    a, b = square(*shape).astype(dtype), RNG.standard_normal((*shape[:-1], 2)).astype(dtype)
    s = definite(*shape).astype(dtype)
    tri = np.tril(a)
    close = lambda y, want: np.testing.assert_allclose(y.numpy(), want, rtol=rtol, atol=rtol)  # noqa: E731
    close(ops.solve(a, b), np.linalg.solve(a, b))
    close(ops.solve_triangular(a, b, lower=True), np.linalg.solve(tri, b))
    close(ops.solve_triangular(np.swapaxes(a, -1, -2), b), np.linalg.solve(np.swapaxes(tri, -1, -2), b))
    close(ops.inv(a), np.linalg.inv(a))
    close(ops.det(a), np.linalg.det(a))
    close(ops.slogdet(a)[1], np.linalg.slogdet(a)[1])
    close(ops.logdet(s), np.linalg.slogdet(s)[1])
    close(ops.cholesky(s), np.linalg.cholesky(s))
    close(ops.cholesky(s, upper=True), np.swapaxes(np.linalg.cholesky(s), -1, -2))
    close(ops.cholesky_inverse(np.linalg.cholesky(s)), np.linalg.inv(s))
    close(ops.cholesky_inverse(np.swapaxes(np.linalg.cholesky(s), -1, -2), upper=True), np.linalg.inv(s))
    close(ops.eigh(s)[0], np.linalg.eigvalsh(s))
    close(ops.matrix_rank(a), np.linalg.matrix_rank(a) if a.size else np.zeros(shape[:-2]))
    assert ops.matrix_rank(a).dtype == "int32"
    for y in (*ops.eigh(s), *ops.svd(a), *ops.qr(a), ops.lu_factor(a)[0], ops.pinv(a), ops.norm(a, 2, (-2, -1))):
        assert y.dtype == dtype


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5), (2, 4, 3), (2, 3, 4), (0, 3), (3, 0), (0, 2, 3)])
def test_decompositions_compose_to_the_matrix(shape):
    a = RNG.standard_normal(shape)
    m, n = shape[-2:]
    k = min(m, n)
    for full in (False, True):
        u, s, vt = (y.numpy() for y in ops.svd(a, full_matrices=full))
        want = np.linalg.svd(a, full_matrices=full)
        assert [y.shape for y in (u, s, vt)] == [y.shape for y in want]
        np.testing.assert_allclose((u[..., :k] * s[..., None, :]) @ vt[..., :k, :], a, atol=1e-12)
        np.testing.assert_allclose(ops.svd(a, full, compute_uv=False).numpy(), want[1], atol=1e-12)
    for mode in ("reduced", "complete"):
        q, r = (y.numpy() for y in ops.qr(a, mode))
        assert (q.shape, r.shape) == tuple(y.shape for y in np.linalg.qr(a, mode))
        np.testing.assert_allclose(q @ r, a, atol=1e-12)
    lu, pivots = (y.numpy() for y in ops.lu_factor(a))
    assert lu.shape == shape and pivots.shape == (*shape[:-2], k) and pivots.dtype == np.int32
    if a.size:
        for one, packed, order in zip(a.reshape(-1, m, n), lu.reshape(-1, m, n), pivots.reshape(-1, k), strict=True):
            want = scipy.linalg.lu_factor(one)
            np.testing.assert_allclose(packed, want[0], atol=1e-12)
            np.testing.assert_array_equal(order, want[1])
    np.testing.assert_allclose(ops.pinv(a).numpy(), np.linalg.pinv(a), atol=1e-10)


@pytest.mark.parametrize("shape", [(70, 70), (2, 100, 40), (40, 100)])
def test_large_lu(shape):
    a = RNG.standard_normal(shape)
    lu, _ = decompose(a)
    want = scipy.linalg.lu_factor(a.reshape(-1, *shape[-2:])[0])[0]
    np.testing.assert_allclose(lu.reshape(-1, *shape[-2:])[0], want, rtol=1e-8, atol=1e-10)


def test_large_triangles():
    a, b = np.tril(RNG.standard_normal((200, 200))) / 20 + np.eye(200), RNG.standard_normal((200, 3))
    np.testing.assert_allclose(
        substitute(a, b, True), scipy.linalg.solve_triangular(a, b, lower=True), rtol=1e-9, atol=1e-11
    )
    np.testing.assert_allclose(substitute(a.T, b, False), scipy.linalg.solve_triangular(a.T, b), rtol=1e-9, atol=1e-11)
    a[:] += np.triu(np.full_like(a, np.nan), 1)  # the other triangle is not read
    assert np.isfinite(substitute(a, b, True)).all()


GRADIENTS = {
    "solve": (ops.solve, square(2, 3, 3), RNG.standard_normal((2, 3, 2))),
    "solve a vector": (ops.solve, square(3, 3), RNG.standard_normal(3)),
    "solve vectors": (ops.solve, square(2, 4, 4), RNG.standard_normal((2, 4))),
    "solve broadcast": (ops.solve, square(2, 1, 3, 3), RNG.standard_normal((4, 3, 2))),
    "lower": (lambda a, b: ops.solve_triangular(a, b, lower=True), square(2, 3, 3), RNG.standard_normal((2, 3, 2))),
    "upper": (ops.solve_triangular, square(3, 3), RNG.standard_normal(3)),
    "inv": (ops.inv, square(2, 3, 3)),
    "cholesky": (ops.cholesky, definite(2, 4, 4)),
    "cholesky upper": (lambda a: ops.cholesky(a, upper=True), definite(3, 3)),
    "cholesky_inverse": (ops.cholesky_inverse, square(2, 3, 3)),
    "cholesky_inverse upper": (lambda a: ops.cholesky_inverse(a, upper=True), square(3, 3)),
    "det": (ops.det, square(2, 3, 3)),
    "slogdet": (lambda a: ops.slogdet(a)[1], square(2, 3, 3)),
    "logdet": (ops.logdet, definite(3, 3)),
    "eigh": (ops.eigh, definite(2, 4, 4)),
    "eigenvalues": (lambda a: ops.eigh(a)[0], definite(3, 3)),
    "eigenvectors": (lambda a: ops.eigh(a)[1], definite(3, 3)),
    "singular values": (lambda a: ops.svd(a, compute_uv=False), RNG.standard_normal((2, 3, 4))),
    "svd": (ops.svd, square(3, 3)),
    "svd u": (lambda a: ops.svd(a, full_matrices=False)[0], RNG.standard_normal((4, 3))),
    "svd v": (lambda a: ops.svd(a, full_matrices=False)[2], RNG.standard_normal((2, 3, 5))),
    "svd tall": (lambda a: ops.svd(a, full_matrices=False), RNG.standard_normal((2, 5, 3))),
    "svd wide": (lambda a: ops.svd(a, full_matrices=False), RNG.standard_normal((3, 4))),
    "qr": (ops.qr, square(2, 3, 3)),
    "qr tall": (ops.qr, RNG.standard_normal((2, 5, 3))),
    "qr wide": (ops.qr, RNG.standard_normal((2, 3, 5))),
    "qr q": (lambda a: ops.qr(a)[0], RNG.standard_normal((4, 3))),
    "qr r": (lambda a: ops.qr(a)[1], RNG.standard_normal((3, 4))),
    "qr complete wide": (lambda a: ops.qr(a, "complete"), RNG.standard_normal((3, 4))),
    "lu": (lambda a: ops.lu_factor(a)[0], square(2, 4, 4)),
    "lu permuted": (lambda a: ops.lu_factor(a)[0], RNG.standard_normal((3, 4, 4))),
    "lu tall": (lambda a: ops.lu_factor(a)[0], RNG.standard_normal((2, 5, 3))),
    "lu wide": (lambda a: ops.lu_factor(a)[0], RNG.standard_normal((2, 3, 5))),
    "pinv": (ops.pinv, RNG.standard_normal((2, 5, 3))),
    "pinv wide": (ops.pinv, RNG.standard_normal((3, 5))),
    "lstsq": (ops.lstsq, RNG.standard_normal((5, 3)), RNG.standard_normal((5, 2))),
    "lstsq wide": (ops.lstsq, RNG.standard_normal((3, 5)), RNG.standard_normal(3)),
    "nuclear norm": (lambda a: ops.norm(a, "nuc", (0, 2)), RNG.standard_normal((3, 2, 4))),
    "spectral norm": (lambda a: ops.norm(a, 2), RNG.standard_normal((3, 4))),
    "norm of order 3": (lambda a: ops.norm(a, 3, -1), RNG.standard_normal((3, 4))),
    "norm 1": (lambda a: ops.norm(a, 1, (1, 2)), RNG.standard_normal((2, 3, 4))),
    "projector": (lambda a: _projector(ops.svd(a)[0][:, 3:]), RNG.standard_normal((5, 3))),
    "projector v": (lambda a: _projector(ops.transpose(ops.svd(a)[2][2:])), RNG.standard_normal((2, 5))),
    "projector qr": (lambda a: _projector(ops.qr(a, "complete")[0][:, 3:]), RNG.standard_normal((5, 3))),
}


def _projector(basis):
    return ops.matmul(basis, ops.transpose(basis))


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    f, *values = GRADIENTS[name]
    check_gradient(f, *values)


@pytest.mark.parametrize("name", GRADIENTS)
def test_second_derivatives(name):
    f, *values = GRADIENTS[name]

    def total(*xs):
        ys = f(*xs)
        ys = [ys] if isinstance(ys, netlet.Tensor) else list(ys)
        return ops.concatenate([ops.reshape(ops.square(y), (-1,)) for y in ys])

    check(total, *values, tolerance=2e-5)


def test_determinants_of_singular_matrices_have_a_gradient():
    a = RNG.standard_normal((3, 3))
    a[2] = a[0] + a[1]
    check_gradient(ops.det, a)
    (zero,) = gradients(ops.det, [np.zeros((3, 3))], [1.0])
    np.testing.assert_array_equal(zero, 0)


def test_equal_eigenvalues_and_singular_values():
    def f(a):
        w, v = ops.eigh(a)
        return ops.matmul(ops.multiply(v, ops.expand_dims(ops.exp(w), -2)), ops.transpose(v))  # the matrix exponential

    def g(a):
        u, s, vt = ops.svd(a, full_matrices=False)
        return ops.matmul(ops.multiply(u, ops.expand_dims(ops.square(s), -2)), vt)

    for found in (*gradients(f, [np.eye(3)], [np.ones((3, 3))]), *gradients(g, [np.eye(3)], [np.ones((3, 3))])):
        assert np.isfinite(found).all()
    np.testing.assert_allclose(gradients(lambda a: ops.sum(ops.eigh(a)[0]), [np.eye(3)], [1.0])[0], np.eye(3))
    np.testing.assert_allclose(gradients(lambda a: ops.norm(a, "nuc"), [np.zeros((2, 3))], [1.0])[0].shape, (2, 3))


def test_rank_deficient_least_squares():
    a = RNG.standard_normal((5, 2)) @ RNG.standard_normal((2, 4))
    b = RNG.standard_normal(5)
    np.testing.assert_allclose(ops.lstsq(a, b).numpy(), np.linalg.lstsq(a, b, rcond=None)[0], atol=1e-10)
    np.testing.assert_allclose(ops.pinv(a).numpy(), np.linalg.pinv(a, rcond=1e-12), atol=1e-10)
    assert int(ops.matrix_rank(a)) == 2


@pytest.mark.parametrize("order", [None, "fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf])
@pytest.mark.parametrize("axis", [(0, 1), (2, 0), (-1, -2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_matrix_norms(order, axis, keepdims):
    a = RNG.standard_normal((2, 3, 4))
    want = np.linalg.norm(a, order, axis, keepdims)
    np.testing.assert_allclose(ops.norm(a, order, axis, keepdims).numpy(), want, rtol=1e-12)


@pytest.mark.parametrize("order", [None, 0, 1, 2, 3, -1, -2, 0.5, np.inf, -np.inf])
def test_vector_norms(order):
    a = RNG.standard_normal((3, 4))
    np.testing.assert_allclose(ops.norm(a, order, 1).numpy(), np.linalg.norm(a, order, 1), rtol=1e-12)
    np.testing.assert_allclose(ops.norm(a[0], order).numpy(), np.linalg.norm(a[0], order), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.solve(np.zeros((2, 2)), np.ones(2)), r"ops\.solve: Singular matrix"),
        (lambda: ops.solve_triangular(np.zeros((2, 2)), np.ones(2)), r"ops\.solve_triangular: Singular"),
        (lambda: ops.inv(np.zeros((2, 2))), r"ops\.inv: Singular"),
        (lambda: ops.cholesky(-np.eye(2)), r"ops\.cholesky: Matrix is not positive definite"),
        (lambda: ops.inv(np.zeros((2, 3))), r"ops\.inv: expected square matrices .*\(2, 3\)"),
        (lambda: ops.det(np.zeros(3)), r"ops\.det: expected matrices"),
        (lambda: ops.solve(np.eye(3), np.ones(2)), r"ops\.solve: expected b of shape \(3,\)"),
        (lambda: ops.solve(np.ones((2, 3, 3)), np.ones((4, 3, 1))), "do not broadcast"),
        (lambda: ops.solve(np.eye(3), 1.0), "expected b of shape"),
        (lambda: ops.lstsq(np.eye(3), np.ones(2)), r"ops\.lstsq: expected a \(M, N\)"),
        (lambda: ops.lstsq(np.eye(2), np.array([1.0, np.inf])), r"ops\.lstsq: expected finite numbers"),
        *[
            (lambda f=f, v=v: f(np.diag([v, 1.0, 1.0])), r"expected finite numbers, received NaN or infinity")
            for f in (ops.svd, ops.eigh, ops.pinv, ops.matrix_rank, lambda a: ops.norm(a, 2))
            for v in (np.inf, np.nan)
        ],
        (lambda: ops.qr(np.eye(2), "raw"), "expected mode 'reduced' or 'complete'"),
        (lambda: ops.norm(np.ones(2), "fro"), "expected a number as the order of a vector norm"),
        (lambda: ops.norm(np.ones((2, 2)), 3), "as the order of a matrix norm"),
        (lambda: ops.norm(np.ones((2, 2, 2)), 1), "expected one axis"),
        (lambda: ops.jvp(ops.sin, np.ones(2), np.ones(2)), "as tuples or lists"),
        (lambda: ops.jvp(ops.sin, (np.ones(2),), (np.ones(3),)), "expected tangents of the primals' shapes"),
    ],
)
def test_errors(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_halves_integers_and_mixed_dtypes():
    assert ops.inv(np.eye(2, dtype="float16")).dtype == "float16"
    assert ops.det(np.array([[2, 1], [1, 1]])).dtype == "float32"
    assert ops.solve(np.eye(2, dtype="float32"), np.ones(2)).dtype == "float64"
    assert ops.norm(np.eye(2, dtype="int32"), "nuc").dtype == "float32"
    x = _core.tensor(np.eye(2), "float16")
    x.requires_grad = True
    with netlet.GradientTape() as tape:
        y = ops.logdet(x)
    assert tape.gradient(y, x).tolist() == [[1, 0], [0, 1]]


class Whitening(layers.Layer):
    """Multiplies with the inverse Cholesky factor of the covariance of the batch."""

    def call(self, x):
        covariance = ops.matmul(ops.transpose(x), x) / x.shape[0] + 0.1 * ops.eye(x.shape[1])
        return ops.transpose(ops.solve_triangular(ops.cholesky(covariance), ops.transpose(x), lower=True))


def trained(how):
    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(4), Whitening(name="white"), layers.Dense(2)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.standard_normal(w.shape) for w in model.get_weights()])
    model.compile("sgd", "mse", **how)
    x = rng.standard_normal((8, 3)).astype("float32")
    model.fit(x, x[:, :2], epochs=3, batch_size=4, shuffle=False, verbose=0)
    return model, x


def test_recorded_training_is_eager_training():
    (recorded, x), (eager, _) = trained({}), trained({"run_eagerly": True})
    for a, b in zip(recorded.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(recorded.predict(x, verbose=0), recorded(x).numpy(), rtol=1e-4, atol=1e-5)


def test_a_singular_matrix_inside_fit_names_the_layer():
    class Inverse(layers.Layer):
        def call(self, x):
            return ops.inv(x)

    model = netlet.Sequential([netlet.Input((2, 2)), Inverse(name="inverse"), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"ops\.inv: Singular matrix") as info:
        model.fit(np.zeros((4, 2, 2), "float32"), np.zeros((4, 1), "float32"), verbose=0)
    if hasattr(info.value, "__notes__"):
        assert "inverse" in info.value.__notes__[0]


def test_jvp():
    a, t = RNG.standard_normal((3, 3)) + 3 * np.eye(3), RNG.standard_normal((3, 3))
    y, dy = ops.jvp(ops.inv, (a,), (t,))
    np.testing.assert_allclose(y.numpy(), np.linalg.inv(a), rtol=1e-10)
    np.testing.assert_allclose(dy.numpy(), -np.linalg.inv(a) @ t @ np.linalg.inv(a), rtol=1e-9)
    (p, q), (dp, dq), aux = ops.jvp(lambda a, b: ((a * b, ops.sum(b)), "more"), (a, t), (t, a), has_aux=True)
    np.testing.assert_allclose(dp.numpy(), t * t + a * a)
    np.testing.assert_allclose(float(dq), a.sum())
    assert aux == "more" and p.shape == (3, 3) and q.shape == ()
    _, constant = ops.jvp(lambda x: ops.ones((2,)), (a,), (t,))
    assert constant.tolist() == [0, 0]


def test_jvp_inside_a_recorded_step():
    tape = _core.Tape(record=True)
    with tape:
        x = tape.input((4,), "float64", "x")
        y, dy = ops.jvp(lambda v: ops.sin(v) * v, (x,), (ops.ones((4,), "float64"),))
        plan = tape.compile([y, dy])
    x = RNG.standard_normal(4)
    np.testing.assert_allclose(plan.run([x])[0][1], np.cos(x) * x + np.sin(x), rtol=1e-12)


def test_symbols():
    x = netlet.Input((3, 3))
    u, s, vt = ops.svd(x)
    assert [t.shape for t in (u, s, vt)] == [(None, 3, 3), (None, 3), (None, 3, 3)]
    assert ops.lu_factor(x)[1].dtype == "int32"
    model = netlet.Model(x, ops.det(ops.solve(x, x) + ops.inv(x)))
    a = square(4, 3, 3).astype("float32")
    np.testing.assert_allclose(model.predict(a, verbose=0), np.linalg.det(np.eye(3) + np.linalg.inv(a)), rtol=1e-4)


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 3, 10])
@pytest.mark.parametrize("shape", SHAPES)
def test_matrix_power(n, shape):
    a = square(*shape) / 3
    np.testing.assert_allclose(ops.matrix_power(a, n).numpy(), np.linalg.matrix_power(a, n), rtol=1e-10, atol=1e-12)
    assert ops.matrix_power(a.astype("float32"), n).dtype == "float32"
    if a.size:
        check_gradient(lambda x: ops.matrix_power(x, n) + 0 * x, a)


def test_matrix_power_refuses():
    with pytest.raises(TypeError, match=r"ops\.matrix_power: expected an integer as `n`, received float"):
        ops.matrix_power(np.eye(2), 0.5)
    with pytest.raises(ValueError, match="square"):
        ops.matrix_power(np.ones((2, 3)), 2)
    with pytest.raises(ValueError, match=r"matrix_power|inv"):
        ops.matrix_power(np.zeros((2, 2)), -1)
