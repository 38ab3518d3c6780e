"""Attention layers against Keras's: every option, masks, three training steps, shapes, saving."""

from __future__ import annotations

import re
import warnings

import keras
import numpy as np
import pytest

import netlet
from support import keras64
from support.layer_pair import alike, both, listed

RNG = np.random.default_rng(0)
X, Y, Z = (RNG.standard_normal(shape) for shape in ((2, 5, 6), (2, 7, 4), (2, 7, 3)))
GRID = RNG.standard_normal((2, 3, 4, 6))
ALLOWED = RNG.random((2, 5, 7)) > 0.3
ALLOWED[:, :, 0] = True
QUERY_MASK, VALUE_MASK = RNG.random((2, 5)) > 0.3, RNG.random((2, 7)) > 0.3
VALUE_MASK[:, 0] = True
KEY_MASK = np.ones((2, 7), bool)
KEY_MASK[:, 5:] = False

MULTI_HEAD = [
    {},
    {"value_dim": 5},
    {"use_bias": False, "output_shape": 3},
    {"output_shape": (2, 3)},
    {"use_gate": True, "value_dim": 2},
    {"sliding_window": 3},
    {"dropout": 0.4},
    {"kernel_initializer": "he_normal", "bias_initializer": "ones"},
    {"kernel_regularizer": "l2", "bias_regularizer": "l1", "activity_regularizer": "l2"},
    {"kernel_constraint": "non_neg", "bias_constraint": keras.constraints.MaxNorm},
]
CALLS = [
    {},
    {"attention_mask": ALLOWED},
    {"value_mask": VALUE_MASK},
    {"key_mask": KEY_MASK, "use_causal_mask": True},
    {"use_causal_mask": True},
    {"value_mask": VALUE_MASK, "key_mask": KEY_MASK, "attention_mask": ALLOWED[:1], "use_causal_mask": True},
    {"return_attention_scores": True},
    {"return_attention_scores": True, "attention_mask": ALLOWED, "use_causal_mask": True},
]


