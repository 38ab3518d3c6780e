"""Local IDX and .npz files: valid ones give Keras's arrays; damaged or hostile ones raise errors that name the file.

The memory that reading takes is limited in both cases.
"""

from __future__ import annotations

import gzip
import io
import math
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlet.datasets import cifar10, cifar100, fashion_mnist, mnist, reading
from support import data_files as files
from support.data_files import assert_equal
from support.memory import memory_of

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# ---- MNIST and Fashion-MNIST -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("module", [mnist, fashion_mnist])
def test_a_folder_of_idx_files(module, packed, tmp_path):
    arrays = files.digit_folder(tmp_path, packed)
    assert_equal(module.load_data(path=tmp_path), arrays.values())
    assert_equal(module.load_data(path=str(tmp_path)), arrays.values())


@pytest.mark.parametrize("in_folder", [True, False])
def test_an_npz_file(in_folder, tmp_path):
    (x, y), (u, v) = files.digits(4), files.digits(2)
    (tmp_path / "mnist.npz").write_bytes(files.npz(x_train=x, y_train=y, x_test=u, y_test=v))
    assert_equal(mnist.load_data(tmp_path if in_folder else tmp_path / "mnist.npz"), (x, y, u, v))


def test_what_is_loaded_trains(tmp_path):
    import netlet

    files.digit_folder(tmp_path)
    (x, y), _ = mnist.load_data(tmp_path)
    layers = [netlet.Input((28, 28)), netlet.layers.Rescaling(1 / 255), netlet.layers.Flatten()]
    model = netlet.Sequential([*layers, netlet.layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    loss = model.fit(x, y, epochs=5, verbose=0).history["loss"]
    assert loss[-1] < loss[0]


@pytest.mark.parametrize("module", [mnist, fashion_mnist])
def test_a_folder_that_lacks_files(module, tmp_path):
    files.digit_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match="missing t10k-labels-idx1-ubyte"):
        module.load_data(tmp_path)


@pytest.mark.parametrize(
    "load", [fashion_mnist.load_data, cifar10.load_data, lambda path: cifar100.load_data(path=path)]
)
def test_a_path_that_is_not_there(load, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-images-idx3-ubyte", np.zeros((5, 28, 27), np.uint8), r"expected images \(N, 28, 28\)"),
        ("train-labels-idx1-ubyte", np.zeros(4, np.uint8), r"received shapes \(5, 28, 28\) and \(4,\)"),
        ("t10k-labels-idx1-ubyte", np.array([1, 10, 3], np.uint8), "expected labels 0 to 9, received 10"),
        ("t10k-labels-idx1-ubyte", np.zeros((3, 1, 1), np.uint8), "expected an IDX file of unsigned bytes with 1 axes"),
    ],
)
def test_idx_files_of_something_else(name, array, message, tmp_path):
    files.digit_folder(tmp_path)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(files.idx(array)))
    with pytest.raises(ValueError, match=message):
        mnist.load_data(tmp_path)


GOOD = files.idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
BAD = {
    "empty": b"",
    "short magic": GOOD[:3],
    "short header": GOOD[:10],
    "header only": GOOD[:16],
    "one byte short": GOOD[:-1],
    "one byte more": GOOD + b"\0",
    "twice": GOOD * 2,
    "type of floats": b"\0\0\x0d" + GOOD[3:],
    "other rank": b"\0\0\x08\x01" + GOOD[4:],
    "no magic": b"\x01" + GOOD[1:],
    "huge extents": GOOD[:4] + struct.pack(">3I", *[0xFFFFFFFF] * 3),
    "a terabyte": GOOD[:4] + struct.pack(">3I", 10_000, 10_000, 10_000),
    "text": b"<html>404 not found</html>",
}
BAD_PACKED = {
    "truncated stream": gzip.compress(GOOD)[:-12],
    "wrong checksum": gzip.compress(GOOD)[:-8] + b"\1\2\3\4" + gzip.compress(GOOD)[-4:],
    "only the magic": b"\x1f\x8b",
    "garbage": b"\x1f\x8b\x08\0\0\0\0\0\0\0" + b"\xff" * 40,
}


@pytest.mark.parametrize("case", [*BAD, *BAD_PACKED])
def test_a_damaged_idx_file_is_a_value_error_that_names_it(case, tmp_path):
    path = tmp_path / "file"
    for data in [BAD[case], gzip.compress(BAD[case])] if case in BAD else [BAD_PACKED[case]]:
        path.write_bytes(data)
        with pytest.raises(reading.Damaged, match=str(path)):
            reading.read_idx(path, 3)


