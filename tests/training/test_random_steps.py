"""Random layers that stay active in evaluation and prediction draw other numbers for each batch."""

import numpy as np
import pytest

import netlet
from netlet import layers

X = np.ones((40, 8), np.float32)
Y = np.zeros((40, 8), np.float32)


class Noise(layers.Layer):
    """Random numbers also in evaluation and prediction."""

    def __init__(self):
        super().__init__()
        self.seed = netlet.random.SeedGenerator(1)

    def call(self, x):
        return x + netlet.random.uniform((x.shape[0], 8), seed=self.seed)


@pytest.mark.parametrize("eager", [False, True])
def test_random_layers_draw_other_numbers_for_each_batch_of_predict_and_evaluate(eager):
    model = netlet.Sequential([netlet.Input((8,)), Noise()])
    model.compile(None, "mse", run_eagerly=eager)
    rows = model.predict(X, batch_size=4, verbose=0)
    assert len(np.unique(rows.reshape(10, -1), axis=0)) == 10
    assert not np.array_equal(rows, model.predict(X, batch_size=4, verbose=0))
    assert not np.array_equal(model.predict_on_batch(X[:4]), model.predict_on_batch(X[:4]))
    assert len({model.evaluate(X, Y, batch_size=4, verbose=0) for _ in range(3)}) == 3
    assert len({model.test_on_batch(X[:4], Y[:4]) for _ in range(3)}) == 3


def test_training_does_not_depend_on_how_often_it_is_evaluated():
    weights = []
    for validation in (None, (X, Y)):
        netlet.utils.set_random_seed(2)
        model = netlet.Sequential([netlet.Input((8,)), Noise(), layers.Dense(8), layers.Dropout(0.5)])
        model.compile("sgd", "mse")
        model.fit(X, Y, batch_size=8, epochs=3, verbose=0, validation_data=validation)
        weights.append(model.get_weights())
    for a, b in zip(*weights):
        np.testing.assert_array_equal(a, b)
