"""The options that all optimizers have, each with three optimizers and in generated combinations, against Keras."""

from __future__ import annotations

import itertools
import warnings

import keras
import numpy as np
import pytest

import netlet
from netlet import Variable, _core, ops, optimizers
from support import keras64

SHAPES, STEPS = [(3, 2), (4,)], 12
OPTIMIZERS = {
    "SGD": {"learning_rate": 0.125, "momentum": 0.5},
    "Adam": {"learning_rate": 0.125},
    "RMSprop": {"learning_rate": 0.0625},
}
OPTIONS = {
    "clipnorm": {"clipnorm": 0.75},
    "clipvalue": {"clipvalue": 0.25},
    "global_clipnorm": {"global_clipnorm": 0.75},
    "negative clipnorm": {"clipnorm": -1.0},
    "weight_decay": {"weight_decay": 0.125},
    "ema": {"use_ema": True, "ema_momentum": 0.75},
    "ema overwrites": {"use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 3},
    "loss_scale_factor": {"loss_scale_factor": 16.0},
    "accumulation": {"gradient_accumulation_steps": 3},
}
SINGLE = list(itertools.product(OPTIMIZERS, OPTIONS))


def generated(seed):
    """One optimizer with a random combination of options, of which at most one clips."""
    rng = np.random.default_rng(seed)
    clips = [*(name for name in OPTIONS if "clip" in name), ""]
    chosen = {**OPTIONS.get(rng.choice(clips), {})}
    for name in OPTIONS:
        if "clip" not in name and rng.random() < 0.6:
            chosen.update(OPTIONS[name])
    return str(rng.choice([*OPTIMIZERS])), chosen


def applier(library, optimizer, variables):
    """The optimizer's `apply`, compiled for Keras if it has conditions."""
    conditions = library is keras and optimizer.gradient_accumulation_steps
    return keras64.compiled_apply(optimizer, variables) if conditions else optimizer.apply


def run(library, name, options):
    """The values of two variables and of the optimizer's state, after each of several steps."""
    rng = np.random.default_rng(0)
    variables = [
        library.Variable(rng.normal(size=s), dtype="float64", name=n) for s, n in zip(SHAPES, "ab", strict=True)
    ]
    optimizer = getattr(library.optimizers, name)(**OPTIMIZERS[name], **options)
    optimizer.exclude_from_weight_decay(var_names=["b"])
    apply = applier(library, optimizer, variables)
    trace = []
    for _ in range(STEPS):
        gradients = [library.ops.convert_to_tensor(rng.normal(size=s), dtype="float64") for s in SHAPES]
        apply(gradients, variables)
        trace.append([np.asarray(v) for v in [*variables, *optimizer.variables]])
    optimizer.finalize_variable_values(variables)
    return [*trace, [np.asarray(v) for v in variables]]


@pytest.mark.parametrize(
    ("name", "options"),
    [(name, OPTIONS[option]) for name, option in SINGLE] + [generated(seed) for seed in range(3)],
    ids=[f"{name} {option}" for name, option in SINGLE] + [f"generated {seed}" for seed in range(3)],
)
def test_options_follow_keras(name, options):
    with keras64.float64():
        theirs = run(keras, name, options)
    for ours, expected in zip(run(netlet, name, options), theirs, strict=True):
        for a, b in zip(ours, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


# ---- optimizers of one's own -----------------------------------------------------------------------------------------
def own(library):
    class Heavy(library.optimizers.Optimizer):
        """Momentum, written as in Keras's documentation."""

        def build(self, variables):
            super().build(variables)
            self.momentums = [self.add_variable_from_reference(v, name="momentum") for v in variables]

        def update_step(self, gradient, variable, learning_rate):
            m = self.momentums[self._get_variable_index(variable)]
            rate = library.ops.cast(learning_rate, variable.dtype)
            self.assign(m, library.ops.subtract(m * 0.5, library.ops.multiply(gradient, rate)))
            self.assign_add(variable, m)

    return Heavy


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.125}, {"use_ema": True, "clipnorm": 0.5}])
def test_an_optimizer_of_ones_own_accumulates_gradients_as_in_keras(options):
    results = []
    with keras64.float64():
        for library in (netlet, keras):
            rng = np.random.default_rng(0)
            variables = [library.Variable(rng.normal(size=s), dtype="float64") for s in SHAPES]
            optimizer = own(library)(0.125, gradient_accumulation_steps=3, **options)
            apply = applier(library, optimizer, variables)
            for _ in range(7):
                gradients = [library.ops.convert_to_tensor(rng.normal(size=s), dtype="float64") for s in SHAPES]
                apply(gradients, variables)
            results.append([np.asarray(v) for v in [*variables, *optimizer.variables]])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def fitted(optimizer, eager):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(24, 3)), rng.normal(size=(24, 2))
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(4, activation="tanh"), netlet.layers.Dense(2)])
    model.compile(optimizer, "mse", run_eagerly=eager)
    model.fit(x, y, batch_size=4, epochs=3, verbose=0)
    return [v.numpy() for v in [*model.variables, *optimizer.variables]]


