"""IMDB reviews from Keras's file (read without unpickling), plain arrays and Stanford's texts; hostile files."""

from __future__ import annotations

import gzip
import io
import json
import pathlib
import pickle
import tarfile
import tracemalloc
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import netlet
from netlet.datasets import imdb, reading, reviews
from netlet.datasets.pickled_lists import read_pickled
from support import data_files as files

FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def objects(rows):
    out = np.empty(len(rows), object)
    out[:] = rows
    return out


def lists(count, longest=30, largest=70_000, seed=0):
    rng = np.random.default_rng(seed)
    return [[int(v) for v in rng.integers(1, largest, rng.integers(1, longest))] for _ in range(count)]


def npy(array, protocol=4, payload=None) -> bytes:
    """An object array in NumPy's .npy format, pickled with the given protocol."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|O", "fortran_order": False, "shape": array.shape})
    return buffer.getvalue() + (pickle.dumps(array, protocol=protocol) if payload is None else payload)


def plain(array) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def kerass_file(train, test, protocol=4) -> bytes:
    rng = np.random.default_rng(1)
    y = [rng.integers(0, 2, len(part)) for part in (train, test)]
    x = [npy(objects(part), protocol) for part in (train, test)]
    return zipped(x_train=x[0], y_train=plain(y[0]), x_test=x[1], y_test=plain(y[1]))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "imdb.npz"
    path.write_bytes(kerass_file(lists(60), lists(40, seed=2)))
    return path


def assert_same(ours, theirs):
    for (x, y), (u, v) in zip(ours, theirs, strict=True):
        assert x.tolist() == [list(row) for row in u]
        assert x.dtype == object and all(type(row) is list for row in x)
        assert y.dtype == v.dtype == np.int64
        np.testing.assert_array_equal(y, v)


# ---- what is read ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"num_words": 5000},
        {"num_words": 5000, "skip_top": 700},
        {"maxlen": 15},
        {"num_words": 5000, "oov_char": None, "skip_top": 10},
        {"start_char": None},
        {"start_char": None, "index_from": 0, "num_words": 300},
        {"seed": 7, "start_char": 9, "oov_char": 8, "index_from": 10},
    ],
)
def test_what_is_loaded_is_what_keras_loads(arguments, path, monkeypatch):
    monkeypatch.setattr("keras.src.datasets.imdb.get_file", lambda **_: str(path))
    assert_same(imdb.load_data(path, **arguments), keras.datasets.imdb.load_data(**arguments))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "rows",
    [
        lists(3),
        lists(1),
        [[]],
        [[], [5], []],
        [[0, 255, 256, 65_535, 65_536, 2**31 - 1]],
        [list(range(2500)), [1], list(range(1001))],
        lists(2001, 4),
        [[i % 70_000 for i in range(100_000)], [1], [70_000] * 40_000],
        lists(1001, 4),
    ],
)
def test_lists_that_numpy_pickled(protocol, rows, tmp_path):
    """Picklers write lists in batches of a thousand elements, and a batch of one element with another opcode."""
    data = pickle.dumps(objects(rows), protocol=protocol)
    if protocol == 2:  # Python 3 writes bytes as a call of codecs.encode; Python 2, which wrote Keras's file, did not
        start = data.index(b"c_codecs\nencode\n")
        data = data[:start] + b"U\x01b" + data[data.index(b"R", start) + 1 :]
    (tmp_path / "a.npz").write_bytes(zipped(x=npy(objects(rows), payload=data)))
    found = read_pickled(tmp_path / "a.npz", "x")
    assert found.lists().tolist() == rows
    assert found.tokens.dtype == np.int32


def test_a_converted_file_holds_the_same(path, tmp_path):
    imdb.convert(path, tmp_path / "plain.npz")
    with np.load(tmp_path / "plain.npz", allow_pickle=False) as arrays:
        assert {k: str(v.dtype) for k, v in arrays.items()} == {
            **dict.fromkeys(("x_train", "x_test"), "int32"),
            **dict.fromkeys(("lengths_train", "lengths_test", "y_train", "y_test"), "int64"),
        }
    assert_same(imdb.load_data(tmp_path / "plain.npz", num_words=900), imdb.load_data(path, num_words=900))


TEXTS = {
    "aclImdb/README": b"not a review",
    "aclImdb/train/unsup/1_0.txt": b"unsupervised unsupervised unsupervised",
    "aclImdb/train/pos/1_9.txt": b"Good, good film!<br /><br />It's good",
    "aclImdb/train/neg/0_1.txt": b"a BAD film",
    "aclImdb/test/neg/1_2.txt": b"a bad, unheard-of film",
    "aclImdb/test/pos/0_8.txt": b"good",
}


def test_stanfords_texts(tmp_path):
    """Ranks by frequency in the training texts: good 3 times, film twice; a, bad, its once, by first appearance."""
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(files.archive(TEXTS))
    (x, y), (u, v) = imdb.load_data(tmp_path / "aclImdb_v1.tar.gz", start_char=None, index_from=0, num_words=100)
    assert sorted(zip(y.tolist(), x.tolist())) == [(0, [3, 4, 2]), (1, [1, 1, 2, 5, 1])]
    assert sorted(zip(v.tolist(), u.tolist())) == [(0, [3, 4, 2]), (1, [1])]
    imdb.convert(tmp_path / "aclImdb_v1.tar.gz", tmp_path / "plain.npz")
    assert_same(imdb.load_data(tmp_path / "plain.npz"), imdb.load_data(tmp_path / "aclImdb_v1.tar.gz"))


def test_reviews_train_a_model(path):
    (x, y), _ = imdb.load_data(path, num_words=500)
    padded = netlet.utils.pad_sequences(x, maxlen=20)
    bags = netlet.layers.CategoryEncoding(500)(padded)
    model = netlet.Sequential([netlet.Input((500,)), netlet.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    loss = model.fit(bags, y, epochs=5, verbose=0).history["loss"]
    assert loss[-1] < loss[0]


def test_the_word_index(tmp_path, monkeypatch):
    monkeypatch.setenv("NETLET_DATASETS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"Get it from https://.*/imdb_word_index\.json"):
        imdb.get_word_index()
    (tmp_path / "imdb_word_index.json").write_text('{"the": 1, "à": 2}')
    assert imdb.get_word_index() == imdb.get_word_index(tmp_path / "imdb_word_index.json") == {"the": 1, "à": 2}
    for wrong in ("", "[1]", '{"a": 1.5}', '{"a": true}', "[" * 100_000, "\xff"):
        (tmp_path / "imdb_word_index.json").write_bytes(wrong.encode("latin-1"))
        with pytest.raises(reading.Damaged, match=r"imdb_word_index\.json"):
            imdb.get_word_index()
    (tmp_path / "imdb_word_index.json").write_text('{"the": 1}')
    monkeypatch.setattr(imdb, "_MAX_WORDS", 3)
    with pytest.raises(reading.Damaged, match="expected a word index of at most"):
        imdb.get_word_index()


def test_a_file_that_is_not_there_is_downloaded_and_verified(tmp_path, monkeypatch):
    pytest.importorskip("pooch")
    monkeypatch.setenv("NETLET_DATASETS", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    data = kerass_file(lists(5), lists(4))
    with files.serving() as server:
        monkeypatch.setattr(imdb, "ARCHIVE", server.holding(imdb.ARCHIVE, data))
        first = imdb.load_data()
        assert_same(imdb.load_data(), first)
        assert server.asked == ["imdb.npz"]
    assert (tmp_path / "cache" / "imdb.npz").read_bytes() == data


def test_the_origin_is_pinned():
    """The SHA-256 is also in Keras's source."""
    assert imdb.ARCHIVE.sha256 in pathlib.Path(keras.src.datasets.imdb.__file__).read_text()


# ---- hostile files ---------------------------------------------------------------------------------------------------
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


def memory_of(call) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(ValueError):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


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
    with pytest.raises(ValueError, match=r"no review is shorter than `maxlen`=1\. Increase"):
        imdb.load_data(path, maxlen=1)
    with pytest.raises(ValueError, match="received a folder"):
        imdb.load_data(tmp_path)
    json.dumps(imdb.load_data(path)[0][0].tolist())  # plain integers
