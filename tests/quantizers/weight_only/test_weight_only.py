"""Layers whose weights are stored in 8 or 4 bits: they compute what the float layer computes with rounded weights."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import GradientTape, layers, ops
from netlet.engine.variable import Variable
from netlet.quantizers import Int4Config, Int8Config

RNG = np.random.default_rng(0)
WEIGHTS = Int8Config(activations=None)
CONFIGS = {
    "int8": WEIGHTS,
    "int8 zeropoint": Int8Config(activations=None, weights="zeropoint"),
    "int8 one scale": Int8Config(activations=None, per_channel=False),
    "int4": Int4Config(),
    "int4 groups": Int4Config(group_size=5),
    "int4 channel": Int4Config(group_size=None),
}
# (layer, shape of its input, axes of its weights that belong to one output)
LAYERS = {
    "Dense": (lambda: layers.Dense(7, "relu"), (12,), {"kernel": (0,)}),
    "Dense, one unit": (lambda: layers.Dense(1, "silu"), (3, 13), {"kernel": (0,)}),
    "EinsumDense": (
        lambda: layers.EinsumDense("abc,cde->abde", (None, 3, 5), bias_axes="de"),
        (4, 6),
        {"kernel": (0,)},
    ),
    "EinsumDense, two summed": (lambda: layers.EinsumDense("abcd,cde->abe", (None, 5)), (4, 3, 6), {"kernel": (0, 1)}),
    "EinsumDense, outputs first": (lambda: layers.EinsumDense("abc,dc->abd", (None, 5)), (4, 6), {"kernel": (1,)}),
    "Conv1D": (lambda: layers.Conv1D(6, 3, padding="causal"), (9, 4), {"kernel": (0, 1)}),
    "Conv2D": (lambda: layers.Conv2D(6, 3, groups=2, activation="relu"), (6, 7, 4), {"kernel": (0, 1, 2)}),
    "Conv3D": (lambda: layers.Conv3D(3, 2, use_bias=False), (4, 4, 4, 2), {"kernel": (0, 1, 2, 3)}),
    "Conv1DTranspose": (lambda: layers.Conv1DTranspose(6, 3, strides=2), (5, 4), {"kernel": (0, 2)}),
    "Conv2DTranspose": (lambda: layers.Conv2DTranspose(5, 3), (5, 4, 3), {"kernel": (0, 1, 3)}),
    "Conv3DTranspose": (lambda: layers.Conv3DTranspose(3, 2), (3, 3, 3, 2), {"kernel": (0, 1, 2, 4)}),
    "DepthwiseConv1D": (lambda: layers.DepthwiseConv1D(3, depth_multiplier=2), (9, 4), {"kernel": (0,)}),
    "DepthwiseConv2D": (lambda: layers.DepthwiseConv2D(3, activation="relu"), (6, 6, 5), {"kernel": (0, 1)}),
    "SeparableConv1D": (
        lambda: layers.SeparableConv1D(6, 3),
        (9, 4),
        {"depthwise_kernel": (0,), "pointwise_kernel": (0, 1)},
    ),
    "SeparableConv2D": (
        lambda: layers.SeparableConv2D(6, 3, depth_multiplier=2),
        (6, 6, 3),
        {"depthwise_kernel": (0, 1), "pointwise_kernel": (0, 1, 2)},
    ),
}


def rounded(w: np.ndarray, summed: tuple[int, ...], config) -> np.ndarray:
    """The values of a weight's codes, computed on the matrix (weights of an output, outputs) in NumPy."""
    order = [*summed, *(axis for axis in range(w.ndim) if axis not in summed)]
    matrix = w.transpose(order).reshape(int(np.prod([w.shape[a] for a in summed])), -1)
    f = np.float32
    if config.mode == "int8":
        axis = 0 if config.per_channel else None
        if config.weights == "absmax":
            scale = np.abs(matrix).max(axis, keepdims=True) / f(127)
            values = np.clip(np.rint(matrix / scale), -127, 127).astype(f) * scale
        else:
            low, high = np.minimum(matrix.min(axis, keepdims=True), 0), np.maximum(matrix.max(axis, keepdims=True), 0)
            scale = (high - low) / f(255)
            zero = np.clip(np.rint(f(-128) - low / scale), -128, 127)
            values = (np.clip(np.rint(matrix / scale) + zero, -128, 127) - zero) * scale
    else:
        values = np.empty_like(matrix)
        group = config.group_size or len(matrix)
        for start in range(0, len(matrix), group):
            part = matrix[start : start + group]
            low, high = np.minimum(part.min(0), 0), np.maximum(part.max(0), 0)
            scale = high / f(15) - low / f(15)
            zero = np.clip(np.rint(-8 - low / scale), -8, 7)
            values[start : start + group] = (np.clip(np.rint(part / scale) + zero, -8, 7) - zero) * scale
    return values.reshape([w.shape[a] for a in order]).transpose(np.argsort(order))


