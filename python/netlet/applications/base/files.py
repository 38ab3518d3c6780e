"""Files that Keras publishes: pretrained weights and the names of ImageNet's classes. Local copies come first."""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass

from netlet.utils.get_file import cache_base, get_file, hash_of

PUBLISHED = "https://storage.googleapis.com/tensorflow/keras-applications/"
"""The folder of most files of weights."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that Keras publishes.

    Args:
        url: where it is.
        hash: its MD5 or SHA-256. None for the few files of which Keras gives none: what is read from them is checked
            against the shapes of the model's weights only.
    """

    url: str
    hash: str | None = None

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class WeightFiles:
    """The files of an architecture trained on ImageNet, with the classifier and without it."""

    top: RemoteFile
    no_top: RemoteFile

    def chosen(self, include_top: bool) -> RemoteFile:
        return self.top if include_top else self.no_top


def pair(start: str, top: tuple[str, str | None], no_top: tuple[str, str | None]) -> WeightFiles:
    """The two files of an architecture.

    Args:
        start: the start of both URLs, below `PUBLISHED` unless it has a scheme.
        top, no_top: (the rest of the URL, hash).
    """
    start = start if "://" in start else PUBLISHED + start
    return WeightFiles(*(RemoteFile(start + rest, digest) for rest, digest in (top, no_top)))


def local_path(file: RemoteFile) -> str:
    """Returns the path of the file on this machine, downloading it if needed.

    A file in the cache (`netlet/models` in `$XDG_CACHE_HOME` or ~/.cache) or in Keras's (`models` in `$KERAS_HOME` or
    ~/.keras) is used if its hash is right.

    Raises:
        ConnectionError: it is not there and cannot be downloaded.
        ImportError: it is not there and pooch, which downloads it, is not installed.
        ValueError: the download has another hash.
    """
    keras = pathlib.Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "models"
    for folder in (cache_base() / "models", keras):
        path = folder / file.name
        if path.is_file() and (file.hash is None or hash_of(path, _kind(file.hash)) == file.hash):
            return str(path)
    return get_file(file.name, file.url, file_hash=file.hash, cache_subdir="models")


def _kind(digest: str) -> str:
    return "sha256" if len(digest) == 64 else "md5"
