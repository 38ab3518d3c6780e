"""cache: what is kept, when, and in which file."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet.data import Dataset


def counted(n=3):
    calls = []

    def make(i):
        calls.append(int(i))
        return {"x": np.full(2, i, "float32"), "t": (f"text {i}", None)}

    return Dataset.range(n).map(make), calls


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_whole_passes_are_kept(kind, tmp_path):
    data, calls = counted()
    kept = data.cache() if kind == "memory" else data.cache(tmp_path / "kept")
    next(iter(kept))
    assert calls == [0] and not list(tmp_path.iterdir()), "a pass that was left early is not kept"
    first, second = list(kept), list(kept)
    assert calls == [0, 0, 1, 2]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a["x"], b["x"])
        assert a["x"].dtype == b["x"].dtype and a["t"] == b["t"]


def test_a_later_script_reads_the_file(tmp_path):
    data, _ = counted()
    list(data.cache(tmp_path / "kept"))
    other, calls = counted()
    assert [item["t"][0] for item in other.cache(tmp_path / "kept")] == ["text 0", "text 1", "text 2"] and not calls


@pytest.mark.parametrize("content", [b"", b"text\n", b'{"dict": 3}\n12', b"0\n\x93NUMPY", b"{" * 99999, b"null\nx"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "kept").write_bytes(content)
    if content:
        with pytest.raises((ValueError, EOFError, OSError)):
            list(Dataset.range(3).cache(tmp_path / "kept"))
    else:
        assert list(Dataset.range(3).cache(tmp_path / "kept")) == []


def test_objects_do_not_go_to_a_file(tmp_path):
    data = Dataset.range(2).map(lambda i: np.array([{"a": 1}], object))
    with pytest.raises(TypeError, match="numbers or texts"):
        list(data.cache(tmp_path / "kept"))
    assert not list(tmp_path.iterdir())


def test_kept_items_cannot_be_changed():
    kept = Dataset.range(2).batch(2).cache()
    with pytest.raises(ValueError, match="read-only"):
        next(iter(kept))[0] = 5


def test_a_file_keeps_halves(tmp_path):
    rows = netlet.ops.cast([[1.5, -2.0], [0.25, 3.0]], "bfloat16").numpy()
    kept = Dataset.from_tensor_slices(rows).cache(tmp_path / "kept")
    for data in (list(kept), list(kept)):
        assert all(row.dtype == rows.dtype for row in data)
        np.testing.assert_array_equal(np.stack(data).astype("float32"), rows.astype("float32"))


def test_files_that_cache_did_not_write(tmp_path):
    """A cut file, an archive and an array of 8 terabytes, which NumPy's own reader would make room for."""
    path = tmp_path / "kept"
    list(Dataset.range(3).cache(path))
    content = path.read_bytes()
    line = content.index(b"\n") + 1
    huge = content[line:].replace(b"'shape': ()", b"'shape': (1099511627776,)", 1)
    for rest, problem in (
        (content[line:-20], "expected an array"),
        (b"PK\x03\x04" + bytes(100), "expected an array"),
        (huge, r"expected an array inside of the file, received int64 of shape \(1099511627776,\)"),
    ):
        path.write_bytes(content[:line] + rest)
        with pytest.raises(ValueError, match=rf"kept: {problem}"):
            list(Dataset.range(3).cache(path))
    path.unlink()
    list(Dataset.from_tensor_slices(np.array(["x"])).cache(path))
    path.write_bytes(path.read_bytes().replace(b"x\0\0\0", b"\xff" * 4))  # no character has this number
    with pytest.raises(ValueError, match="kept is damaged"):
        list(Dataset.range(3).cache(path))
    path.write_bytes(b'{"tuple":[' * 500 + b"0" + b"]}" * 500 + b"\n" + content[line:])
    with pytest.raises(ValueError, match="is not a file that `cache` wrote"):
        list(Dataset.range(3).cache(path))
