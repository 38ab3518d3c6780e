"""Replacing a file is atomic: whatever fails, the path holds the complete old file or the complete new one."""

from __future__ import annotations

import builtins
import errno
import os
import pathlib
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time

import numpy as np
import pytest

from netlet.saving import atomic
from netlet.saving.netlet_file.container import Container
from support.child import run_child

# (module, function) of each step: the temporary file, its content, the directory.
STEPS = {"create": (builtins, "open"), **{name: (os, name) for name in ("write", "fsync", "replace", "open")}}


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT], ids=errno.errorcode.get)
@pytest.mark.parametrize("at", range(1, 8))
@pytest.mark.parametrize("step", STEPS)
def test_an_error_at_any_step_leaves_the_old_file(step, at, error, tmp_path, monkeypatch):
    path = tmp_path / "a.netlet"
    path.write_bytes(b"old")
    calls = 0
    real = getattr(*STEPS[step])

    def failing(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == at:
            if step == "write":
                real(args[0], memoryview(args[1])[:1])  # one more byte is written before the disk is full
            raise OSError(error, os.strerror(error))
        return real(*args, **kwargs)

    parts = [b"new", b" and", b" more"]
    whole = b"".join(parts)
    caught, message = None, str(path)
    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[step], failing)
        try:
            atomic.replace_file(str(path), parts)
        except OSError as raised:
            caught, message = raised.errno, str(raised)
    assert str(path) in message
    assert caught == (error if calls == at else None)
    # The new file, complete, may be there despite an error only if the error comes after the rename.
    renamed = caught is None or (step, at) in {("open", 1), ("fsync", 2)}
    assert path.read_bytes() == (whole if renamed else b"old")
    assert list(tmp_path.iterdir()) == [path]  # no temporary file is left


def test_every_step_was_reached(tmp_path, monkeypatch):
    """replace_file makes each call that the test above lets fail, in the order that makes the replacement atomic."""
    order = []

    def noted(step, real):
        def call(*args, **kwargs):
            order.append(step)
            return real(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for step, place in STEPS.items():
            patch.setattr(*place, noted(step, getattr(*place)))
        atomic.replace_file(str(tmp_path / "a"), [b"x", b"y"])
    assert order == ["create", "write", "write", "fsync", "replace", "open", "fsync"]


def test_a_file_system_that_cannot_sync_directories(tmp_path, monkeypatch):
    real = os.fsync

    def fsync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real(handle)

    monkeypatch.setattr(atomic.os, "fsync", fsync)
    atomic.replace_file(str(tmp_path / "a"), [b"x"])
    assert (tmp_path / "a").read_bytes() == b"x"


def test_short_writes_are_continued(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(atomic.os, "write", lambda handle, data: real(handle, memoryview(data)[:3]))
    atomic.replace_file(str(tmp_path / "a"), [b"abcdefgh", memoryview(b""), b"ij"])
    assert (tmp_path / "a").read_bytes() == b"abcdefghij"


def test_a_full_disk_for_real(tmp_path):
    """The operating system refuses the write: a limit on file sizes stands in for a full disk."""
    run_child(
        f"""
        import errno, os, resource, numpy as np
        from netlet.saving.netlet_file.container import Container, write_container
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
    """Runs in a child that gives up root privileges if it has them, because root may write anywhere."""
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
from netlet.saving.netlet_file.container import write_container
path, start = sys.argv[1], int(sys.argv[2])
print("ready", flush=True)
for i in range(start, start + 100_000):
    write_container(path, {"kind": "model", "number": i}, {"w": np.full(200_000, i, np.float64)})
    print("saved", flush=True)
"""


def kill_loop(tmp_path: pathlib.Path, kills: int) -> None:
    """Kills a saving process at random times; each time the file is complete and not older than the last one."""
    path = tmp_path / "a.netlet"
    rng = np.random.default_rng(0)
    number = -1
    for _ in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(SAVER), str(path), str(number + 1)], stdout=subprocess.PIPE
        )
        assert child.stdout.readline() == b"ready\n"
        for _ in range(rng.integers(3)):
            assert child.stdout.readline() == b"saved\n"
        time.sleep(rng.uniform(0, 0.02))  # a random point of the next save
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
