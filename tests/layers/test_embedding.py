"""Embedding: against Keras, and errors for indices outside the vocabulary."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers, ops

IDS = np.array([[1, 2, 0], [4, 0, 4]])


def table(rows=5, columns=3, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype("float32")


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "int8", "float32", "float64", "bool"])
@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 2, 3), (0, 3), (2, 0)])
def test_every_kind_of_index(dtype, shape):
    ids = np.resize(np.array([1, 0, 1, 1, 0, 1]), shape).astype(dtype)
    w = table()
    y = layers.Embedding(5, 3, weights=w)(ids)
    expected = np.asarray(keras.layers.Embedding(5, 3, weights=w)(ids))
    assert y.dtype == "float32"
    np.testing.assert_array_equal(y.numpy(), expected)


def test_floats_are_cut_as_keras_cuts_them():
    ids = np.array([0.9, 1.1, 3.99], "float32")
    np.testing.assert_array_equal(
        layers.Embedding(5, 3, weights=table())(ids).numpy(),
        np.asarray(keras.layers.Embedding(5, 3, weights=table())(ids)),
    )


@pytest.mark.parametrize("mask_zero", [False, True])
def test_mask_zero(mask_zero):
    layer = layers.Embedding(5, 3, mask_zero=mask_zero)
    y = layer(IDS)
    assert layer.supports_masking == mask_zero
    if mask_zero:
        np.testing.assert_array_equal(y._keras_mask.numpy(), IDS != 0)
        np.testing.assert_array_equal(layer.compute_mask(IDS), IDS != 0)
    else:
        assert y._keras_mask is None
        assert layer.compute_mask(IDS) is None


def test_the_table_is_uniform_and_named_as_in_keras():
    netlet.utils.set_random_seed(0)
    layer = layers.Embedding(1000, 8)
    with pytest.raises(AttributeError, match="not built"):
        _ = layer.embeddings
    layer(IDS)
    w = layer.embeddings.numpy()
    assert layer.embeddings.path.endswith("/embeddings")
    assert (-0.05 <= w.min() < -0.049, 0.049 < w.max() <= 0.05, abs(w.mean()) < 1e-3) == (True, True, True)
    assert layer.compute_output_shape((None, 7)) == (None, 7, 8)
    assert layer(netlet.Input((7,))).shape == (None, 7, 8)


def test_float64_and_regularizer_and_constraint():
    layer = layers.Embedding(
        5, 3, dtype="float64", embeddings_regularizer="l2", embeddings_constraint="unit_norm", activity_regularizer="l1"
    )
    y = layer(IDS)
    assert y.dtype == layer.embeddings.dtype == "float64"
    w = layer.embeddings.numpy()
    np.testing.assert_allclose(
        [float(v) for v in layer.losses], [0.01 * abs(y.numpy()).sum() / 2, 0.01 * (w**2).sum()], rtol=1e-12
    )
    assert layer.embeddings.constraint is layer.embeddings_constraint


@pytest.mark.parametrize(
    "arguments",
    [
        {"input_dim": 0, "output_dim": 3},
        {"input_dim": 3, "output_dim": -1},
        {"input_dim": 3.0, "output_dim": 3},
        {"input_dim": True, "output_dim": 3},
    ],
)
def test_extents_are_positive_integers(arguments):
    with pytest.raises(ValueError, match="expected a positive integer for"):
        layers.Embedding(**arguments)


@pytest.mark.parametrize("name", ["lora_rank", "lora_alpha", "quantization_config"])
def test_what_is_left_out(name):
    with pytest.raises(NotImplementedError, match=f"`{name}` is not supported"):
        layers.Embedding(5, 3, **{name: 2})


def test_weights_of_another_shape():
    with pytest.raises(ValueError, match=r"shape \(5, 3\) for weight .*, received \(3, 5\)"):
        layers.Embedding(5, 3, weights=table().T)


def test_input_length_is_gone():
    with pytest.warns(UserWarning, match="input_length"):
        layers.Embedding(5, 3, input_length=4)


# ---- outside of the vocabulary -------------------------------------------------------------------------------------
@pytest.mark.parametrize("bad", [5, -1, 2**31 - 1, -(2**31), -3.0])
def test_an_index_outside_is_named_with_its_place(bad):
    ids = np.array([[1, 2], [0, bad]])
    with pytest.raises(
        ValueError, match=rf"Layer 'words'.*index {int(bad)} at position \(1, 1\).* 5 entries \(0 to 4\)"
    ):
        layers.Embedding(5, 3, name="words")(ids)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_not_a_number_is_no_index(dtype, bad):
    with pytest.raises(ValueError, match=r"index -?[0-9]+ at position \(0, 1\)"):
        layers.Embedding(5, 3)(np.array([[0.0, bad]], dtype))


def sentences(optimizer="adam", size=5):
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential(
        [
            netlet.Input((3,), dtype="int32"),
            layers.Embedding(size, 4, name="words"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def bad_data(index=7):
    ids = np.random.default_rng(0).integers(0, 5, (40, 3))
    ids[17, 2] = index
    return ids, np.ones((40, 1), "float32")


@pytest.mark.parametrize("index", [7, 5, -1, 2**31 - 1, -(2**31)])
def test_fit_stops_with_the_row_and_leaves_the_weights(index):
    x, y = bad_data(index)
    for shuffle in (False, True):
        model = sentences("sgd")
        before = model.get_weights()
        with pytest.raises(
            ValueError, match=rf"Layer 'words': index {index} at position \(\d+, 2\).*row 17 of the data"
        ):
            model.fit(x, y, batch_size=8, verbose=0, shuffle=shuffle)
        if not shuffle:  # the two steps on rows 0 to 15 were made
            two = sentences("sgd")
            two.fit(x[:16], y[:16], batch_size=8, verbose=0, shuffle=False)
            for a, b in zip(model.get_weights(), two.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)
        model = sentences("sgd")
        with pytest.raises(ValueError, match="lies outside"):
            model.fit(x, y, batch_size=40, verbose=0, shuffle=shuffle)
        for a, b in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(a, b)
        model.fit(x[:17], y[:17], verbose=0)  # the model is still usable


def test_every_other_way_to_run_a_model_stops_too():
    x, y = bad_data()
    model = sentences()
    text = r"Layer 'words'.*index 7 at position \(17, 2\)"
    for call in (
        lambda: model(x),
        lambda: model.predict(x, batch_size=40, verbose=0),
        lambda: model.evaluate(x, y, batch_size=40, verbose=0),
        lambda: model.predict_on_batch(x),
        lambda: model.test_on_batch(x, y),
        lambda: model.train_on_batch(x, y),
        lambda: model.fit(iter([(x, y)]), verbose=0),
        lambda: model.predict(iter([x]), verbose=0),
    ):
        with pytest.raises(ValueError, match=text):
            call()
    good = x.copy()
    good[17, 2] = 0
    for _ in range(3):  # later calls take faster paths
        model.predict_on_batch(good), model.train_on_batch(good, y), model.test_on_batch(good, y)
    before = model.get_weights()
    for call in (
        lambda: model.predict_on_batch(x),
        lambda: model.test_on_batch(x, y),
        lambda: model.train_on_batch(x, y),
    ):
        with pytest.raises(ValueError, match=text):
            call()
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match=r"index 7 at position \(1, 2\) of the batch \(row 17 of the data\)"):
        model.predict(x, batch_size=16, verbose=0)
    model.compile("adam", "mse", run_eagerly=True)
    with pytest.raises(ValueError, match=text):
        model.train_on_batch(x, y)


def test_a_loss_that_is_not_finite_is_found_behind_an_embedding():
    x, y = bad_data(0)
    y[3] = np.nan
    with pytest.raises(netlet.training.results.NonFiniteLossError, match="in the data that was fed"):
        sentences().fit(x, y, batch_size=40, verbose=0)
    model = sentences()
    weights = model.get_weights()
    weights[0][0] = np.inf
    model.set_weights(weights)
    with pytest.raises(netlet.training.results.NonFiniteLossError, match=r"came out of layer '.*words"):
        model.fit(x, np.ones((40, 1), "float32"), batch_size=40, verbose=0)


def test_float32_cannot_count_to_the_end_of_a_large_vocabulary():
    class Large(layers.Embedding):
        def build(self, input_shape=None):
            self._embeddings = self.add_weight(shape=(1, 1), initializer="zeros", name="embeddings")

    layer = Large(2**24 + 1, 1)
    with pytest.raises(ValueError, match="only exact up to 16,777,216"):
        layer(np.zeros((1, 1), "float32"))
    layer(np.zeros((1, 1), "int32"))


# ---- training --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop"])
def test_three_steps_as_keras(optimizer):
    """One table for two inputs, one of them padded; a small table, and one large enough for sparse updates."""
    for rows in (5, 20000):
        w, kernel = table(rows, 4), table(8, 1, seed=1)
        x = [np.array([[1, 2, 0], [4, 0, 0]], "int32"), np.array([[3, 3, 3], [1, 4, 1]], "int32")]
        y = np.array([[1.0], [2.0]], "float32")
        states = []
        for library in (netlet, keras):
            L = library.layers
            a, b = (library.Input((3,), dtype="int32") for _ in range(2))
            shared = L.Embedding(rows, 4, mask_zero=True)
            pooled = [L.GlobalAveragePooling1D()(shared(t)) for t in (a, b)]
            model = library.Model([a, b], L.Dense(1, use_bias=False)(L.Concatenate()(pooled)))
            model.set_weights([w, kernel])
            model.compile(getattr(library.optimizers, optimizer)(0.1), "mse")
            for _ in range(3):
                model.train_on_batch(x, y)
            states.append(model.get_weights())
        for ours, theirs in zip(*states, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def test_gradient():
    layer = layers.Embedding(5, 3, weights=table())
    with netlet.GradientTape() as tape:
        loss = ops.sum(layer(IDS) * 2.0)
    expected = np.zeros((5, 3), "float32")
    np.add.at(expected, IDS, 2.0)
    np.testing.assert_array_equal(tape.gradient(loss, layer.embeddings).numpy(), expected)


def test_saving(tmp_path):
    model = sentences()
    x, y = bad_data(0)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.netlet")
    again = netlet.saving.load_model(tmp_path / "m.netlet")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    given = layers.Embedding(5, 4, weights=table(5, 4), mask_zero=True)
    model = netlet.Sequential([netlet.Input((3,)), given])
    model.save(tmp_path / "n.netlet")
    again = netlet.saving.load_model(tmp_path / "n.netlet")
    np.testing.assert_array_equal(again.get_weights()[0], table(5, 4))
    assert again.layers[0].mask_zero


def test_config_is_keras():
    theirs = keras.layers.Embedding(5, 3, mask_zero=True, embeddings_regularizer="l2").get_config()
    ours = layers.Embedding(5, 3, mask_zero=True, embeddings_regularizer="l2").get_config()
    assert ours.keys() == theirs.keys()
    again = layers.Embedding.from_config(theirs)
    assert (again.input_dim, again.output_dim, again.mask_zero) == (5, 3, True)