def built(name):
    make, shape, summed = LAYERS[name]
    model = netlet.Sequential([netlet.Input(shape), make()])
    for weight in model.weights:
        weight.assign(RNG.normal(size=weight.shape) + 0.2)
    return model, RNG.normal(size=(3, *shape)).astype("float32"), summed


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("name", LAYERS)
def test_predictions_are_those_of_the_rounded_weights(name, config):
    model, x, summed = built(name)
    config, layer = CONFIGS[config], model.layers[0]
    before = {weight.name: weight.numpy().copy() for weight in model.weights}
    like = netlet.models.clone_model(model)
    for weight in like.weights:
        value = before[weight.name]
        weight.assign(rounded(value, summed[weight.name], config) if weight.name in summed else value)
    model.quantize(None, config)
    assert model.layers[0] is layer and type(layer).__name__.startswith("WeightOnly")
    assert layer.quantization_config == config
    for weight in summed:
        np.testing.assert_allclose(getattr(layer, weight), getattr(like.layers[0], weight), rtol=1e-6, atol=1e-7)
    want = like.predict(x, verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), want, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model(x), want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("config", ["int8", "int8 zeropoint", "int4", "int4 groups"])
@pytest.mark.parametrize("dim", [1, 10, 13])
@pytest.mark.parametrize("mask_zero", [False, True])
def test_embedding(config, dim, mask_zero):
    config = CONFIGS[config]
    model = netlet.Sequential([netlet.Input((None,), dtype="int32"), layers.Embedding(50, dim, mask_zero=mask_zero)])
    table = RNG.normal(size=(50, dim)).astype("float32")
    layer = model.layers[0]
    layer.set_weights([table])
    model.quantize(None, config)
    want = rounded(table, (1,), config)
    index = RNG.integers(0, 50, (4, 6)).astype("int32")
    np.testing.assert_allclose(layer.embeddings, want, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(model.predict(index, verbose=0), np.asarray(layer.embeddings)[index])
    assert (layer(index)._keras_mask is not None) == mask_zero
    with pytest.raises(ValueError, match="50"):
        model.predict(np.array([[50]], "int32"), verbose=0)


def test_an_embedding_makes_floats_of_the_rows_that_it_looks_up_only():
    model = netlet.Sequential([netlet.Input((8,), dtype="int32"), layers.Embedding(5000, 64)])
    for config in (WEIGHTS, Int4Config(32)):
        clone = netlet.models.clone_model(model)
        clone.quantize(None, config)
        table = 5000 * 64 * 4
        assert memory_of(clone, np.zeros((2, 8), "int32")) < table / 4


def memory_of(model, x):
    tape = netlet._core.Tape(record=True)
    with tape:
        y = model(tape.input(x.shape, "int32", "x"))
        plan = tape.compile([y])
    return plan.arena_bytes


# ---- plans -----------------------------------------------------------------------------------------------------------
def records(model, x):
    tape = netlet._core.Tape(record=True)
    with tape:
        y = model(tape.input(x.shape, "float32", "x"))
        plan = tape.compile([y])
    return [(row["kernel"], row["kept"]) for row in plan.records()]


@pytest.mark.parametrize("config", ["int8", "int8 zeropoint", "int4 groups"])
def test_a_plan_for_inference_has_the_float_models_records_and_dequantizes_once(config):
    model = netlet.Sequential(
        [
            netlet.Input((12, 12, 3)),
            layers.Conv2D(8, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(40, "relu"),
            layers.Dense(10),
        ]
    )
    x = RNG.normal(size=(16, 12, 12, 3)).astype("float32")
    before = [name for name, kept in records(model, x) if not kept]
    model.quantize(None, CONFIGS[config])
    after = records(model, x)
    assert [name for name, kept in after if not kept] == before
    assert {kept for name, kept in after if name.startswith(("dequantize", "unpack"))} == {True}


def test_writing_the_codes_changes_the_predictions_of_a_recorded_plan():
    model, x, _ = built("Dense")
    model.quantize(None, WEIGHTS)
    before = model.predict(x, verbose=0)
    weights = model.get_weights()
    model.set_weights([weights[0] // 2, *weights[1:]])
    assert np.any(model.predict(x, verbose=0) != before)
    model.set_weights(weights)
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)


@pytest.mark.parametrize("config", ["int8", "int4"])
def test_gradients_reach_the_input(config):
    model, x, _ = built("Conv2D")
    model.quantize(None, CONFIGS[config])
    variable = Variable(x)
    with GradientTape() as tape:
        loss = ops.sum(ops.square(model(variable)))
    assert np.abs(np.asarray(tape.gradient(loss, variable))).max() > 0
    assert model.trainable_weights == []


# ---- files -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("ending", ["netlet", "keras"])
@pytest.mark.parametrize("config", ["int8", "int8 zeropoint", "int4 groups"])
@pytest.mark.parametrize("name", ["Dense", "EinsumDense", "Conv2DTranspose", "SeparableConv2D"])
def test_files(tmp_path, name, config, ending):
    model, x, _ = built(name)
    model.quantize(None, CONFIGS[config])
    model.save(tmp_path / f"model.{ending}")
    other = netlet.models.load_model(tmp_path / f"model.{ending}")
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    assert type(other.layers[0]) is type(model.layers[0])
    assert other.layers[0].quantization_config == CONFIGS[config]
    assert [(v.path, v.dtype) for v in other.weights] == [(v.path, v.dtype) for v in model.weights]


@pytest.mark.parametrize("ending", ["netlet", "keras"])
@pytest.mark.parametrize("config", ["int8", "int4 groups"])
def test_attention_in_files(tmp_path, config, ending):
    netlet.utils.set_random_seed(0)  # the tolerance is that of 4 bits
    inputs = netlet.Input((5, 8))
    attended = layers.MultiHeadAttention(2, 4)(inputs, inputs)
    model = netlet.Model(inputs, layers.Dense(3)(layers.Flatten()(attended)))
    x = RNG.normal(size=(4, 5, 8)).astype("float32")
    before = model.predict(x, verbose=0)
    model.quantize(None, CONFIGS[config])
    assert type(model.layers[1].query_dense).__name__ == "WeightOnlyEinsumDense"
    np.testing.assert_allclose(model.predict(x, verbose=0), before, atol=0.3 if config == "int4 groups" else 0.03)
    model.save(tmp_path / f"model.{ending}")
    other = netlet.models.load_model(tmp_path / f"model.{ending}")
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(("config", "share"), [(WEIGHTS, 0.27), (Int4Config(), 0.15), (Int4Config(32), 0.18)])
def test_files_are_small(tmp_path, config, share):
    model = netlet.Sequential(
        [netlet.Input((64,), dtype="int32"), layers.Embedding(2000, 128), layers.Conv1D(128, 3), layers.Dense(300)]
    )
    sizes = {}
    for ending in ("netlet", "keras"):
        model.save(tmp_path / f"float.{ending}")
        sizes[ending] = (tmp_path / f"float.{ending}").stat().st_size
    model.quantize(None, config)
    for ending, before in sizes.items():
        model.save(tmp_path / f"small.{ending}")
        assert (tmp_path / f"small.{ending}").stat().st_size <= share * before


# ---- errors ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [0, -3, 2.5, True, "8"])
def test_group_sizes_that_are_refused(size):
    with pytest.raises(ValueError, match=r"Int4Config: expected `group_size` .* received"):
        Int4Config(group_size=size)


def test_a_weight_before_it_is_built():
    layer = layers.quantized.WeightOnlyDense(3, quantization_config=Int4Config())
    with pytest.raises(AttributeError, match="it is not built"):
        layer.kernel  # noqa: B018


def test_infinite_weights_leave_the_model_as_it_was():
    model, _, _ = built("Dense")
    kernel = model.layers[0].kernel
    kernel.assign(np.full(kernel.shape, np.inf))
    with pytest.raises(ValueError, match="finite weights, received 84"):
        model.quantize("int4")
    assert type(model.layers[0]) is layers.Dense and model.layers[0].kernel is kernel
