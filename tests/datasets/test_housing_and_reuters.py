"""Houses and newswires: what Keras loads from the same file, and files with other contents."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from netlet.datasets import boston_housing, california_housing, reading, reuters, source
from support import data_files as files
from support.imdb_files import lists, npy, objects, plain, zipped

RNG = np.random.default_rng(0)
HOUSES = {"boston_housing": (boston_housing, 13), "california_housing": (california_housing, 8)}


def write(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("name", HOUSES)
@pytest.mark.parametrize("arguments", [{}, {"test_split": 0.35, "seed": 4}, {"test_split": 0}, {"version": "small"}])
def test_houses_are_those_of_keras(name, arguments, tmp_path, monkeypatch):
    if name == "boston_housing" and "version" in arguments:
        pytest.skip("one version")
    module, features = HOUSES[name]
    path = write(tmp_path / "own.npz", x=RNG.normal(size=(700, features)), y=RNG.normal(size=700))
    monkeypatch.setattr(f"keras.src.datasets.{name}.get_file", lambda *_, **__: str(path))
    ours = module.load_data(path=path, **arguments)
    theirs = getattr(keras.datasets, name).load_data(**arguments)
    for a, b in zip((a for split in ours for a in split), (b for split in theirs for b in split), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


@pytest.mark.parametrize("name", HOUSES)
def test_other_houses(name, tmp_path):
    module, features = HOUSES[name]
    x, y = np.zeros((5, features)), np.zeros(5)
    for arrays in ({"x": x}, {"x": x, "y": y[1:]}, {"x": x[:, 1:], "y": y}, {"x": x.astype(int), "y": y}):
        with pytest.raises(reading.Damaged):
            module.load_data(path=write(tmp_path / "a.npz", **arrays))
    (tmp_path / "b.npz").write_bytes(zipped(x=npy(objects([[1]])), y=plain(y)))
    with pytest.raises(reading.Damaged):
        module.load_data(path=tmp_path / "b.npz")
    with pytest.raises(ValueError, match=r"`test_split` in \[0, 1\)"):
        module.load_data(path=tmp_path / "a.npz", test_split=1)
    with pytest.raises(ValueError, match='"small" or "large"'):
        california_housing.load_data("medium")


@pytest.fixture
def newswires(tmp_path):
    path = tmp_path / "own.npz"
    texts = lists(60, largest=900)
    path.write_bytes(zipped(x=npy(objects(texts)), y=plain(RNG.integers(0, 46, 60))))
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"num_words": 300, "skip_top": 20},
        {"maxlen": 15, "test_split": 0.5},
        {"num_words": 300, "oov_char": None},
        {"start_char": None, "seed": 5},
        {"start_char": None, "index_from": 0, "num_words": 300},
    ],
)
def test_newswires_are_those_of_keras(arguments, newswires, monkeypatch):
    monkeypatch.setattr("keras.src.datasets.reuters.get_file", lambda **_: str(newswires))
    ours, theirs = reuters.load_data(newswires, **arguments), keras.datasets.reuters.load_data(**arguments)
    for (x, y), (u, v) in zip(ours, theirs, strict=True):
        assert x.tolist() == [list(row) for row in u]
        np.testing.assert_array_equal(y, v)


def test_names_of_topics():
    assert reuters.get_label_names() == keras.datasets.reuters.get_label_names()


def test_other_newswires(tmp_path):
    x, y = np.array([3, 1, 2], "int32"), np.array([0, 45])
    good = {"x": x, "lengths": np.array([1, 2]), "y": y}
    assert len(reuters.load_data(write(tmp_path / "a.npz", **good))[0][1]) == 1
    for change in (
        {"y": y + 1},
        {"y": y[:1]},
        {"lengths": np.array([1, 3])},
        {"x": -x},
        {"lengths": np.array([4, -1])},
    ):
        with pytest.raises(reading.Damaged):
            reuters.load_data(write(tmp_path / "a.npz", **{**good, **change}))
    with pytest.raises(ValueError, match=r"reuters\.load_data: no text is shorter"):
        reuters.load_data(write(tmp_path / "a.npz", **good), maxlen=1)


def test_downloads_are_verified(tmp_path, monkeypatch, newswires):
    pytest.importorskip("pooch")
    monkeypatch.setenv("NETLET_DATASETS", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with files.serving() as server:
        monkeypatch.setattr(reuters, "ARCHIVE", server.holding(reuters.ARCHIVE, newswires.read_bytes()))
        monkeypatch.setattr(reuters, "WORDS", server.holding(reuters.WORDS, b'{"the": 1}'))
        assert reuters.load_data()[0][0].shape == (48,) and reuters.get_word_index() == {"the": 1}
        assert server.asked == ["reuters.npz", "reuters_word_index.json"]
    (tmp_path / "cache" / "reuters.npz").write_bytes(b"other")
    with pytest.raises(ValueError, match="expected SHA-256"):
        reuters.load_data()


def test_the_pinned_hashes_are_those_of_keras():
    import inspect

    for module in (boston_housing, california_housing, reuters):
        theirs = inspect.getsource(getattr(keras.datasets, module.__name__.rpartition(".")[2]).load_data)
        assert module.ARCHIVE.sha256 in theirs and module.ARCHIVE.name in theirs
    assert reuters.WORDS.md5 in inspect.getsource(keras.datasets.reuters.get_word_index)
    assert source.RemoteFile("a", "b", md5="c").known_hash == "md5:c"
