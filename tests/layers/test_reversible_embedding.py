"""ReversibleEmbedding: against Keras, forward and reverse, and trained."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet

IDS = np.array([[1, 0, 4], [2, 2, 0]], "int32")


def both(**arguments):
    made = [lib.layers.ReversibleEmbedding(6, 3, name="r", **arguments) for lib in (netlet, keras)]
    for layer in made:
        layer.build((None, 3))
    weights = [
        np.random.default_rng(i).normal(size=w.shape).astype("float32") for i, w in enumerate(made[1].get_weights())
    ]
    for layer in made:
        layer.set_weights(weights)
    return made


ARGUMENTS = [
    {},
    {"tie_weights": False},
    {"logit_soft_cap": 2.0},
    {"reverse_dtype": "float32", "dtype": "mixed_bfloat16"},
    {"tie_weights": False, "logit_soft_cap": 0.5, "mask_zero": True},
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_values_shapes_and_names_are_those_of_keras(arguments):
    ours, theirs = both(**arguments)
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    assert ours.get_config().keys() >= {"tie_weights", "reverse_dtype", "logit_soft_cap"}
    a, b = ours(IDS), theirs(IDS)
    np.testing.assert_array_equal(np.asarray(a.numpy(), "float32"), np.asarray(b, "float32"))
    mask = getattr(b, "_keras_mask", None)
    assert (a._keras_mask is None) == (mask is None)
    x = np.random.default_rng(9).normal(size=(2, 3, 3)).astype("float32")
    logits, expected = ours(x, reverse=True), np.asarray(theirs(x, reverse=True))
    assert logits.dtype == str(expected.dtype) and logits.shape == (2, 3, 6) and logits._keras_mask is None
    np.testing.assert_allclose(logits.numpy(), expected, rtol=1e-5, atol=1e-6)
    symbolic = ours(netlet.Input((4, 3)), reverse=True)
    assert symbolic.shape == (None, 4, 6) and symbolic.dtype == logits.dtype
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()


@pytest.mark.parametrize("tie", [True, False])
@pytest.mark.parametrize("rows", [6, 20000])
def test_trained_as_by_keras(tie, rows):
    """A table that is large enough for sparse updates has a dense gradient if it is tied."""
    rng = np.random.default_rng(0)
    states = []
    for lib in (netlet, keras):
        x = lib.Input((3,), dtype="int32")
        layer = lib.layers.ReversibleEmbedding(rows, 2, tie_weights=tie)
        model = lib.Model(x, layer(layer(x), reverse=True))
        if not states:
            weights = [rng.normal(size=w.shape).astype("float32") * 0.1 for w in model.get_weights()]
        model.set_weights(weights)
        model.compile(lib.optimizers.Adam(0.01), lib.losses.SparseCategoricalCrossentropy(from_logits=True))
        for _ in range(3):
            model.train_on_batch(IDS, IDS)
        states.append(model.get_weights())
    for a, b in zip(*states, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-4)


@pytest.mark.parametrize("ending", ["netlet", "keras"])
def test_saved(ending, tmp_path):
    x = netlet.Input((3,), dtype="int32")
    layer = netlet.layers.ReversibleEmbedding(6, 2, tie_weights=False, logit_soft_cap=3.0)
    model = netlet.Model(x, layer(layer(x), reverse=True))
    model.save(tmp_path / f"m.{ending}")
    expected = model.predict(IDS, verbose=0)
    np.testing.assert_array_equal(netlet.models.load_model(tmp_path / f"m.{ending}").predict(IDS, verbose=0), expected)
    if ending == "keras":
        np.testing.assert_allclose(
            keras.models.load_model(tmp_path / "m.keras").predict(IDS, verbose=0), expected, rtol=1e-5
        )


def test_quantize_leaves_it_float_and_says_so():
    layer = netlet.layers.ReversibleEmbedding(6, 2)
    model = netlet.Sequential([netlet.Input((3,), dtype="int32"), layer, netlet.layers.Dense(2)])
    model.quantize("int8")
    assert type(model.layers[0]) is netlet.layers.ReversibleEmbedding
    with pytest.raises(ValueError, match="`logit_soft_cap` other than 0"):
        netlet.layers.ReversibleEmbedding(6, 2, logit_soft_cap=0)
