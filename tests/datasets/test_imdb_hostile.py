"""Damaged and hostile IMDB files: errors name the file, no pickle is loaded, and memory is limited."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlet.datasets import imdb, reading, reviews
from netlet.datasets.pickled_lists import read_pickled
from support import data_files as files
from support.imdb_files import TEXTS, imdb_file, npy, objects, zipped
from support.memory import memory_of

FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def path(tmp_path):
    return imdb_file(tmp_path)


class Evil:
    def __reduce__(self):
        return pytest.fail, ("a pickle was loaded",)


GOOD = pickle.dumps(objects([[1, 2], [300]]), protocol=4)
BAD = {
    "empty": b"",
    "a call": pickle.dumps(Evil(), protocol=4),
    "a call in an array": pickle.dumps(objects([[1], Evil()]), protocol=4),
    "a call in a list": pickle.dumps(objects([[1], [Evil()]]), protocol=2),
    "a call by name": b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.",
    "a call by stack": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.",
    "an array's constructor called otherwise": b"\x80\x02cnumpy\nndarray\nJ\xff\xff\xff\x7f\x85R.",
    "a dtype that is none": b"\x80\x02cnumpy\ndtype\nX\x02\0\0\0O9\x85R.",
    "strings": pickle.dumps(objects([["a"], ["b"]]), protocol=4),
    "floats": pickle.dumps(objects([[1.5]]), protocol=4),
    "negative": pickle.dumps(objects([[1, -1]]), protocol=4),
    "large": pickle.dumps(objects([[2**31]]), protocol=4),
    "integers": pickle.dumps(objects([1, 2]), protocol=4),
    "nested": pickle.dumps(objects([[[1]], [2]]), protocol=4),
    "a list": pickle.dumps([[1], [2]], protocol=4),
    "a dict": pickle.dumps({}, protocol=4),
    "one list twice": pickle.dumps(objects([(row := [1, 2, 3]), row]), protocol=4),
    "other rows": pickle.dumps(objects([[1], [2], [3]]), protocol=4),
    "text behind it": GOOD + b"x",
    "a second one": GOOD + GOOD,
    "protocol 0": pickle.dumps(objects([[1], [2]]), protocol=0),
    "no end": GOOD[:-1],
    "unknown memo": b"\x80\x02h\x05.",
    "empty stack": b"\x80\x02b.",
    "tuple of nothing": b"\x80\x02\x87.",
    "marks": b"\x80\x02" + b"(" * 500,
    "a long string": b"\x80\x02X\xff\xff\xff\x7f" + b"a" * 50,
    "persistent": b"\x80\x02Pid\n.",
}


@pytest.mark.parametrize("case", BAD)
def test_a_pickle_of_something_else_is_a_named_error(case, tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(zipped(x=npy(np.empty(2, object), payload=BAD[case])))
    with pytest.raises(reading.Damaged, match=str(path)):
        read_pickled(path, "x")


@FEW
@given(st.data())
def test_any_changed_pickle_is_read_or_named(tmp_path, data):
    changed = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.npz"
    path.write_bytes(zipped(x=npy(np.empty(2, object), payload=bytes(changed))))
    try:
        found = read_pickled(path, "x")
    except reading.Damaged as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert len(found.lengths) == 2
        assert found.lengths.sum() == len(found.tokens)
        assert (found.tokens >= 0).all()


@FEW
@given(st.binary(max_size=60))
def test_any_bytes_as_a_pickle(tmp_path, data):
    path = tmp_path / "a.npz"
    path.write_bytes(zipped(x=npy(np.empty(2, object), payload=b"\x80\x04" + data)))
    with pytest.raises(reading.Damaged, match=str(path)):
        read_pickled(path, "x")


def test_no_pickle_is_loaded(path, monkeypatch):
    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, lambda *_: pytest.fail("a pickle was loaded"))
    imdb.load_data(path)


def arrays(**changes):
    good = {"x": np.array([1, 2, 3], "int32"), "lengths": np.array([1, 2]), "y": np.array([0, 1])}
    return {f"{k}_{part}": v for k, v in {**good, **changes}.items() for part in ("train", "test")}


@pytest.mark.parametrize(
    "changes",
    [
        {"lengths": np.array([1, 1])},
        {"lengths": np.array([4, -1])},
        {"lengths": np.array([2**62, 2**62])},
        {"lengths": np.array([3])},
        {"lengths": np.array([[1, 2]])},
        {"lengths": np.array([1, 2], "int32")},
        {"y": np.array([0, 2])},
        {"y": np.array([0, -1])},
        {"y": np.array([0])},
        {"y": np.array([], "int64"), "lengths": np.array([], "int64")},
        {"x": np.array([1, -2, 3], "int32")},
        {"x": np.array([1, 2, 3], ">i4")},
        {"x": np.array([1, 2, 3], "int64")},
        {"x": np.array([1.0, 2, 3])},
        {"x": objects([[1], [2]])},
    ],
    ids=range(15),
)
def test_plain_arrays_that_do_not_fit_each_other(changes, tmp_path):
    np.savez(tmp_path / "own.npz", **arrays())
    imdb.load_data(tmp_path / "own.npz")
    np.savez(tmp_path / "own.npz", **arrays(**changes))
    with pytest.raises(reading.Damaged, match=str(tmp_path)):
        imdb.load_data(tmp_path / "own.npz")


@pytest.mark.parametrize("left_out", ["x_train", "y_train", "x_test", "y_test"])
def test_files_that_lack_arrays(left_out, tmp_path):
    np.savez(tmp_path / "own.npz", **{k: v for k, v in arrays().items() if k != left_out})
    with pytest.raises(reading.Damaged, match=f"missing {left_out}"):
        imdb.load_data(tmp_path / "own.npz")


def test_a_claim_takes_no_memory(tmp_path):
    path = tmp_path / "a.npz"
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|O", "fortran_order": False, "shape": (10**12,)})
    path.write_bytes(zipped(x=buffer.getvalue() + GOOD))
    assert memory_of(lambda: read_pickled(path, "x")) < 1 << 20
    header = buffer.getvalue().replace(b"|O", b"<i4").replace(b"10", b" 1", 1)
    path.write_bytes(zipped(x_train=header, lengths_train=b"", y_train=b""))
    assert memory_of(lambda: imdb.load_data(path)) < 1 << 20


def test_archives_that_are_none_or_bombs(tmp_path, monkeypatch):
    path = tmp_path / "a.tar.gz"
    for content in (b"", b"no archive", files.archive({"x": b"y"}), files.archive({"train/pos/1.txt": b"good"})):
        path.write_bytes(content)
        with pytest.raises(reading.Damaged, match=str(path)):
            imdb.load_data(path)
    path.write_bytes(files.archive({**TEXTS, "aclImdb/train/pos/2_9.txt": bytes(reviews.MAX_REVIEW + 1)}))
    with pytest.raises(reading.Damaged, match="expected a review of at most"):
        imdb.load_data(path)
    info = tarfile.TarInfo("train/pos/1.txt")
    info.size = 8**11 - 1
    path.write_bytes(gzip.compress(info.tobuf(format=tarfile.GNU_FORMAT) + bytes(2048)))
    assert memory_of(lambda: imdb.load_data(path)) < 1 << 20
    monkeypatch.setattr(reading, "MAX_BYTES", 1 << 20)
    path.write_bytes(files.archive({"filler": bytes(1 << 22), **TEXTS}))
    with pytest.raises(reading.Damaged, match="unpacks to more bytes than"):
        imdb.load_data(path)


def test_an_archive_cannot_reach_out_of_itself(tmp_path):
    path = tmp_path / "a.tar.gz"
    link = tarfile.TarInfo("train/pos/1.txt")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    path.write_bytes(gzip.compress(link.tobuf() + bytes(1024)))
    with pytest.raises(reading.Damaged, match="expected reviews in train/pos"):
        imdb.load_data(path)
    path.write_bytes(files.archive({f"../../{name}": text for name, text in TEXTS.items()}))
    imdb.load_data(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


def test_other_mistakes(path, tmp_path):
    with pytest.raises(ValueError, match=r"no text is shorter than `maxlen`=1\. Increase"):
        imdb.load_data(path, maxlen=1)
    with pytest.raises(ValueError, match="received a folder"):
        imdb.load_data(tmp_path)
    json.dumps(imdb.load_data(path)[0][0].tolist())  # plain integers
