"""Convolution layers against Keras's with the same arguments and weights: outputs, gradients, shapes, configs.

Also against a naive NumPy implementation, the lecture notes' formula and ONNX's definition.
"""

from __future__ import annotations

import itertools
import warnings

import jax
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netlet
from netlet import layers, ops
from support.keras64 import float64

CASES = [
    # name, arguments, shape of the input
    ("Conv1D", {"filters": 3, "kernel_size": 3}, (2, 7, 2)),
    (
        "Conv1D",
        {"filters": 4, "kernel_size": 2, "padding": "causal", "dilation_rate": 3, "activation": "relu"},
        (2, 9, 4),
    ),
    ("Conv1D", {"filters": 2, "kernel_size": 4, "padding": "causal", "strides": 2, "use_bias": False}, (2, 9, 3)),
    ("Conv1D", {"filters": 6, "kernel_size": 3, "padding": "same", "groups": 2, "strides": 3}, (2, 8, 4)),
    ("Conv1D", {"filters": 2, "kernel_size": 3, "padding": "causal", "data_format": "channels_first"}, (2, 3, 8)),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "activation": "elu"}, (2, 5, 6, 3)),
    ("Conv2D", {"filters": 5, "kernel_size": (2, 4), "strides": (2, 3), "padding": "same"}, (2, 7, 8, 1)),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "dilation_rate": (2, 1), "padding": "same", "groups": 2}, (1, 6, 5, 6)),
    ("Conv2D", {"filters": 3, "kernel_size": 1, "activation": "softmax", "use_bias": False}, (2, 3, 2, 5)),
    ("Conv2D", {"filters": 3, "kernel_size": 2, "data_format": "channels_first", "activation": "gelu"}, (2, 2, 4, 5)),
    (
        "Conv2D",
        {"filters": 2, "kernel_size": 2, "data_format": "channels_first", "activation": "softmax"},
        (2, 2, 4, 5),
    ),
    ("Conv2D", {"filters": 4, "kernel_size": 1, "strides": 2, "activation": "sigmoid"}, (2, 1, 1, 3)),
    ("Conv3D", {"filters": 2, "kernel_size": (2, 3, 1), "strides": (1, 2, 1), "padding": "same"}, (1, 4, 5, 3, 2)),
    ("Conv3D", {"filters": 4, "kernel_size": 2, "groups": 2, "data_format": "channels_first"}, (1, 4, 3, 3, 2)),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, (2, 4, 2)),
    ("Conv1DTranspose", {"filters": 2, "kernel_size": 2, "strides": 3, "padding": "same"}, (2, 4, 3)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, (2, 3, 4, 3)),
    (
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": (3, 2), "strides": (3, 2), "output_padding": (2, 0)},
        (1, 3, 2, 2),
    ),
    (
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": 4, "strides": 2, "padding": "same", "output_padding": 1},
        (1, 3, 2, 2),
    ),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "activation": "relu"}, (1, 3, 2, 2)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2, "data_format": "channels_first"}, (1, 3, 2, 4)),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": (1, 2, 2), "use_bias": False}, (1, 2, 3, 2, 2)),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"}, (2, 6, 3)),
    ("DepthwiseConv2D", {"kernel_size": (3, 2), "strides": 2, "padding": "same", "activation": "relu"}, (2, 5, 6, 4)),
    ("DepthwiseConv2D", {"kernel_size": 2, "depth_multiplier": 3, "data_format": "channels_first"}, (2, 2, 4, 5)),
    ("DepthwiseConv2D", {"kernel_size": 2, "dilation_rate": 2, "use_bias": False}, (2, 4, 5, 2)),
    ("SeparableConv1D", {"filters": 4, "kernel_size": 3, "strides": 2, "activation": "leaky_relu"}, (2, 8, 3)),
    ("SeparableConv2D", {"filters": 4, "kernel_size": 3, "depth_multiplier": 2, "padding": "same"}, (2, 4, 5, 3)),
    (
        "SeparableConv2D",
        {"filters": 3, "kernel_size": 2, "data_format": "channels_first", "activation": "gelu"},
        (2, 2, 4, 5),
    ),
]
IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]
RNG = np.random.default_rng(0)


