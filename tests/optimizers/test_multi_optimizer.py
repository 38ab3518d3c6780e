"""MultiOptimizer and OptimizerMap against Keras, in recorded and eager steps, in files and with callbacks."""

from __future__ import annotations

import copy

import keras
import numpy as np
import pytest

import netlet
from netlet import Variable, layers, optimizers
from netlet.optimizers import MultiOptimizer, OptimizerMap
from support import keras64


def multi(library, **options):
    o = library.optimizers
    chosen = {".*bias": o.Adam(0.125), "first.*": o.RMSprop(0.0625, clipnorm=0.5)}
    return o.MultiOptimizer(o.OptimizerMap(o.SGD(0.25, momentum=0.5), chosen), **options)


NAMES, SHAPES = ["first_kernel", "a_bias", "kernel"], [(3, 2), (2,), (4,)]


@pytest.mark.parametrize("options", [{}, {"loss_scale_factor": 8.0}])
def test_steps_follow_keras(options):
    results = []
    with keras64.float64():
        for library in (netlet, keras):
            rng = np.random.default_rng(0)
            variables = [
                library.Variable(rng.normal(size=s), dtype="float64", name=n)
                for n, s in zip(NAMES, SHAPES, strict=True)
            ]
            optimizer = multi(library, **options)
            trace = [
                np.float64(optimizer.scale_loss(2.0)) if library is netlet else 2 * (optimizer.loss_scale_factor or 1)
            ]
            for _ in range(5):
                gradients = [library.ops.convert_to_tensor(rng.normal(size=s), dtype="float64") for s in SHAPES]
                optimizer.apply(gradients, variables)
                trace += [np.asarray(v) for v in [*variables, *optimizer.variables]]
            results.append(trace)
    assert len(results[0]) == len(results[1])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def model(optimizer, eager=False):
    netlet.utils.set_random_seed(0)
    made = netlet.Sequential([layers.Input((3,)), layers.Dense(4, name="first"), layers.Dense(3)], name="net")
    made.compile(optimizer, "mse", run_eagerly=eager)
    return made


def by_layer():
    schedule = optimizers.schedules.ExponentialDecay(0.125, 2, 0.5)
    chosen = {"net/first/.*": optimizers.Adam(schedule), ".*/kernel": optimizers.AdamW(0.125, use_ema=True)}
    return MultiOptimizer(OptimizerMap(optimizers.SGD(0.25, gradient_accumulation_steps=2), chosen), name="multi")


def data():
    return np.random.default_rng(0).normal(size=(2, 24, 3)).astype("float32")


def state(trained):
    return [v.numpy() for v in [*trained.variables, *trained.optimizer.variables]]


def by_function():
    adam, sgd = optimizers.Adam(0.125), optimizers.SGD(0.25)
    return MultiOptimizer(lambda v: adam if "kernel" in v.path else sgd)


