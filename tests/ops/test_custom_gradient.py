"""ops.custom_gradient: eager, nested, in recorded steps, in graphs."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops
from support.second_derivatives import check, normal, watched


@ops.custom_gradient
def log1pexp(x):
    e = ops.exp(x)

    def grad(*args, upstream=None):
        if upstream is None:
            (upstream,) = args
        return ops.multiply(upstream, 1.0 - 1.0 / ops.add(1, e))

    return ops.log(1 + e), grad


def tripled(factor=3.0):
    """x with `factor` as its derivative."""

    @ops.custom_gradient
    def f(x):
        return x * 1.0, lambda dy: dy * factor

    return f


def gradients(f, *values, seed=None):
    xs = watched(values)
    with netlet.GradientTape() as tape:
        y = f(*xs)
    return [None if g is None else g.numpy() for g in tape.gradient(y, xs, seed)]


def test_example_of_keras():
    x = normal(3, 4)
    np.testing.assert_allclose(gradients(log1pexp, x)[0], 1 / (1 + np.exp(-x)), rtol=1e-12)
    np.testing.assert_allclose(log1pexp(x), np.log1p(np.exp(x)), rtol=1e-12)


def test_second_derivatives_flow_through_what_the_function_computed():
    check(log1pexp, normal(3, 4))
    check(lambda x: ops.square(log1pexp(ops.sin(x))), normal(3, 4))


def test_third_derivative():
    x = watched([0.3])
    with netlet.GradientTape() as a:
        with netlet.GradientTape() as b:
            with netlet.GradientTape() as c:
                y = log1pexp(x[0])
            first = c.gradient(y, x)
        second = b.gradient(first, x)
    s = 1 / (1 + np.exp(-0.3))
    assert float(second[0]) == pytest.approx(s * (1 - s))
    assert float(a.gradient(second, x)[0]) == pytest.approx(s * (1 - s) * (1 - 2 * s))


def test_the_gradient_is_the_functions_own():
    np.testing.assert_array_equal(gradients(tripled(), normal(2, 2))[0], np.full((2, 2), 3.0))
    # ... and is added to others
    np.testing.assert_allclose(gradients(lambda x: tripled()(x) + 2.0 * x + tripled(5.0)(x), normal(2))[0], [10, 10])


def test_several_arguments_and_outputs():
    @ops.custom_gradient
    def f(a, b, scale=1.0):
        def grad(upstream):
            da, db = upstream
            return da * 10.0 * scale, db * 100.0

        return (a * b, b + 1.0), grad

    da, db = gradients(lambda a, b: f(a, b, scale=2.0)[0] + f(a, b)[1], normal(3), normal(3))
    np.testing.assert_allclose(da, [20] * 3)
    np.testing.assert_allclose(db, [100] * 3)


def test_nested_arguments_and_none():
    @ops.custom_gradient
    def f(pair, c):
        return {"sum": pair["a"] + pair["b"] + c}, lambda dy: ({"a": dy["sum"], "b": None}, None)

    xs = watched([1.0, 2.0, 3.0])
    with netlet.GradientTape() as tape:
        y = f({"a": xs[0], "b": xs[1]}, xs[2])["sum"]
    assert [g if g is None else float(g) for g in tape.gradient(y, xs)] == [1.0, None, None]


def test_variables_and_constants_as_arguments():
    v = netlet.Variable([2.0])

    @ops.custom_gradient
    def f(x, n):
        return x * 2.0, lambda dy: (dy * 7.0, None)

    with netlet.GradientTape() as tape:
        y = f(v, 3)
    assert tape.gradient(y, v).tolist() == [7.0]


def test_outputs_that_are_inputs():
    @ops.custom_gradient
    def same(x):
        return x, lambda dy: dy * 2.0

    @ops.custom_gradient
    def view(x):
        return ops.reshape(x, (4,)), lambda dy: ops.reshape(dy, (2, 2)) * 3.0

    @ops.custom_gradient
    def twice(x):
        y = x * 1.0
        return (y, y), lambda dy: dy[0] * 2.0 + dy[1] * 3.0

    np.testing.assert_array_equal(gradients(lambda x: same(same(x)), np.ones(2))[0], [4, 4])
    np.testing.assert_array_equal(gradients(lambda x: x + same(x), np.ones(2))[0], [3, 3])
    np.testing.assert_array_equal(gradients(view, np.ones((2, 2)))[0], np.full((2, 2), 3.0))
    np.testing.assert_array_equal(gradients(lambda x: ops.sum(ops.stack(twice(x))), np.ones(2))[0], [5, 5])
    v = netlet.Variable([1.0])
    assert float(same(v)[0]) == 1.0 and same(v) is not v


def test_integer_outputs_and_inputs_have_no_gradient():
    @ops.custom_gradient
    def f(x, i):
        return (ops.cast(x, "int32"), x * 2.0), lambda dy: (dy[1] * 3.0, None)

    x, i = watched([1.5])[0], _core.tensor(np.arange(1))
    with netlet.GradientTape() as tape:
        whole, y = f(x, i)
        y = y + ops.cast(whole, "float64")
    assert float(tape.gradient(y, x)) == 3.0


def test_halves():
    x = _core.tensor(np.ones(3), "float16")
    x.requires_grad = True
    with netlet.GradientTape() as tape:
        y = tripled()(x)
    assert y.dtype == "float16"
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [3, 3, 3])


class Broken(Exception):
    pass


@pytest.mark.parametrize("nested", [False, True])
def test_an_exception_comes_out_as_itself(nested):
    @ops.custom_gradient
    def f(x):
        def grad(dy):
            raise Broken("no gradient")

        return x * 1.0, grad

    x = watched([1.0])
    with netlet.GradientTape(persistent=True) as outer, netlet.GradientTape(persistent=True) as inner:
        y = f(x[0])
        z = ops.square(x[0])
        if nested:
            with pytest.raises(Broken, match="no gradient"):
                inner.gradient(y, x)
    for _ in range(2):
        with pytest.raises(Broken, match="no gradient"):
            outer.gradient(y, x)
    assert float(outer.gradient(z, x)[0]) == 2.0  # the tape still works


@pytest.mark.parametrize(
    ("grad", "message"),
    [
        (lambda dy: ops.sum(dy), r"f: expected a gradient of shape \(3\) for argument 0|received shape \(\)"),
        (lambda dy: (dy, dy), "return 1 gradients, one for each argument, received 2"),
        (lambda dy: ("text",), None),
    ],
)
def test_wrong_gradients(grad, message):
    @ops.custom_gradient
    def f(x):
        return x * 1.0, grad

    with pytest.raises((ValueError, TypeError), match=message):
        gradients(f, np.ones(3))


@pytest.mark.parametrize("result", [None, 1.0, (1.0, 2.0), (1.0,)])
def test_functions_that_return_no_pair(result):
    @ops.custom_gradient
    def f(x):
        return result

    with pytest.raises(TypeError, match=r"expected 'f' to return \(output, gradient function\)"):
        f(1.0)


@pytest.mark.parametrize("place", [0, 1])
def test_none_is_no_tensor(place):
    (x,) = watched([np.ones(3)])
    with netlet.GradientTape():
        lists = [[ops.exp(x)], [ops.exp(x)]]
        lists[place].append(None)
        with pytest.raises(TypeError, match="mine: expected tensors, received None"):
            _core.custom_backward(*lists, lambda *dy: dy, None, "mine")


def test_a_tape_inside_the_function_and_one_around_it():
    @ops.custom_gradient
    def f(x):
        inner_x = ops.copy(x)
        with netlet.GradientTape() as tape:
            tape.watch(inner_x)
            y = ops.square(inner_x)
        slope = tape.gradient(y, inner_x)
        return y, lambda dy: dy * slope * 10.0

    np.testing.assert_allclose(gradients(f, [3.0])[0], [60.0])


def test_the_same_tape_cannot_be_asked_inside_its_own_gradient():
    tapes = []

    @ops.custom_gradient
    def f(x):
        return x * 1.0, lambda dy: tapes[0].gradient(y, x)

    x = watched([1.0])[0]
    with netlet.GradientTape(persistent=True) as tape:
        tapes.append(tape)
        y = f(x)
    with pytest.raises(RuntimeError, match="a gradient function asked the tape"):
        tape.gradient(y, x)


class Layer(layers.Layer):
    def call(self, x):
        return tripled()(log1pexp(x))


def steps(layer, how):
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(5), layer, layers.Dense(2)])
    model.compile("sgd", "mse", **how)
    x = np.random.default_rng(0).standard_normal((8, 4)).astype("float32")
    model.fit(x, x[:, :2], epochs=3, batch_size=4, shuffle=False, verbose=0)
    return model.get_weights()


def test_recorded_steps_use_it():
    for a, b in zip(steps(Layer(), {}), steps(Layer(), {"run_eagerly": True}), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)

    class Plain(layers.Layer):
        def call(self, x):
            return log1pexp(x)

    assert not np.allclose(steps(Layer(), {})[0], steps(Plain(), {})[0], atol=1e-4)


def test_a_recorded_gradient_penalty():
    class Penalized(netlet.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, x):
            return log1pexp(self.dense(x))

        def train_step(self, data):
            x, _ = data
            with netlet.GradientTape() as outer:
                with netlet.GradientTape() as inner:
                    inner.watch(x)
                    y = self(x, training=True)
                slope = inner.gradient(y, x)
                loss = ops.mean(ops.square(slope))
            self.optimizer.apply(outer.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss}

    def losses(**how):
        model = Penalized()
        model.build((4, 2))
        model.dense.kernel.assign(np.arange(6.0).reshape(2, 3) / 10)
        model.compile("sgd", **how)
        x = np.ones((4, 2), "float32")
        return model.fit(x, x, epochs=4, verbose=0).history["loss"]

    recorded = losses()
    np.testing.assert_allclose(recorded, losses(run_eagerly=True), rtol=1e-5)
    assert recorded[-1] < recorded[0]


def test_graphs():
    x = netlet.Input((3,))
    y = log1pexp(layers.Dense(2)(x))
    assert y.shape == (None, 2)
    model = netlet.Model(x, y)
    model.compile("sgd", "mse")
    data = np.ones((4, 3), "float32")
    history = model.fit(data, np.zeros((4, 2), "float32"), epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    with pytest.raises(ValueError, match=r"function 'log1pexp'.*files cannot"):
        model.to_json()


def test_results_need_no_tape():
    calls = []

    @ops.custom_gradient
    def f(x):
        return ops.exp(x), lambda dy: calls.append(1)

    assert float(f(0.0)) == 1.0 and not calls
