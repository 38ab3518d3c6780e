"""Packs wheels again, smaller: python tools/pack_wheel.py dist/*.whl

libdeflate at its highest level (PyPI: deflate) makes 3 % less of a wheel than zlib at its highest, in the same format:
every pip unpacks it. Names, order, times and permissions stay, and each file's content is compared with the first
wheel's. The same wheel packs to the same bits.
"""

from __future__ import annotations

import argparse
import copy
import io
import pathlib
import zipfile
from collections.abc import Sequence

import deflate

LEVEL = 12


class Compressor:
    """What zipfile takes for zlib's compressor: libdeflate compresses a file as one piece, at its end."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def compress(self, piece: bytes) -> bytes:
        self.pieces.append(bytes(piece))
        return b""

    def flush(self) -> bytes:
        return deflate.deflate_compress(b"".join(self.pieces), LEVEL)


def pack(wheel: pathlib.Path) -> None:
    """Replaces the wheel by one that holds the same and is smaller; raises if it would not be."""
    packed = io.BytesIO()
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(packed, "w") as new:
        for entry in old.infolist():
            with new.open(copy.copy(entry), "w") as target:
                if entry.compress_type == zipfile.ZIP_DEFLATED:
                    target._compressor = Compressor()  # zipfile has no public way to bring a compressor
                target.write(old.read(entry))
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(packed) as new:
        if old.namelist() != new.namelist() or any(old.read(name) != new.read(name) for name in old.namelist()):
            raise RuntimeError(f"{wheel.name}: packed again it holds something else")
    if packed.getbuffer().nbytes > wheel.stat().st_size:
        raise RuntimeError(f"{wheel.name}: packed again it is larger")
    wheel.write_bytes(packed.getbuffer())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=pathlib.Path, nargs="+")
    for wheel in parser.parse_args(arguments).wheels:
        before = wheel.stat().st_size
        pack(wheel)
        print(f"{before / 1e6:.2f} -> {wheel.stat().st_size / 1e6:.2f} MB  {wheel.name}")


if __name__ == "__main__":
    main()
