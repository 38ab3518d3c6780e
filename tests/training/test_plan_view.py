"""model.plan(): the table of kernels and their times."""

import numpy as np
import pytest

import netlet
from netlet import _core, layers

X = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
Y = np.arange(40) % 3


@pytest.fixture
def model():
    m = netlet.Sequential(
        [netlet.Input((6,)), layers.Dense(8, "relu", name="hidden"), layers.Dense(3, "softmax", name="out")]
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


def test_describe_lists_every_kernel_with_its_layer_and_isa(model):
    text = model.plan(X, Y, batch_size=10, mode="train").describe()
    assert "train step" in text and "batch of 10" in text
    assert f" {_core.active_isa()} " in text
    lines = text.splitlines()
    assert any("hidden" in line and "gemm" in line and "10x6" in line and "10x8" in line for line in lines)
    assert any("adam_update_f32" in line for line in lines)
    flops = next(r["flops"] for r in model.plan(X, batch_size=10).records() if r["layer"].endswith("hidden"))
    assert flops == pytest.approx(2 * 10 * 6 * 8, rel=0.25)


def test_profile_times_every_kernel_and_leaves_the_model_as_it_was(model):
    model.fit(X, Y, batch_size=10, verbose=0)
    before = [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]
    text = model.plan(X, Y, batch_size=10, mode="train").profile(steps=3)
    assert "GFLOP/s" in text.splitlines()[1]
    after = [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_plan_refuses_an_unknown_mode(model):
    with pytest.raises(ValueError, match="received 'training'"):
        model.plan(X, Y, mode="training")