@pytest.mark.parametrize("options", [{}, {"gradient_accumulation_steps": 3, "weight_decay": 0.125}])
def test_a_recorded_step_of_ones_own_optimizer_has_the_bits_of_an_eager_one(options):
    recorded, eager = (fitted(own(netlet)(0.125, **options), eager) for eager in (False, True))
    for a, b in zip(recorded, eager, strict=True):
        np.testing.assert_array_equal(a, b)


def test_variables_that_are_attributes_are_part_of_the_state():
    class Counts(optimizers.Optimizer):
        def __init__(self):
            super().__init__(0.5)
            self.count, self.pair = Variable(3.0, trainable=False), [Variable(1.0), Variable(2.0)]

    assert [float(v) for v in Counts().variables] == [0.0, 0.5, 3.0, 1.0, 2.0]

    class Forgets(optimizers.Optimizer):
        def __init__(self):
            self.count = 1

    with pytest.raises(RuntimeError, match="you forgot to call"):
        Forgets()


# ---- variables that their gradient overwrites ------------------------------------------------------------------------
@pytest.mark.parametrize("options", [{}, {"gradient_accumulation_steps": 3}, {"use_ema": True}])
def test_overwriting_follows_keras(options):
    results = []
    with keras64.float64():
        for library in (netlet, keras):
            rng = np.random.default_rng(0)
            variables = [library.Variable(rng.normal(size=s), dtype="float64") for s in SHAPES]
            variables[0].overwrite_with_gradient = True
            optimizer = library.optimizers.Adam(0.125, clipnorm=0.5, loss_scale_factor=4.0, **options)
            apply = applier(library, optimizer, variables)
            trace = []
            for _ in range(7):
                gradients = [library.ops.convert_to_tensor(rng.normal(size=s), dtype="float64") for s in SHAPES]
                apply(gradients, variables)
                trace += [np.asarray(v) for v in [*variables, *optimizer.variables]]
            optimizer.finalize_variable_values(variables)
            results.append([*trace, *map(np.asarray, variables)])
    assert len(results[0]) == len(results[1])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_a_weight_that_its_gradient_overwrites_is_recorded():
    class Scaled(netlet.layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight((), initializer="ones", overwrite_with_gradient=True, name="scale")

        def call(self, x):
            return x * self.scale

    model = netlet.Sequential([netlet.Input((1,)), Scaled()])
    model.compile(optimizers.SGD(0.5), "mse")
    model.fit(np.ones((2, 1)), np.zeros((2, 1)), verbose=0)  # d/ds mean(s^2) = 2 s
    assert model.get_weights()[0] == 2.0
    assert len(model.optimizer.variables) == 2


# ---- setting the whole state -----------------------------------------------------------------------------------------
def test_own_variables_go_to_a_store_and_back():
    w = Variable([1.0, 2.0])
    first, second = optimizers.Adam(0.125), optimizers.Adam(0.5)
    first.apply([[1.0, 2.0]], [w])
    store: dict[str, np.ndarray] = {}
    first.save_own_variables(store)
    assert list(store) == ["0", "1", "2", "3"]
    with pytest.warns(UserWarning, match="has 2 variables whereas the saved optimizer has 4.*not been called/built"):
        second.load_own_variables(store)
    second.build([w])
    second.load_own_variables(store)
    for a, b in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match=r"momentum has shape \(2,\) not compatible with provided weight shape \(3,\)"):
        second.set_weights([0, 0.5, np.zeros(3), np.zeros(2)])
    assert int(second.iterations) == 1
    with pytest.raises(ValueError, match="`weights` of Adam: expected 4 arrays, one per variable, received 1"):
        second.set_weights([0])


def test_stateless_apply_changes_nothing():
    w = Variable([1.0, 2.0])
    optimizer = optimizers.Adam(0.125)
    with pytest.raises(ValueError, match="must be built"):
        optimizer.stateless_apply([], [], [])
    optimizer.build([w])
    before = [v.numpy() for v in optimizer.variables]
    values, state = [np.array([3.0, 4.0], "float32")], before
    for _ in range(2):
        values, state = optimizer.stateless_apply(state, [[1.0, -1.0]], values)
    other = Variable([3.0, 4.0])
    twin = optimizers.Adam(0.125)
    for _ in range(2):
        twin.apply([[1.0, -1.0]], [other])
    for a, b in zip([*values, *state], [other, *twin.variables], strict=True):
        np.testing.assert_array_equal(np.asarray(a), b)
    for a, b in zip([w, *optimizer.variables], [[1.0, 2.0], *before], strict=True):
        np.testing.assert_array_equal(a, b)
    for arguments, name in (((before[1:], [[1, 1]], [w]), "optimizer"), ((before, [[1, 1]], []), "trainable")):
        with pytest.raises(ValueError, match=f"`{name}_variables` of Adam: expected"):
            optimizer.stateless_apply(*arguments)
    with _core.Tape(record=True), pytest.raises(RuntimeError, match="cannot be part of a recorded step"):
        optimizer.stateless_apply(before, [[1, 1]], [w])


def test_a_missing_gradient_asks_for_the_loss():
    variables = [Variable([1.0]), Variable([1.0])]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        optimizers.SGD(1.0).apply([None, ops.ones((1,))], variables)
    assert "did you forget to provide a `loss` argument" in str(caught[0].message)
