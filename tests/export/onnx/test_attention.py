"""Attention layers, with masks, causal and windowed, of fixed and of free lengths."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from support.exported import assert_same_outputs, exported, random_weights

LAYERS = {
    "MultiHeadAttention": lambda: layers.MultiHeadAttention(2, 3),
    "GroupQueryAttention": lambda: layers.GroupQueryAttention(3, 4, 2),
    "Attention": lambda: layers.Attention(use_scale=True),
    "concat": lambda: layers.Attention(score_mode="concat"),
    "AdditiveAttention": lambda: layers.AdditiveAttention(),
}


def called(layer, q, v, **kwargs):
    return layer([q, v], **kwargs) if isinstance(layer, layers.Attention) else layer(q, v, **kwargs)


def data(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


@pytest.mark.parametrize("length", [5, None])
@pytest.mark.parametrize("arguments", [{}, {"use_causal_mask": True}, {"return_attention_scores": True}], ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_lengths(name, arguments, length, tmp_path):
    q, v = netlet.Input((length, 6)), netlet.Input((length, 6))
    model = random_weights(netlet.Model([q, v], called(LAYERS[name](), q, v, **arguments)))
    assert_same_outputs(model, exported(model, tmp_path), [data(2, 5, 6), data(2, 5, 6)])


@pytest.mark.parametrize("name", LAYERS)
def test_masks_of_embeddings(name, tmp_path):
    ids = np.array([[3, 4, 0, 0], [5, 0, 2, 1], [0, 0, 0, 0]], "int32")
    x = netlet.Input((None,), dtype="int32")
    vectors = layers.Embedding(10, 6, mask_zero=True)(x)
    model = random_weights(netlet.Model(x, called(LAYERS[name](), vectors, vectors)))
    assert_same_outputs(model, exported(model, tmp_path), [ids])


@pytest.mark.parametrize(
    "arguments", [{"sliding_window": 2}, {"use_gate": True}, {"dropout": 0.1}, {"value_dim": 5, "output_shape": 7}]
)
@pytest.mark.parametrize("length", [5, None])
def test_options_of_multi_head_attention(arguments, length, tmp_path):
    q = netlet.Input((length, 6))
    model = random_weights(netlet.Model(q, layers.MultiHeadAttention(2, 3, **arguments)(q, q, use_causal_mask=True)))
    assert_same_outputs(model, exported(model, tmp_path), [data(2, 5, 6)])


def test_attention_axes(tmp_path):
    q = netlet.Input((4, 5, 6))
    model = random_weights(netlet.Model(q, layers.MultiHeadAttention(2, 3, attention_axes=(2,))(q, q)))
    assert_same_outputs(model, exported(model, tmp_path), [data(2, 4, 5, 6)])


def test_a_mask_that_is_an_input(tmp_path):
    q, v, mask = netlet.Input((5, 6)), netlet.Input((7, 6)), netlet.Input((5, 7), dtype="bool")
    model = random_weights(netlet.Model([q, v, mask], layers.MultiHeadAttention(2, 3)(q, v, attention_mask=mask)))
    assert_same_outputs(model, exported(model, tmp_path), [data(2, 5, 6), data(2, 7, 6), data(2, 5, 7) > 0])


@pytest.mark.parametrize("make", [lambda: layers.PositionEmbedding(9), layers.SinePositionEncoding])
def test_positions_of_any_length(make, tmp_path):
    model = random_weights(netlet.Sequential([netlet.Input((None, 6)), make()]))
    assert_same_outputs(model, exported(model, tmp_path), [data(2, 5, 6)])
