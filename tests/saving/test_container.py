"""The bytes of a file: what safetensors says they are, replaced whole, and believed only after checks."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
import zlib

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from netlet.saving import atomic
from netlet.saving.container import Container, write_container
from support.child import run_child

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
    monkeypatch.setattr("netlet.saving.container._MAX_HEADER", 1000)
    with pytest.raises(ValueError, match="large arrays in a layer's config"):
        write_container(str(tmp_path / "a"), {"x": "y" * 1000}, {})
    assert not list(tmp_path.iterdir())


# ---- replacing -------------------------------------------------------------------------------------------------------
STEPS = ["open", "write", "fsync", "replace"]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT], ids=errno.errorcode.get)
@pytest.mark.parametrize("at", range(1, 8))
@pytest.mark.parametrize("step", STEPS)
def test_an_error_at_any_step_leaves_the_old_file(step, at, error, tmp_path, monkeypatch):
    path = tmp_path / "a.netlet"
    path.write_bytes(b"old")
    calls = 0
    real = getattr(os, step)

    def failing(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == at:
            if step == "write":
                real(args[0], memoryview(args[1])[:1])  # the disk takes one byte more before it is full
            raise OSError(error, os.strerror(error))
        return real(*args, **kwargs)

    monkeypatch.setattr(atomic.os, step, failing)
    parts = [b"new", b" and", b" more"]
    whole = b"".join(parts)
    caught = None
    try:
        atomic.replace_file(str(path), parts)
    except OSError as raised:
        caught = raised.errno
    assert caught == (error if calls == at else None)
    # Only an error after the rename may come with the new file, and then with all of it.
    renamed = caught is None or (step, at) in {("open", 2), ("fsync", 2)}
    assert path.read_bytes() == (whole if renamed else b"old")
    assert list(tmp_path.iterdir()) == [path]  # no temporary file stays


def test_every_step_was_reached(tmp_path, monkeypatch):
    """The test above can fail: each of its steps is taken, in the order that makes the promise true."""
    order = []

    def noted(step, real):
        def call(*args, **kwargs):
            order.append(step)
            return real(*args, **kwargs)

        return call

    for step in STEPS:
        monkeypatch.setattr(atomic.os, step, noted(step, getattr(os, step)))
    atomic.replace_file(str(tmp_path / "a"), [b"x", b"y"])
    assert order == ["open", "write", "write", "fsync", "replace", "open", "fsync"]


def test_short_writes_are_continued(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(atomic.os, "write", lambda handle, data: real(handle, memoryview(data)[:3]))
    atomic.replace_file(str(tmp_path / "a"), [b"abcdefgh", memoryview(b""), b"ij"])
    assert (tmp_path / "a").read_bytes() == b"abcdefghij"


def test_a_full_disk_for_real(tmp_path):
    """The kernel itself refuses: a limit on the file's size stands in for a full disk."""
    run_child(
        f"""
        import errno, os, resource, numpy as np
        from netlet.saving.container import Container, write_container
        path = {str(tmp_path / "a.netlet")!r}
        write_container(path, {{"kind": "old"}}, {{"w": np.ones(10)}})
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            write_container(path, {{"kind": "new"}}, {{"w": np.zeros(1_000_000)}})
        except OSError as error:
            assert error.errno == errno.EFBIG, error
        else:
            raise SystemExit("it was written")
        assert Container(path).document["kind"] == "old"
        assert Container(path).read("w").sum() == 10
        assert os.listdir({str(tmp_path)!r}) == ["a.netlet"]
        """
    )


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_directory_that_may_not_be_written():
    """In a child that gives up being root, where it is, for root may write anywhere."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "a.netlet"
        path.write_bytes(b"old")
        run_child(
            f"""
            import os
            import netlet
            from netlet.saving import atomic
            model = netlet.Sequential([netlet.Input((2,)), netlet.layers.Dense(1)])
            os.chmod({folder!r}, 0o555)
            if os.geteuid() == 0:
                os.seteuid(65534)
            assert os.listdir({folder!r}) == ["a.netlet"]
            for save in (lambda: atomic.replace_file({str(path)!r}, [b"new"]), lambda: model.save({str(path)!r})):
                try:
                    save()
                except PermissionError as error:
                    assert {folder!r} in str(error), error
                else:
                    raise SystemExit("it was written")
            """
        )
        assert path.read_bytes() == b"old"
        os.chmod(folder, 0o700)


def test_a_missing_directory(tmp_path):
    with pytest.raises(FileNotFoundError):
        atomic.replace_file(str(tmp_path / "missing" / "a"), [b"x"])


def test_permissions_stay_and_new_files_follow_the_umask(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"")
    old.chmod(0o640)
    atomic.replace_file(str(old), [b"x"])
    assert old.stat().st_mode & 0o777 == 0o640
    before = os.umask(0o027)
    try:
        atomic.replace_file(str(new), [b"x"])
    finally:
        os.umask(before)
    assert new.stat().st_mode & 0o777 == 0o640


def test_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "disk").mkdir()
    target, link = tmp_path / "disk" / "real", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    atomic.replace_file(str(link), [b"new"])
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_name_as_long_as_names_may_be(tmp_path):
    path = tmp_path / ("n" * 248 + ".netlet")
    atomic.replace_file(str(path), [b"x"])
    assert path.read_bytes() == b"x"


def test_ctrl_c_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def interrupted(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic.replace_file(str(path), [b"new"])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


SAVER = """
import sys
import numpy as np
from netlet.saving.container import write_container
path, start = sys.argv[1], int(sys.argv[2])
print("ready", flush=True)
for i in range(start, start + 100_000):
    write_container(path, {"kind": "model", "number": i}, {"w": np.full(200_000, i, np.float64)})
"""


def kill_loop(tmp_path: pathlib.Path, kills: int) -> None:
    """A process that saves without end is killed at random moments; the file is whole each time, never an older one."""
    path = tmp_path / "a.netlet"
    rng = np.random.default_rng(0)
    number = -1
    for _ in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(SAVER), str(path), str(number + 1)], stdout=subprocess.PIPE
        )
        assert child.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0, 0.05))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        if not path.exists():
            assert number == -1
            continue
        file = Container(str(path))
        assert file.document["number"] >= number
        number = file.document["number"]
        assert (file.read("w") == number).all()
        for leftover in tmp_path.glob(".netlet-*.tmp"):
            leftover.unlink()
    assert number > 0
    assert list(tmp_path.iterdir()) == [path]


def test_killed_saves(tmp_path):
    kill_loop(tmp_path, 20)


@pytest.mark.slow
def test_killed_saves_200_times(tmp_path):
    kill_loop(tmp_path, 200)


# ---- not believing ---------------------------------------------------------------------------------------------------
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
    """No change of one byte is taken for data: each ends in an error, or (in the header's blanks) changes nothing."""
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
