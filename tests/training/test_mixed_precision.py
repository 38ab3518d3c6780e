"""Training and inference of models under the policies of half precision."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers, losses, mixed_precision, optimizers

POLICIES = ["mixed_bfloat16", "mixed_float16"]


@pytest.fixture(autouse=True)
def policy_afterwards():
    yield
    mixed_precision.set_global_policy("float32")


def softmax():
    return [layers.Dense(10), layers.Activation("softmax", dtype="float32")]


def mlp():
    return [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dropout(0.1), *softmax()]


def cnn():
    first = [layers.Reshape((8, 8, 1)), layers.Conv2D(16, 3, padding="same", use_bias=False)]
    first += [layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(), layers.Conv2D(32, 3)]
    return [*first, layers.Activation("relu"), layers.GlobalAveragePooling2D(), *softmax()]


def model_of(make, policy, seed=0):
    mixed_precision.set_global_policy(policy)
    netlet.utils.set_random_seed(seed)
    model = netlet.Sequential([netlet.Input((8, 8)), *make()])
    model.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def digits():
    return netlet.datasets.digits.load_data()


def scaled(pair):
    return pair[0].reshape(-1, 8, 8).astype("float32") / 16, pair[1]


@pytest.mark.parametrize("make", [mlp, cnn])
def test_the_accuracy_of_float32(digits, make):
    """Mean of five seeds."""
    reached = {}
    for policy in ["float32", *POLICIES]:
        found = []
        for seed in range(5):
            model = model_of(make, policy, seed)
            model.fit(*scaled(digits[0]), epochs=20, batch_size=32, verbose=0)
            found.append(model.evaluate(*scaled(digits[1]), verbose=0)[1])
        reached[policy] = np.mean(found)
    assert reached["float32"] > 0.94
    for policy in POLICIES:
        assert abs(reached[policy] - reached["float32"]) <= 0.005, reached


@pytest.mark.parametrize("policy", POLICIES)
def test_recorded_eager_and_folded_steps_agree(digits, policy):
    """In inference batch normalization and relu are folded into the convolution, which rounds less often."""
    x, y = scaled(digits[0])
    models = [model_of(cnn, policy) for _ in range(2)]
    models[1].run_eagerly = True
    for model in models:
        model.fit(x[:128], y[:128], epochs=1, shuffle=False, verbose=0)
    for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    predicted = models[0].predict(x[:64], verbose=0)
    assert predicted.dtype == "float32"
    np.testing.assert_allclose(predicted, models[0](x[:64]).numpy(), atol=0.02)
    assert all(w.dtype == "float32" for w in models[0].weights)


@pytest.mark.parametrize("policy", [*POLICIES, "bfloat16", "float16"])
def test_outputs_and_metrics(policy):
    mixed_precision.set_global_policy(policy)
    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(2)])
    half = policy.removeprefix("mixed_")
    x = np.random.default_rng(0).standard_normal((40, 3)).astype("float32")
    predicted = model.predict(x, verbose=0)
    assert predicted.dtype == half and model(x).dtype == half and model.outputs[0].dtype == half
    model.compile("sgd", "mse", metrics=["mae"])
    wide = predicted.astype("float32")
    loss, error = model.evaluate(x, wide + 0.5, verbose=0)  # both are computed in float32
    np.testing.assert_allclose([loss, error], [0.25, 0.5], rtol=1e-6)


def test_mixed_float16_scales_the_loss():
    model = model_of(mlp, "mixed_float16")
    assert isinstance(model.optimizer, optimizers.LossScaleOptimizer)
    assert type(model.optimizer.inner_optimizer) is optimizers.Adam and model.optimizer.name == "loss_scale_optimizer"
    again = netlet.Sequential([netlet.Input((8, 8)), *mlp()])
    again.compile(model.optimizer)
    assert again.optimizer is model.optimizer
    again.compile("sgd", auto_scale_loss=False)
    assert type(again.optimizer) is optimizers.SGD
    assert type(model_of(mlp, "mixed_bfloat16").optimizer) is optimizers.Adam


@pytest.mark.parametrize("eager", [False, True])
def test_an_overflow_skips_the_step_halves_the_scale_and_training_recovers(eager):
    """float16 ends at 65504: a step whose outputs are larger changes nothing, and the next ones train on."""
    mixed_precision.set_global_policy("mixed_float16")
    model = netlet.Sequential([netlet.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.05), "mse", run_eagerly=eager)
    x = np.array([[1, 1], [1, 0], [60000, 60000], [60000, 60000], [1, 1], [1, 0]], "float32")
    y = np.array([[3], [1], [0], [0], [3], [1]], "float32")
    model.fit(x[:2], y[:2], batch_size=2, verbose=0)
    before, scale = model.get_weights(), float(model.optimizer.dynamic_scale)
    model.fit(x[2:4], y[2:4], batch_size=2, verbose=0)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert float(model.optimizer.dynamic_scale) == scale / 2
    history = model.fit(x[4:], y[4:], batch_size=2, epochs=200, verbose=0).history["loss"]
    assert history[-1] < 1e-3 and float(model.optimizer.dynamic_scale) == scale / 2


@pytest.mark.parametrize("policy", POLICIES)
def test_own_steps_with_scaled_losses(policy):
    class Own(netlet.Sequential):
        def train_step(self, data):
            x, y = data
            with netlet.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=True))
                scaled = self.optimizer.scale_loss(loss)
            self.optimizer.apply(tape.gradient(scaled, self.trainable_variables), self.trainable_variables)
            return {"loss": loss}

    mixed_precision.set_global_policy(policy)
    x = np.random.default_rng(0).standard_normal((64, 4)).astype("float32")
    weights = []
    for kind in (Own, netlet.Sequential):
        netlet.utils.set_random_seed(1)
        model = kind([netlet.Input((4,)), layers.Dense(8, activation="tanh"), layers.Dense(1)])
        model.compile(optimizers.SGD(0.1), losses.MeanSquaredError())
        assert model.optimizer.scale_loss(1.0) == (2**15 if policy == "mixed_float16" else 1.0)
        model.fit(x, x[:, :1], epochs=2, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("policy", [*POLICIES, "bfloat16"])
def test_saving_and_cloning(policy, tmp_path):
    mixed_precision.set_global_policy(policy)
    inputs = netlet.Input((8, 8, 1))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(inputs))
    model = netlet.Model(inputs, layers.Dense(3, dtype="float32")(layers.Flatten()(x)))
    if policy != "bfloat16":
        model.compile("adam", "mse")
        model.fit(np.ones((4, 8, 8, 1), "float32"), np.ones((4, 3), "float32"), verbose=0)
    mixed_precision.set_global_policy("float32")
    data = np.random.default_rng(0).standard_normal((4, 8, 8, 1)).astype("float32")
    for suffix in ("netlet", "keras"):
        model.save(tmp_path / f"m.{suffix}")
        loaded = netlet.models.load_model(tmp_path / f"m.{suffix}")
        assert [layer.dtype_policy for layer in loaded.layers[1:]] == [layer.dtype_policy for layer in model.layers[1:]]
        np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))
        if policy == "mixed_float16":
            assert float(loaded.optimizer.dynamic_scale) == float(model.optimizer.dynamic_scale)
    clone = netlet.models.clone_model(model)
    assert [layer.dtype_policy for layer in clone.layers[1:]] == [layer.dtype_policy for layer in model.layers[1:]]
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict(data, verbose=0), model.predict(data, verbose=0))


def test_training_variables_that_are_halves():
    model = netlet.Sequential([netlet.Input((2,)), layers.Dense(1, dtype="bfloat16")])
    model.compile("sgd", "mse")
    with pytest.raises(NotImplementedError, match=r'of dtype bfloat16.*"mixed_bfloat16"'):
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)
