"""Downloads happen once, are verified and limited in size; helpful errors without network, pooch or the right file."""

from __future__ import annotations

import hashlib
import pathlib

import numpy as np
import pytest

from netlet import datasets
from netlet.datasets import cifar10, fashion_mnist, mnist, source
from support import data_files as files
from support.child import run_child

pytest.importorskip("pooch")


@pytest.fixture(scope="module")
def one_server():
    with files.serving() as server:
        yield server


@pytest.fixture
def server(one_server, tmp_path, monkeypatch):
    """A local file server, and an empty cache folder."""
    one_server.files.clear(), one_server.asked.clear()
    monkeypatch.setenv("NETLET_DATASETS", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return one_server


@pytest.fixture
def archive(server, monkeypatch):
    """Puts a small mnist.npz on the server and returns its arrays."""
    (x, y), (u, v) = files.digits(6), files.digits(2)
    file = server.holding(mnist.ARCHIVE, files.npz(x_train=x, y_train=y, x_test=u, y_test=v))
    monkeypatch.setattr(mnist, "ARCHIVE", file)
    return x, y, u, v


def assert_equal(loaded, arrays):
    (x, y), (u, v) = loaded
    for a, b in zip((x, y, u, v), arrays, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_mnist_is_downloaded_once_and_then_read_from_the_cache(server, archive, tmp_path):
    assert_equal(mnist.load_data(), archive)
    assert_equal(mnist.load_data(), archive)
    assert server.asked == ["mnist.npz"]
    assert [p.name for p in (tmp_path / "cache").iterdir()] == ["mnist.npz"]


def test_the_second_call_needs_neither_network_nor_pooch(server, archive, monkeypatch):
    mnist.load_data()
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked"))
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    assert_equal(mnist.load_data(), archive)


def test_a_name_that_is_no_file_yet_is_a_place_in_the_cache_folder_as_in_keras(server, archive, tmp_path):
    assert_equal(mnist.load_data(path="other/name.npz"), archive)
    assert (tmp_path / "cache" / "other" / "name.npz").exists()
    assert_equal(mnist.load_data(tmp_path / "here.npz"), archive)
    assert (tmp_path / "here.npz").exists()


def test_fashion_mnist_is_four_files(server, tmp_path, monkeypatch):
    arrays = files.digit_folder(tmp_path)
    contents = [(tmp_path / file.name.rpartition("/")[2]).read_bytes() for file in fashion_mnist.FILES]
    monkeypatch.setattr(
        fashion_mnist, "FILES", [server.holding(f, data) for f, data in zip(fashion_mnist.FILES, contents)]
    )
    assert_equal(fashion_mnist.load_data(), arrays.values())
    assert_equal(fashion_mnist.load_data(), arrays.values())
    assert len(server.asked) == 4
    assert (tmp_path / "cache" / "fashion-mnist" / "train-images-idx3-ubyte.gz").exists()


def test_cifar10_is_an_archive(server, monkeypatch):
    members = {name: files.cifar_records(2) for name in cifar10.NAMES}
    data = files.archive({f"cifar-10-batches-bin/{name}": m[2] for name, m in members.items()})
    monkeypatch.setattr(cifar10, "ARCHIVE", server.holding(cifar10.ARCHIVE, data))
    (x, y), (u, v) = cifar10.load_data()
    np.testing.assert_array_equal(x, np.concatenate([members[n][0] for n in cifar10.NAMES[:5]]))
    np.testing.assert_array_equal(y, np.concatenate([members[n][1] for n in cifar10.NAMES[:5]]))
    np.testing.assert_array_equal(u, members["test_batch.bin"][0])
    np.testing.assert_array_equal(v, members["test_batch.bin"][1])
    assert server.asked == ["cifar-10-binary.tar.gz"]


def test_a_wrong_file_is_not_kept(server, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "ARCHIVE", server.holding(mnist.ARCHIVE, b"something else", sha256="0" * 64))
    with pytest.raises(ValueError, match=r"is not mnist\.npz.*SHA256 hash.*does not match.*pass its path as `path=`"):
        mnist.load_data()
    assert not any(p.is_file() for p in (tmp_path / "cache").rglob("*"))


def test_more_bytes_than_the_file_has_are_not_taken(server, archive, tmp_path):
    server.files["mnist.npz"] += bytes(1 << 22)
    with pytest.raises(ValueError, match="received more bytes than the file has"):
        mnist.load_data()
    assert not any(p.is_file() for p in (tmp_path / "cache").rglob("*"))


def test_a_damaged_file_in_the_cache_is_named_and_left_alone(server, archive, tmp_path):
    mnist.load_data()
    path = tmp_path / "cache" / "mnist.npz"
    damaged = bytearray(path.read_bytes())
    damaged[100] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"mnist\.npz is damaged or another file: expected SHA-256 .* Delete it"):
        mnist.load_data()
    assert path.read_bytes() == damaged
    assert len(server.asked) == 1


def test_a_file_that_the_server_does_not_have(server, archive):
    server.files.clear()
    with pytest.raises(ConnectionError, match=r"could not be downloaded.*404.*put it at .*mnist\.npz"):
        mnist.load_data()


def test_offline_says_how_to_do_without(server, monkeypatch):
    with files.serving() as gone:
        file = gone.holding(mnist.ARCHIVE, b"")
    monkeypatch.setattr(mnist, "ARCHIVE", file)  # nobody listens on that port any more
    with pytest.raises(ConnectionError, match=r"could not be downloaded from http.*pass its path as `path=`"):
        mnist.load_data()


def test_without_pooch_the_error_names_the_extra(server, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    with pytest.raises(ImportError, match=r"pip install 'netlet\[datasets\]'.*put it at"):
        cifar10.load_data()


def test_a_cache_folder_that_cannot_be_written(server, archive, tmp_path):
    (tmp_path / "cache").write_text("a file, no folder")
    with pytest.raises(OSError, match="cache"):
        mnist.load_data()


def test_the_cache_folder(monkeypatch):
    monkeypatch.setenv("NETLET_DATASETS", "~/sets")
    assert source.cache_folder() == pathlib.Path.home() / "sets"
    monkeypatch.delenv("NETLET_DATASETS")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert source.cache_folder() == pathlib.Path("/cache/netlet/datasets")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert source.cache_folder() == pathlib.Path.home() / ".cache" / "netlet" / "datasets"


def test_every_origin_is_pinned():
    pinned = [mnist.ARCHIVE, cifar10.ARCHIVE, datasets.cifar100.ARCHIVE, *fashion_mnist.FILES]
    assert len({file.sha256 for file in pinned}) == len(pinned) == 7
    for file in pinned:
        assert len(bytes.fromhex(file.sha256)) == hashlib.sha256().digest_size
        assert 5_000 < file.size < 200_000_000


def test_importing_the_data_sets_imports_no_network_code():
    code = """
        import sys
        from netlet import datasets
        assert not {"pooch", "requests", "http.client", "sklearn"} & set(sys.modules)
        """
    run_child(code)
