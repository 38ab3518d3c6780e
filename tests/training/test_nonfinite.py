"""A non-finite loss or gradient stops a step before its update, on every path.

The error names the layer, the step and the learning rate.
"""

import numpy as np
import pytest

import netlet
from netlet import layers, ops
from netlet.training.results import NonFiniteLossError

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((64, 3)).astype("float32"), RNG.standard_normal((64, 2)).astype("float32")
SPOILT = X.copy()
SPOILT[40, 1] = np.nan  # in the third batch of 16


class Steep(layers.Layer):
    """Returns 0, with an infinite derivative."""

    def call(self, x):
        return ops.sqrt(ops.abs(x) * 0.0)


class Own(netlet.Model):
    """A model whose train_step does not call compute_loss."""

    def train_step(self, data):
        x, y = data[:2]
        with netlet.GradientTape() as tape:
            loss = ops.mean(ops.square(self(x, training=True) - y))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def make(cls, eager, last=None, units=2, optimizer=None):
    inputs = netlet.Input((3,))
    h = layers.Dense(units, name="first")(inputs)
    model = cls(inputs, h if last is None else last(h))
    model.compile(optimizer or netlet.optimizers.Adam(0.01), "mse", run_eagerly=eager)
    return model


@pytest.mark.parametrize("eager", [False, True], ids=["recorded", "eager"])
@pytest.mark.parametrize("cls", [netlet.Model, Own])
def test_a_loss_that_is_not_finite(cls, eager):
    model, twin = make(cls, eager), make(cls, eager)
    twin.set_weights(model.get_weights())
    with pytest.raises(NonFiniteLossError, match=r"not finite at epoch 1, step 3, with learning rate 0.01.*fed"):
        model.fit(SPOILT, Y, batch_size=16, shuffle=False, verbose=0)
    twin.fit(X[:32], Y[:32], batch_size=16, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


@pytest.mark.parametrize("eager", [False, True], ids=["recorded", "eager"])
@pytest.mark.parametrize("cls", [netlet.Model, Own])
@pytest.mark.parametrize("units", [2, 9000], ids=["one chunk", "many chunks"])
def test_a_finite_loss_with_a_gradient_that_is_not(cls, eager, units):
    model = make(cls, eager, Steep(name="steep"), units)
    before = model.get_weights()
    y = np.zeros((64, units), "float32")
    found = "steep" if not eager else "first/kernel"
    with pytest.raises(NonFiniteLossError, match=rf"gradient is not.*step 1.*0.01.*{found}.*those before this step"):
        model.fit(X, y, batch_size=16, verbose=0)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(model.optimizer.iterations) == 0


def test_the_layer_of_an_eager_step_is_found():
    model = make(netlet.Model, True, layers.Lambda(lambda h: ops.log(h * 0.0), name="log_of_0"))
    with pytest.raises(NonFiniteLossError, match="came out of layer 'log_of_0'"):
        model.fit(X, Y, verbose=0)


def test_a_table_of_which_few_rows_are_used():
    model = netlet.Sequential([netlet.Input((4,), dtype="int32"), layers.Embedding(5000, 16), layers.Flatten()])
    model.add(Steep())
    model.compile("adam", "mse")
    with pytest.raises(NonFiniteLossError):
        model.fit(RNG.integers(0, 5000, (64, 4)), np.zeros((64, 64), "float32"), verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()


def test_accumulated_gradients_stay_finite():
    optimizer = netlet.optimizers.SGD(0.01, gradient_accumulation_steps=2)
    model = make(netlet.Model, False, Steep(), optimizer=optimizer)
    with pytest.raises(NonFiniteLossError):
        model.fit(X, Y * 0, verbose=0)
    assert all(np.isfinite(v.numpy()).all() for v in optimizer.variables)


def test_clipping_by_value_lets_infinities_through():
    """Keras clips infinite gradients to the limit, so training need not stop."""
    model = netlet.Sequential([netlet.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(netlet.optimizers.SGD(0.5, clipvalue=1.0), lambda t, p: p * 3e38 * 3e38)
    model.set_weights([np.ones((1, 1), "float32")])
    with np.errstate(over="ignore"), pytest.raises(NonFiniteLossError, match="the loss is not finite"):
        model.fit(X[:1, :1], Y[:1, :1], verbose=0)

    class Slope(netlet.Model):
        def train_step(self, data):
            v = self.trainable_variables
            self.optimizer.apply([ops.full(v[0].shape, np.inf)], v)

    inputs = netlet.Input((1,))
    model = Slope(inputs, layers.Dense(1, use_bias=False)(inputs))
    model.compile(netlet.optimizers.SGD(0.5, clipvalue=1.0))
    model.set_weights([np.ones((1, 1), "float32")])
    model.fit(X[:1, :1], Y[:1, :1], verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], [[0.5]])


def test_two_optimizers_say_whose_update_was_made():
    class Two(netlet.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.other = layers.Dense(1, name="other")
            self.other.build((None, 2))
            self.second = netlet.optimizers.SGD(0.5, name="second")

        def train_step(self, data):
            x, y = data[:2]
            with netlet.GradientTape(persistent=True) as tape:
                h = self(x, training=True)
                good, bad = ops.mean(ops.square(h - y)), ops.mean(Steep()(self.other(h)))
            mine, others = self.layers[1].trainable_variables, self.other.trainable_variables
            self.optimizer.apply(tape.gradient(good, mine), mine)
            self.second.apply(tape.gradient(bad, others), others)

    inputs = netlet.Input((3,))
    model = Two(inputs, layers.Dense(2)(inputs))
    model.compile(netlet.optimizers.SGD(0.1, name="first"), "mse")
    before = [v.numpy() for v in model.layers[1].trainable_variables]
    with pytest.raises(NonFiniteLossError, match=r"rate 0.5.*updates of optimizer 'first' were made.*'second' was not"):
        model.fit(X, Y, batch_size=64, verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert not np.array_equal(before[0], model.layers[1].kernel.numpy())


@pytest.mark.parametrize("eager", [False, True], ids=["recorded", "eager"])
def test_who_wants_to_trains_on(eager):
    model = make(netlet.Model, eager)
    model.compile("sgd", "mse", run_eagerly=eager, check_finite=False)
    assert np.isnan(model.fit(SPOILT, Y, verbose=0).history["loss"][0])


class Half(layers.Layer):
    """Part of a model of its own, with a layer that divides by zero."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner, self.wrong = layers.Dense(2, name="inner"), layers.Lambda(lambda h: h / 0.0, name="wrong")

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return self.wrong(self.inner(x))


def nested():
    inputs = netlet.Input((3,))
    return netlet.Model(inputs, layers.Lambda(lambda h: ops.log(h * 0.0), name="wrong")(layers.Dense(2)(inputs)))


@pytest.mark.parametrize("eager", [False, True], ids=["recorded", "eager"])
@pytest.mark.parametrize("part", [Half, nested, lambda: netlet.Sequential([nested()])])
def test_the_layer_inside_of_a_part_is_named(part, eager):
    inputs = netlet.Input((3,))
    model = netlet.Model(inputs, part()(inputs))
    model.compile("sgd", "mse", run_eagerly=eager)
    with np.errstate(all="ignore"), pytest.raises(NonFiniteLossError, match=r"came out of layer '(\S+/)?wrong'"):
        model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("eager", [False, True], ids=["recorded", "eager"])
@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.fit(netlet.data.Dataset.from_tensor_slices((SPOILT, Y)).batch(16), verbose=0),
        lambda m: m.fit(iter([(X[:16], Y[:16])] * 2 + [(SPOILT[32:48], Y[:16])]), verbose=0),
        lambda m: [m.train_on_batch(part, Y[:16]) for part in (X[:16], X[:16], SPOILT[32:48])],
    ],
    ids=["Dataset", "generator", "train_on_batch"],
)
def test_every_way_of_training_stops(call, eager):
    model = make(netlet.Model, eager)
    with pytest.raises(NonFiniteLossError, match=r"learning rate 0.01.*fed"):
        call(model)
    assert int(model.optimizer.iterations) == 2
    assert all(np.isfinite(w).all() for w in model.get_weights())


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    """With mixed_float16, the optimizer that scales the loss leaves such steps out, and the logs show NaN."""
    before_policy = netlet.mixed_precision.global_policy()
    netlet.mixed_precision.set_global_policy(policy)
    try:
        model = make(netlet.Model, False)
    finally:
        netlet.mixed_precision.set_global_policy(before_policy)
    before = [w.copy() for w in model.get_weights()]
    if policy == "mixed_bfloat16":
        with pytest.raises(NonFiniteLossError, match=r"step 1.*0.01.*fed"):
            model.fit(SPOILT, Y, batch_size=64, verbose=0)
    else:
        assert np.isnan(model.fit(SPOILT, Y, batch_size=64, verbose=0).history["loss"][0])
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


@pytest.mark.parametrize("eager", [False, True], ids=["recorded", "eager"])
@pytest.mark.parametrize("x", [SPOILT, X * 1e38], ids=["data", "overflow"])
def test_moving_averages_are_those_before_the_step(x, eager):
    model = netlet.Sequential([netlet.Input((3,)), layers.BatchNormalization(name="norm"), layers.Dense(2)])
    model.compile("sgd", "mse", run_eagerly=eager)
    model.fit(X, Y, verbose=0)
    before = [w.copy() for w in model.get_weights()]
    with np.errstate(all="ignore"), pytest.raises(NonFiniteLossError, match="fed" if x is SPOILT else "norm'"):
        model.fit(x, Y, batch_size=64, verbose=0)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
