"""Updates of optimizers and the preparation of gradients on a GPU, against the CPU."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core

SIZES = [1, 2, 3, 5, 16, 17, 33, 129, 1031]
BOUND = {"float32": 2e-6, "float64": 1e-13}

# name: the slots (True: not negative; None: absent), keyword arguments
UPDATES = {
    "sgd": ("sgd_update", [None], {}),
    "momentum": ("sgd_update", [False], {"momentum": 0.9}),
    "nesterov": ("sgd_update", [False], {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "adam": ("adam_update", [False, True, None], {}),
    "amsgrad": ("adam_update", [False, True, True], {"weight_decay": 0.1}),
    "radam": ("adam_update", [False, True, None], {"beta_2": 0.9, "rectified": True}),
    "rmsprop": ("rmsprop_update", [True, None, None], {}),
    "centered": ("rmsprop_update", [True, False, "mean"], {"momentum": 0.5}),
    "adagrad": ("adagrad_update", [True], {}),
    "adadelta": ("adadelta_update", [True, True], {}),
    "adamax": ("adamax_update", [False, True], {}),
    "ftrl": ("ftrl_update", [True, False], {"l1": 0.1, "l2": 0.2}),
    "ftrl_power": ("ftrl_update", [True, False], {"lr_power": -0.7}),
    "lion": ("lion_update", [False], {}),
    "schedule_free": ("schedule_free_adamw_update", [False, True], {"warmup_steps": 9}),
    "rprop": ("rprop_update", [False, True], {}),
    "asgd": ("asgd_update", [False], {"lambd": 0.01, "t0": 1.0}),
    "lamb": ("lamb_update", [False, True], {"weight_decay": 0.01}),
}


def updated(device, name, n, dtype, every=1, step=4, offset=0):
    """The parameters and slots after an update. `offset`: elements between the start of the memory and each array."""
    function, slots, arguments = UPDATES[name]
    rng = np.random.default_rng(n)
    with netlet.device(device):

        def array(positive=False):
            values = rng.standard_normal(n + offset).astype(dtype)
            if positive == "mean":
                values *= np.asarray(0.1, dtype)
            whole = _core.tensor(np.abs(values) + (positive is True) if positive is True else values)
            return _core.view(whole, [n], offset * values.itemsize)

        p, g = array(), array()
        tensors = [None if s is None else array(s) for s in slots]
        cells = _core.tensor(np.asarray(0.05, "float64")), _core.tensor(np.asarray(step, "int64"))
        getattr(_core, function)(p, g, *tensors, *cells, **arguments, every=every)
        return [t.numpy() for t in (p, *tensors) if t is not None]


def compare(ours, reference, dtype):
    for a, b in zip(ours, reference, strict=True):
        np.testing.assert_allclose(a, b, rtol=BOUND[dtype], atol=BOUND[dtype])


@pytest.mark.parametrize("name", UPDATES)
def test_update(device, name):
    for dtype in ("float32", "float64"):
        for n in SIZES:
            compare(updated(device, name, n, dtype), updated("cpu", name, n, dtype), dtype)


def test_update_of_unaligned_memory(device):
    for offset in (1, 3):
        ours, reference = (updated(name, "adam", 77, "float32", offset=offset) for name in (device, "cpu"))
        compare(ours, reference, "float32")


@pytest.mark.parametrize("name", ["sgd", "adam", "lamb"])
def test_only_the_last_of_several_calls_updates(device, name):
    for step in (4, 5):
        compare(
            updated(device, name, 33, "float32", every=3, step=step),
            updated("cpu", name, 33, "float32", every=3, step=step),
            "float32",
        )


def both(device, f):
    """f's arrays on the device and on the CPU."""
    results = []
    for name in (device, "cpu"):
        with netlet.device(name):
            results.append([t.numpy() for t in f(np.random.default_rng(3))])
    return results


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nadam(device, dtype):
    def run(rng):
        p, g, m, v = (_core.tensor(np.abs(rng.standard_normal(37)).astype(dtype)) for _ in range(4))
        product, iteration = _core.tensor(np.asarray(0.6, dtype)), _core.tensor(np.asarray(2, "int64"))
        _core.nadam_product(product, iteration)
        _core.nadam_update(p, g, m, v, _core.tensor(np.asarray(0.1)), iteration, product)
        return p, m, v, product

    compare(*both(device, run), dtype)


