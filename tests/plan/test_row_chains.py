"""Chains of kernels that a plan runs on a part of the batch at a time: the same bits, in less memory."""

from __future__ import annotations

import os

import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops

pytestmark = pytest.mark.skipif("NETLET_GUARD_PAGES" in os.environ, reason="guarded kernels run one by one")


def inverted_residual(x, expanded: int, filters: int, stride: int = 1):
    h = layers.Conv2D(expanded, 1, activation="relu6")(x)
    h = layers.DepthwiseConv2D(3, stride, padding="same", activation="relu6")(h)
    h = layers.Conv2D(filters, 1)(h)
    return layers.Add()([x, h]) if stride == 1 and x.shape[-1] == filters else h


def mobile() -> netlet.Model:
    x = inputs = netlet.Input((32, 32, 3))
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu")(x)
    for expanded, filters, stride in ((96, 24, 1), (144, 24, 1), (144, 32, 2), (192, 32, 1)):
        x = inverted_residual(x, expanded, filters, stride)
    return netlet.Model(inputs, layers.Dense(10, "softmax")(layers.GlobalAveragePooling2D()(x)))


def residual() -> netlet.Model:
    x = inputs = netlet.Input((32, 32, 16))
    for filters in (16, 32):
        h = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        h = layers.Conv2D(filters, 3, padding="same")(h)
        x = layers.Conv2D(filters, 1)(x) if x.shape[-1] != filters else x
        x = layers.ReLU()(layers.Add()([h, x]))
        x = layers.MaxPooling2D()(x)
    return netlet.Model(inputs, [layers.AveragePooling2D(2)(x), layers.Flatten()(x)])


def small_images() -> netlet.Model:
    """3x3 convolutions that Winograd computes with 2x2 pixels for a tile."""
    x = inputs = netlet.Input((6, 6, 96))
    for _ in range(3):
        x = layers.Conv2D(96, 3, padding="same", activation="relu")(x)
    return netlet.Model(inputs, x)


def mixing_rows() -> netlet.Model:
    """Between layers of images, every row needs all others."""
    x = inputs = netlet.Input((16, 16, 32))
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = x - ops.mean(x, axis=0, keepdims=True)
    x = layers.Conv2D(32, 1, activation="relu")(x)
    x = layers.Conv2D(32, 1, activation="relu")(x)
    y = ops.matmul(x, ops.transpose(x[0, 0]))
    return netlet.Model(inputs, [layers.DepthwiseConv2D(3)(x), y])


def parts_of_values() -> netlet.Model:
    """Views of other values: slices, reshapes and concatenations."""
    x = inputs = netlet.Input((16, 16, 64))
    x = layers.Conv2D(64, 1, activation="tanh")(x)
    y = layers.DepthwiseConv2D(3, padding="same")(ops.reshape(x, (-1, 32, 32, 16)))
    z = layers.Conv2D(32, 1)(ops.concatenate([x[..., :32], x[..., 32:] * 2.0], axis=-1))
    z = layers.ReLU()(ops.concatenate([z[1:], z[:1]], axis=0))
    return netlet.Model(inputs, [layers.MaxPooling2D()(y), layers.DepthwiseConv2D(3)(z)])


class ComputedWeights(layers.Layer):
    """A product with weights that the step computes row by row: each row of the images needs all of them."""

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], 32))

    def call(self, x):
        return ops.conv(x, ops.reshape(ops.tanh(self.kernel), (1, 1, -1, 32)))


def computed_weights() -> netlet.Model:
    x = inputs = netlet.Input((16, 16, 64))
    for _ in range(2):
        x = layers.Conv2D(64, 1, activation="relu")(ComputedWeights()(x))
    return netlet.Model(inputs, x)


MODELS = {
    "mobile": mobile,
    "residual": residual,
    "small images": small_images,
    "mixing rows": mixing_rows,
    "parts of values": parts_of_values,
    "computed weights": computed_weights,
}


def images(model: netlet.Model, rows: int) -> np.ndarray:
    return np.random.default_rng(rows).normal(size=(rows, *model.input_shape[1:])).astype("float32")


def record_by_record(model: netlet.Model, x: np.ndarray):
    """A copy's predictions and plan without chains: guarded launches run kernel by kernel, each on half of the rows,
    between inaccessible pages."""
    copy = netlet.models.clone_model(model)
    copy.set_weights(model.get_weights())
    _core.guard_launches(True)
    try:
        return copy.predict(x, batch_size=len(x), verbose=0), copy.plan(x, batch_size=len(x))
    finally:
        _core.guard_launches(False)


def as_list(values):
    return values if isinstance(values, list) else [values]


@pytest.mark.parametrize("rows", [8, 12, 16, 40])
@pytest.mark.parametrize("name", MODELS)
def test_the_same_bits(isa, name, rows, threads):
    netlet.utils.set_random_seed(1)
    model = MODELS[name]()
    x = images(model, rows)
    expected, _ = record_by_record(model, x)
    for _ in range(2):
        for y, e in zip(as_list(model.predict(x, batch_size=rows, verbose=0)), as_list(expected), strict=True):
            np.testing.assert_array_equal(y, e)


@pytest.mark.parametrize("name", ["mobile", "residual"])
def test_values_of_a_chain_take_the_memory_of_few_rows(name):
    model = MODELS[name]()
    x = images(model, 32)
    plan = model.plan(x, batch_size=32)
    _, other = record_by_record(model, x)
    assert plan.arena_bytes < 0.5 * other.arena_bytes
    assert " 1/16" in plan.describe() or " 1/32" in plan.describe()
    assert not any(r["chain"] for r in other.records())


def test_chains_end_where_rows_need_others():
    model = mixing_rows()
    records = model.plan(images(model, 32), batch_size=32).records()
    chains = {r["chain"] for r in records} - {0}
    for record in records:
        if record["kernel"].startswith(("reduce", "gemm_slice", "move")):
            assert record["chain"] == 0
    assert len(chains) >= 1


def test_few_rows_and_small_values_run_kernel_by_kernel():
    model = mobile()
    assert not any(r["chain"] for r in model.plan(images(model, 7), batch_size=7).records())
    small = netlet.Sequential([netlet.Input((8, 8, 4)), layers.Conv2D(4, 1), layers.DepthwiseConv2D(3)])
    assert not any(r["chain"] for r in small.plan(images(small, 32), batch_size=32).records())


def test_times_of_the_kernels_of_a_chain():
    model = mobile()
    plan = model.plan(images(model, 16), batch_size=16)
    records = plan.timed_records(steps=8)
    assert all(r["seconds"] > 0 for r in records if not r["kept"])
    assert "GFLOP/s" in plan.profile(steps=2)
    for record, chunks in zip(records, plan.chunk_seconds(steps=2), strict=True):
        assert len(chunks) == (0 if record["kept"] else record["parts"] if record["chain"] else record["chunks"])


def test_a_number_that_is_not_finite_is_found_inside_of_a_chain():
    """A frozen part of a network has no backward pass: it runs as a chain in training, too."""
    backbone = mobile()
    backbone.trainable = False
    model = netlet.Sequential([backbone, layers.Dense(2)])
    model.compile("sgd", "mse")
    x = images(backbone, 16)
    assert any(r["chain"] for r in model.plan(x, np.zeros((16, 2)), batch_size=16, mode="train").records())
    layer = backbone.layers[4]
    layer.set_weights([np.full_like(w, np.nan) for w in layer.get_weights()])
    with pytest.raises(FloatingPointError) as error:
        model.fit(x, np.zeros((16, 2)), batch_size=16, verbose=0)
    assert layer.name in str(error.value)
