"""How a plan runs on a GPU: its graph, how often the host waits, equal bits for any grid, faults of kernels."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import netlet
from netlet import _core, layers
from support.simulation import simulation

pytestmark = pytest.mark.skipif(simulation() is None, reason="this build has no simulated GPU")


def counts() -> dict[str, int]:
    library = simulation()
    found = (ctypes.c_int64 * 3)()
    library.netlet_sim_counts(found)
    return dict(zip(("kernels", "graphs", "waits"), found, strict=True))


def test_the_host_does_not_wait_within_an_epoch():
    """Batches are gathered on the GPU, and a step is one graph: an epoch of 200 steps takes a handful of waits."""
    before = counts()
    x = np.random.default_rng(0).standard_normal((1600, 4)).astype("float32")
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(3, "relu"), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.to("sim:0")
    model.fit(x, x[:, :1], batch_size=8, epochs=1, verbose=0)
    first = counts()
    assert first["graphs"] - before["graphs"] == 199  # the first step ran record by record
    model.fit(x, x[:, :1], batch_size=8, epochs=1, verbose=0)
    second = counts()
    assert second["graphs"] - first["graphs"] == 200
    assert second["waits"] - first["waits"] <= 60  # copies of metrics and of the data; not one for each step


TRAIN = """
import json, sys, numpy as np, netlet
from netlet import layers
netlet.utils.set_random_seed(1)
rng = np.random.default_rng(0)
x, y = rng.standard_normal((64, 12, 12, 3)).astype("float32"), rng.integers(0, 5, 64)
model = netlet.Sequential([
    netlet.Input((12, 12, 3)), layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization(),
    layers.MaxPooling2D(), layers.Dropout(0.2), layers.Flatten(), layers.Dense(300, "relu"),
    layers.LayerNormalization(), layers.Dense(5, "softmax")])
model.compile(netlet.optimizers.Adam(clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.to("sim:0")
model.fit(x, y, batch_size=16, epochs=1, verbose=0)
print(json.dumps([w.tobytes().hex() for w in model.get_weights()]))
"""


def test_equal_bits_for_any_number_of_multiprocessors():
    """The size of a grid follows the device; results do not. Threads and blocks run in another order, too."""
    weights = []
    for multiprocessors, seed in ((1, 5), (9, 6)):
        env = {**os.environ, "NETLET_SIM_MULTIPROCESSORS": str(multiprocessors), "NETLET_SIM_SEED": str(seed)}
        run = subprocess.run([sys.executable, "-c", TRAIN], env=env, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0, run.stderr
        weights.append(json.loads(run.stdout))
    assert weights[0] == weights[1]


FAULT = """
import numpy as np, netlet
from netlet import layers
def made():
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(3, "gelu", name="broken"), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model
x = np.ones((8, 4), "float32")
for where in ("sim:0", "sim:0", "cpu"):
    try:
        made().to(where).fit(x, x[:, :1], verbose=0)
        print("trained")
    except RuntimeError as error:
        print(error)
"""


def test_a_fault_of_a_kernel_names_its_record_and_layer():
    """The device is lost from then on; the process and the CPU go on."""
    env = {**os.environ, "NETLET_SIM_FAILS": "activation_"}
    run = subprocess.run([sys.executable, "-c", FAULT], env=env, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    first, again, cpu = run.stdout.splitlines()
    assert first.startswith("sim:0: activation_fwd_f32 of layer sequential/broken: ")
    assert "The device cannot be used any more" in first and "The device cannot be used any more" in again
    assert cpu == "trained"


def test_a_plan_that_does_not_fit_leaves_the_model_intact():
    """Out of memory on the GPU: MemoryError with the need and what is free; the model is still on the CPU."""
    code = """
import numpy as np, netlet
from netlet import layers
model = netlet.Sequential([netlet.Input((1000,)), layers.Dense(1000), layers.Dense(1000)])
model.compile("sgd", "mse")
x = np.ones((4, 1000), "float32")
before = model.predict(x, verbose=0)
try:
    model.to("sim:0")
    model.fit(x, x, verbose=0)
except MemoryError as error:
    print(error)
model.to("cpu")
np.testing.assert_array_equal(model.predict(x, verbose=0), before)
model.fit(x, x, verbose=0)
print("intact")
"""
    env = {**os.environ, "NETLET_SIM_MEMORY": str(6 << 20)}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert "out of memory: expected" in run.stdout and run.stdout.endswith("intact\n"), run.stdout


def test_host_calls_copy_to_the_host_and_back():
    a = np.eye(3) * 2
    with netlet.device("sim:0"):
        y = netlet.ops.inv(netlet.ops.convert_to_tensor(a))
        assert y.device == "sim:0"
        np.testing.assert_array_equal(y.numpy(), np.eye(3) / 2)
        tape = _core.Tape(record=True)
        with tape, pytest.raises(NotImplementedError, match="host_call:inv runs on the host"):
            netlet.ops.inv(tape.input((3, 3), "float64", "a"))
