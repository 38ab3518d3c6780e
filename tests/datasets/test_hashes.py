"""Every download of netlet has a hash in the source code, SHA-256 where its publisher gives one (SECURITY.md)."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re

from netlet import datasets
from netlet.datasets.source import RemoteFile
from support.repo import ROOT

PACKAGE = ROOT / "python" / "netlet"
# Files of which only an MD5 is published, and architectures for whose files nothing is.
ONLY_MD5 = {"imdb_word_index.json", "reuters_word_index.json"}
WITHOUT_HASH = {"mobilenet", "mobilenet_v2"}
HASH = re.compile("[0-9a-f]{32}|[0-9a-f]{64}")


def remote_files(package):
    """The RemoteFiles that the modules of a package hold, by name."""
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        for value in vars(importlib.import_module(info.name)).values():
            for file in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(file, RemoteFile):
                    yield file


def test_data_sets():
    files = {file.name: file for file in remote_files(datasets)}
    assert len(files) >= 13
    for name, file in files.items():
        assert file.size > 0, name
        assert re.fullmatch("[0-9a-f]{64}", file.sha256) or (name in ONLY_MD5 and HASH.fullmatch(file.md5)), name
        assert file.sha256 or file.url.startswith("https://"), name


def unhashed(source: str) -> bool:
    """Whether a module makes a file of `applications` without a hash: None where `pair` and `RemoteFile` take one."""
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    made = [call for call in calls if call.func.id in ("pair", "RemoteFile")]
    short = any(call.func.id == "RemoteFile" and len(call.args) < 2 for call in made)
    return short or any(isinstance(n, ast.Constant) and n.value is None for call in made for n in ast.walk(call))


def test_applications():
    found = {p.stem for p in (PACKAGE / "applications").glob("*.py") if unhashed(p.read_text(encoding="utf-8"))}
    assert found == WITHOUT_HASH


def test_the_hashes_of_applications_are_hashes():
    """The tables from which the calls of `pair` take theirs hold no None and nothing of another length."""
    for path in (PACKAGE / "applications").glob("*.py"):
        for digits in re.findall(r'"([0-9a-f]{20,})"', path.read_text(encoding="utf-8")):
            assert HASH.fullmatch(digits), (path.name, digits)


def test_a_file_without_a_hash_is_found():
    assert unhashed('pair("a", (".h5", None), ("_notop.h5", "0" * 64))')
    assert unhashed('RemoteFile("https://example.org/a")')
    assert not unhashed('pair("a", (".h5", top), ("_notop.h5", no_top))')


def test_nothing_else_downloads():
    """Only these modules name what fetches from the network: a new one needs a hash."""
    words = re.compile(r"\burlopen\b|\burlretrieve\b|\bpooch\.|\bHTTPDownloader\b|\brequests\.")
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if words.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"datasets/source.py", "utils/get_file.py", "callbacks/remote_monitor.py"}
