"""A disk that is full or broken: whichever call fails, saving raises an OSError with the path and keeps the old file.

A library that is loaded first lets each writing call of the C library fail in turn (tests/support/failing_io.c), so no
step that could fail is forgotten.
"""

from __future__ import annotations

import pytest

from support.preload import needs_preload, run_preloaded

pytestmark = needs_preload

START = """
import itertools, os, pathlib
import netlet, numpy as np
from netlet import layers
from support.io_faults import CLOSE, DISKS, OPEN, RENAME, SYNC, WRITE, FailingDisk

folder = pathlib.Path({folder!r})
disk = FailingDisk(str(folder))
netlet.utils.set_random_seed(0)
model = netlet.Sequential([netlet.Input((6,)), layers.Dense(40, "relu"), layers.Dense(3)])
model.compile("adam", "mse")
x, y = np.ones((8, 6), "float32"), np.ones((8, 3), "float32")
model.fit(x, y, verbose=0)
"""

SAVING = """
def loaded(path):
    if path.name.endswith(".onnx"):
        return netlet.onnx.load(path)
    if ".weights." in path.name:
        same = netlet.models.clone_model(model)
        same.load_weights(path)
        return same
    return netlet.models.load_model(path)

def save(path):
    if path.name.endswith(".onnx"):
        model.export(path, format="onnx")
    else:
        (model.save_weights if ".weights." in path.name else model.save)(path)

for (error, sticky), ending in itertools.product(DISKS[:{disks}], {endings!r}):
    path = folder / f"model{{ending}}"
    save(path)
    content = path.read_bytes()
    model.fit(x, y, verbose=0)
    new = model.predict(x, verbose=0)
    for caught in disk.each_call(lambda: save(path), error, sticky):
        assert os.listdir(folder) == [path.name], os.listdir(folder)
        # An error after the renaming, when the folder is synced, finds the whole new file in its place.
        if path.read_bytes() != content:
            assert np.allclose(loaded(path).predict(x, verbose=0), new, atol=1e-5)
            save(path)
            content = path.read_bytes()
    assert np.allclose(loaded(path).predict(x, verbose=0), new, atol=1e-5)
    assert np.array_equal(model.predict(x, verbose=0), new)  # the model is as it was
    path.unlink()
wanted = OPEN | WRITE | SYNC | RENAME | CLOSE
assert disk.kinds & wanted == wanted, disk.kinds
"""


@pytest.mark.parametrize("disks", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_saving(disks, tmp_path):
    pytest.importorskip("h5py"), pytest.importorskip("onnx")
    endings = [".netlet", ".weights.netlet", ".keras", ".weights.h5", ".h5", ".onnx"]
    code = START.format(folder=str(tmp_path)) + SAVING.format(disks=disks, endings=endings)
    run_preloaded("failing_io", code)


PICTURES = """
from netlet import visualization

images = np.zeros((4, 8, 8, 1))
pictures = {{
    "svg": lambda path: netlet.utils.plot_model(model, path),
    "dot": lambda path: netlet.utils.plot_model(model, path),
    "png": lambda path: netlet.utils.save_img(path, images[0]),
    "pdf": lambda path: visualization.plot_image_gallery(images, path=path),
}}
if not {all}:
    del pictures["pdf"]  # drawing takes long
for ending, write in pictures.items():
    path = folder / f"picture.{{ending}}"
    for error, sticky in DISKS:
        path.write_bytes(b"old")
        for caught in disk.each_call(lambda: write(path), error, sticky):
            assert str(path) in str(caught), caught
            assert os.listdir(folder) == [path.name], os.listdir(folder)
            if path.read_bytes() != b"old":
                assert len(path.read_bytes()) > 50
                path.write_bytes(b"old")
        assert path.read_bytes() != b"old"
    path.unlink()
"""


@pytest.mark.parametrize("all_kinds", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_pictures(all_kinds, tmp_path):
    pytest.importorskip("matplotlib"), pytest.importorskip("PIL")
    run_preloaded("failing_io", START.format(folder=str(tmp_path)) + PICTURES.format(all=all_kinds))


DOWNLOAD = """
source = pathlib.Path({source!r})
for error, sticky in DISKS:
    path = folder / "datasets" / source.name
    for caught in disk.each_call(
        lambda: netlet.utils.get_file(origin=source.as_uri(), cache_dir=folder, force_download=True), error, sticky
    ):
        files = [p for p in folder.rglob("*") if p.is_file()]
        assert files in ([], [path]), files
        assert not files or path.read_bytes() == source.read_bytes()
    assert path.read_bytes() == source.read_bytes()
    path.unlink(), path.parent.rmdir()

stages = netlet.data.Dataset.from_tensor_slices(np.zeros((20, 999))).cache(str(folder / "cache"))
for error, sticky in DISKS:
    for caught in disk.each_call(lambda: list(stages), error, sticky):
        assert os.listdir(folder) == [], os.listdir(folder)
    assert len(list(stages)) == 20
    (folder / "cache").unlink()
"""


def test_downloads_and_cached_items(tmp_path):
    source, folder = tmp_path / "source.bin", tmp_path / "cache"
    source.write_bytes(bytes(range(256)) * 1000)
    folder.mkdir()
    code = START.format(folder=str(folder)) + DOWNLOAD.format(source=str(source))
    run_preloaded("failing_io", code)
