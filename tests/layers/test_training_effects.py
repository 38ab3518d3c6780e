"""Effects of layers on training: penalties, constraints, frozen and shared layers, non-trainable state.

Keras trains the same model from the same weights on the same batches.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import ops

RNG = np.random.default_rng(0)
X = RNG.standard_normal((24, 6)).astype("float32")
Y = RNG.standard_normal((24, 3)).astype("float32")


def fitted(model, module, **options):
    model.compile(module.optimizers.SGD(0.05, momentum=0.9), "mse", **options)
    return model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0).history["loss"]


def penalised(m):
    return m.Sequential(
        [
            m.Input((6,)),
            m.layers.Dense(
                8,
                activation="tanh",
                kernel_regularizer="l2",
                bias_initializer="ones",  # not 0, where the derivative of |x| is 1 in JAX and 0 in netlet
                bias_regularizer=m.regularizers.L1L2(0.01, 0.02),
                activity_regularizer=m.regularizers.L2(0.03),
            ),
            m.layers.ActivityRegularization(l1=0.01),
            m.layers.Dense(3, kernel_regularizer=m.regularizers.OrthogonalRegularizer(0.1, mode="columns")),
        ]
    )


def constrained(m):
    return m.Sequential(
        [
            m.Input((6,)),
            m.layers.Dense(8, activation="relu", kernel_constraint=m.constraints.MaxNorm(0.8)),
            m.layers.Dense(8, activation="elu", kernel_constraint="unit_norm", bias_constraint="non_neg"),
            m.layers.Dense(3, kernel_constraint=m.constraints.MinMaxNorm(0.5, 0.7, rate=0.5)),
        ]
    )


def shared_and_merged(m):
    x = m.Input((6,))
    dense = m.layers.Dense(6, activation="sigmoid")
    h = m.layers.Average()([dense(x), dense(dense(x))])
    h = m.layers.Concatenate()([h, m.layers.Multiply()([h, x]), m.layers.PReLU()(x)])
    return m.Model(x, m.layers.Dense(3, activation="softplus")(h))


def frozen(m):
    model = m.Sequential([m.Input((6,)), m.layers.Dense(8, activation="relu"), m.layers.Dense(3)])
    model.layers[0].trainable = False
    return model


def every_activation_layer(m):
    x = m.Input((6,))
    parts = [m.layers.ReLU(max_value=1.5, negative_slope=0.1)(x), m.layers.LeakyReLU()(x), m.layers.ELU(0.7)(x)]
    parts += [m.layers.Softmax()(x), m.layers.Activation("gelu")(x), m.layers.Rescaling(0.5, 0.1)(x)]
    h = m.layers.Concatenate()([m.layers.Dense(4)(p) for p in parts])
    h = m.layers.Permute((2, 1))(m.layers.Reshape((4, 6))(h))
    return m.Model(x, m.layers.Dense(3)(m.layers.Flatten()(h)))


@pytest.mark.parametrize("build", [penalised, constrained, shared_and_merged, frozen, every_activation_layer])
def test_training_is_keras(build):
    ours, theirs = build(netlet), build(keras)
    theirs.set_weights(ours.get_weights())
    before = ours.get_weights()
    np.testing.assert_allclose(fitted(ours, netlet), fitted(theirs, keras), rtol=2e-5)
    for got, want, start in zip(ours.get_weights(), theirs.get_weights(), before, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)
        if build is not frozen:
            assert (got != start).any()


def test_frozen_weights_keep_their_bits():
    model = frozen(netlet)
    before = model.layers[0].get_weights()
    fitted(model, netlet)
    for a, b in zip(before, model.layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_constraints_hold_after_training():
    model = constrained(netlet)
    fitted(model, netlet)
    assert (np.linalg.norm(model.layers[0].kernel.numpy(), axis=0) <= 0.8 + 1e-5).all()
    np.testing.assert_allclose(np.linalg.norm(model.layers[1].kernel.numpy(), axis=0), 1, rtol=1e-5)
    assert (model.layers[1].bias.numpy() >= 0).all()


def test_a_layers_own_state_is_updated_at_every_step_and_not_by_building():
    class Mean(netlet.layers.Layer):
        def build(self, input_shape):
            self.total = self.add_weight(shape=(input_shape[-1],), initializer="zeros", trainable=False)
            self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, inputs, training=False):
            if training:
                self.total.assign_add(ops.sum(inputs, axis=0))
                self.count.assign_add(float(inputs.shape[0]))
            return inputs

    layer = Mean()
    model = netlet.Sequential([netlet.Input((6,)), layer, netlet.layers.Dense(3)])
    fitted(model, netlet)
    assert float(layer.count) == 3 * 24
    np.testing.assert_allclose(layer.total.numpy(), 3 * X.sum(0), rtol=1e-4)
    model.predict(X, verbose=0)
    model.evaluate(X, Y, verbose=0)
    assert float(layer.count) == 3 * 24


def test_add_loss_is_minimised():
    class Centre(netlet.layers.Layer):
        def call(self, inputs):
            self.add_loss(ops.mean(ops.square(inputs)) * 2.0)
            return inputs

    model = netlet.Sequential([netlet.Input((6,)), netlet.layers.Dense(3), Centre()])
    losses = fitted(model, netlet)
    assert losses[-1] < losses[0]
    plain = netlet.Sequential([netlet.Input((6,)), netlet.layers.Dense(3)])
    plain.set_weights(model.get_weights())
    plain.compile("sgd", "mse")
    got = model.evaluate(X, Y, verbose=0)
    outputs = plain.predict(X, verbose=0)
    np.testing.assert_allclose(got, ((outputs - Y) ** 2).mean() + 2 * (outputs**2).mean(), rtol=1e-5)


def test_dropout_differs_from_step_to_step_and_repeats_with_the_seed():
    def run(seed):
        netlet.utils.set_random_seed(seed)
        model = netlet.Sequential([netlet.Input((6,)), netlet.layers.Dropout(0.5), netlet.layers.Dense(3)])
        return fitted(model, netlet), model.get_weights()

    (first, a), (second, b), (other, c) = run(1), run(1), run(2)
    assert first == second and first != other
    assert all((x == y).all() for x, y in zip(a, b, strict=True))
    assert any((x != y).any() for x, y in zip(a, c, strict=True))
