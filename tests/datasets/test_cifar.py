"""CIFAR-10 and CIFAR-100: valid files and archives give Keras's arrays; damaged or hostile ones raise errors."""

from __future__ import annotations

import gzip
import tarfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlet.datasets import cifar10, cifar100, reading
from support import data_files as files
from support.data_files import assert_equal
from support.memory import memory_of

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


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


def test_a_skipped_member_of_any_size(tmp_path):
    """`tarfile` skips a member by reads of 10 kB each, however many it claims: 213 bytes took for ever."""
    info = tarfile.TarInfo("other")
    info.pax_headers = {"size": "9" * 30}
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(info.tobuf(format=tarfile.PAX_FORMAT) + bytes(2048)))
    with pytest.raises(reading.Damaged, match="is truncated: a member has more bytes than the archive"):
        cifar10.load_data(path)


@FEW
@given(st.binary(max_size=1200))
def test_any_bytes_as_an_archive(tmp_path, data):
    path = tmp_path / "a.tar.gz"
    for content in (data, gzip.compress(data)):
        path.write_bytes(content)
        with pytest.raises((reading.Damaged, FileNotFoundError), match=str(path)):
            cifar10.load_data(path)
