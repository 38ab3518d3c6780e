"""A plan caches prepacked weights across runs until the weights change."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import netlet
from netlet import _core

M, K, N = 64, 600, 512  # large enough for the plan to prepack the weights


def weights(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-4, 5, (K, N)).astype("float32")


def variable(value: np.ndarray) -> _core.Tensor:
    tensor = _core.tensor(value)
    tensor.variable = True
    return tensor


def product_plan(w, grad: bool = False):
    tape = _core.Tape(record=True, grad=grad)
    with tape:
        return tape.compile([_core.matmul(tape.input((M, K), "float32", "x"), w)])


def kept(plan) -> list[str]:
    return [r["kernel"] for r in plan.records() if r["kept"]]


@pytest.fixture
def x():
    return np.random.default_rng(9).integers(-4, 5, (M, K)).astype("float32")


def test_weights_are_packed_once_and_again_when_they_change(isa, x):
    w = variable(weights(0))
    plan = product_plan(w)
    assert kept(plan) == ["gemm_pack_b_f32"]
    for seed in (0, 0, 1, 1, 2):
        w.copy_from(weights(seed))
        np.testing.assert_array_equal(plan.run([x])[0][0], x @ weights(seed))
        np.testing.assert_array_equal(plan.run([x])[0][0], x @ weights(seed))


def test_a_second_run_does_not_pack(x):
    plan = product_plan(variable(weights(0)))

    def packing_seconds():
        plan.run([x], profiled=True)
        return sum(r["seconds"] for r in plan.records() if r["kept"])

    first = packing_seconds()
    assert first > 0
    assert packing_seconds() == first


def test_another_plan_that_writes_the_weights_is_noticed(x):
    w = variable(weights(0))
    plan = product_plan(w)
    np.testing.assert_array_equal(plan.run([x])[0][0], x @ weights(0))
    tape = _core.Tape(record=True)
    with tape:
        _core.accumulate_into(tape.input((K, N), "float32", "update"), w)
        update = tape.compile([])
    update.run([weights(1)])
    np.testing.assert_array_equal(plan.run([x])[0][0], x @ (weights(0) + weights(1)))


def test_a_plan_that_writes_the_weights_itself_packs_every_time(x):
    w = variable(weights(0))
    tape = _core.Tape(record=True)
    with tape:
        y = _core.matmul(tape.input((M, K), "float32", "x"), w)
        _core.accumulate_into(tape.input((K, N), "float32", "update"), w)
        plan = tape.compile([y])
    assert kept(plan) == []
    for i in range(3):
        np.testing.assert_array_equal(plan.run([x, weights(1)])[0][0], x @ (weights(0) + i * weights(1)))


def test_memory_that_others_can_write_is_not_trusted(x):
    """Weights in a borrowed array, or in a tensor with a writable NumPy view, are not cached."""
    borrowed = weights(0)
    view_of = _core.tensor(weights(0))
    plans = [product_plan(_core.as_tensor(borrowed)), product_plan(view_of)]
    for plan in plans:
        np.testing.assert_array_equal(plan.run([x])[0][0], x @ weights(0))
    borrowed[...] = weights(1)
    view_of.numpy()[...] = weights(1)
    for plan in plans:
        np.testing.assert_array_equal(plan.run([x])[0][0], x @ weights(1))


def test_numpy_sees_a_variable_read_only():
    w = netlet.Variable(np.ones((2, 2), "float32"))
    with pytest.raises(ValueError, match="read-only"):
        w.value.numpy()[0, 0] = 2
    copy = w.numpy()
    copy[0, 0] = 2
    assert w.numpy()[0, 0] == 1


def test_predictions_follow_training_and_assignment():
    """One model predicts between training steps and after its weights are assigned and restored."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(128, 700)).astype("f4"), rng.integers(0, 4, 128)
    dense = netlet.layers.Dense
    model = netlet.Sequential([netlet.Input((700,)), dense(512, "relu"), dense(512, "tanh"), dense(4)])
    model.compile("adam", netlet.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert any(r["kept"] for r in model.plan(x, batch_size=128).records())

    def expected():
        h = x.astype("f8")
        for layer, act in zip(model.layers, (lambda z: np.maximum(z, 0), np.tanh, lambda z: z), strict=True):
            kernel, bias = layer.get_weights()
            h = act(h @ kernel + bias)
        return h

    def check():
        np.testing.assert_allclose(model.predict(x, batch_size=128, verbose=0), expected(), rtol=1e-3, atol=1e-4)

    check()
    before = model.get_weights()
    for _ in range(2):
        model.fit(x, y, batch_size=32, epochs=1, verbose=0)
        check()
    model.layers[0].kernel.assign(model.layers[0].kernel * 2)
    check()
    model.train_on_batch(x, y)
    check()
    model.set_weights(before)
    check()
    model.layers[1].kernel.assign_add(np.ones((512, 512), "f4") * 0.01)
    check()


def test_weights_that_are_written_while_a_plan_packs_them_are_packed_again():
    """A prediction that starts after an assignment uses the new weights, even if another was packing meanwhile."""
    inputs, units = 1024, 4096
    model = netlet.Sequential([netlet.Input((inputs,)), netlet.layers.Dense(units, use_bias=False)])
    x = np.ones((64, inputs), "float32")
    assert any(r["kept"] for r in model.plan(x, batch_size=64).records())
    stop = threading.Event()

    def predict() -> None:
        while not stop.is_set():
            model.predict_on_batch(x)

    other = threading.Thread(target=predict)
    other.start()
    stale = []
    try:
        for i in range(60):
            model.layers[0].kernel.assign(np.full((inputs, units), i % 7, "float32"))
            if not np.all(model.predict_on_batch(x) == inputs * (i % 7)):
                stale.append(i)
    finally:
        stop.set()
        other.join()
    assert stale == []
