"""Gradients with respect to y_true, for targets that the model computes itself, such as a teacher's probabilities."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy as np
import pytest

import netlet
from netlet import layers, ops

CASES = [
    ("MeanSquaredError", {}),
    ("Huber", {}),
    ("LogCosh", {}),
    ("MeanAbsolutePercentageError", {}),
    ("MeanSquaredLogarithmicError", {}),
    ("Poisson", {}),
    ("KLDivergence", {}),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}),
    ("BinaryCrossentropy", {"from_logits": True}),
    ("CategoricalCrossentropy", {}),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}),
    ("Hinge", {}),
    ("SquaredHinge", {}),
]


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 0.0, 0.5], "float32")], ids=["plain", "weighted"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_gradients_are_keras(name, options, weights):
    rng = np.random.default_rng(0)
    t, p = rng.uniform(0.1, 0.9, (2, 4, 3)).astype("float32")
    t /= t.sum(1, keepdims=True)
    theirs = getattr(keras.losses, name)(**options)
    value, slopes = jax.value_and_grad(lambda a, b: theirs(a, b, sample_weight=weights), argnums=(0, 1))(t, p)
    y_true, y_pred = netlet.Variable(t), netlet.Variable(p)
    with netlet.GradientTape() as tape:
        loss = getattr(netlet.losses, name)(**options)(y_true * 1.0, y_pred * 1.0, sample_weight=weights)
    np.testing.assert_allclose(float(loss), value, rtol=1e-5)
    for got, expected in zip(tape.gradient(loss, [y_true, y_pred]), slopes, strict=True):
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-4, atol=1e-6)


def test_a_student_learns_from_a_teacher_in_one_step():
    """The teacher's weights are trainable, so its outputs require gradients, but only the student is updated."""

    class Distiller(netlet.Model):
        def __init__(self):
            super().__init__()
            self.teacher, self.student = layers.Dense(3), layers.Dense(3)

        def call(self, x):
            return self.student(x)

        def train_step(self, data):
            x = data[0]
            with netlet.GradientTape() as tape:
                taught = ops.softmax(self.teacher(x) / 2.0)
                loss = netlet.losses.KLDivergence()(taught, ops.softmax(self.student(x) / 2.0))
            variables = self.student.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            return {"loss": loss}

    x = np.random.default_rng(0).standard_normal((32, 4)).astype("float32")
    model = Distiller()
    model(x), model.teacher(x)
    before = model.teacher.get_weights()
    model.compile(netlet.optimizers.Adam(0.1))
    losses = model.fit(x, np.zeros((32, 3), "float32"), epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 3
    np.testing.assert_array_equal(model.teacher.get_weights()[0], before[0])
