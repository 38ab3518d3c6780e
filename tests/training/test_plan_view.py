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


def in_order(phases):
    return [phase for i, phase in enumerate(phases) if i == 0 or phase != phases[i - 1]]


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", lambda y, p: netlet.ops.mean((p - 1.0) ** 2)])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "muon", "adafactor", "lamb", "clipped"])
def test_phases_of_a_training_step(model, optimizer, loss):
    if optimizer == "clipped":
        optimizer = netlet.optimizers.Adam(global_clipnorm=1.0)
    model.compile(optimizer, loss)
    records = model.plan(X, Y, batch_size=10, mode="train").records()
    assert in_order([r["phase"] for r in records]) == ["forward", "backward", "update"]
    of_hidden = [r["phase"] for r in records if r["layer"].endswith("hidden")]
    assert in_order(of_hidden) == ["forward", "backward"]
    update = [r for r in records if r["phase"] == "update"]
    assert any("update" in r["kernel"] for r in update)
    assert all(not r["layer"] for r in update)


def test_other_steps_are_forward(model):
    for mode in ("predict", "test"):
        records = model.plan(X, None if mode == "predict" else Y, mode=mode).records()
        assert {r["phase"] for r in records} == {"forward"}


def test_timed_records(model):
    view = model.plan(X, Y, mode="train")
    timed = view.timed_records(steps=3)
    assert [r["kernel"] for r in timed] == [r["kernel"] for r in view.records()]
    assert all(r["seconds"] >= 0 for r in timed) and any(r["seconds"] > 0 for r in timed)
    with pytest.raises(ValueError, match="`steps` of at least 1, received 0"):
        view.profile(0)


def test_html(model):
    view = model.plan(X, Y, batch_size=10, mode="train")
    text = view._repr_html_()
    assert "µs" not in text and "batch of 10" in text and "part of the bytes" in text
    assert text.count("<tr>") == 1 + len(view.records())
    view.profile(steps=2)
    assert "µs" in view._repr_html_() and "part of the time" in view._repr_html_()
