"""JaxLayer against Keras's on JAX: values, gradients, training, state; FlaxLayer where Flax is installed."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet

jax = pytest.importorskip("jax")
jnp = jax.numpy
X = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")
Y = np.random.default_rng(1).normal(size=(12, 3)).astype("float32")


def init(rng, inputs):
    first, second = jax.random.split(rng)
    shape = inputs.shape[-1]
    return {"a": jax.random.normal(first, (shape, 4)) * 0.3, "b": [jnp.zeros(4), jax.random.normal(second, (4, 3))]}


def mlp(params, inputs):
    return jnp.tanh(inputs @ params["a"] + params["b"][0]) @ params["b"][1]


def normalized(params, state, inputs, training):
    mean = jnp.where(training, inputs.mean(0), state["mean"])
    new = {"mean": 0.9 * state["mean"] + 0.1 * mean if training else state["mean"], "steps": state["steps"] + 1}
    return (inputs - mean) * params, new


PARAMS = jax.device_get(init(jax.random.PRNGKey(3), X))


@pytest.mark.parametrize("eagerly", [False, True])
def test_trained_as_by_keras(eagerly):
    states = []
    for library in (netlet, keras):
        layer = library.layers.JaxLayer(mlp, params=PARAMS)
        model = library.Sequential([library.Input((5,)), library.layers.Dense(5, kernel_initializer="ones"), layer])
        model.compile(
            library.optimizers.Adam(0.05), "mse", **({"run_eagerly": True} if eagerly and library is netlet else {})
        )
        history = model.fit(X, Y, batch_size=6, epochs=2, shuffle=False, verbose=0).history["loss"]
        states.append([history, model.predict(X[:4], verbose=0), *model.get_weights()])
    for ours, theirs in zip(*states, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)


def test_values_gradients_and_symbols():
    layer = netlet.layers.JaxLayer(mlp, params=PARAMS)
    x = netlet.Variable(X)
    with netlet.GradientTape() as tape:
        loss = netlet.ops.sum(netlet.ops.square(layer(x)))
    found = tape.gradient(loss, [x, *layer.trainable_variables])
    value, (dp, dx) = jax.value_and_grad(lambda p, x: (mlp(p, x) ** 2).sum(), (0, 1))(PARAMS, X)
    np.testing.assert_allclose(float(loss), value, rtol=1e-5)
    for ours, theirs in zip(found, [dx, *jax.tree_util.tree_leaves(dp)], strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-4, atol=1e-5)
    symbol = layer(netlet.Input((7, 5)))
    assert symbol.shape == (None, 7, 3) and symbol.dtype == "float32"
    assert layer.compute_output_shape((None, 5)) == (None, 3)


def test_init_fn_structures_and_integers():
    def call(params, inputs):
        return {"sum": inputs["x"] @ params, "ids": inputs["i"] + 1}

    layer = netlet.layers.JaxLayer(call, init_fn=lambda inputs: jnp.ones((inputs["x"].shape[-1], 2)))
    out = layer({"x": X, "i": np.arange(3)})
    np.testing.assert_allclose(out["sum"].numpy(), X.sum(1, keepdims=True).repeat(2, 1), rtol=1e-5)
    assert out["ids"].numpy().tolist() == [1, 2, 3] and len(layer.weights) == 1


@pytest.mark.parametrize("eagerly", [False, True])
def test_state(eagerly):
    states = []
    for library in (netlet, keras):
        state = {"mean": np.zeros(5, "float32"), "steps": 0}
        layer = library.layers.JaxLayer(normalized, params=np.ones(5, "float32"), state=state)
        model = library.Sequential([library.Input((5,)), layer])
        model.compile("sgd", "mse", **({"run_eagerly": True} if eagerly and library is netlet else {}))
        model.fit(X, X, batch_size=4, epochs=1, shuffle=False, verbose=0)
        states.append([*model.get_weights(), model.predict(X, verbose=0)])
    for ours, theirs in zip(*states, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert len(layer.trainable_variables) == 1 and len(layer.non_trainable_variables) >= 2


def test_random_numbers():
    def drop(rng, inputs, training):
        return inputs * jax.random.bernoulli(rng, 0.5, inputs.shape) if training else inputs

    layer = netlet.layers.JaxLayer(drop, seed=1)
    a, b = (layer(X, training=True).numpy() for _ in range(2))
    assert (a != b).any() and 0 < (a == 0).mean() < 1
    np.testing.assert_array_equal(layer(X).numpy(), X)
    x = netlet.Variable(np.ones((40, 5), "float32"))
    with netlet.GradientTape() as tape:
        y = layer(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), y.numpy())  # the same draws in both directions
    model = netlet.Sequential([netlet.Input((5,)), layer, netlet.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(X, Y[:, :1], epochs=2, verbose=0).history["loss"]).all()


@netlet.saving.register_keras_serializable("foreign")
def scaled(params, inputs):
    return inputs * params


@netlet.saving.register_keras_serializable("foreign")
def scaled_init(inputs):
    return jnp.full(inputs.shape[-1], 3.0)


def test_saved_by_the_names_of_its_functions(tmp_path):
    model = netlet.Sequential([netlet.Input((5,)), netlet.layers.JaxLayer(scaled, init_fn=scaled_init)])
    model.layers[0].set_weights([np.arange(5.0)])
    for ending in ("netlet", "keras"):
        model.save(tmp_path / f"m.{ending}")
        again = netlet.models.load_model(tmp_path / f"m.{ending}")
        np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: netlet.layers.JaxLayer(lambda params, x: x), "Missing required argument in `call_fn`: `inputs`"),
        (lambda: netlet.layers.JaxLayer(lambda inputs, mode: inputs), "Unsupported argument in `call_fn`: `mode`"),
        (lambda: netlet.layers.JaxLayer(lambda params, inputs: inputs), "cannot all be `None`"),
        (
            lambda: netlet.layers.JaxLayer(
                lambda state, inputs: (inputs, {"a": jnp.ones(2)}), state={"a": np.ones(3, "float32")}
            )(X),
            "new state of the same structure",
        ),
    ],
)
def test_mistakes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_flax():
    linen = pytest.importorskip("flax.linen", reason="Flax is not installed")

    class Block(linen.Module):
        @linen.compact
        def __call__(self, inputs, training):
            h = linen.BatchNorm(use_running_average=not training)(linen.Dense(4)(inputs))
            return linen.Dense(3)(linen.Dropout(0.1, deterministic=not training)(linen.relu(h)))

    layer = netlet.layers.FlaxLayer(Block())
    model = netlet.Sequential([netlet.Input((5,)), layer])
    model.compile(netlet.optimizers.Adam(0.05), "mse")
    before = [w.numpy().copy() for w in layer.non_trainable_variables]
    losses = model.fit(X, Y, epochs=10, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and len(layer.trainable_variables) == 6
    assert any((a != b.numpy()).any() for a, b in zip(before, layer.non_trainable_variables))
    with pytest.raises(ValueError, match="save_weights"):
        layer.get_config()
