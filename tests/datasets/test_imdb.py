"""IMDB reviews from Keras's file (read without unpickling), plain arrays and Stanford's texts."""

from __future__ import annotations

import hashlib
import pathlib
import pickle
from dataclasses import replace

import keras
import numpy as np
import pytest

import netlet
from netlet.datasets import imdb, reading
from netlet.datasets.pickled_lists import read_pickled
from support import data_files as files
from support.imdb_files import TEXTS, imdb_file, kerass_file, lists, npy, objects, zipped


@pytest.fixture
def path(tmp_path):
    return imdb_file(tmp_path)


def assert_same(ours, theirs):
    for (x, y), (u, v) in zip(ours, theirs, strict=True):
        assert x.tolist() == [list(row) for row in u]
        assert x.dtype == object and all(type(row) is list for row in x)
        assert y.dtype == v.dtype == np.int64
        np.testing.assert_array_equal(y, v)


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
    pytest.importorskip("pooch")
    monkeypatch.setenv("NETLET_DATASETS", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with files.serving() as server:
        monkeypatch.setattr(imdb, "WORDS", server.holding(imdb.WORDS, b'{"a": 7}'))
        assert imdb.get_word_index() == {"a": 7} and server.asked == ["imdb_word_index.json"]
        (tmp_path / "imdb_word_index.json").unlink()
        wrong = replace(imdb.WORDS, sha256="", md5=hashlib.md5(b"other").hexdigest())
        monkeypatch.setattr(imdb, "WORDS", wrong)
        with pytest.raises(ValueError, match=r"is not imdb_word_index\.json"):
            imdb.get_word_index()
    (tmp_path / "imdb_word_index.json").write_text('{"the": 1, "à": 2}')
    assert imdb.get_word_index() == imdb.get_word_index(tmp_path / "imdb_word_index.json") == {"the": 1, "à": 2}
    for wrong in ("", "[1]", '{"a": 1.5}', '{"a": true}', "[" * 100_000, "\xff"):
        (tmp_path / "imdb_word_index.json").write_bytes(wrong.encode("latin-1"))
        with pytest.raises(reading.Damaged, match=r"imdb_word_index\.json"):
            imdb.get_word_index()
    (tmp_path / "imdb_word_index.json").write_text('{"the": 1}')
    monkeypatch.setattr("netlet.datasets.word_lists.MAX_WORDS", 3)
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
