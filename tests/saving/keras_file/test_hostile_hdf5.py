"""Untrusted HDF5 files: whatever the content, loading raises a ValueError within memory in proportion to the file."""

from __future__ import annotations

import sys
import zlib

import h5py
import numpy as np
import pytest

import netlet
from netlet import layers
from support.child import LIMIT, run_child

KERNEL = "layers/dense/vars/0"


def model():
    return netlet.Sequential([netlet.Input((4,)), layers.Dense(3, name="first"), layers.Dense(2, name="second")])


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.weights.h5"
    model().save_weights(path)
    return path


def replace(file, **kwargs):
    """Replaces the first kernel."""
    del file[KERNEL]
    return file.create_dataset(KERNEL, **kwargs)


def virtual(file):
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4, 3))
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def cycle(file):
    file["layers/dense/again"] = file["layers"]


def deep(file):
    group = file
    for _ in range(3000):
        group = group.create_group("g")


def links(file, name, link):
    del file[name]
    file[name] = link


EDITS = {
    "a soft link to an array": lambda f: links(f, KERNEL, h5py.SoftLink("/layers/dense_1/vars/0")),
    "a soft link to itself": lambda f: links(f, KERNEL, h5py.SoftLink("/" + KERNEL)),
    "a soft link to a group": lambda f: links(f, "layers/dense_1", h5py.SoftLink("/layers/dense")),
    "a link to another file": lambda f: links(f, KERNEL, h5py.ExternalLink("other.h5", "/x")),
    "a link of a group to another file": lambda f: links(f, "layers", h5py.ExternalLink("/etc/passwd", "/")),
    "a cycle of hard links": cycle,
    "two links to one array": lambda f: links(f, KERNEL, f["layers/dense_1/vars/0"]),
    "a virtual array": virtual,
    "bytes in another file": lambda f: replace(f, shape=(4, 3), dtype="f4", external=[("/etc/passwd", 0, 48)]),
    "references": lambda f: replace(f, data=np.array([f.ref] * 12, h5py.ref_dtype).reshape(4, 3)),
    "texts": lambda f: replace(f, data=np.full((4, 3), "x", h5py.string_dtype())),
    "lists of any length": lambda f: replace(f, shape=(4, 3), dtype=h5py.vlen_dtype(np.float32)),
    "a structure": lambda f: replace(f, shape=(4, 3), dtype=[("a", "f4"), ("b", "f4")]),
    "an enumeration": lambda f: replace(f, shape=(4, 3), dtype=h5py.enum_dtype({"a": 1})),
    "no shape": lambda f: replace(f, data=h5py.Empty("f4")),
    "complex numbers": lambda f: replace(f, shape=(4, 3), dtype="c8"),
    "integers": lambda f: replace(f, shape=(4, 3), dtype="i4"),
    "another shape": lambda f: replace(f, shape=(3, 4), dtype="f4"),
    "a terabyte": lambda f: replace(f, shape=(1 << 19, 1 << 19), dtype="f4"),
    "a terabyte in chunks": lambda f: replace(f, shape=(1 << 19, 1 << 19), dtype="f4", chunks=(1, 1)),
    "a huge chunk": lambda f: replace(f, shape=(4, 3), maxshape=(None, None), dtype="f4", chunks=(1 << 14, 1 << 14)),
    "another compression": lambda f: replace(f, data=np.zeros((4, 3), "f4"), compression="lzf"),
    "a type by name": lambda f: links(f, KERNEL, np.dtype("f4")),
    "an array as a group": lambda f: links(f, "layers/dense/vars", np.zeros(3, "f4")),
    "a group as an array": lambda f: links(f, KERNEL, h5py.Group(f.create_group("other").id)),
    "an array too many": lambda f: f.create_dataset("layers/dense/vars/2", data=np.zeros(3, "f4")),
    "an array of another number": lambda f: f.move("layers/dense/vars/1", "layers/dense/vars/7"),
    "an array missing": lambda f: f.__delitem__(KERNEL),
    "a layer missing": lambda f: f.__delitem__("layers/dense_1"),
    "a layer too many": lambda f: f.create_dataset("layers/dense_2/vars/0", data=np.zeros(3, "f4")),
    "groups in groups without end": deep,
    "nothing": lambda f: f.clear(),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_a_file_may_not_contain(edit, good, tmp_path):
    path = tmp_path / "bad.weights.h5"
    path.write_bytes(good.read_bytes())
    with h5py.File(path, "a") as file:
        edit(file)
    target = model()
    before = target.get_weights()
    with pytest.raises(ValueError, match=r"bad\.weights\.h5"):
        target.load_weights(path)
    for a, b in zip(before, target.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_may_be_in_a_file(good, tmp_path):
    """Groups that no layer asks for, other byte orders and precisions, and compression."""
    path = tmp_path / "odd.weights.h5"
    path.write_bytes(good.read_bytes())
    with h5py.File(path, "a") as file:
        kernel = file[KERNEL][()]
        file.create_group("elsewhere/" + "g/" * 100)
        replace(file, data=kernel.astype(">f4"), compression="gzip", shuffle=True, fletcher32=True, chunks=(3, 2))
        bias = file["layers/dense/vars/1"][()] + 7
        del file["layers/dense/vars/1"]
        file.create_dataset("layers/dense/vars/1", data=bias.astype("f8"), compression="gzip", maxshape=(None,))
    target = model()
    target.load_weights(path)
    np.testing.assert_array_equal(target.get_weights()[0], kernel)
    np.testing.assert_array_equal(target.get_weights()[1], [7, 7, 7])


def test_chunks_that_were_not_written_hold_the_fill_value(good, tmp_path):
    path = tmp_path / "odd.weights.h5"
    path.write_bytes(good.read_bytes())
    with h5py.File(path, "a") as file:
        replace(file, shape=(4, 3), dtype="f4", chunks=(2, 2), fillvalue=5)[:2, :2] = 1
    target = model()
    target.load_weights(path)
    np.testing.assert_array_equal(target.get_weights()[0], [[1, 1, 5], [1, 1, 5], [5, 5, 5], [5, 5, 5]])


def test_a_chunk_that_expands(good, tmp_path):
    """A few bytes of deflate that become 128 MB: HDF5 itself would decompress all of it."""
    path = tmp_path / "bomb.weights.h5"
    path.write_bytes(good.read_bytes())
    packer = zlib.compressobj(9)
    bomb = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(128)), packer.flush()])
    with h5py.File(path, "a") as file:
        replace(file, shape=(4, 3), dtype="f4", chunks=(4, 3), compression="gzip").id.write_direct_chunk((0, 0), bomb)
    run_child(
        LIMIT
        + f"""
import netlet
from netlet import layers
model = netlet.Sequential([netlet.Input((4,)), layers.Dense(3), layers.Dense(2)])
model.load_weights({str(good)!r})
limit_memory(64 << 20)
try:
    model.load_weights({str(path)!r})
except ValueError as error:
    assert "decompresses to more" in str(error), error
else:
    raise SystemExit("it was loaded")
"""
    )


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes(2000)])
def test_what_is_no_hdf5_file(content, tmp_path):
    path = tmp_path / "bad.weights.h5"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.weights\.h5' is not an HDF5 file"):
        model().load_weights(path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_truncated_and_changed_bytes(good, tmp_path):
    """Any prefix and any changed bytes: a ValueError, or weights; in a child, whose memory is limited."""
    run_child(
        LIMIT
        + f"""
import pathlib, sys, warnings
import numpy as np
import netlet
from netlet import layers
warnings.simplefilter("ignore")
model = netlet.Sequential([netlet.Input((4,)), layers.Dense(3), layers.Dense(2)])
good, path = pathlib.Path({str(good)!r}), pathlib.Path({str(tmp_path / "bad.weights.h5")!r})
model.load_weights(good)
limit_memory(128 << 20)
content = np.frombuffer(good.read_bytes(), np.uint8)
places = np.nonzero(content)[0]
outcomes = dict(loaded=0, refused=0)
for seed in range(300):
    rng = np.random.default_rng(seed)
    bad = content.copy()
    for _ in range(rng.integers(1, 5)):
        bad[rng.choice(places)] = rng.choice([0, 1, 127, 128, 255, rng.integers(256)])
    if seed % 4 == 0:
        bad = bad[: rng.integers(len(bad))]
    path.write_bytes(bad.tobytes())
    try:
        model.load_weights(path)
        outcomes["loaded"] += 1
    except ValueError as error:
        assert str(path) in str(error), (seed, error)
        outcomes["refused"] += 1
assert min(outcomes.values()) > 20, outcomes
"""
    )