@pytest.mark.parametrize("call", CALLS, ids=lambda c: "+".join(c) or "plain")
@pytest.mark.parametrize("arguments", MULTI_HEAD, ids=lambda a: "+".join(a) or "default")
def test_multi_head_attention(arguments, call):
    # Keras on JAX fails if value_dim differs from key_dim, unless the attention scores are returned.
    other_size = "value_dim" in arguments
    ours, theirs = both("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, **arguments})
    with keras64.float64():
        if not other_size:
            return alike(ours, theirs, (X, Y), call)
        got = listed(ours(X, Y, **call))[0].numpy()
        theirs(X, Y, return_attention_scores=True)
        theirs.set_weights(ours.get_weights())
        expected = theirs(X, Y, **{**call, "return_attention_scores": True})[0]
    np.testing.assert_allclose(got, np.asarray(expected), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("axes", [None, (2,), (1, 2), (-2,), 1])
@pytest.mark.parametrize("scores", [False, True])
def test_attention_over_several_axes(axes, scores):
    ours, theirs = both("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "attention_axes": axes})
    alike(ours, theirs, (GRID, GRID), {"return_attention_scores": scores})
    assert ours.get_config()["attention_axes"] == theirs.get_config()["attention_axes"]


@pytest.mark.parametrize("call", [*CALLS, {"query_mask": QUERY_MASK}], ids=lambda c: "+".join(c) or "plain")
@pytest.mark.parametrize(
    "arguments", [{}, {"num_key_value_heads": 1}, {"use_gate": True, "use_bias": False}, {"sliding_window": 2}], ids=str
)
def test_group_query_attention(arguments, call):
    arguments = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, **arguments}
    ours, theirs = both("GroupQueryAttention", arguments)
    value = RNG.standard_normal((2, 7, 6))
    alike(ours, theirs, (X, value, value * 2), call)
    assert type(ours) is netlet.layers.GroupedQueryAttention


def test_a_key_of_another_size():
    ours, theirs = both("MultiHeadAttention", {"num_heads": 2, "key_dim": 3})
    alike(ours, theirs, (X, Y, Z), {"use_causal_mask": True})


def test_rows_without_a_permitted_key_are_as_in_keras():
    """Fully masked rows give the average of all values; with dropout, when Keras takes another path, they give 0."""
    for arguments in ({}, {"dropout": 0.5}):
        ours, theirs = both("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, **arguments})
        alike(ours, theirs, (X, Y), {"attention_mask": ALLOWED & QUERY_MASK[:, :, None]})


def test_a_query_mask_that_is_given_is_left_alone_as_in_keras():
    ours, theirs = both("MultiHeadAttention", {"num_heads": 2, "key_dim": 3})
    with pytest.warns(UserWarning, match="query_mask"):
        alike(ours, theirs, (X, Y), {"query_mask": QUERY_MASK})


@pytest.mark.parametrize("scores", [False, True])
def test_dropout_of_probabilities(scores):
    """Inference drops nothing; training preserves the mean and drops different probabilities in each call."""
    netlet.utils.set_random_seed(0)
    layer = netlet.layers.MultiHeadAttention(2, 3, dropout=0.5)
    x = X.astype("float32")
    calm = listed(layer(x, x, return_attention_scores=scores))[0].numpy()
    np.testing.assert_array_equal(listed(layer(x, x, return_attention_scores=scores, training=False))[0].numpy(), calm)
    drawn = [listed(layer(x, x, training=True, return_attention_scores=scores))[0].numpy() for _ in range(400)]
    assert np.abs(drawn[0] - drawn[1]).max() > 1e-3
    deviation = np.std(drawn, axis=0)
    assert (np.abs(np.mean(drawn, axis=0) - calm) < 5 * deviation / 20 + 1e-6).all()


LUONG = [
    ("Attention", {}),
    ("Attention", {"use_scale": True}),
    ("Attention", {"score_mode": "concat"}),
    ("Attention", {"score_mode": "concat", "use_scale": True, "dropout": 0.3}),
    ("AdditiveAttention", {}),
    ("AdditiveAttention", {"use_scale": False}),
]


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", [None, [None, VALUE_MASK], [QUERY_MASK, VALUE_MASK], [QUERY_MASK, None]], ids=str)
@pytest.mark.parametrize(("name", "arguments"), LUONG, ids=str)
def test_attention_without_projections(name, arguments, mask, causal, scores):
    ours, theirs = both(name, arguments)
    query, key = RNG.standard_normal((2, 5, 4)), RNG.standard_normal((2, 7, 4))
    for inputs in ([query, key], [query, Z, key]):
        call = {"mask": mask, "use_causal_mask": causal, "return_attention_scores": scores}
        with keras64.float64():
            ours, theirs = both(name, arguments)
            alike(ours, theirs, (inputs,), call, rtol=1e-6, atol=1e-7)
    kept = ours.compute_mask([query, key], mask)
    assert kept is (None if mask is None else mask[0])


def test_fully_masked_rows_of_attention():
    mask = [None, np.zeros((2, 7), bool)]
    ours, theirs = both("Attention", {})
    query, key = RNG.standard_normal((2, 5, 4)), RNG.standard_normal((2, 7, 4))
    with keras64.float64():
        alike(ours, theirs, ([query, key],), {"mask": mask}, rtol=1e-6)


def test_dropout_of_attention():
    netlet.utils.set_random_seed(0)
    layer = netlet.layers.Attention(dropout=0.5, seed=3)
    inputs = [X.astype("float32"), X.astype("float32")]
    calm = layer(inputs).numpy()
    drawn = [layer(inputs, training=True).numpy() for _ in range(400)]
    deviation = np.std(drawn, axis=0)
    assert deviation.max() > 1e-2
    assert (np.abs(np.mean(drawn, axis=0) - calm) < 5 * deviation / 20 + 1e-6).all()


SIX = {"num_heads": 2, "key_dim": 3}
STEPS = {
    "self-attention": ("MultiHeadAttention", SIX, {}),
    "causal": ("MultiHeadAttention", SIX, {"use_causal_mask": True}),
    "with a mask": ("MultiHeadAttention", SIX, {"attention_mask": ALLOWED[:, :, :5]}),
    "with a gate": ("MultiHeadAttention", {**SIX, "use_gate": True}, {}),
    "grouped": ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}, {}),
}


@pytest.mark.parametrize("case", [*STEPS, "Attention", "AdditiveAttention"])
def test_three_steps_of_training(case):
    """The weights after three SGD steps from equal weights. A Dense in front makes the input's gradient matter."""

    def build(module):
        x = module.Input((5, 6))
        h = module.layers.Dense(6, activation="tanh", name="first")(x)
        if case in STEPS:
            name, arguments, call = STEPS[case]
            h = getattr(module.layers, name)(**arguments, name="attention")(h, h, **call)
        else:
            h = getattr(module.layers, case)(use_scale=True, name="attention")([h, x])
        model = module.Model(x, module.layers.Dense(3, name="last")(module.layers.Flatten()(h)))
        model.compile(module.optimizers.SGD(0.05), "mse")
        return model

    ours, theirs = build(netlet), build(keras)
    theirs.set_weights(ours.get_weights())
    x, y = X.astype("float32"), RNG.standard_normal((2, 3)).astype("float32")
    for model in (ours, theirs):
        for _ in range(3):
            model.train_on_batch(x, y)
    before = [w.path for w in ours.weights]
    for path, a, b in zip(before, ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5, err_msg=path)


CONFIGS = [
    ("MultiHeadAttention", SIX),
    (
        "MultiHeadAttention",
        {**SIX, "value_dim": 4, "dropout": 0.2, "output_shape": (2, 3), "use_gate": True, "seed": 3},
    ),
    (
        "GroupQueryAttention",
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, "kernel_regularizer": "l2"},
    ),
    ("Attention", {"use_scale": True, "score_mode": "concat", "dropout": 0.1, "seed": 2}),
    ("AdditiveAttention", {"use_scale": False}),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d", "activation": "relu"}),
]


