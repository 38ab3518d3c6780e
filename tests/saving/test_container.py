"""The bytes of a file follow the safetensors format; every field is checked before it is used."""

from __future__ import annotations

import json
import os
import pathlib
import struct
import zlib

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from netlet.saving.netlet_file.container import Container, write_container

ARRAYS = {
    "weights/kernel": np.arange(12, dtype=np.float32).reshape(3, 4),
    "weights/scalar": np.array(1.5),
    "weights/empty": np.zeros((0, 3), np.int64),
    "weights/mask": np.array([True, False, True]),
    "weights/half": np.array([0.5, np.inf, np.nan], np.float16),
    "weights/bytes": np.arange(5, dtype=np.uint8),
    "../../etc/passwd": np.arange(3, dtype=np.int32),
    "größe\n\"'\\": np.array([-1], np.int8),
}


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


# ---- the bytes -------------------------------------------------------------------------------------------------------
def test_what_is_written_is_read(tmp_path):
    path = str(tmp_path / "a.netlet")
    write_container(path, {"kind": "model", "nested": {"ä": [1, 2.5, None, "x"]}}, ARRAYS)
    file = Container(path)
    assert file.document["nested"] == {"ä": [1, 2.5, None, "x"]}
    assert file.names == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert file.spec(name) == (array.dtype.name, array.shape)
        assert same(file.read(name), array)
        assert file.nbytes(name) == array.nbytes


def test_the_safetensors_package_reads_it(tmp_path):
    path = tmp_path / "a.netlet"
    write_container(str(path), {"kind": "model"}, ARRAYS)
    for loaded in (safetensors.numpy.load_file(path), safetensors.numpy.load(path.read_bytes())):
        assert loaded.keys() == ARRAYS.keys()
        assert all(same(loaded[name], ARRAYS[name]) for name in ARRAYS)


def test_arrays_are_aligned_to_their_items(tmp_path):
    path = tmp_path / "a.netlet"
    write_container(str(path), {}, ARRAYS)
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    for name, array in ARRAYS.items():
        assert (8 + length + header[name]["data_offsets"][0]) % array.itemsize == 0


def test_strided_and_big_endian_arrays_are_written_as_they_read(tmp_path):
    arrays = {"t": np.arange(6.0).reshape(2, 3).T, "r": np.arange(5)[::-1], "b": np.arange(4, dtype=">f4")}
    write_container(str(tmp_path / "a.netlet"), {}, arrays)
    file = Container(str(tmp_path / "a.netlet"))
    assert all(np.array_equal(file.read(name), arrays[name]) for name in arrays)


