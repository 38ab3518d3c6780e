"""Ctrl-C, SIGTERM and SIGKILL at random moments of training: the model stands between two steps, an ended process has
the usual status, and the next one goes on from the backup.

Moments are drawn, not measured: whenever a signal arrives, the same must hold. (Ctrl-C within a long native call:
tests/training/test_interrupt.py; SIGKILL while a file is saved: test_killed_files.py.)
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from support.child import WATCHDOG, child_path, run_child

INTERRUPTED = """
import threading
import netlet, numpy as np
from netlet import layers
from support.interrupts import interrupted

netlet.set_num_threads(2)
rng = np.random.default_rng(0)
STEPS, BATCH = 24, 16
x, y = rng.standard_normal((STEPS * BATCH, 8), "float32"), rng.standard_normal((STEPS * BATCH, 2), "float32")

class Batches(netlet.utils.PyDataset):
    def __len__(self):
        return STEPS
    def __getitem__(self, i):
        return x[i * BATCH:(i + 1) * BATCH], y[i * BATCH:(i + 1) * BATCH]

def make():
    netlet.utils.set_random_seed(5)
    model = netlet.Sequential([netlet.Input((8,)), layers.Dense(32), layers.BatchNormalization(),
                               layers.Dropout(0.2), layers.Dense(2)])
    model.compile(netlet.optimizers.Adam(0.01), "mse", metrics=["mae"], run_eagerly={eager})
    return model

class Hook(netlet.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass  # so `fit` returns to Python after every batch

def fit(model, callbacks=[Hook()]):
    if {dataset}:
        model.fit(Batches(), shuffle=False, verbose=0, callbacks=callbacks)
    else:
        model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0, callbacks=callbacks)

def state(model):
    slots = model.optimizer.variables if model.optimizer.built else []
    return [w.tobytes() for w in model.get_weights()], [v.numpy().tobytes() for v in slots]

# The states between two steps, counted by the optimizer.
trajectory = []
class Note(netlet.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        trajectory.append(state(self.model))
whole = make()
fit(whole, [Note()])
trajectory.append(state(whole))
assert len(trajectory) == STEPS + 1

found = set()
for attempt, model in enumerate(interrupted(make, fit, {attempts})):
    steps, (weights, slots) = int(model.optimizer.iterations), state(model)
    found.add(steps)
    if not {eager}:  # an eager step may be interrupted between the updates of two variables
        assert weights == trajectory[steps][0], steps
        assert slots == trajectory[steps][1] or not steps, steps
    assert np.isfinite(model.predict(x, verbose=0)).all()
    assert threading.active_count() == 1, threading.enumerate()
    if attempt % 8 == 0:
        fit(model)
        assert int(model.optimizer.iterations) == steps + STEPS
assert len(found) > 2, found
"""
KINDS = {
    "arrays": dict(eager=False, dataset=False),
    "a dataset": dict(eager=False, dataset=True),
    "eager steps": dict(eager=True, dataset=False),
}


@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_at_random_moments(kind):
    run_child(INTERRUPTED.format(attempts=30, **KINDS[kind]), PYTHONPATH=child_path())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_at_many_random_moments(kind):
    run_child(INTERRUPTED.format(attempts=2000, **KINDS[kind]), PYTHONPATH=child_path())


TRAINING = """
import sys
import netlet, numpy as np
from netlet import layers

folder = sys.argv[1]
rng = np.random.default_rng(0)
x, y = rng.standard_normal((256, 8), "float32"), rng.standard_normal((256, 2), "float32")
netlet.utils.set_random_seed(5)
model = netlet.Sequential([netlet.Input((8,)), layers.Dense(16), layers.Dropout(0.2), layers.Dense(2)])
model.compile(netlet.optimizers.Adam(0.01), "mse")
callbacks = [netlet.callbacks.BackupAndRestore(folder + "/backup", save_freq=5),
             netlet.callbacks.ModelCheckpoint(folder + "/last.netlet", save_freq=3)]
print("begins", flush=True)
model.fit(x, y, batch_size=16, epochs=int(sys.argv[2]), verbose=0, callbacks=callbacks)
print(int(model.optimizer.iterations), model.get_weights()[0].tobytes().hex())
"""


def training(folder, epochs):
    command = [sys.executable, "-c", textwrap.dedent(TRAINING), str(folder), str(epochs)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "begins\n"
    return child


def kill_training(folder, kills, epochs):
    """Kills a training again and again at random moments; the last process ends as if nothing had been."""
    want, _ = training(folder / "unbroken", epochs).communicate(timeout=WATCHDOG)
    moments, killed = random.Random(0), 0
    while killed < kills:
        child = training(folder, epochs)
        time.sleep(moments.uniform(0, 0.05))
        child.send_signal(signal.SIGKILL)
        out, _ = child.communicate(timeout=WATCHDOG)
        if child.returncode == 0:
            assert out == want
        assert child.returncode in (0, -signal.SIGKILL)
        killed += 1
        if (folder / "last.netlet").exists():
            run = "import netlet, sys; netlet.models.load_model(sys.argv[1])"
            if killed % 10 == 1:
                subprocess.run([sys.executable, "-c", run, str(folder / "last.netlet")], check=True)
    out, error = training(folder, epochs).communicate(timeout=WATCHDOG)
    assert (out, error) == (want, "")
    assert int(want.split()[0]) == epochs * 16


def test_killed_trainings_go_on(tmp_path):
    (tmp_path / "unbroken").mkdir()
    kill_training(tmp_path, kills=2, epochs=6)


@pytest.mark.slow
def test_200_killed_trainings_go_on(tmp_path):
    (tmp_path / "unbroken").mkdir()
    kill_training(tmp_path, kills=200, epochs=200)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_process_with_its_usual_status(number, tmp_path):
    child = training(tmp_path, 1_000_000)
    while not (tmp_path / "last.netlet").exists():  # it trains
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(number)
    _, error = child.communicate(timeout=WATCHDOG)
    assert child.returncode == -number
    assert ("KeyboardInterrupt" in error) == (number == signal.SIGINT), error