@pytest.mark.parametrize("shape", [(7,), (3, 5), (70, 300), (2, 65, 33)])
def test_adafactor(device, shape):
    def run(rng):
        p, g = (_core.tensor(rng.standard_normal(shape).astype("float32")) for _ in range(2))
        v = _core.tensor(np.abs(rng.standard_normal(shape)).astype("float32"))
        r = k = None
        if len(shape) > 1:
            r = _core.tensor(np.abs(rng.standard_normal(shape[:-1])).astype("float32") + 1)
            k = _core.tensor(np.abs(rng.standard_normal((*shape[:-2], shape[-1]))).astype("float32") + 1)
        cells = _core.tensor(np.asarray(0.1)), _core.tensor(np.asarray(3, "int64"))
        _core.adafactor_update(p, g, v, r, k, *cells, weight_decay=0.01)
        return [t for t in (p, v, r, k) if t is not None]

    compare(*both(device, run), "float32")


@pytest.mark.parametrize("shape", [(5, 9), (17, 6)])
def test_muon(device, shape):
    def run(rng):
        p, g, m = (_core.tensor(rng.standard_normal(shape)) for _ in range(3))
        cells = _core.tensor(np.asarray(0.1)), _core.tensor(np.asarray(3, "int64"))
        _core.muon_update(p, g, m, *cells, weight_decay=0.01)
        return p, m

    for ours, reference in zip(*both(device, run), strict=True):
        np.testing.assert_allclose(ours, reference, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_are_prepared(device, dtype):
    def run(rng):
        x = [_core.tensor(rng.standard_normal(n).astype(dtype)) for n in (5, 129, 20_000)]
        y = [_core.tensor(np.zeros(t.shape, dtype)) for t in x for _ in range(4)]
        iteration = _core.tensor(np.asarray(3, "int64"))
        for i, t in enumerate(x):
            _core.clip_gradient_value(t, y[4 * i], 0.5)
            _core.clip_gradient_norm([t], [y[4 * i + 1]], 1.0)
            _core.divide_gradient(t, y[4 * i + 2], 3.0)
        _core.clip_gradient_norm(x, y[3::4], 2.0, True)
        total, out, average = (_core.tensor(rng.standard_normal(t.size).astype(dtype)) for t in (x[1],) * 3)
        _core.accumulate_gradient(x[1], total, out, iteration, 2)
        _core.ema_update(x[0], _core.tensor(np.zeros(5, dtype)), iteration, 0.9, 2)
        _core.moving_average(x[1], average, 0.9)
        return [*y, total, out, x[0], average]

    compare(*both(device, run), dtype)


def test_a_table_trains(device):
    """An embedding's gradient is dense on a GPU, and its optimizer has no row maps there."""
    histories = []
    for name in (device, "cpu"):
        netlet.utils.set_random_seed(1)
        with netlet.device(name):
            model = netlet.Sequential(
                [
                    netlet.Input((4,), dtype="int32"),
                    netlet.layers.Embedding(30, 5),
                    netlet.layers.Flatten(),
                    netlet.layers.Dense(1),
                ]
            )
            model.compile(optimizer="adam", loss="mse")
            rng = np.random.default_rng(0)
            x, y = rng.integers(0, 30, (16, 4)).astype("int32"), rng.standard_normal((16, 1)).astype("float32")
            histories.append(model.fit(x, y, batch_size=8, epochs=2, verbose=0).history["loss"])
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-4)
