"""The files of data sets: given by the caller, or downloaded to the cache folder and verified."""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass
from typing import IO, Any

from netlet.base.extras import needs
from netlet.saving.atomic import naming
from netlet.utils.get_file import cache_base, hash_of


@dataclass(frozen=True)
class RemoteFile:
    """A file that is downloaded at most once.

    Args:
        name: its name in the cache folder.
        url: where it is downloaded from.
        sha256: the SHA-256 of its contents; "" where only an MD5 is published.
        size: its size in bytes, or an upper limit; no more bytes are downloaded.
        md5: the MD5 of its contents, without `sha256`.
    """

    name: str
    url: str
    sha256: str = ""
    size: int = 0
    md5: str = ""

    @property
    def known_hash(self) -> str:
        """The hash as pooch takes it."""
        return f"sha256:{self.sha256}" if self.sha256 else f"md5:{self.md5}"


def cache_folder() -> pathlib.Path:
    """Returns `$NETLET_DATASETS`, or netlet/datasets in the user's cache folder (`$XDG_CACHE_HOME`, ~/.cache).

    File names are the same as in Keras, so `NETLET_DATASETS=~/.keras/datasets` uses Keras's downloads of MNIST and
    Fashion-MNIST.
    """
    chosen = os.environ.get("NETLET_DATASETS")
    if chosen:
        return pathlib.Path(chosen).expanduser()
    return cache_base() / "datasets"


def given(path: Any) -> pathlib.Path:
    """Returns the path of a file or folder that the caller gave. Raises FileNotFoundError if it does not exist."""
    found = pathlib.Path(path).expanduser()
    if not found.exists():
        raise FileNotFoundError(f"Argument `path`: {found.absolute()} does not exist.")
    return found


def given_or_cached(path: Any, file: RemoteFile) -> pathlib.Path:
    """Returns `path` if it exists, else the file of that name in the cache folder; see `cached`."""
    found = pathlib.Path(path).expanduser()
    return found if found.exists() else cached(file, found)


def cached(file: RemoteFile, name: Any = None) -> pathlib.Path:
    """Returns the path of a file in the cache folder, with a verified SHA-256. Downloads it if it does not exist.

    Args:
        file: the file.
        name: another name in the cache folder, or an absolute path; default `file.name`.

    Raises:
        ValueError: the cached or downloaded file has another SHA-256.
        ConnectionError: the file does not exist and cannot be downloaded.
        ImportError: the file does not exist and pooch, which downloads it, is not installed.
    """
    target = cache_folder() / (name or file.name)
    if not target.exists():
        return downloaded(file, target)
    found = hash_of(target, "sha256")
    if found != file.sha256:
        raise ValueError(
            f"{target} is damaged or another file: expected SHA-256 {file.sha256}, received {found}. Delete it to "
            "download it again, or pass `path=` to read another file."
        )
    return target


def downloaded(file: RemoteFile, target: pathlib.Path) -> pathlib.Path:
    """Downloads to a temporary file next to `target`, which is renamed if its hash is correct. Returns `target`."""
    by_hand = (
        f"Without a network, get {file.name} ({file.url}) in another way and put it at {target}, or pass its path as "
        "`path=`."
    )
    pooch = needs("pooch", "datasets", f"{target} does not exist, and downloading it", by_hand)

    def download(url: str, output_file: str, _: Any) -> None:
        with open(output_file, "wb") as stream:
            pooch.HTTPDownloader(chunk_size=1 << 16)(url, _Bounded(stream, file.size), None)

    try:
        with naming(target):
            pooch.retrieve(file.url, file.known_hash, target.name, target.parent, downloader=download)
    except ValueError as e:  # raised by pooch for a wrong hash, and by `_Bounded` for too many bytes
        raise ValueError(
            f"The response of {file.url} is not {file.name}: {e} It was discarded. The cause may be a proxy or a "
            f"changed file. {by_hand}"
        ) from None
    except OSError as e:
        if e.errno is not None:
            raise  # an error of the disk; errors of requests (no route, refused, timed out, HTTP status) have no errno
        raise ConnectionError(f"{file.name} could not be downloaded from {file.url}: {e} {by_hand}") from e
    return target


class _Bounded:
    """A writable file that accepts at most `limit` bytes, so that a wrong server cannot fill the disk."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self.stream, self.left = stream, limit

    def write(self, data: bytes) -> int:
        self.left -= len(data)
        if self.left < 0:
            raise ValueError("received more bytes than the file has.")
        return self.stream.write(data)

    def flush(self) -> None:
        self.stream.flush()