def test_a_claim_takes_no_memory(tmp_path):
    path = tmp_path / "file"
    for extents in [(60_000, 28, 28), (0xFFFFFFFF, 0xFFFFFFFF, 1), (1 << 20, 1 << 10, 1 << 10)]:
        path.write_bytes(gzip.compress(GOOD[:4] + struct.pack(">3I", *extents)))
        assert memory_of(lambda: reading.read_idx(path, 3)) < 1 << 20


def test_a_bomb_is_not_unpacked(tmp_path):
    """A gzip file of 100 KB that unpacks to 100 MB of zeros, although the header declares 24 bytes."""
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(GOOD + bytes(100_000_000)))
    assert memory_of(lambda: reading.read_idx(path, 3)) < 1 << 20


@FEW
@given(st.binary(max_size=64), st.booleans(), st.integers(1, 3))
def test_any_bytes_after_a_good_magic(tmp_path, data, packed, rank):
    data = bytes([0, 0, 8, rank]) + data
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(data) if packed else data)
    start = 4 + 4 * rank
    shape = struct.unpack(f">{rank}I", data[4:start]) if len(data) >= start else None
    if shape is None or math.prod(shape) != len(data) - start:
        with pytest.raises(reading.Damaged, match=str(path)):
            reading.read_idx(path, rank)
    else:
        array = reading.read_idx(path, rank)
        assert array.shape == shape
        assert array.tobytes() == data[start:]


@FEW
@given(st.data())
def test_any_flipped_byte_is_read_or_named(tmp_path, data):
    """Reading a file with changed bytes returns the original arrays or raises Damaged with the file's name.

    The checksum detects the changes. The end of a tar archive, with its checksum, is not read: there only shapes and
    dtypes are compared.
    """

    def form(parts):
        return [[(a.shape, a.dtype) for a in part] for part in parts]

    for content, read in [
        (gzip.compress(GOOD, mtime=0), lambda p: reading.read_idx(p, 3).tobytes()),
        (NPZ, lambda p: reading.read_npz(p, ("a",))[0].tobytes()),
        (TAR, lambda p: form(cifar10.load_data(p))),
    ]:
        path = tmp_path / "file"
        path.write_bytes(content)
        expected = read(path)
        changed = bytearray(content)
        for _ in range(data.draw(st.integers(1, 3))):
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(changed[: data.draw(st.sampled_from([None, len(changed) // 2, len(changed) - 1]))])
        try:
            found = read(path)
        except (reading.Damaged, FileNotFoundError) as error:
            assert str(path) in str(error)  # noqa: PT017
        else:
            assert found == expected


# ---- .npz ------------------------------------------------------------------------------------------------------------
NPZ = files.npz(a=np.arange(40, dtype=np.uint8).reshape(5, 8))
TAR = files.archive({f"cifar-10-batches-bin/{name}": files.cifar_records(1)[2] for name in cifar10.NAMES})


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def zipped(member: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a.npy", member)
    return buffer.getvalue()


def object_array() -> bytes:
    class Evil:
        def __reduce__(self):
            return pytest.fail, ("a pickle was loaded",)

    buffer = io.BytesIO()
    np.save(buffer, np.array([pickle.dumps(1)], object))
    return buffer.getvalue().split(b"\n")[0] + b"\n" + pickle.dumps(Evil())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        NPZ[:-30],
        files.npz(b=np.zeros(3, np.uint8)),
        files.npz(a=np.zeros(3, np.int64)),
        files.npz(a=np.zeros((3, 4), np.uint8, order="F")),
        zipped(b""),
        zipped(b"no array"),
        zipped(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }", b"12")),
        zipped(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-2, -1), }", b"12")),
        zipped(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", b"123")),
        zipped(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (10**9,), }")),
        zipped(npy("__import__('os')")),
        zipped(npy("(" * 4000)),
        zipped(npy("{'descr': '|u1'")),
        zipped(object_array()),
    ],
    ids=range(16),
)
def test_a_damaged_or_hostile_npz_file(content, tmp_path):
    path = tmp_path / "file.npz"
    path.write_bytes(content)
    with pytest.raises(reading.Damaged, match=str(path)):
        reading.read_npz(path, ("a",))


def test_an_npz_claim_takes_no_memory(tmp_path):
    path = tmp_path / "file.npz"
    path.write_bytes(zipped(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999, 9999), }", b"1")))
    assert memory_of(lambda: reading.read_npz(path, ("a",))) < 1 << 20
