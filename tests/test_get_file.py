"""utils.get_file: the cache, hashes and archives, with file: URLs; nothing is downloaded."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile

import pytest

from netlet.utils import get_file
from support.child import run_child

TEXT = b"Some text."


@pytest.fixture
def places(tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "a.txt").write_bytes(TEXT)
    return tmp_path / "web", tmp_path / "cache"


def archive(path, kind, names=("one.txt", "in/two.txt")):
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as file:
            for name in names:
                file.writestr(name, TEXT)
    else:
        with tarfile.open(path, "w:gz") as file:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = len(TEXT)
                file.addfile(info, io.BytesIO(TEXT))
    return path.as_uri()


def test_the_cache(places, capsys):
    web, cache = places
    origin = (web / "a.txt").as_uri()
    path = get_file(origin=origin, cache_dir=cache)
    assert path == str(cache / "datasets" / "a.txt") and open(path, "rb").read() == TEXT  # noqa: SIM115
    assert capsys.readouterr().out == f"Downloading data from {origin}\n"
    (web / "a.txt").write_bytes(b"new")
    get_file("a.txt", origin, cache_dir=cache)
    assert capsys.readouterr().out == ""
    new = hashlib.sha256(b"new").hexdigest()
    for options in ({"force_download": True}, {"file_hash": new}, {"md5_hash": hashlib.md5(b"new").hexdigest()}):
        (cache / "datasets" / "a.txt").write_bytes(TEXT)
        assert open(get_file("a.txt", origin, cache_dir=cache, **options), "rb").read() == b"new"  # noqa: SIM115
    assert get_file("b", origin, cache_subdir="mine", cache_dir=cache) == str(cache / "mine" / "b")
    assert get_file("b", origin, cache_subdir=str(web / "c")) == str(web / "c" / "b")


@pytest.mark.parametrize("options", [{"file_hash": "0" * 64}, {"file_hash": "0" * 32, "hash_algorithm": "md5"}])
def test_a_wrong_hash_leaves_nothing(places, options):
    web, cache = places
    with pytest.raises(ValueError, match="incomplete or corrupted file"):
        get_file(origin=(web / "a.txt").as_uri(), cache_dir=cache, **options)
    assert list((cache / "datasets").iterdir()) == []


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("fname", [None, "folder", "data.tgz"])
def test_archives(places, kind, fname):
    web, cache = places
    origin = archive(web / "b.arc", kind)
    path = get_file(fname, origin, extract=True, cache_dir=cache, archive_format=["auto", kind][kind == "zip"])
    name = {None: "b.arc", "folder": "folder", "data.tgz": "data_extracted"}[fname]
    assert path == str(cache / "datasets" / name)
    assert (cache / "datasets" / name / "in" / "two.txt").read_bytes() == TEXT
    assert get_file(fname, origin, untar=kind == "tar", extract=True, cache_dir=cache) == path


def test_what_is_no_archive(places):
    web, cache = places
    with pytest.warns(UserWarning, match="no archive of the format 'auto'"):
        get_file(origin=(web / "a.txt").as_uri(), extract=True, cache_dir=cache)
    origin = archive(web / "b.zip", "zip")
    with pytest.warns(UserWarning, match="no archive of the format 'tar'"):
        get_file("x", origin, extract=True, archive_format="tar", cache_dir=cache)
    with pytest.warns(UserWarning, match="no archive of the format None"):
        get_file("x", origin, extract=True, archive_format=None, cache_dir=cache)


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "in/../../out.txt"])
def test_archives_cannot_write_elsewhere(places, kind, name):
    web, cache = places
    origin = archive(web / "evil", kind, ["good.txt", name])
    with pytest.raises(ValueError, match="expected plain files inside of its folder"):
        get_file(origin=origin, extract=True, cache_dir=cache)
    assert [p.name for p in (cache / "datasets").iterdir()] == ["evil_archive"]


def test_links_in_archives_are_refused(places):
    web, cache = places
    with tarfile.open(web / "link.tar", "w") as file:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(info)
    with pytest.raises(ValueError, match="received 'link'"):
        get_file(origin=(web / "link.tar").as_uri(), untar=True, cache_dir=cache)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_damaged_archives(places, kind):
    web, cache = places
    path = web / "b.arc"
    archive(path, kind)
    content = path.read_bytes()
    if kind == "zip":
        path.write_bytes(content.replace(TEXT, TEXT[::-1], 1))  # its checksum is wrong
    else:
        path.write_bytes(b"\x1f\x8b\x08\x04" + content)  # the head of a gzip file, whose extra field has no end
    with pytest.raises(ValueError, match=rf"b\.arc.* is damaged: .*{'CRC' if kind == 'zip' else 'end-of-stream'}"):
        get_file(origin=path.as_uri(), extract=True, cache_dir=cache)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "`origin`"),
        ({"origin": "https://example.com/"}, "`fname`"),
        ({"origin": "https://example.com/a", "fname": "b/c"}, "received 'b/c'"),
        ({"origin": "{a}", "file_hash": "1", "hash_algorithm": "sha1"}, "`hash_algorithm`"),
        ({"origin": "{a}", "extract": True, "archive_format": "rar"}, "`archive_format`"),
    ],
)
def test_bad_arguments(places, arguments, message):
    web, cache = places
    arguments = {k: (web / "a.txt").as_uri() if v == "{a}" else v for k, v in arguments.items()}
    with pytest.raises(ValueError, match=f"^get_file: .*{message}"):
        get_file(cache_dir=cache, **arguments)


def test_without_pooch(places):
    run_child(f"""
        import sys
        sys.modules["pooch"] = None
        from netlet.utils import get_file
        try:
            get_file(origin="https://example.com/a", cache_dir={str(places[1])!r})
        except ImportError as e:
            assert "pip install 'netlet[datasets]'" in str(e), e
        else:
            raise AssertionError
    """)


def test_an_error_of_the_network_is_a_connection_error(places, monkeypatch):
    pooch = pytest.importorskip("pooch")

    def fail(*arguments):
        raise OSError("no route")

    monkeypatch.setattr(pooch, "retrieve", fail)
    with pytest.raises(ConnectionError, match="could not be downloaded: no route"):
        get_file(origin="https://example.com/a", cache_dir=places[1])
