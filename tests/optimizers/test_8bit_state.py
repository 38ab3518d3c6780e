"""`state_dtype="uint8"`: SGD, Adam, AdamW and Lion with a quarter of the state."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import netlet
from netlet import Variable, datasets, layers, optimizers
from support import optimizer_8bit as reference

MAKE = {
    "SGD": lambda **options: optimizers.SGD(0.05, momentum=0.9, **options),
    "nesterov": lambda **options: optimizers.SGD(0.05, momentum=0.9, nesterov=True, **options),
    "Adam": lambda **options: optimizers.Adam(0.002, **options),
    "AdamW": lambda **options: optimizers.AdamW(0.002, weight_decay=0.01, **options),
    "Lion": lambda **options: optimizers.Lion(0.0003, weight_decay=0.1, **options),
}
OPTIONS = {
    "plain": {},
    "clipnorm": {"clipnorm": 0.5},
    "clipvalue": {"clipvalue": 0.1},
    "global_clipnorm": {"global_clipnorm": 0.5},
    "ema": {"use_ema": True, "ema_momentum": 0.6, "ema_overwrite_frequency": 3},
    "accumulation": {"gradient_accumulation_steps": 2},
    "loss scale": {"loss_scale_factor": 8.0},
}


def made(name, **options):
    return MAKE[name](state_dtype="uint8", **options)


def state_of(optimizer):
    return [v.numpy() for v in optimizer.variables]


def same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def small_model(optimizer, seed=1):
    netlet.utils.set_random_seed(seed)
    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(300, "tanh"), layers.Dense(3)])
    model.compile(optimizer, "mse")
    return model


def samples():
    return np.random.default_rng(0).standard_normal((2, 40, 3)).astype("float32")


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_apply_is_the_update_of_each_variable(name):
    """Variables do not share blocks, excluded ones have no decay, factors multiply the rate."""
    rng = np.random.default_rng(0)
    start = {n: rng.normal(size=s).astype("float32") for n, s in {"kernel": (20, 30), "bias": (30,)}.items()}
    variables = [Variable(value, name=n) for n, value in start.items()]
    optimizer = made(name)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.set_multipliers({"bias": {"learning_rate": 2}})
    state = {
        n: {slot: (np.zeros(p.shape, np.uint8), np.zeros(-(-p.size // 256), np.float32)) for slot in "mv"}
        for n, p in start.items()
    }
    decay = {"kernel": 0.01 if name == "AdamW" else 0.0, "bias": 0.0}
    for t in range(1, 5):
        gradients = [rng.normal(size=p.shape).astype("float32") for p in start.values()]
        optimizer.apply(gradients, variables)
        for (n, p), g in zip(start.items(), gradients, strict=True):
            rate = 0.004 if n == "bias" else 0.002
            start[n], state[n] = reference.adam(p, g, state[n], t, rate, weight_decay=decay[n])
    same([v.numpy() for v in variables], start.values())
    same(state_of(optimizer)[2:], [part for slots in state.values() for slot in slots.values() for part in slot])


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", MAKE)
def test_a_recorded_step_has_the_bits_of_an_eager_one(name, option):
    x, y = samples()
    results = []
    for eager in (False, True):
        model = small_model(made(name, **OPTIONS[option]))
        model.run_eagerly = eager
        model.fit(x, y, batch_size=16, epochs=2, verbose=0)
        results.append([*model.get_weights(), *state_of(model.optimizer)])
    same(*results)


@pytest.mark.parametrize("option", OPTIONS)
def test_options_do_to_gradients_what_they_do_with_float_state(option):
    x, y = samples()
    weights = []
    for state_dtype in ("uint8", None):
        model = small_model(optimizers.SGD(0.05, momentum=0.5, state_dtype=state_dtype, **OPTIONS[option]))
        model.fit(x, y, batch_size=16, epochs=4, verbose=0)
        weights.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    before = np.concatenate([w.ravel() for w in small_model("sgd").get_weights()])
    moved = np.linalg.norm(weights[1] - before)
    assert 0 < np.linalg.norm(weights[0] - weights[1]) < 0.05 * moved


@pytest.mark.parametrize("name", MAKE)
def test_the_state_is_a_quarter(name):
    model, floats = small_model(made(name)), small_model(MAKE[name]())
    for each in (model, floats):
        each.optimizer.build([layer.kernel for layer in each.layers])
    codes = [v for v in model.optimizer.variables[2:] if v.dtype == "uint8"]
    scales = [v for v in model.optimizer.variables[2:] if v.dtype == "float32"]
    kernel = model.layers[0].kernel
    assert codes[0].shape == kernel.shape and scales[0].shape == (-(-kernel.size // 256),)
    assert scales[0].path == codes[0].path + "_scale"
    size = sum(v.numpy().nbytes for v in model.optimizer.variables[2:])
    assert size <= 0.26 * sum(v.numpy().nbytes for v in floats.optimizer.variables[2:])


@pytest.mark.parametrize("suffix", ["netlet", "keras", "h5"])
@pytest.mark.parametrize("name", MAKE)
def test_training_resumes_from_a_file_to_the_bit(tmp_path, name, suffix):
    x, y = samples()
    model = small_model(made(name))
    model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    model.save(tmp_path / f"half.{suffix}")
    resumed = netlet.models.load_model(tmp_path / f"half.{suffix}")
    assert resumed.optimizer.state_dtype == "uint8"
    same(state_of(resumed.optimizer), state_of(model.optimizer))
    for each in (model, resumed):
        # Only .netlet files store the state of the generator that shuffles.
        each.fit(x, y, batch_size=16, epochs=4, initial_epoch=2, shuffle=suffix == "netlet", verbose=0)
    same([*resumed.get_weights(), *state_of(resumed.optimizer)], [*model.get_weights(), *state_of(model.optimizer)])


def test_a_copy_continues():
    variables = [Variable(np.ones((20, 30), "float32")), Variable(np.ones(3, "float32"))]
    optimizer = made("Adam")

    def steps(variables, optimizer):
        for i in range(1, 4):
            optimizer.apply([np.full(v.shape, 0.1 * i, "float32") for v in variables], variables)

    steps(variables, optimizer)
    others, other = copy.deepcopy((variables, optimizer))
    steps(variables, optimizer)
    steps(others, other)
    same([v.numpy() for v in others] + state_of(other), [v.numpy() for v in variables] + state_of(optimizer))


def test_stateless_apply_and_set_weights():
    w = Variable(np.ones((4, 100), "float32"))
    optimizer, gradient = made("Lion"), np.linspace(-1, 1, 400, dtype="float32").reshape(4, 100)
    optimizer.apply([gradient], [w])
    before = [w.numpy(), *state_of(optimizer)]
    new, state = optimizer.stateless_apply(before[1:], [gradient], [before[0]])
    same([w.numpy(), *state_of(optimizer)], before)
    optimizer.apply([gradient], [w])
    same([np.asarray(t) for t in [*new, *state]], [w.numpy(), *state_of(optimizer)])
    optimizer.set_weights(before[1:])
    same(state_of(optimizer), before[1:])


@pytest.mark.parametrize("wrapped", [True, False])
def test_inside_a_loss_scale_optimizer(wrapped):
    """Scaling by a power of two changes no bit; a step with an infinite gradient changes no state."""
    w, inner = Variable(np.ones(300, "float32")), made("Adam")
    optimizer = optimizers.LossScaleOptimizer(inner, initial_scale=4.0) if wrapped else inner
    scale = np.float32(4 if wrapped else 1)
    gradient = np.linspace(-1, 1, 300, dtype="float32")
    optimizer.apply([gradient * scale], [w])
    if wrapped:
        before = state_of(inner)
        optimizer.apply([np.full(300, np.inf, "float32")], [w])
        same(state_of(inner), before)
    expected, _ = reference.adam(
        np.ones(300, "float32"),
        gradient,
        {slot: (np.zeros(300, np.uint8), np.zeros(2, np.float32)) for slot in "mv"},
        1,
        0.002,
    )
    np.testing.assert_array_equal(w.numpy(), expected)


def test_inside_a_multi_optimizer():
    model = small_model(optimizers.MultiOptimizer(optimizers.OptimizerMap(made("Adam"), {".*bias": optimizers.SGD()})))
    model.fit(*samples(), epochs=1, verbose=0)
    assert {v.dtype for v in model.optimizer.variables} >= {"uint8", "float32"}


def test_an_embedding_table():
    """A table whose rows are mostly unused is updated as a whole."""
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([netlet.Input((4,), dtype="int32"), layers.Embedding(3000, 32), layers.Flatten()])
    model.add(layers.Dense(1))
    model.compile(made("Adam"), "mse")
    x = np.random.default_rng(0).integers(0, 3000, (64, 4))
    loss = model.fit(x, np.sin(x).sum(1, keepdims=True), epochs=30, verbose=0).history["loss"]
    assert loss[-1] < 0.5 * loss[0]


@pytest.mark.slow
@pytest.mark.parametrize("convolutional", [False, True])
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Lion"])
def test_the_accuracy_is_that_of_float_state(name, convolutional):
    (x, y), (x_test, y_test) = datasets.digits.load_data()
    means = []
    for state_dtype in (None, "uint8"):
        accuracies = []
        for seed in range(5):
            netlet.utils.set_random_seed(seed)
            model = netlet.Sequential([netlet.Input((8, 8)), layers.Reshape((8, 8, 1))])
            if convolutional:
                for filters in (16, 32):
                    model.add(layers.Conv2D(filters, 3, activation="relu", padding="same"))
                    model.add(layers.MaxPooling2D())
            model.add(layers.Flatten())
            if not convolutional:
                model.add(layers.Dense(128, "relu"))
                model.add(layers.Dense(64, "relu"))
            model.add(layers.Dense(10))
            loss = netlet.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile(MAKE[name](state_dtype=state_dtype), loss, metrics=["accuracy"])
            model.fit(x, y, epochs=20, batch_size=32, verbose=0)
            accuracies.append(model.evaluate(x_test, y_test, verbose=0)[1])
        means.append(np.mean(accuracies))
    assert means[0] > 0.97 and abs(means[1] - means[0]) <= 0.005


def test_configs():
    assert "state_dtype" not in optimizers.Adam().get_config()  # as Keras's config
    for name in MAKE:
        config = made(name).get_config()
        assert config["state_dtype"] == "uint8"
        assert optimizers.deserialize(optimizers.serialize(made(name))).get_config()["state_dtype"] == "uint8"


def test_sgd_without_momentum_has_no_state():
    w = Variable(np.ones(3, "float32"))
    optimizer = optimizers.SGD(0.5, state_dtype="uint8")
    optimizer.apply([np.ones(3, "float32")], [w])
    assert len(optimizer.variables) == 2
    np.testing.assert_array_equal(w.numpy(), [0.5] * 3)


def test_what_is_not_supported_is_refused_at_once():
    with pytest.raises(ValueError, match=r"`state_dtype` of RMSprop: expected None, received 'uint8'. SGD, Adam"):
        optimizers.RMSprop(state_dtype="uint8")
    with pytest.raises(ValueError, match="`state_dtype` of Nadam: expected None, received 'uint8'"):
        optimizers.Nadam(state_dtype="uint8")
    for bad in ("int8", "float32", 8, True):
        with pytest.raises(ValueError, match=f"`state_dtype` of Adam: expected None or 'uint8', received {bad!r}"):
            optimizers.Adam(state_dtype=bad)
    with pytest.raises(ValueError, match="`amsgrad` of AdamW: expected False with state_dtype='uint8', received True"):
        optimizers.AdamW(amsgrad=True, state_dtype="uint8")


def test_variables_must_be_float32():
    optimizer, good, bad = made("Adam"), Variable([1.0], dtype="float32"), Variable([1.0], dtype="float64", name="w")
    with pytest.raises(ValueError, match=r"Adam with state_dtype='uint8': expected float32 .*'w' of dtype float64"):
        optimizer.build([good, bad])
    assert not optimizer.built and len(optimizer.variables) == 2
    optimizer.apply([[1.0]], [good])
