"""SIGKILL and Ctrl-C while a file is written in any format, or downloaded: it is the old one or the new one, whole.

(tests/saving/test_replacing.py kills the writing of containers alone.)
"""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import netlet
from support import data_files
from support.child import WATCHDOG, child_path, run_child

# Saves one file after another, with all weights equal to a number that grows by one.
SAVER = """
import sys
import netlet, numpy as np
from netlet import layers

path, number = sys.argv[1], int(sys.argv[2])
model = netlet.Sequential([netlet.Input((100,)), layers.Dense(300), layers.Dense(1)])
save = model.save_weights if ".weights." in path else model.save if "onnx" not in path else (
    lambda p: model.export(p, format="onnx"))
if "onnx" in path:
    import netlet.onnx, netlet.export.onnx
print("ready", flush=True)
while True:
    number += 1
    model.set_weights([np.full_like(w, number) for w in model.get_weights()])
    save(path)
    print("saved", flush=True)
"""


def number_in(path):
    """The number that all weights of a file have."""
    if path.name.endswith(".onnx"):
        import onnx

        arrays = [onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer]
        weights = [a for a in arrays if a.dtype == np.float32 and a.size >= 100]
    else:
        model = netlet.Sequential([netlet.Input((100,)), netlet.layers.Dense(300), netlet.layers.Dense(1)])
        model.load_weights(path)
        weights = model.get_weights()
    values = np.unique(np.concatenate([w.ravel() for w in weights]))
    assert len(values) == 1, values
    return int(values[0])


def kill_loop(path, kills):
    moments, number = random.Random(1), 0
    for _ in range(kills):
        command = [sys.executable, "-c", textwrap.dedent(SAVER), str(path), str(number)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"ready\n"
        for _ in range(moments.randrange(3)):
            assert child.stdout.readline() == b"saved\n"
        time.sleep(moments.uniform(0, 0.03))
        child.kill()
        saved = child.communicate(timeout=WATCHDOG)[0].count(b"saved")
        if path.exists():
            assert number_in(path) >= number + saved
            number = number_in(path)
        for leftover in path.parent.glob(".netlet-*.tmp"):
            leftover.unlink()
    assert number > 0
    assert list(path.parent.iterdir()) == [path]


ENDINGS = {".netlet": None, ".weights.netlet": None, ".keras": "h5py", ".weights.h5": "h5py", ".onnx": "onnx"}


def test_killed_saves(tmp_path):
    pytest.importorskip("h5py")
    kill_loop(tmp_path / "a.keras", 3)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_killed_saves_200_times(ending, tmp_path):
    pytest.importorskip(ENDINGS[ending] or "numpy")
    kill_loop(tmp_path / f"a{ending}", 200)


INTERRUPTED = """
import os, pathlib
import netlet, numpy as np
from netlet import layers
from support.interrupts import interrupted

folder = pathlib.Path({folder!r})
path = folder / "a{ending}"
model = netlet.Sequential([netlet.Input((100,)), layers.Dense(300), layers.Dense(1)])
save = dict(weights=model.save_weights, onnx=lambda p: model.export(p, format="onnx")).get({kind!r}, model.save)
save(path)

count = 0
for _ in interrupted(lambda: None, lambda _: save(path), {attempts}):
    count += 1
    assert os.listdir(folder) == [path.name], os.listdir(folder)
    open_files = [f"/proc/self/fd/{{n}}" for n in os.listdir("/proc/self/fd")]
    held = [os.readlink(file) for file in open_files if os.path.lexists(file)]
    assert not any(".tmp" in name or name == str(path) for name in held), held
    if count % 10 == 1:
        {load}
assert count > {attempts} // 2, count
save(path)
"""
LOAD = {"weights": "model.load_weights(path)", "onnx": "netlet.onnx.load(path)"}


def interrupt_saves(ending, attempts, folder):
    pytest.importorskip(ENDINGS[ending] or "numpy")
    kind = "weights" if ".weights" in ending else "onnx" if ending == ".onnx" else ""
    load = LOAD.get(kind, "netlet.models.load_model(path)")
    code = INTERRUPTED.format(folder=str(folder), ending=ending, kind=kind, attempts=attempts, load=load)
    run_child(code, PYTHONPATH=child_path())


def test_interrupted_saves(tmp_path):
    interrupt_saves(".netlet", 40, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_interrupted_saves_2000_times(ending, tmp_path):
    interrupt_saves(ending, 2000, tmp_path)


DOWNLOADER = """
import sys
from netlet.utils import get_file

origin, folder, digest = sys.argv[1:]
print("ready", flush=True)
while True:
    get_file(origin=origin, cache_dir=folder, file_hash=digest, force_download=True)
"""


def kill_downloads(tmp_path, kills):
    pytest.importorskip("pooch")
    content = np.random.default_rng(0).bytes(4_000_000)
    digest = hash_of(content)
    moments, target = random.Random(0), tmp_path / "datasets" / "a.bin"
    with data_files.serving() as server:
        server.files["a.bin"] = content
        (tmp_path / "a.bin").write_bytes(content)
        for i in range(kills):
            origin = f"{server.url}/a.bin" if i % 2 else (tmp_path / "a.bin").as_uri()
            command = [sys.executable, "-c", textwrap.dedent(DOWNLOADER), origin, str(tmp_path), digest]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            assert child.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0, 0.6 if i % 2 else 0.1))
            child.kill()
            child.communicate(timeout=WATCHDOG)
            assert not target.exists() or target.read_bytes() == content
        # What a killed download left is never taken for the file: here it has another content.
        server.files["a.bin"] = content[::-1]
        again = netlet.utils.get_file(
            origin=f"{server.url}/a.bin", cache_dir=tmp_path, force_download=True, file_hash=hash_of(content[::-1])
        )
        with open(again, "rb") as file:
            assert file.read() == content[::-1]


def hash_of(content):
    return hashlib.sha256(content).hexdigest()


def test_killed_downloads(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    kill_downloads(tmp_path, 3)


@pytest.mark.slow
def test_killed_downloads_200_times(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    kill_downloads(tmp_path, 200)