def keras_value_and_gradients(layer, x, seed):
    """Keras's output and gradients from one jitted function: compiling op by op would dominate the test's time."""

    @jax.jit
    def run(variables, x, seed):
        y, back = jax.vjp(lambda v, x: layer.stateless_call(v, [], x)[0], variables, x)
        return y, back(seed)

    shape = layer.compute_output_shape(x.shape)
    y, gradients = run([v.value for v in layer.trainable_variables], x, seed(shape))
    return np.asarray(y), [np.asarray(g) for g in jax.tree.leaves(gradients)]


def our_value_and_gradients(layer, x, seed):
    x = ops.convert_to_tensor(x)
    with netlet.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        total = ops.sum(y * seed(y.shape))
    return y.numpy(), [g.numpy() for g in tape.gradient(total, [*layer.trainable_variables, x])]


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES, ids=IDS)
def test_a_layer_is_that_of_keras(name, arguments, shape):
    x = RNG.standard_normal(shape)
    ours = getattr(layers, name)(**arguments, dtype="float64")
    with float64():
        theirs = getattr(keras.layers, name)(**arguments, dtype="float64")
        theirs.build(shape)
        keras_shape = tuple(theirs.compute_output_shape((None, *shape[1:])))
        assert ours(netlet.Input(shape[1:], dtype="float64")).shape == keras_shape
        assert [(w.name, w.shape) for w in ours.weights] == [(w.name, tuple(w.shape)) for w in theirs.weights]
        for w in ours.weights:
            w.assign(RNG.standard_normal(w.shape))
        theirs.set_weights(ours.get_weights())

        def seed(shape):
            return np.cos(np.arange(np.prod(shape), dtype=float)).reshape(shape)

        expected, expected_gradients = keras_value_and_gradients(theirs, x, seed)
    y, gradients = our_value_and_gradients(ours, x, seed)
    assert y.shape == expected.shape == (shape[0], *keras_shape[1:])
    np.testing.assert_allclose(y, expected, rtol=1e-11, atol=1e-12)
    assert len(gradients) == len(expected_gradients)
    for ours_, theirs_ in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(ours_, theirs_, rtol=1e-11, atol=1e-11)

    # The float32 result is close to the float64 one, and the symbolic shape is the real one.
    single = getattr(layers, name)(**arguments)
    single.build(shape)
    single.set_weights(ours.get_weights())
    np.testing.assert_allclose(single(x.astype("float32")).numpy(), y, rtol=2e-5, atol=2e-5)
    assert ours.compute_output_shape(shape) == y.shape
    unknown = [shape[0], *[None] * (len(shape) - 1)]
    channel_axis = 1 if arguments.get("data_format") == "channels_first" else -1
    unknown[channel_axis] = shape[channel_axis]
    spatial = [
        n for i, n in enumerate(ours.compute_output_shape(tuple(unknown))) if i not in (0, channel_axis % len(shape))
    ]
    assert spatial == [None] * (len(shape) - 2)

    # The configs are Keras's.
    config = theirs.get_config()
    config.pop("quantization_config", None)
    assert set(ours.get_config()) == set(config) - {"lora_rank", "lora_alpha"}
    for key in ("kernel_size", "strides", "dilation_rate", "padding", "data_format", "use_bias"):
        assert ours.get_config()[key] == config[key]
    again = type(ours).from_config(config)
    again.build(shape)
    again.set_weights(ours.get_weights())
    np.testing.assert_array_equal(again(x).numpy(), y)
    assert type(ours).from_config(ours.get_config()).get_config() == ours.get_config()


