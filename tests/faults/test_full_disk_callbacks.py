"""A disk that is full or broken while callbacks write: `fit` raises the OSError, what was written before is whole, and
training can go on.
"""

from __future__ import annotations

import pytest

from support.preload import needs_preload, run_preloaded

pytestmark = needs_preload

START = """
import os, pathlib, shutil, threading
import netlet, numpy as np
from netlet import callbacks, layers
from support.io_faults import DISKS, FailingDisk

folder = pathlib.Path({folder!r})
disk = FailingDisk(str(folder))
x, y = np.ones((16, 6), "float32"), np.ones((16, 3), "float32")
netlet.utils.set_random_seed(0)
model = netlet.Sequential([netlet.Input((6,)), layers.Dense(8, "relu"), layers.Dense(3)])
model.compile("adam", "mse")
model.fit(x, y, verbose=0)

def each_fault(make, check, epochs=2):
    for error, sticky in DISKS[:{disks}]:
        def fit():
            model.fit(x, y, epochs=epochs, batch_size=8, verbose=0, callbacks=[make()])
        for caught in disk.each_call(fit, error, sticky):
            check()
            assert threading.active_count() == 1, threading.enumerate()
            assert np.isfinite(model.predict(x, verbose=0)).all()
            assert model.fit(x, y, verbose=0).history["loss"]
            shutil.rmtree(folder)
            folder.mkdir()
"""

CHECKPOINT = """
path = folder / "best.netlet"
def check():
    assert set(os.listdir(folder)) <= {"best.netlet"}, os.listdir(folder)
    if path.exists():
        assert np.isfinite(netlet.models.load_model(path).predict(x, verbose=0)).all()
each_fault(lambda: callbacks.ModelCheckpoint(path), check)
"""

BACKUP = """
# The next `fit` goes on from a backup that is whole, or begins anew: together these are 2 epochs of 2 steps.
back = folder / "backup"
def check():
    assert not list(back.glob(".netlet-*")), os.listdir(back)
    again = netlet.models.clone_model(model)
    again.compile("adam", "mse")
    again.fit(x, y, epochs=2, batch_size=8, verbose=0, callbacks=[callbacks.BackupAndRestore(back)])
    assert int(again.optimizer.iterations) == 4, int(again.optimizer.iterations)
def make():
    model.optimizer.iterations.assign(0)
    return callbacks.BackupAndRestore(back, double_checkpoint=True)
each_fault(make, check)
"""

CSV = """
path = folder / "log.csv"
def check():
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    whole = [line for line in lines if line.endswith("\\n")]
    assert len(lines) - len(whole) <= 1
    assert all(line.count(",") == whole[0].count(",") for line in whole)
each_fault(lambda: callbacks.CSVLogger(path), check)
"""

TENSORBOARD = """
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
def check():
    # Readers find whole records, and at the end of a file at most a part of one.
    for path in folder.rglob("events.*"):
        EventAccumulator(str(path)).Reload()
each_fault(lambda: callbacks.TensorBoard(folder / "logs", histogram_freq=1), check)
"""


@pytest.mark.parametrize("disks", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_callbacks(disks, tmp_path):
    pytest.importorskip("tensorboard")
    code = START.format(folder=str(tmp_path / "out"), disks=disks) + "folder.mkdir()\n"
    run_preloaded("failing_io", code + CHECKPOINT + BACKUP + CSV + TENSORBOARD)
