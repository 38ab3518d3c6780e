"""Branches, loops, scans and maps against keras.ops; in recorded steps, gradients and what a run computes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops
from netlet.base import tree
from netlet.engine.needs_values import NeedsValues

X = np.random.default_rng(0).uniform(0.5, 1.5, (5, 3)).astype("float32")
IDS = np.array([3, 1, 4, 1, 5], "int32")
VECTOR = np.array([0.5, -1.0, 2.0], "float32")


def same(ours, theirs):
    assert tree.paths(ours) == tree.paths(theirs)
    for a, b in zip(tree.flatten(ours), tree.flatten(theirs), strict=True):
        assert isinstance(a, netlet.Tensor)
        b = np.asarray(b)
        assert a.shape == b.shape
        assert a.dtype == b.dtype.name or (a.dtype, b.dtype.name) == ("int32", "int64")  # Python integers in JAX
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-5, atol=1e-6)


CASES = {
    "cond true": lambda k: k.cond(np.bool_(True), lambda: {"a": X}, lambda: {"a": X * 2}),
    "cond false": lambda k: k.cond(0, lambda: X, lambda: X * 2),
    "switch": lambda k: k.switch(1, [k.add, k.subtract, k.multiply], X, X[0]),
    "switch beyond": lambda k: k.switch(7, [lambda x: x, lambda x: x * 2], X),
    "switch before": lambda k: k.switch(-3, [lambda x: x, lambda x: x * 2], X),
    "while": lambda k: k.while_loop(lambda i: i < 10, lambda i: i + 3, 0),
    "while of two": lambda k: k.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s * 2.0), (0, X)),
    "while of a dict": lambda k: k.while_loop(
        lambda v: v["i"] < 3, lambda v: {"i": v["i"] + 1, "x": v["x"] + 1}, {"i": np.int32(0), "x": X}
    ),
    "while with a limit": lambda k: k.while_loop(lambda i: i < 10, lambda i: i + 1, 0, maximum_iterations=4),
    "while never": lambda k: k.while_loop(lambda i, x: i < 0, lambda i, x: (i + 1, x), (0, X)),
    "fori": lambda k: k.fori_loop(2, 6, lambda i, s: s + i, 1),
    "fori of a structure": lambda k: k.fori_loop(
        0, 3, lambda i, s: (s[0] + k.take(X, i, axis=0), s[1] * 2), (np.zeros(3, "float32"), X)
    ),
    "fori never": lambda k: k.fori_loop(3, 3, lambda i, s: s + i, 7),
    "scan": lambda k: k.scan(lambda c, x: (c + x, c * x), VECTOR, X),
    "scan reversed": lambda k: k.scan(lambda c, x: (c * 2 + x, c), VECTOR, X, reverse=True),
    "scan of structures": lambda k: k.scan(
        lambda c, x: ({"s": c["s"] + x[0]}, (x[1] * 2, c["s"])), {"s": VECTOR}, (X, IDS), unroll=2
    ),
    "scan without xs": lambda k: k.scan(lambda c, _: (c + 1, c * 2), 1, length=3, unroll=True),
    "scan of nothing": lambda k: k.scan(lambda c, x: (c + x, c * x), VECTOR, X[:0]),
    "map": lambda k: k.map(lambda x: {"y": x**2, "z": k.sum(x)}, X),
    "map of two": lambda k: k.map(lambda xs: xs[0] * xs[1][0], (IDS.astype("float32"), X)),
    "map of nothing": lambda k: k.map(lambda x: k.sum(x), X[:0]),
    "vectorized_map": lambda k: k.vectorized_map(lambda x: k.matmul(x, k.reshape(x, (3, 1))), X),
    "vectorized_map of a list": lambda k: k.vectorized_map(lambda e: e[0] + e[1], [X, X * 2]),
}


@pytest.mark.parametrize("case", CASES)
def test_like_keras(case):
    same(CASES[case](ops), CASES[case](keras.ops))


def test_scan_without_outputs():
    same(ops.scan(lambda c, x: (c + x, None), VECTOR, X)[0], X.sum(0) + VECTOR)
    assert ops.scan(lambda c, x: (c + x, None), VECTOR, X)[1] is None


@pytest.mark.parametrize("count", range(1, 10))
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan(count, reverse):
    """The product of 2x2 matrices is associative and does not commute."""
    matrices = np.random.default_rng(count).standard_normal((2, count, 2, 2))
    found = ops.associative_scan(ops.matmul, matrices, reverse=reverse, axis=1).numpy()
    order = range(count)[::-1] if reverse else range(count)
    expected = np.empty_like(matrices)
    product = None
    for k in order:
        product = matrices[:, k] if product is None else product @ matrices[:, k]
        expected[:, k] = product
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_associative_scan_like_keras():
    def add(a, b):
        return {"u": a["u"] + b["u"], "v": a["v"] * b["v"]}

    for kwargs in ({}, {"reverse": True}):
        elems = {"u": X, "v": X[:, 0]}
        same(ops.associative_scan(add, elems, **kwargs), keras.ops.associative_scan(add, elems, **kwargs))


# ---- recorded --------------------------------------------------------------------------------------------------------
def recorded(function, *arrays):
    """What the function returns from a plan, as arrays."""
    tape = _core.Tape(record=True)
    with tape:
        inputs = [tape.input(a.shape, a.dtype.name, f"x{i}") for i, a in enumerate(arrays)]
        outputs = tree.flatten(function(*inputs))
        plan = tape.compile([y if isinstance(y, netlet.Tensor) else ops.convert_to_tensor(y) for y in outputs])
    return plan


@pytest.mark.parametrize("case", CASES)
def test_loops_over_constants_are_recorded(case):
    expected = tree.flatten(CASES[case](ops))
    outputs, _ = recorded(lambda: CASES[case](ops)).run([])
    for got, want in zip(outputs, expected, strict=True):
        np.testing.assert_array_equal(got, want.numpy())


def gradients(function):
    """A function that returns function(x) and the gradient of its sum."""

    def both(x):
        x.requires_grad = True
        with netlet.GradientTape() as tape:
            y = function(x)
            total = ops.sum(y)
        return y, tape.gradient(total, x)

    return both


def chosen_by_sign(x):
    return ops.cond(ops.sum(x) > 0, lambda: ops.log(x) * ops.sum(x), lambda: ops.square(x) + x[0])


def chosen_by_index(x):
    index = ops.cast(ops.sum(x), "int32")
    return ops.switch(index, [lambda x: ops.square(x), lambda x: ops.log(x - 1.0), lambda x: ops.sqrt(x) * x[1]], x)


def doubled_while_small(x):
    return ops.while_loop(lambda n, x: ops.sum(x) < 20.0, lambda n, x: (n + 1, x * x + x), (0, x), 5)[1]


POINTS = ([1.0, 2.0], [0.5, 0.25], [-1.0, -2.0], [0.0, -1.0], [30.0, 1.0], [1.0, 0.25], [0.0, 0.0])


@pytest.mark.parametrize("function", [chosen_by_sign, chosen_by_index, doubled_while_small])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_recorded_choice(function):
    """Values and gradients as in an eager call; the branch that is not chosen adds no NaN."""
    plan = recorded(gradients(function), np.zeros(2))
    for point in POINTS:
        x = np.array(point)
        found, _ = plan.run([x])
        for got, want in zip(found, gradients(function)(ops.convert_to_tensor(x)), strict=True):
            np.testing.assert_allclose(got, want.numpy(), rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("function", [chosen_by_sign, chosen_by_index, doubled_while_small])
def test_second_derivatives_of_a_recorded_choice(function):
    def curvature(x):
        x.requires_grad = True
        with netlet.GradientTape() as tape:
            gradient = gradients(function)(x)[1]
            total = ops.sum(gradient * gradient)
        return tape.gradient(total, x)

    plan = recorded(curvature, np.zeros(2))
    for point in ([1.0, 2.0], [-1.0, -2.0], [0.5, 0.25]):
        x = np.array(point)
        np.testing.assert_allclose(plan.run([x])[0][0], curvature(ops.convert_to_tensor(x)).numpy(), rtol=1e-10)


def test_gradients_of_scans_and_maps():
    def function(x):
        carry, y = ops.scan(lambda c, row: (c * row + 1.0, c * c), x[0], x)
        prefixes = ops.associative_scan(ops.multiply, x, axis=1)
        return ops.sum(carry) + ops.sum(y) + ops.sum(prefixes) + ops.sum(ops.map(lambda r: r[0] * r, x))

    x = X[:3].astype("float64")
    _, gradient = gradients(function)(ops.convert_to_tensor(x))
    for at in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[at] = 1e-6
        slope = (function(x + step).item() - function(x - step).item()) / 2e-6
        assert gradient.numpy()[at] == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_a_run_computes_the_chosen_branch_only():
    """What a branch assigns is assigned if it is chosen."""
    counts = [netlet.Variable(0.0, trainable=False) for _ in range(3)]

    def function(x):
        def branch(i):
            return lambda: (counts[i].assign_add(1.0), x * float(i))[1]

        return ops.cond(x[0] > 0, lambda: ops.cond(x[1] > 0, branch(0), branch(1)), branch(2))

    plan = recorded(function, np.zeros(2))
    for point in ([1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]):
        plan.run([np.array(point)])
    assert [float(c) for c in counts] == [1.0, 1.0, 2.0]


@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # in the eager step, for the branch not chosen
@pytest.mark.parametrize("kind", ["cond", "switch", "while_loop"])
def test_layers_in_branches_train_as_eagerly(kind):
    """Also moving averages, which a step updates at its end, follow the chosen branch."""

    class Chooses(layers.Layer):
        def build(self, input_shape):
            self.dense, self.norm = layers.Dense(3, "tanh"), layers.BatchNormalization()

        def call(self, x, training=None):
            if kind == "cond":
                return ops.cond(ops.mean(x) > 0, lambda: self.norm(self.dense(x), training=training), lambda: x * 2)
            if kind == "switch":
                index = ops.cast(ops.sum(x), "int32")
                branches = [lambda x: x * 2, self.dense, lambda x: self.norm(x, training=training)]
                return ops.switch(index, branches, x)
            return ops.while_loop(lambda x: ops.mean(x) < 1.0, lambda x: self.dense(x) + x + 0.5, x, 4)

    x = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")
    found = []
    for eagerly in (False, True):
        netlet.utils.set_random_seed(0)
        model = netlet.Sequential([netlet.Input((3,)), Chooses(), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eagerly)
        losses = model.fit(x, x[:, :1], batch_size=2, epochs=2, shuffle=False, verbose=0).history["loss"]
        found.append([losses, *model.get_weights(), model.predict(x, batch_size=2, verbose=0)])
        assert eagerly or model.training_plan().describe()
    for got, want in zip(*found, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_a_variable_is_not_a_constant():
    flag = netlet.Variable(1.0, trainable=False)
    plan = recorded(lambda x: ops.cond(flag, lambda: x, lambda: -x), np.zeros(2))
    x = np.array([1.0, 2.0])
    assert plan.run([x])[0][0].tolist() == [1.0, 2.0]
    flag.assign(0.0)
    assert plan.run([x])[0][0].tolist() == [-1.0, -2.0]


def test_a_choice_of_constants_is_not_a_constant():
    """What the branches compute is known while the step is recorded, but not which one a run chooses."""

    def function(x):
        two, three = (lambda i=i: ops.multiply(ops.ones(()), i) for i in (2.0, 3.0))
        first = ops.cond(x[0] > 0, two, three)
        return ops.cond(first > 2.5, lambda: x, lambda: -x), first, ops.switch(ops.cast(first, "int32"), [two, three])

    plan = recorded(function, np.zeros(2))
    assert [y.tolist() for y in plan.run([np.array([1.0, 2.0])])[0]] == [[-1.0, -2.0], 2.0, 3.0]
    assert [y.tolist() for y in plan.run([np.array([-1.0, 2.0])])[0]] == [[-1.0, 2.0], 3.0, 3.0]


def test_an_open_number_of_iterations_needs_values():
    with pytest.raises(NeedsValues, match=r"ops.while_loop.*number of iterations"):
        recorded(lambda x: ops.while_loop(lambda x: ops.sum(x) < 9, lambda x: x + 1, x), X)
    with pytest.raises(NeedsValues, match="fori_loop: the number of iterations"):
        recorded(lambda x: ops.fori_loop(0, ops.cast(x[0, 0], "int32"), lambda i, s: s + 1, x), X)


# ---- symbolic --------------------------------------------------------------------------------------------------------
@netlet.saving.register_keras_serializable("control")
def small(x):
    return ops.sum(x) < 100.0


@netlet.saving.register_keras_serializable("control")
def doubled(x):
    return x * 2.0


SYMBOLIC = {
    "while_loop": lambda x: ops.while_loop(small, doubled, x),
    "fori_loop": lambda x: ops.fori_loop(0, 3, lambda i, x: x * 2.0, x),
    "scan": lambda x: ops.scan(lambda c, r: (c + r, c * r), np.zeros(3, "float32"), x)[1],
    "associative_scan": lambda x: ops.associative_scan(ops.add, x, axis=1),
    "map": lambda x: ops.map(doubled, x),
    "vectorized_map": lambda x: ops.vectorized_map(lambda pair: pair[0] * pair[1], [x, x]),
    "switch": lambda x: ops.switch(1, [ops.abs, doubled], x),
    "cond": lambda x: ops.cond(ops.sum(x) > 0, lambda: ops.exp(x), lambda: x * 2.0),
}


@pytest.mark.parametrize("name", SYMBOLIC)
def test_symbolic(name):
    inputs = netlet.Input((3,))
    model = netlet.Model(inputs, SYMBOLIC[name](inputs))
    assert model.output.shape == (None, 3)
    for x in (X, -X):
        np.testing.assert_array_equal(model(x).numpy(), SYMBOLIC[name](ops.convert_to_tensor(x)).numpy())
        if name == "while_loop" and x is X:  # an endless loop for negative numbers
            break


def test_a_graph_with_functions_is_saved_by_their_names(tmp_path):
    inputs = netlet.Input((3,))
    model = netlet.Model(inputs, ops.while_loop(small, doubled, inputs))
    model.save(tmp_path / "model.netlet")
    again = netlet.models.load_model(tmp_path / "model.netlet")
    np.testing.assert_array_equal(again(X).numpy(), model(X).numpy())
    with pytest.raises(ValueError, match="A lambda cannot be saved"):
        netlet.Model(inputs, ops.map(lambda x: x, inputs)).get_config()


# ---- errors ----------------------------------------------------------------------------------------------------------
SYMBOL = netlet.Input((3,))
ERRORS = [
    (TypeError, "cond: expected a function as `true_fn`, received int", lambda: ops.cond(True, 1, lambda: 2)),
    (ValueError, "cond: expected one bool from `pred`", lambda: ops.cond([True, False], lambda: 1, lambda: 2)),
    (ValueError, "at least one branch", lambda: ops.switch(0, [])),
    (TypeError, "expected an integer as `index`, received float", lambda: ops.switch(0.5, [lambda: 1])),
    (ValueError, "a result of body like", lambda: ops.while_loop(lambda x: True, lambda x: x[0], X)),
    (ValueError, "a result of body like", lambda: ops.while_loop(lambda x, y: True, lambda x, y: x, (X, X))),
    (ValueError, "a result of body_fun like", lambda: ops.fori_loop(0, 2, lambda i, s: (s, s), X)),
    (TypeError, "expected an integer as `upper`", lambda: ops.fori_loop(0, 2.5, lambda i, s: s, X)),
    (ValueError, "`xs` or `length`, received neither", lambda: ops.scan(lambda c, x: (c, x), 0)),
    (ValueError, "length=5", lambda: ops.scan(lambda c, x: (c, x), 0, X, length=4)),
    (ValueError, "`unroll` to be a positive integer", lambda: ops.scan(lambda c, x: (c, x), 0, X, unroll=0)),
    (ValueError, "expected f to return", lambda: ops.scan(lambda c, x: c, 0, X)),
    (ValueError, "a carry like", lambda: ops.scan(lambda c, x: (x, c), 0, X)),
    (ValueError, "axis 0 of one size", lambda: ops.map(lambda x: x, (X, X[:2]))),
    (ValueError, "axis 2 of one size", lambda: ops.associative_scan(ops.add, X, axis=2)),
    (ValueError, "a result of f like", lambda: ops.associative_scan(lambda a, b: ops.sum(a), X)),
    (ValueError, "another KerasTensor", lambda: ops.map(lambda x: SYMBOL, X)),
]


@pytest.mark.parametrize(("kind", "message", "call"), ERRORS, ids=[m for _, m, _ in ERRORS])
def test_errors(kind, message, call):
    with pytest.raises(kind, match=message):
        call()


def test_branches_of_different_results_cannot_be_recorded():
    with pytest.raises(ValueError, match="a result of false_fn like"):
        recorded(lambda x: ops.cond(x[0, 0] > 0, lambda: x, lambda: x[0]), X)
    with pytest.raises(ValueError, match="results of all branches like"):
        recorded(lambda x: ops.switch(ops.cast(x[0, 0], "int32"), [ops.abs, ops.sum], x), X)
