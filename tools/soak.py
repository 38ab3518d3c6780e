"""Does a long life leave anything behind? Builds, trains, saves, loads, quantizes and exports models again and again.

    python tools/soak.py --minutes 24

It runs for that many minutes of CPU time and prints a line a minute: models, resident memory, Python objects, open
files, threads, semaphores and temporary files. The exit status is 1 if one of them grows after the first third, which
warms up the process.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import gc
import itertools
import os
import pathlib
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import netlet
from netlet import callbacks, layers

RNG = np.random.default_rng(0)
X = RNG.standard_normal((96, 16, 8), "float32")
Y = RNG.integers(0, 4, 96)
# Growth that counts as none. A third of 24 minutes is about two thousand models, so that it is less than an object or
# 4 KiB for each of them.
SLACK = {"memory": 8.0, "objects": 200, "files": 0, "threads": 0, "semaphores": 0, "temporary": 0}


@dataclasses.dataclass(frozen=True)
class Sample:
    """What the process holds after a cycle."""

    memory: float  # resident, in MiB
    objects: int  # of Python, that the garbage collector tracks
    files: int  # open
    threads: int
    semaphores: int  # POSIX's and System V's, and shared memory, that the process has mapped
    temporary: int  # files and folders that are left in the folder for temporary files


def sample(folder: pathlib.Path) -> Sample:
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    with open("/proc/self/maps") as file:
        shared = sum("/dev/shm/" in line or "/SYSV" in line for line in file)
    return Sample(
        pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        sum(type(o) is not Sample for o in gc.get_objects()),
        len(os.listdir("/proc/self/fd")) - 1,  # that of the listing
        len(os.listdir("/proc/self/task")),
        shared,
        sum(1 for _ in folder.rglob("*")),
    )


def growth(samples: list[Sample]) -> dict[str, float]:
    """What has grown, and by how much: the least of the last third against the least of the second third.

    The least, because memory goes up and down within a cycle; what is lost is missing at its lowest point, too.
    """
    third = len(samples) // 3
    found = {}
    for name, slack in SLACK.items():
        values = [getattr(s, name) for s in samples]
        more = min(values[2 * third :]) - min(values[third : 2 * third])
        if more > slack:
            found[name] = more
    return found


def dense() -> list[Any]:
    return [layers.Flatten(), layers.Dense(64, "relu"), layers.BatchNormalization(), layers.Dropout(0.2)]


def convolution() -> list[Any]:
    return [layers.Conv1D(16, 3, activation="relu"), layers.MaxPooling1D(2), layers.Flatten()]


def recurrent() -> list[Any]:
    return [layers.Bidirectional(layers.GRU(8, return_sequences=True)), layers.LSTM(8)]


def attention() -> list[Any]:
    return [layers.Dense(8), layers.LayerNormalization(), layers.GlobalAveragePooling1D()]


def branches() -> netlet.Model:
    inputs = netlet.Input((16, 8))
    h = layers.MultiHeadAttention(2, 4)(inputs, inputs)
    h = layers.Add()([inputs, h])
    return netlet.Model(inputs, layers.Dense(4, "softmax")(layers.Flatten()(h)))


def sequential(kind: Callable[[], list[Any]]) -> netlet.Model:
    return netlet.Sequential([netlet.Input((16, 8)), *kind(), layers.Dense(4, "softmax")])


def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for i in range(0, 96, 32):
        yield X[i : i + 32], Y[i : i + 32]


def failing() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    yield from batches()
    raise LookupError("planted")


def attempt(call: Callable[[], object], *expected: type[BaseException]) -> None:
    """Calls what may fail with one of these."""
    with contextlib.suppress(*expected):
        call()


def cycle(model: netlet.Model, folder: pathlib.Path, eager: bool) -> None:
    """The life of one model."""
    optimizer = netlet.optimizers.Adam(0.001)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager)
    writers = [
        callbacks.CSVLogger(folder / "log.csv"),
        callbacks.ModelCheckpoint(folder / "best.netlet"),
        callbacks.BackupAndRestore(folder / "backup"),
    ]
    model.fit(X, Y, epochs=2, verbose=0, validation_split=0.2, callbacks=writers)
    model.fit(netlet.data.Dataset.from_tensor_slices((X, Y)).shuffle(96).batch(32), verbose=0)
    model.fit(batches(), verbose=0)
    attempt(lambda: model.fit(failing(), verbose=0), LookupError)
    attempt(lambda: model.fit(X[:, :, :3], Y, verbose=0), ValueError)
    model.evaluate(X, Y, verbose=0)
    expected = model.predict(X, verbose=0)
    for name in ("a.netlet", "a.keras"):
        model.save(folder / name)
        loaded = netlet.models.load_model(folder / name)
        assert np.array_equal(loaded.predict(X, verbose=0), expected)
    model.save_weights(folder / "a.weights.netlet")
    attempt(lambda: model.export(folder / "a.onnx", format="onnx"), NotImplementedError)
    attempt(lambda: loaded.quantize("int8", only_if_faster=False), ValueError)
    assert np.isfinite(loaded.predict(X, verbose=0)).all()
    for path in folder.glob("*.*"):
        path.unlink()


def live(minutes: float, folder: pathlib.Path) -> list[Sample]:
    """Lets models live for that many minutes of CPU time; returns a sample for each round of kinds."""
    kinds = [dense, convolution, recurrent, attention]
    makers: list[Callable[[], netlet.Model]] = [*(functools.partial(sequential, kind) for kind in kinds), branches]
    samples: list[Sample] = []
    printed, began, used = 0, time.process_time(), 0.0
    for i in itertools.count(1):
        netlet.set_num_threads(1 + i % 2)
        cycle(makers[i % len(makers)](), folder, eager=i % 11 == 0)
        if i % len(makers):
            continue
        samples.append(sample(folder))
        used = (time.process_time() - began) / 60
        last = used >= minutes and len(samples) >= 6
        if used >= printed + 1 or last:
            printed, now = int(used), samples[-1]
            print(
                f"{used:5.1f} min  {i:6} models  {now.memory:7.1f} MiB  {now.objects} objects  {now.files} files  "
                f"{now.threads} threads  {now.semaphores} semaphores  {now.temporary} temporary files",
                flush=True,
            )
        if last:
            return samples
    raise AssertionError("the loop has no end")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=24, help="CPU time of all threads together; default 24")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tempfile.tempdir = name  # what netlet and the libraries below it leave there is counted, too
        grown = growth(live(options.minutes, folder))
    for what, more in grown.items():
        print(f"{what} grew by {more:g}", file=sys.stderr)
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
