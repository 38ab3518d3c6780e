"""Local data files: valid ones give Keras's arrays; damaged, hostile or wrong ones raise errors that name the file.

The memory that reading takes is limited in both cases.
"""

from __future__ import annotations

import gzip
import io
import math
import pickle
import struct
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlet.datasets import cifar10, cifar100, fashion_mnist, mnist, reading
from support import data_files as files

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_equal(loaded, arrays):
    (x, y), (u, v) = loaded
    for a, b in zip((x, y, u, v), arrays, strict=True):
        assert a.dtype == b.dtype
        assert a.flags.c_contiguous
        np.testing.assert_array_equal(a, b)


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


def memory_of(call) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(ValueError):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


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


# ---- CIFAR -----------------------------------------------------------------------------------------------------------
TAR = files.archive({f"cifar-10-batches-bin/{name}": files.cifar_records(1)[2] for name in cifar10.NAMES})


@pytest.mark.parametrize("form", ["folder", "folder above", "archive"])
def test_cifar10(form, tmp_path):
    members = {name: files.cifar_records(2) for name in cifar10.NAMES}
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name, (_, _, data) in members.items():
        (folder / name).write_bytes(data)
    tar = {"cifar-10-batches-bin/readme.html": b"<html>", **{f"x/{n}": m[2] for n, m in members.items()}}
    (tmp_path / "some.tar.gz").write_bytes(files.archive(tar))
    place = {"folder": folder, "folder above": tmp_path, "archive": tmp_path / "some.tar.gz"}[form]
    xs, ys = ([members[n][i] for n in cifar10.NAMES] for i in (0, 1))
    assert_equal(cifar10.load_data(place), (np.concatenate(xs[:5]), np.concatenate(ys[:5]), xs[5], ys[5]))


@pytest.mark.parametrize(("mode", "column"), [("fine", 1), ("coarse", 0)])
def test_cifar100(mode, column, tmp_path):
    (x, y, train), (u, v, test) = files.cifar_records(3, labels=2), files.cifar_records(2, labels=2)
    (tmp_path / "train.bin").write_bytes(train)
    (tmp_path / "test.bin").write_bytes(test)
    expected = (x, y[:, [column]].astype("int64"), u, v[:, [column]].astype("int64"))
    assert_equal(cifar100.load_data(mode, tmp_path), expected)
    with pytest.raises(ValueError, match='"fine" or "coarse"'):
        cifar100.load_data("medium", tmp_path)


def test_the_planes_of_a_record_become_channels(tmp_path):
    """Red 1, green 2, blue 3; the second row of the red plane is 4."""
    planes = np.repeat(np.array([1, 2, 3], np.uint8), 1024).reshape(3, 32, 32)
    planes[0, 1] = 4
    for name in cifar10.NAMES:
        (tmp_path / name).write_bytes(b"\7" + planes.tobytes())
    (x, y), _ = cifar10.load_data(tmp_path)
    assert x.shape == (5, 32, 32, 3)
    assert y.tolist() == [[7]] * 5
    assert x[0, 0, 5].tolist() == [1, 2, 3]
    assert x[0, 1, 5].tolist() == [4, 2, 3]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected a positive multiple of 3073 bytes .* received 0"),
        (bytes(3072), "expected a positive multiple"),
        (bytes(3074 * 2), "expected a positive multiple"),
        (b"\x0a" + bytes(3072), "expected labels 0 to 9, received 10"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_damaged_cifar_files(data, message, packed, tmp_path):
    contents = {name: files.cifar_records(1)[2] for name in cifar10.NAMES} | {"data_batch_3.bin": data}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a.tar.gz").write_bytes(files.archive({f"x/{n}": c for n, c in contents.items()}))
    with pytest.raises(ValueError, match=message):
        cifar10.load_data(tmp_path / "a.tar.gz" if packed else tmp_path)


def test_cifar_files_that_are_missing(tmp_path):
    for name in cifar10.NAMES[:4]:
        (tmp_path / name).write_bytes(bytes(3073))
    with pytest.raises(FileNotFoundError, match=r"missing data_batch_5\.bin, test_batch\.bin"):
        cifar10.load_data(tmp_path)
    (tmp_path / "python.tar.gz").write_bytes(files.archive({"cifar-10-batches-py/data_batch_1": b"\x80\x02."}))
    with pytest.raises(FileNotFoundError, match=r"missing data_batch_1\.bin.*Is it CIFAR's \*binary\* version\?"):
        cifar10.load_data(tmp_path / "python.tar.gz")


def tar_of(info: tarfile.TarInfo, data: bytes = b"") -> bytes:
    return gzip.compress(info.tobuf() + data + bytes(1024))


def test_an_archive_cannot_reach_out_of_itself(tmp_path):
    """Links are refused, "../" in a member's path has no effect, and no file is written."""
    path = tmp_path / "a.tar.gz"
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
        info = tarfile.TarInfo("x/data_batch_1.bin")
        info.type, info.linkname = kind, "/etc/passwd"
        path.write_bytes(tar_of(info))
        with pytest.raises(ValueError, match="expected a regular file"):
            cifar10.load_data(path)
    members = {name: files.cifar_records(1)[2] for name in cifar10.NAMES}
    path.write_bytes(files.archive({f"../../{name}": data for name, data in members.items()}))
    cifar10.load_data(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


@pytest.mark.parametrize("size", [3073 * 10**6, 8**11 - 1, -3073])
def test_a_member_that_claims_too_much(size, tmp_path):
    info = tarfile.TarInfo("x/data_batch_1.bin")
    info.size = size
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(info.tobuf(format=tarfile.GNU_FORMAT) + bytes(2048)))
    assert memory_of(lambda: cifar10.load_data(path)) < 1 << 20


def test_an_archive_that_unpacks_without_end(tmp_path, monkeypatch):
    """An unused member that unpacks to more than the limit for an archive."""
    monkeypatch.setattr(reading, "MAX_BYTES", 1 << 22)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(files.archive({"filler": bytes(1 << 24), "x/data_batch_1.bin": bytes(3073)}))
    assert memory_of(lambda: cifar10.load_data(path)) < 1 << 22
    with pytest.raises(ValueError, match="unpacks to more bytes than"):
        cifar10.load_data(path)


@FEW
@given(st.binary(max_size=1200))
def test_any_bytes_as_an_archive(tmp_path, data):
    path = tmp_path / "a.tar.gz"
    for content in (data, gzip.compress(data)):
        path.write_bytes(content)
        with pytest.raises((reading.Damaged, FileNotFoundError), match=str(path)):
            cifar10.load_data(path)