def test_the_bytes_are_a_function_of_the_data(tmp_path):
    write_container(str(tmp_path / "a"), {"x": 1}, ARRAYS)
    write_container(str(tmp_path / "b"), {"x": 1}, dict(reversed(ARRAYS.items())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_description_too_long_for_a_header(tmp_path, monkeypatch):
    monkeypatch.setattr("netlet.saving.netlet_file.container._MAX_HEADER", 1000)
    with pytest.raises(ValueError, match="large arrays in a layer's config"):
        write_container(str(tmp_path / "a"), {"x": "y" * 1000}, {})
    assert not list(tmp_path.iterdir())


# ---- damaged and invalid files ---------------------------------------------------------------------------------------
def build(header, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def described(document, **tensors) -> dict:
    text = document if isinstance(document, str) else json.dumps(document)
    return {"__metadata__": {"netlet": text, "netlet_crc32": str(zlib.crc32(text.encode()))}, **tensors}


F32 = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
BAD_FILES = {
    "empty": b"",
    "seven bytes": b"\0" * 7,
    "length beyond the file": build({}, length=10**6),
    "length of 2**64 - 1": build({}, length=2**64 - 1),
    "header of a gigabyte declared": build({}, length=10**9),
    "no JSON": build(b"{]"),
    "a list": build(b"[]"),
    "not UTF-8": build(b'{"\xff":1}'),
    "nested deeply": build(b"[" * 100_000),
    "dicts nested deeply": build(b'{"a":' * 100_000),
    "no metadata": build({}),
    "another tool's file": build({"__metadata__": {"format": "pt"}, "a": F32}, b"1234"),
    "description without its sum": build({"__metadata__": {"netlet": "{}"}}),
    "wrong sum": build({"__metadata__": {"netlet": "{}", "netlet_crc32": "1"}}),
    "metadata is no string": build({"__metadata__": {"netlet": {}}}),
    "description is no JSON": build(described("{]")),
    "description nested deeply": build(described("[" * 100_000)),
    "description is a list": build(described([])),
    "no format": build(described({})),
    "format is a string": build(described({"format": "1"})),
    "a newer format": build(described({"format": 2})),
    "array beyond the file": build(described({"format": 1}, a={**F32, "data_offsets": [0, 400]}), b"1234"),
    "shape and bytes differ": build(described({"format": 1}, a={**F32, "shape": [2]}), b"1234"),
    "shape overflows": build(described({"format": 1}, a={**F32, "shape": [2**62, 4], "data_offsets": [0, 0]})),
    "negative shape": build(described({"format": 1}, a={**F32, "shape": [-1]}), b"1234"),
    "arrays overlap": build(described({"format": 1}, a=F32, b=F32), b"1234"),
    "a gap": build(described({"format": 1}, a={**F32, "data_offsets": [4, 8]}), b"12345678"),
    "bytes after the arrays": build(described({"format": 1}, a=F32), b"12345678"),
    "bytes missing": build(described({"format": 1}, a=F32), b"123"),
    "unknown dtype": build(described({"format": 1}, a={**F32, "dtype": "F99"}), b"1234"),
    "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93.",
    "zip": b"PK\x03\x04" + b"\0" * 100,
    "HDF5": b"\x89HDF\r\n\x1a\n" + b"\0" * 100,
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_none(content, tmp_path):
    path = tmp_path / "a.netlet"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.netlet"):
        Container(str(path))


BAD_ARRAYS = {
    "missing": ({"format": 1, "crc32": {}}, {}, b""),
    "no sums": ({"format": 1}, {"a": F32}, b"1234"),
    "sums are a list": ({"format": 1, "crc32": [1]}, {"a": F32}, b"1234"),
    "wrong sum": ({"format": 1, "crc32": {"a": 0}}, {"a": F32}, b"1234"),
    "sum is a string": ({"format": 1, "crc32": {"a": str(zlib.crc32(b"1234"))}}, {"a": F32}, b"1234"),
    "bfloat16": (
        {"format": 1, "crc32": {"a": 1}},
        {"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}},
        b"1234",
    ),
    "100 axes": ({"format": 1, "crc32": {"a": 1}}, {"a": {**F32, "shape": [1] * 100}}, b"1234"),
}


@pytest.mark.parametrize(("document", "tensors", "data"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_an_array_that_is_none(document, tensors, data, tmp_path):
    path = tmp_path / "a.netlet"
    path.write_bytes(build(described(document, **tensors), data))
    file = Container(str(path))
    with pytest.raises(ValueError, match=r"a\.netlet"):
        file.read("a")


def test_every_flipped_byte_is_told(tmp_path):
    """Changing any single byte raises an error or, in the header's padding, does not change what is read."""
    path = tmp_path / "a.netlet"
    arrays = {"w": np.arange(10, dtype=np.float32), "b": np.array([7], np.int64)}
    write_container(str(path), {"kind": "model", "rate": 0.001}, arrays)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    told = 0
    for i in range(len(good)):
        path.write_bytes(good[:i] + bytes([good[i] ^ int(rng.integers(1, 256))]) + good[i + 1 :])
        try:
            file = Container(str(path))
            read = {name: file.read(name) for name in arrays}
        except ValueError:
            told += 1
        else:
            assert file.document["rate"] == 0.001
            assert all(same(read[name], arrays[name]) for name in arrays)
    assert told > 0.9 * len(good)


def test_every_truncation_is_told(tmp_path):
    path = tmp_path / "a.netlet"
    write_container(str(path), {"kind": "model"}, {"w": np.arange(10, dtype=np.float32)})
    good = path.read_bytes()
    for i in range(len(good)):
        path.write_bytes(good[:i])
        with pytest.raises(ValueError, match=r"a\.netlet"):
            Container(str(path))


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", pathlib.Path("/dev/zero")):
        with pytest.raises(ValueError, match="is no regular file"):
            Container(str(path))
    with pytest.raises(FileNotFoundError):
        Container(str(tmp_path / "missing.netlet"))