@pytest.mark.parametrize(("name", "arguments"), CONFIGS, ids=str)
def test_configs(name, arguments):
    ours, theirs = both(name, arguments, "float32")
    ignored = {"quantization_config", "lora_rank", "lora_alpha"}
    assert set(ours.get_config()) == set(theirs.get_config()) - ignored
    assert re.sub(r"_\d+$", "", ours.name) == re.sub(r"_\d+$", "", theirs.name)
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    config = {k: v for k, v in theirs.get_config().items() if k not in ignored}
    assert type(ours).from_config(config).get_config().keys() == ours.get_config().keys()


@pytest.mark.parametrize(("name", "arguments"), CONFIGS[:4], ids=str)
def test_saving(name, arguments, tmp_path):
    x = netlet.Input((5, 6))
    layer = getattr(netlet.layers, name)(**arguments)
    y = layer(x, x) if name in ("MultiHeadAttention", "GroupQueryAttention") else layer([x, x])
    model = netlet.Model(x, y)
    path = str(tmp_path / "m.netlet")
    model.save(path)
    again = netlet.models.load_model(path)
    sample = X.astype("float32")
    np.testing.assert_array_equal(again(sample).numpy(), model(sample).numpy())


@pytest.mark.parametrize("scores", [False, True])
def test_symbolic_shapes(scores):
    for name, arguments in CONFIGS[:4]:
        ours, theirs = both(name, {**arguments, "name": "a"}, "float32")
        many = name in ("MultiHeadAttention", "GroupQueryAttention")

        def shapes(module, layer, many=many):
            query, value = module.Input((5, 6)), module.Input((5, 6))
            args = (query, value) if many else ([query, value],)
            return [tuple(t.shape) for t in listed(layer(*args, return_attention_scores=scores))]

        assert shapes(netlet, ours) == shapes(keras, theirs)


def test_lengths_zero_and_one():
    layer = netlet.layers.MultiHeadAttention(2, 3)
    for queries, keys in ((1, 1), (0, 3), (3, 0), (1, 5)):
        query, value = np.ones((2, queries, 6), "float32"), np.ones((2, keys, 6), "float32")
        y = layer(query, value, use_causal_mask=True)
        assert y.shape == (2, queries, 6)
        assert np.isfinite(y.numpy()).all()


def test_bad_arguments():
    layers = netlet.layers
    for arguments in ({"num_heads": 0, "key_dim": 2}, {"num_heads": 2, "key_dim": "a"}, {**SIX, "value_dim": -1}):
        with pytest.raises(ValueError, match="positive integer"):
            layers.MultiHeadAttention(**arguments)
    with pytest.raises(ValueError, match="divisible"):
        layers.GroupQueryAttention(2, 3, 2)
    with pytest.raises(ValueError, match="sliding_window"):
        layers.MultiHeadAttention(2, 3, sliding_window=0)
    with pytest.raises(ValueError, match="attention_axes"):
        layers.MultiHeadAttention(2, 3, attention_axes="a")
    with pytest.raises(ValueError, match="flash attention"):
        layers.MultiHeadAttention(2, 3, dropout=0.5, flash_attention=True)
    with pytest.raises(ValueError, match="scores"):
        layers.MultiHeadAttention(2, 3, flash_attention=True)(X, X, return_attention_scores=True)
    with pytest.raises(ValueError, match="value_shape"):
        layers.MultiHeadAttention(2, 3)(X, Y, X)
    with pytest.raises(ValueError, match=r"Layer 'mha': .*mask that broadcasts"):
        layers.MultiHeadAttention(2, 3, name="mha")(X, Y, attention_mask=np.ones((2, 5, 6), bool))
    with pytest.raises(ValueError, match="score_mode"):
        layers.Attention(score_mode="sum")
    with pytest.raises(ValueError, match="list of inputs"):
        layers.Attention()(X)
    with pytest.raises(ValueError, match="length 2 or 3"):
        layers.Attention()([X])
    with pytest.raises(ValueError, match="mask must be a list"):
        layers.Attention()([X, X], mask=QUERY_MASK)


def test_an_overridden_attention_gets_the_causal_mask():
    """As in Keras, an override of `_compute_attention` with the older signature gets the mask as attention_mask."""
    seen = []

    class Own(netlet.layers.MultiHeadAttention):
        def _compute_attention(self, query, key, value, attention_mask=None, training=None, scores=False):
            seen.append(attention_mask)
            return super()._compute_attention(query, key, value, attention_mask, training, scores)

    own, usual = Own(2, 3), netlet.layers.MultiHeadAttention(2, 3)
    own(X, X), usual(X, X)
    own.set_weights(usual.get_weights())
    y = own(X, X, use_causal_mask=True)
    np.testing.assert_array_equal(np.asarray(seen[-1])[0], np.tri(5, dtype=bool))
    np.testing.assert_allclose(y.numpy(), usual(X, X, use_causal_mask=True).numpy(), rtol=1e-5, atol=1e-6)


def test_no_warning_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = netlet.layers.MultiHeadAttention(2, 3)(X, Y, value_mask=VALUE_MASK)
    assert tuple(y.shape) == X.shape
