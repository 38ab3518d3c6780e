"""`get_file`: a file of the web or of the disk, in the cache folder, verified and unpacked.

Modules that only downloads need are imported by the functions, since together they take longer than `netlet.utils`.
"""

from __future__ import annotations

import os
import pathlib
import warnings
from typing import Any

from netlet.base.extras import needs
from netlet.base.messages import print_msg
from netlet.base.untrusted import Damaged, damage_named
from netlet.saving.atomic import naming


def cache_base() -> pathlib.Path:
    """Returns the folder of what is downloaded: `netlet` in `$XDG_CACHE_HOME`, by default ~/.cache."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "netlet"


def get_file(
    fname: Any = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
    force_download: bool = False,
) -> str:
    """Downloads a file once and returns its path.

    Args:
        fname: its name in the cache; default the last part of `origin`. With `extract`, the name of the folder
            (`<name>_extracted` if it has an ending).
        origin: its URL; required. `file:` URLs are copied; others need pooch (`pip install 'netlet[datasets]'`).
        untar: the same as `extract=True, archive_format="tar"`; default False.
        md5_hash: the same as `file_hash` with `hash_algorithm="md5"`; default None.
        file_hash: SHA-256 or MD5 of the file; default None. A file in the cache with another one is downloaded again.
        cache_subdir: folder in `cache_dir`, or an absolute path; default "datasets".
        hash_algorithm: "sha256", "md5" or "auto" (default), which tells them apart by their length.
        extract: whether to unpack the file, an archive; default False. Paths that lead out of the folder are refused.
        archive_format: "tar", "zip", a list of them, "auto" (default) for both, or None for neither.
        cache_dir: folder of the cache; default `$XDG_CACHE_HOME/netlet`, ~/.cache/netlet.
        force_download: whether to download again what is in the cache; default False.

    Returns:
        The path of the file, or with `extract` that of the folder.

    Raises:
        ValueError: no `origin`; `fname` is a path; the file has another hash; its archive is damaged or unsafe.
        ConnectionError: the file cannot be downloaded.
        OSError: it cannot be written, or a path of its archive cannot.
        ImportError: pooch is not installed.

    Warns:
        UserWarning: the file is no archive of the format.

    Source: Keras 3 `keras.utils.get_file`.

    >>> import pathlib, tempfile
    >>> source = pathlib.Path(tempfile.mkdtemp(), "a.txt")
    >>> _ = source.write_text("hello")
    >>> path = get_file(origin=source.as_uri(), cache_dir=tempfile.mkdtemp())  # doctest: +ELLIPSIS
    Downloading data from file:///...
    >>> open(path).read()
    'hello'
    """
    from urllib.parse import urlsplit

    if not origin:
        raise ValueError("get_file: expected the URL of the file as `origin`, received none.")
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    name = os.fspath(fname) if fname else os.path.basename(urlsplit(origin).path)
    if not name or os.path.basename(name) != name:
        raise ValueError(f"get_file: expected a name without folders as `fname`, received {name!r}.")
    folder = pathlib.Path(cache_dir if cache_dir is not None else cache_base()).expanduser() / cache_subdir
    target, unpacked = folder / name, folder / name
    if extract or untar:
        if fname and "." in name:
            unpacked = folder / f"{name.split('.')[0]}_extracted"
        else:
            target = folder / f"{name}_archive"
    if force_download or not target.exists() or not _fits(target, file_hash, hash_algorithm):
        print_msg(f"Downloading data from {origin}")
        _download(origin, target, file_hash, hash_algorithm)
    if not (extract or untar):
        return str(target)
    if not _unpack(target, unpacked, "tar" if untar else archive_format):
        warnings.warn(f"get_file: {target} is no archive of the format {archive_format!r}.", stacklevel=2)
    return str(unpacked)


def _fits(path: pathlib.Path, wanted: str | None, algorithm: str) -> bool:
    """Whether the file has the hash, or none is wanted."""
    if wanted is None:
        return True
    if algorithm not in ("auto", "sha256", "md5"):
        raise ValueError(f"get_file: expected 'auto', 'sha256' or 'md5' as `hash_algorithm`, received {algorithm!r}.")
    if algorithm == "auto":
        algorithm = "sha256" if len(wanted) == 64 else "md5"
    return hash_of(path, algorithm) == wanted


def hash_of(path: Any, algorithm: str) -> str:
    """The hash of a file in hexadecimal digits; algorithm: "sha256" or "md5"."""
    import hashlib

    digest = hashlib.new(algorithm)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _download(origin: str, target: pathlib.Path, wanted: str | None, algorithm: str) -> None:
    """Writes to a file next to the target, which takes its place if the hash is right."""
    import secrets
    import shutil
    from urllib.parse import urlsplit

    target.parent.mkdir(parents=True, exist_ok=True)
    # Of a name that no other process has, and that no killed download has left: pooch takes a file that it finds.
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        if origin.startswith("file:"):
            from urllib.request import url2pathname  # it imports the network modules

            with naming(target):
                shutil.copyfile(url2pathname(urlsplit(origin).path), part)
        else:
            _fetch(origin, part)
        if not _fits(part, wanted, algorithm):
            raise ValueError(f"get_file: {origin}: incomplete or corrupted file, whose hash is not {wanted}.")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _fetch(origin: str, target: pathlib.Path) -> None:
    pooch = needs("pooch", "datasets", f"get_file: downloading {origin}")
    try:
        with naming(target):
            pooch.retrieve(origin, None, target.name, target.parent)
    except OSError as e:
        if e.errno is not None:
            raise  # an error of the disk; those of the network have no errno
        raise ConnectionError(f"get_file: {origin} could not be downloaded: {e}") from e


def _unpack(path: pathlib.Path, folder: pathlib.Path, formats: Any) -> bool:
    """Unpacks an archive. Returns False if the file has none of the formats."""
    import tarfile
    import zipfile

    formats = ["tar", "zip"] if formats == "auto" else [formats] if isinstance(formats, str) else formats or []
    for name in formats:
        if name not in ("tar", "zip"):
            raise ValueError(f"get_file: expected 'tar' or 'zip' as `archive_format`, received {name!r}.")
        with damage_named(path):
            if name == "tar" and tarfile.is_tarfile(path):
                with tarfile.open(path) as tar:
                    members = tar.getmembers()
                    odd = [m.name for m in members if not (m.isreg() or m.isdir())]
                    _refuse(odd or _outside([m.name for m in members], folder), path)
                    tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
                    tar.extractall(folder)
                return True
            if name == "zip" and zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    _refuse(_outside(archive.namelist(), folder), path)
                    archive.extractall(folder)
                return True
    return False


def _outside(names: list[str], folder: pathlib.Path) -> list[str]:
    """The members of an archive that would be written outside of the folder."""
    root = folder.resolve()
    return [name for name in names if not (root / name).resolve().is_relative_to(root)]


def _refuse(names: list[str], path: pathlib.Path) -> None:
    if names:
        raise Damaged(f"get_file: {path}: expected plain files inside of its folder, received {names[0]!r}.")