def naive(x, kernel, bias, strides, dilation, groups):
    """Convolution of x (N, H, W, C) without padding, by its definition, in float64."""
    (n, h, w, c), (kh, kw, _, f) = x.shape, kernel.shape
    places = [(e - d * (k - 1) - 1) // s + 1 for e, k, s, d in zip((h, w), (kh, kw), strides, dilation)]
    y = np.zeros((n, *places, f))
    for i, j, g in itertools.product(range(places[0]), range(places[1]), range(groups)):
        rows = slice(i * strides[0], i * strides[0] + dilation[0] * (kh - 1) + 1, dilation[0])
        columns = slice(j * strides[1], j * strides[1] + dilation[1] * (kw - 1) + 1, dilation[1])
        channels, filters = slice(g * c // groups, (g + 1) * c // groups), slice(g * f // groups, (g + 1) * f // groups)
        y[:, i, j, filters] = np.einsum("nhwc,hwcf->nf", x[:, rows, columns, channels], kernel[..., filters])
    return y + bias


EXTENT = st.sampled_from([1, 2, 3, 5, 7, 11, 13])


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(0, 3),
    extents=st.tuples(EXTENT, EXTENT),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    steps=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    holes=st.booleans(),
    groups=st.integers(1, 3),
    each=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["valid", "same"]),
)
def test_any_shape_against_the_definition(n, extents, kernel, steps, holes, groups, each, padding):
    """Images of size 1 and of prime sizes, empty batches, strides or dilation, groups; integers, so sums are exact."""
    strides, dilation = ((1, 1), steps) if holes else (steps, (1, 1))
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 4, (n, *extents, groups * each[0])).astype("float32")
    layer = layers.Conv2D(
        groups * each[1], kernel, strides, padding, dilation_rate=dilation, groups=groups, bias_initializer="ones"
    )
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    if padding == "valid" and any(e < s for e, s in zip(extents, spans)):
        with pytest.raises(ValueError, match="does not fit an input of"):
            layer(x)
        return
    pads = [(0, 0)] * 2
    if padding == "same":
        total = [max((-(-e // s) - 1) * s + span - e, 0) for e, s, span in zip(extents, strides, spans)]
        pads = [(t // 2, t - t // 2) for t in total]
    layer.build(x.shape)
    layer.kernel.assign(rng.integers(-3, 4, layer.kernel.shape))
    padded = np.pad(x.astype("float64"), [(0, 0), *pads, (0, 0)])
    expected = naive(padded, layer.kernel.numpy(), 1.0, strides, dilation, groups)
    y = layer(x).numpy()
    assert y.shape == expected.shape == layer.compute_output_shape(x.shape)
    np.testing.assert_array_equal(y, expected)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 24), k=st.integers(1, 6), p=st.integers(0, 3), s=st.integers(1, 5))
def test_the_formula_of_the_lecture_notes(n, k, p, s):
    """The output length is floor((n - k + 2p) / s) + 1."""
    x = np.pad(np.ones((1, n, 1), "float32"), [(0, 0), (p, p), (0, 0)])
    places = (n - k + 2 * p) // s + 1
    if n + 2 * p < k:
        with pytest.raises(ValueError, match="does not fit"):
            layers.Conv1D(1, k, strides=s)(x)
    else:
        assert layers.Conv1D(1, k, strides=s)(x).shape == (1, places, 1)


def test_the_examples_of_the_lecture_notes():
    assert layers.Conv2D(1, 3)(np.ones((1, 6, 6, 1), "float32")).shape == (1, 4, 4, 1)
    layer = layers.Conv2D(32, (3, 3), activation="relu")
    assert netlet.Sequential([netlet.Input((32, 32, 3)), layer]).output_shape == (None, 30, 30, 32)
    assert layer.count_params() == 896
    with pytest.warns(UserWarning, match="Do not pass an `input_shape`"):
        first = layers.Conv2D(32, (3, 3), activation="relu", input_shape=(32, 32, 3))
    assert netlet.Sequential([first]).output_shape == (None, 30, 30, 32)


def test_onnx_conv_is_the_same_function():
    """Against ONNX's reference evaluator: kernels (O, I / groups, K...), channels first."""
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    def run(kind, x, kernel, bias, **attributes):
        info = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in "xwby"]
        node = onnx.helper.make_node(kind, ["x", "w", "b"], ["y"], **attributes)
        graph = onnx.helper.make_graph([node], "one", info[:3], info[3:])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
        x, kernel = np.moveaxis(x, -1, 1), kernel.transpose(3, 2, 0, 1)
        return np.moveaxis(ReferenceEvaluator(model).run(None, {"x": x, "w": kernel, "b": bias})[0], 1, -1)

    x = RNG.integers(-3, 4, (2, 5, 7, 4)).astype("float32")
    for arguments, attributes in [
        ({"strides": 2, "padding": "same"}, {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
        ({"groups": 2, "dilation_rate": 2}, {"group": 2, "dilations": [2, 2]}),
    ]:
        layer = layers.Conv2D(6, (3, 2), **arguments)
        layer.build(x.shape)
        layer.set_weights([RNG.integers(-3, 4, w.shape) for w in layer.weights])
        kernel, bias = layer.get_weights()
        np.testing.assert_array_equal(layer(x).numpy(), run("Conv", x, kernel, bias, **attributes))
    layer = layers.Conv2DTranspose(3, 3, strides=2, output_padding=1)
    layer.build(x.shape)
    layer.set_weights([RNG.integers(-3, 4, w.shape) for w in layer.weights])
    kernel, bias = layer.get_weights()
    expected = run("ConvTranspose", x, kernel, bias, strides=[2, 2], output_padding=[1, 1])
    np.testing.assert_array_equal(layer(x).numpy(), expected)


# ---- the rest --------------------------------------------------------------------------------------------------------
def test_positions_do_not_see_what_comes_after_them():
    layer, x = layers.Conv1D(3, 3, padding="causal", dilation_rate=2), RNG.standard_normal((1, 9, 2)).astype("float32")
    y = layer(x).numpy()
    x[:, 5:] = 9
    np.testing.assert_array_equal(layer(x).numpy()[:, :5], y[:, :5])


def test_strides_with_dilation_work_in_the_op():
    x, kernel = RNG.standard_normal((1, 9, 9, 2)), RNG.standard_normal((3, 3, 2, 2))
    np.testing.assert_allclose(
        ops.conv(x, kernel, strides=2, dilation_rate=2),
        naive(x, kernel, 0.0, (2, 2), (2, 2), 1),
        rtol=1e-12,
        atol=1e-12,
    )


def test_integer_images_are_cast():
    layer = layers.Conv2D(2, 3)
    x = RNG.integers(0, 256, (2, 5, 5, 1), "uint8")
    np.testing.assert_array_equal(layer(x).numpy(), layer(x.astype("float32")).numpy())


def test_an_empty_batch_and_its_gradient():
    for layer in (layers.Conv2D(2, 3), layers.Conv2DTranspose(2, 3), layers.DepthwiseConv2D(3)):
        y, gradients = our_value_and_gradients(layer, np.zeros((0, 5, 5, 2), "float32"), np.zeros)
        assert y.shape[0] == 0
        assert not any(g.any() for g in gradients)
        assert gradients[-1].shape == (0, 5, 5, 2)


def test_positional_order_of_conv3dtranspose_is_that_of_the_family():
    """Only in this class does Keras put data_format before output_padding; scripts that rely on it get an error."""
    with pytest.raises(ValueError, match="output_padding"):
        layers.Conv3DTranspose(2, 3, 1, "valid", "channels_last")


def test_aliases():
    for rank in (1, 2, 3):
        assert getattr(layers, f"Convolution{rank}D") is getattr(layers, f"Conv{rank}D")
        assert getattr(layers, f"Convolution{rank}DTranspose") is getattr(layers, f"Conv{rank}DTranspose")
    assert layers.SeparableConvolution2D is layers.SeparableConv2D


def test_regularizers_and_constraints_reach_the_weights():
    layer = layers.SeparableConv2D(
        3,
        2,
        depthwise_regularizer="l2",
        pointwise_constraint="non_neg",
        bias_regularizer="l1",
        activity_regularizer="l2",
    )
    layer(np.ones((1, 4, 4, 2), "float32"))
    assert [w.regularizer is not None for w in layer.weights] == [True, False, True]
    assert [w.constraint is not None for w in layer.weights] == [False, True, False]
    assert len(layer.losses) == 3


def test_glorot_knows_the_receptive_field():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer = layers.Conv2D(64, 5, kernel_initializer=netlet.initializers.GlorotUniform(seed=1))
        layer.build((None, 8, 8, 32))
    limit = np.sqrt(6 / (25 * 32 + 25 * 64))
    assert 0.95 * limit < np.abs(layer.kernel.numpy()).max() <= limit
