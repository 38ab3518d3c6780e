"""HashedCrossing: the numbers of Keras's docstring and tests, arguments, in models behind other layers."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet.layers import HashedCrossing

LETTERS, NUMBERS = np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])


def test_the_numbers_of_kerass_docstring_and_tests():
    layer = HashedCrossing(num_bins=5)
    bins = [1, 4, 1, 1, 3]
    assert layer((LETTERS, NUMBERS)).numpy().tolist() == bins and layer((LETTERS, NUMBERS)).dtype == "int64"
    column = layer((LETTERS[:, None], NUMBERS[:, None])).numpy()
    assert column.tolist() == [[b] for b in bins]
    assert int(layer(("A", 101))) == 1 and int(layer((np.array("A"), np.array(101)))) == 1
    one_hot = HashedCrossing(num_bins=5, output_mode="one_hot")
    np.testing.assert_array_equal(one_hot((LETTERS, NUMBERS)), np.eye(5, dtype="float32")[bins])
    np.testing.assert_array_equal(one_hot((LETTERS[:, None], NUMBERS[:, None])), np.eye(5)[bins])
    assert one_hot(("A", 101)).shape == (5,)


def test_negative_numbers_and_three_features():
    layer = HashedCrossing(7)
    out = layer([LETTERS, -NUMBERS, NUMBERS]).numpy()
    assert out.min() >= 0 and out.max() < 7 and out[0] == out[2]


def test_in_a_model_behind_untrained_layers(tmp_path):
    a, b = netlet.Input((1,), name="a"), netlet.Input((1,), dtype="string", name="b")
    bins = netlet.layers.Discretization([0.0, 1.0])(a)
    crossed = HashedCrossing(6, output_mode="one_hot")([bins, b])
    model = netlet.Model([a, b], netlet.layers.Dense(1)(crossed))
    model.compile("sgd", "mse")
    x, words, y = np.array([[-1.0], [0.5], [2.0], [0.5]]), np.array([["u"], ["v"], ["u"], ["v"]]), np.ones((4, 1))
    losses = model.fit([x, words], y, epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]
    found = model.predict([x, words], verbose=0)
    expected = model.layers[-1](HashedCrossing(6, "one_hot")([np.digitize(x, [0.0, 1.0]), words])).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    for ending in ("netlet", "keras"):
        model.save(tmp_path / f"m.{ending}")
        again = netlet.models.load_model(tmp_path / f"m.{ending}")
        np.testing.assert_array_equal(again.predict([x, words], verbose=0), found)


def test_behind_a_trained_layer_it_is_an_error():
    a = netlet.Input((1,))
    h = netlet.ops.cast(netlet.layers.Dense(1)(a), "int32")
    model = netlet.Model(a, netlet.layers.Dense(1)(HashedCrossing(3, "one_hot")([h, h])))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="runs in Python, before the model's recorded step"):
        model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: HashedCrossing(0), "`num_bins`"),
        (lambda: HashedCrossing(3, "count"), "`output_mode`"),
        (lambda: HashedCrossing(3)(LETTERS), "at least two inputs"),
        (lambda: HashedCrossing(3)([LETTERS]), "at least two inputs"),
        (lambda: HashedCrossing(3)([LETTERS, NUMBERS[1:]]), "one shape"),
        (lambda: HashedCrossing(3)([NUMBERS[None], NUMBERS[None]]), "one shape"),
        (lambda: HashedCrossing(3)([NUMBERS, NUMBERS * 0.5]), "texts or integers"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    with pytest.raises(NotImplementedError):
        HashedCrossing(3, "one_hot", sparse=True)
