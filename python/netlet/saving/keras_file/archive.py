"""The zip archive of a `.keras` file, read as untrusted data: nothing is extracted, sizes are checked first."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Mapping

from .hdf5 import MAX_EXPANSION, SLACK_BYTES

_ENCRYPTED = 0x1


class Archive:
    """A zip archive that is open for reading. The list of its members is checked when it is opened.

    Args:
        path: the file.

    Attributes:
        names: the names of the members.

    Raises:
        ValueError: not a zip archive; members that are links, are encrypted, occur twice, have paths outside of the
            archive, or would need much more memory than the file has bytes.
        NotImplementedError: a compression other than deflate.
        OSError: the file is missing or cannot be read.
    """

    def __init__(self, path: str) -> None:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ValueError(f"'{path}' is no regular file.")
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise ValueError(f"'{path}' is not a .keras file, or it is damaged: {error}.") from error
        try:
            self.names = self._checked_names()
        except BaseException:
            self.close()
            raise

    def _checked_names(self) -> frozenset[str]:
        names: set[str] = set()
        total = 0
        for info in self._zip.infolist():
            what = f"'{self.path}': the member '{info.filename}'"
            parts = info.filename.replace("\\", "/").split("/")
            if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
                raise ValueError(f"{what} has a path outside of the archive.")
            if info.filename in names:
                raise ValueError(f"{what} occurs twice.")
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ValueError(f"{what} is a link or a device.")
            if info.flag_bits & _ENCRYPTED:
                raise ValueError(f"{what} is encrypted.")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise NotImplementedError(f"{what} has compression {info.compress_type}; netlet reads deflate only.")
            names.add(info.filename)
            total += info.file_size
            if total > MAX_EXPANSION * os.path.getsize(self.path) + SLACK_BYTES:
                raise ValueError(f"{what} claims {info.file_size} bytes, too many for a file of this size.")
        return frozenset(names)

    def read(self, name: str) -> bytes:
        """The bytes of a member. Raises ValueError if it is missing or damaged."""
        if name not in self.names:
            raise ValueError(f"'{self.path}' is damaged or no .keras file: '{name}' is missing.")
        try:
            with self._zip.open(name) as member:  # not more than it claims, whatever its bytes expand to
                return member.read(self._zip.getinfo(name).file_size)
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, OSError) as error:
            raise ValueError(f"'{self.path}' is damaged: '{name}' cannot be read: {error}.") from error
        except zlib.error as error:
            raise ValueError(f"'{self.path}' is damaged: '{name}' cannot be decompressed: {error}.") from error

    def close(self) -> None:
        """Closes the file."""
        self._zip.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def zip_bytes(members: Mapping[str, bytes]) -> memoryview:
    """The bytes of an uncompressed archive, as Keras writes it. They depend on the members alone."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return content.getbuffer()
