"""Where the files of a data set lie: where the caller says, or in the cache folder, downloaded there and verified."""

from __future__ import annotations

import hashlib
import os
import pathlib
from dataclasses import dataclass
from typing import IO, Any


@dataclass(frozen=True)
class RemoteFile:
    """A file that is downloaded at most once: its name in the cache folder, its origin, and what pins its content."""

    name: str
    url: str
    sha256: str
    size: int  # bytes: no more than these are taken from the network


def cache_folder() -> pathlib.Path:
    """`$NETLET_DATASETS`, or netlet/datasets in the user's cache folder (`$XDG_CACHE_HOME`, ~/.cache).

    Names in it are those that Keras uses, so `NETLET_DATASETS=~/.keras/datasets` finds what Keras has downloaded of
    MNIST and Fashion-MNIST.
    """
    chosen = os.environ.get("NETLET_DATASETS")
    if chosen:
        return pathlib.Path(chosen).expanduser()
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "netlet" / "datasets"


def given(path: Any) -> pathlib.Path:
    """The file or folder that the caller names, which is read as it is; FileNotFoundError if there is none."""
    found = pathlib.Path(path).expanduser()
    if not found.exists():
        raise FileNotFoundError(f"`path` names {found.absolute()}, which is not there.")
    return found


def cached(file: RemoteFile, name: Any = None) -> pathlib.Path:
    """Where `file` lies in the cache folder, downloaded if it is not there; its bytes are those that were pinned.

    Args:
        name: another name in the cache folder, or an absolute path.

    Raises:
        ValueError: the cached or downloaded bytes are others.
        ConnectionError: it is not there and cannot be downloaded.
        ImportError: it is not there and pooch, which downloads, is missing.
    """
    target = cache_folder() / (name or file.name)
    if not target.exists():
        return _downloaded(file, target)
    with open(target, "rb") as stream:
        found = _sha256(stream)
    if found != file.sha256:
        raise ValueError(
            f"{target} is damaged or another file: its SHA-256 is {found}, not {file.sha256}. Delete it, and it will "
            "be downloaded again; or give `path=` to read a file of your own."
        )
    return target


def _sha256(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _downloaded(file: RemoteFile, target: pathlib.Path) -> pathlib.Path:
    """Downloads to a temporary file beside `target`, which gets its name when the SHA-256 is right."""
    by_hand = (
        f"To do without the network, get {file.name} ({file.url}) in another way and put it at {target}, or give its "
        "place as `path=`."
    )
    try:
        import pooch
    except ImportError:
        raise ImportError(
            f"{target} is not there, and downloading it takes pooch: pip install 'netlet[datasets]'. {by_hand}"
        ) from None

    def download(url: str, output_file: str, _: Any) -> None:
        with open(output_file, "wb") as stream:
            pooch.HTTPDownloader(chunk_size=1 << 16)(url, _Bounded(stream, file.size), None)

    try:
        pooch.retrieve(file.url, f"sha256:{file.sha256}", target.name, target.parent, downloader=download)
    except ValueError as e:  # pooch's word for a wrong hash, and ours for too many bytes
        raise ValueError(
            f"What {file.url} sent is not {file.name}: {e} Nothing was kept. A proxy or a changed file may be the "
            f"cause. {by_hand}"
        ) from None
    except OSError as e:
        if e.errno is not None:
            raise  # of the disk; those of requests (no route, refused, timed out, an HTTP status) have no number
        raise ConnectionError(f"{file.name} could not be downloaded from {file.url}: {e} {by_hand}") from e
    return target


class _Bounded:
    """A file to write to that refuses more than `limit` bytes, so that a wrong server cannot fill the disk."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self.stream, self.left = stream, limit

    def write(self, data: bytes) -> int:
        self.left -= len(data)
        if self.left < 0:
            raise ValueError("more bytes came than the file has.")
        return self.stream.write(data)

    def flush(self) -> None:
        self.stream.flush()