@pytest.mark.parametrize("make", [by_function, lambda: optimizers.LossScaleOptimizer(by_function())])
def test_a_recorded_fit_has_the_bits_of_an_eager_one(make):
    x, y = data()
    results = []
    for eager in (False, True):
        trained = model(make(), eager)
        trained.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
        results.append(state(trained))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_tables_are_updated_by_rows():
    """Each inner optimizer decides whether it reads the map of a table's rows: one that clips does not."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 3000, (16, 4)), rng.normal(size=(16, 4, 32))
    for option in ({}, {"clipnorm": 0.01}):
        results = []
        for make in (
            lambda option=option: optimizers.Adam(0.5, **option),
            lambda option=option: MultiOptimizer(OptimizerMap(optimizers.Adam(0.5, **option))),
        ):
            netlet.utils.set_random_seed(0)
            trained = netlet.Sequential([layers.Input((4,), dtype="int32"), layers.Embedding(3000, 32)])
            trained.compile(make(), "mse")
            trained.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
            results.append(trained.get_weights()[0])
        np.testing.assert_array_equal(*results)


def overlapping():
    return MultiOptimizer(
        OptimizerMap(optimizers.SGD(), {".*kernel.*": optimizers.SGD(), ".*first.*": optimizers.SGD()})
    )


def test_a_path_that_two_patterns_match_is_refused():
    with pytest.raises(ValueError, match=r"Multiple optimizers assigned to variable net/first/kernel"):
        model(by_layer()).fit(*data(), verbose=0)
    assert overlapping().optimizers and not overlapping().built


def disjoint():
    chosen = {"net/first/.*": optimizers.Adam(optimizers.schedules.ExponentialDecay(0.125, 2, 0.5))}
    return MultiOptimizer(OptimizerMap(optimizers.AdamW(0.25, use_ema=True), chosen), name="multi")


@pytest.mark.parametrize("ending", ["netlet", "keras"])
def test_files_and_copies_continue(ending, tmp_path):
    if ending == "keras":
        pytest.importorskip("h5py")
    x, y = data()
    first = model(disjoint())
    first.optimizer.exclude_from_weight_decay(var_names=["bias"])
    first.fit(x, y, batch_size=4, verbose=0)
    first.save(tmp_path / f"m.{ending}")
    second = netlet.models.load_model(tmp_path / f"m.{ending}")
    third = model(copy.deepcopy(first.optimizer))
    third.set_weights(first.get_weights())
    assert second.optimizer.get_config() == first.optimizer.get_config()
    for each in (first, second, third):
        each.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    for a, b, c in zip(state(first), state(second), state(third), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
    weights = [v.numpy() for v in first.optimizer.variables]
    fresh = disjoint()
    fresh.build(first.trainable_variables)
    fresh.set_weights(weights)
    for v, w in zip(fresh.variables, weights, strict=True):
        np.testing.assert_array_equal(v, w)


def test_configs_are_keras_s():
    theirs = multi(keras)
    ours = optimizers.deserialize(keras.optimizers.serialize(theirs))
    assert ours.get_config().keys() == theirs.get_config().keys()
    assert [o.name for o in ours.optimizers] == [o.name for o in theirs.optimizers]
    assert [float(o.learning_rate) for o in ours.optimizers] == [0.125, 0.0625, 0.25]


@pytest.mark.parametrize("eager", [False, True])
def test_callbacks_set_every_rate(eager):
    x, y = data()
    a, b = optimizers.SGD(0.5, name="a"), optimizers.SGD(0.25, name="b")
    trained = model(MultiOptimizer(OptimizerMap(a, {".*bias": b})), eager)
    halve = netlet.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = trained.fit(x, y, epochs=2, verbose=0, callbacks=[halve]).history
    assert history["learning_rate_a"] == [0.25, 0.125] and history["learning_rate_b"] == [0.125, 0.0625]
    plateau = netlet.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    history = trained.fit(x, y, epochs=2, verbose=0, callbacks=[plateau]).history
    assert (float(a.learning_rate), float(b.learning_rate)) == (0.0625, 0.03125)
    assert history["learning_rate_b"] == [0.0625, 0.0625]


def test_a_loss_that_is_not_finite_stops_training_without_a_learning_rate_in_the_message():
    trained = model(by_function())
    with pytest.raises(netlet.training.results.NonFiniteLossError, match="is not finite"):
        trained.fit(np.full((4, 3), np.inf), np.ones((4, 3)), verbose=0)


def test_refused():
    sgd = optimizers.SGD()
    kinds = [optimizers.LossScaleOptimizer(optimizers.SGD()), MultiOptimizer(OptimizerMap(sgd))]
    for kind in kinds:
        with pytest.raises(ValueError, match=f"optimizer cannot be {type(kind).__name__}"):
            OptimizerMap(sgd)["a"] = kind
    for kind in [*kinds, optimizers.LBFGS()]:
        with pytest.raises(ValueError, match=f"{type(kind).__name__} cannot be used inside an MultiOptimizer"):
            MultiOptimizer(lambda v, kind=kind: kind).build([Variable([1.0])])
    with pytest.raises(ValueError, match="not an Optimizer instance, it is 'sgd'"):
        MultiOptimizer(lambda v: "sgd").build([Variable([1.0])])
    for call in (lambda o: o.learning_rate, lambda o: setattr(o, "learning_rate", 1.0)):
        with pytest.raises(AttributeError, match="on a MultiOptimizer"):
            call(kinds[1])
    optimizer_map = OptimizerMap(sgd, {"a": sgd})
    for key, value, message in (
        ("a", sgd, "already exists"),
        (3, sgd, "must be a string"),
        ("b", "sgd", "Optimizer inst"),
    ):
        with pytest.raises(ValueError, match=message):
            optimizer_map[key] = value
    del optimizer_map["a"]
    assert not optimizer_map and optimizer_map["a"] is sgd is optimizer_map.default_optimizer
    for arguments in (("sgd",), (sgd, [])):
        with pytest.raises(TypeError):
            OptimizerMap(*arguments)
