"""The interface of optimizers: names, configs, learning rates, step counts, subclasses written in Python."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import Variable, _core, ops, optimizers
from netlet.optimizers import schedules

SCHEDULES = {
    "exponential": ("ExponentialDecay", (0.1, 7, 0.5), {}),
    "exponential staircase": ("ExponentialDecay", (0.1, 7, 0.5), {"staircase": True}),
    "piecewise": ("PiecewiseConstantDecay", ([5, 12], [0.3, 0.2, 0.1]), {}),
    "polynomial": ("PolynomialDecay", (0.1, 10), {"end_learning_rate": 0.01, "power": 2.0}),
    "polynomial cycle": ("PolynomialDecay", (0.1, 10), {"cycle": True}),
    "inverse time": ("InverseTimeDecay", (0.1, 10, 0.5), {}),
    "inverse time staircase": ("InverseTimeDecay", (0.1, 10, 0.5), {"staircase": True}),
    "cosine": ("CosineDecay", (0.1, 20), {"alpha": 0.1}),
    "cosine warmup": ("CosineDecay", (0.01, 20), {"warmup_target": 0.2, "warmup_steps": 6}),
    "restarts": ("CosineDecayRestarts", (0.1, 7), {"t_mul": 1.5, "m_mul": 0.8, "alpha": 0.05}),
    "restarts equal": ("CosineDecayRestarts", (0.1, 7), {"t_mul": 1.0}),
}


@pytest.mark.parametrize("case", SCHEDULES)
def test_schedules_follow_keras(case):
    name, args, kwargs = SCHEDULES[case]
    ours, theirs = getattr(schedules, name)(*args, **kwargs), getattr(keras.optimizers.schedules, name)(*args, **kwargs)
    steps = np.arange(40)
    rates = ours(steps)
    expected = [float(theirs(int(s))) for s in steps]
    # Keras computes in float32. (If a restart fell exactly on a step, rounding could choose either side of the jump.)
    near = np.isclose(rates, expected, rtol=2e-5, atol=1e-7)
    assert near.all(), (steps[~near], rates[~near], np.array(expected)[~near])
    assert [float(ours(int(s))) for s in steps] == pytest.approx(rates.tolist(), rel=1e-15)
    assert ours.get_config() == theirs.get_config()
    again = schedules.deserialize(schedules.serialize(ours))
    np.testing.assert_array_equal(again(steps), rates)
    from_keras = schedules.deserialize(keras.optimizers.schedules.serialize(theirs))
    np.testing.assert_array_equal(from_keras(steps), rates)


def test_schedules_refuse_what_makes_no_sense():
    with pytest.raises(ValueError, match="decay_steps"):
        schedules.ExponentialDecay(0.1, 0, 0.5)
    with pytest.raises(ValueError, match="1 less"):
        schedules.PiecewiseConstantDecay([1], [0.1])
    with pytest.raises(ValueError, match="CosineDecay"):
        schedules.deserialize("CosineDecai")


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam", "AdamW"])
def test_configs_go_there_and_back(name):
    arguments = {"learning_rate": 0.03, "clipnorm": 1.5, "use_ema": True, "ema_momentum": 0.9, "weight_decay": 0.1}
    original = getattr(optimizers, name)(**arguments)
    config = original.get_config()
    assert config["learning_rate"] == 0.03
    again = optimizers.deserialize(optimizers.serialize(original))
    assert type(again) is type(original)
    assert again.get_config() == config
    from_keras = optimizers.deserialize(keras.optimizers.serialize(getattr(keras.optimizers, name)(**arguments)))
    theirs = from_keras.get_config()
    assert {k: v for k, v in theirs.items() if k not in ("name", "learning_rate")} == {
        k: v for k, v in config.items() if k not in ("name", "learning_rate")
    }
    with_schedule = getattr(optimizers, name)(schedules.ExponentialDecay(0.1, 5, 0.5))
    again = optimizers.deserialize(optimizers.serialize(with_schedule))
    assert float(again.learning_rate) == 0.1


def test_get():
    assert isinstance(optimizers.get("RMSPROP"), optimizers.RMSprop)
    assert isinstance(optimizers.get({"class_name": "adamw", "config": {"weight_decay": 0.5}}), optimizers.AdamW)
    assert isinstance(optimizers.get(optimizers.SGD), optimizers.SGD)
    sgd = optimizers.SGD()
    assert optimizers.get(sgd) is sgd
    assert optimizers.get(None) is None
    with pytest.raises(ValueError, match="Did you mean 'adam'"):
        optimizers.get("adm")
    with pytest.raises(ValueError, match="Could not interpret"):
        optimizers.get(3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "Only one of"),
        ({"gradient_accumulation_steps": 1}, ">= 2"),
        ({"use_ema": True, "ema_momentum": 1.5}, "ema_momentum"),
        ({"use_ema": True, "ema_overwrite_frequency": -1}, "ema_overwrite_frequency"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"momentum": 2.0}, "momentum"),
        ({"speed": 1}, "not recognized"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        optimizers.SGD(**arguments)
    if "momentum" not in arguments:
        with pytest.raises(ValueError):
            keras.optimizers.SGD(**arguments)


def test_learning_rate_can_be_read_and_set():
    optimizer = optimizers.SGD(0.5)
    assert float(optimizer.learning_rate) == 0.5
    assert optimizer.learning_rate.numpy() == 0.5
    w = Variable([1.0])
    optimizer.learning_rate = 0.25
    optimizer.apply([np.array([1.0])], [w])
    assert w.numpy() == [0.75]
    optimizer.learning_rate.assign(0.5)
    optimizer.apply([np.array([1.0])], [w])
    assert w.numpy() == [0.25]
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([2], [0.1, 0.05])
    assert float(optimizer.learning_rate) == 0.1
    assert len(optimizer.variables) == 1
    with pytest.raises(TypeError, match="not settable"):
        optimizer.learning_rate = 0.1


def test_a_function_may_give_the_learning_rate():
    rates = [0.5]
    optimizer, w = optimizers.SGD(lambda: rates[0]), Variable([1.0])
    optimizer.apply([np.array([1.0])], [w])
    rates[0] = 0.25
    optimizer.apply([np.array([1.0])], [w])
    assert w.numpy() == [0.25]
    assert optimizer.step_scalars(2)[0][1] == [0.25, 0.25]


def test_a_schedule_of_ones_own_may_take_single_steps():
    class Own(schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5 if step < 1 else 0.25

    optimizer, w = optimizers.SGD(Own()), Variable([1.0])
    assert optimizer.step_scalars(3)[0][1] == [0.5, 0.25, 0.25]
    for _ in range(2):
        optimizer.apply([np.array([1.0])], [w])
    assert w.numpy() == [0.25]


def test_iterations_count_updates():
    w = Variable([1.0])
    optimizer = optimizers.Adam(0.1)
    for _ in range(3):
        optimizer.apply([np.array([1.0])], [w])
    assert int(optimizer.iterations) == 3
    accumulating = optimizers.Adam(0.1, gradient_accumulation_steps=2)
    for _ in range(5):
        accumulating.apply([np.array([1.0])], [w])
    assert int(accumulating.iterations) == 2
    optimizer.iterations.assign(0)
    assert int(optimizer.iterations) == 0


def test_constraints_hold_after_an_update():
    w = Variable([1.0, -1.0], constraint=netlet.constraints.NonNeg())
    optimizers.SGD(0.5).apply([np.array([4.0, 0.0])], [w])
    np.testing.assert_array_equal(w.numpy(), [0, 0])


def test_apply_needs_to_know_its_variables():
    with pytest.raises(ValueError, match="must already be built"):
        optimizers.SGD().apply([np.ones(1)])
    optimizer, w = optimizers.SGD(1.0), Variable([1.0, 1.0])
    optimizer.build([w])
    optimizer.apply([np.array([0.5, 0.5])])
    np.testing.assert_array_equal(w.numpy(), 0.5)
    optimizer.apply_gradients([(np.array([0.5, 0.5]), w)])
    np.testing.assert_array_equal(w.numpy(), 0)
    with pytest.raises(ValueError, match="expected 1 gradients, one per variable, received 2"):
        optimizer.apply([np.ones(2), np.ones(2)], [w])
    optimizer.apply([], [])


class SignDescent(optimizers.Optimizer):
    def build(self, variables):
        super().build(variables)
        self.counts = self.add_optimizer_variables(variables, "count")

    def update_step(self, gradient, variable, learning_rate):
        self.assign_add(self.counts[0], ops.ones_like(variable))
        self.assign_sub(variable, ops.multiply(ops.sign(gradient), learning_rate))


def test_an_optimizer_written_in_python_runs_eagerly_and_recorded():
    w = Variable([1.0, 1.0])
    optimizer = SignDescent(0.25, clipnorm=1.0)
    optimizer.apply([np.array([3.0, -3.0])], [w])
    np.testing.assert_array_equal(w.numpy(), [0.75, 1.25])
    tape = _core.Tape(record=True)
    with tape:
        g = tape.input((1, 2), "float32", "g")
        optimizer.apply([_core.reshape(g, (2,))], [w])
        plan = tape.compile([])
    for _ in range(2):
        plan.run([np.array([[1.0, 1.0]], dtype="float32")])
    np.testing.assert_array_equal(w.numpy(), [0.25, 0.75])
    np.testing.assert_array_equal(optimizer.counts[0].numpy(), [3, 3])
    assert int(optimizer.iterations) == 3


def test_a_scheduled_rate_reaches_a_recorded_fit():
    x, y = np.ones((8, 1), "float32"), np.zeros((8, 1), "float32")
    results = []
    for library in (netlet, keras):
        model = library.Sequential([library.Input((1,)), library.layers.Dense(1, kernel_initializer="ones")])
        rate = library.optimizers.schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.02, 0.3])
        model.compile(library.optimizers.SGD(rate), "mse")
        model.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0)
        results.append(model.get_weights())
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
