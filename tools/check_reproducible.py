"""Builds a wheel and the sdist twice, in two folders of different names, and compares them bit for bit.

    python tools/check_reproducible.py [--python /path/to/python3.12] [--sdist-only]

Each build starts from a clone of the last commit. Without a compiler cache it takes twice the time of a build; with
CCACHE_DISABLE=1 in the environment a cache cannot hide a compiler that is not deterministic.
"""

from __future__ import annotations

import argparse
import hashlib
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parents[1]


def digests(path: pathlib.Path) -> dict[str, str]:
    """The SHA-256 of each file in an archive, to name those that differ."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
    else:
        with tarfile.open(path) as archive:
            contents = {m.name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def build(folder: pathlib.Path, python: pathlib.Path, sdist_only: bool) -> list[pathlib.Path]:
    def run(*command: str | pathlib.Path) -> str:
        return subprocess.run(command, cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout

    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    if not sdist_only:
        run(sys.executable, "tools/build_wheels.py", "--python", python, "--out", "dist")
    run(sys.executable, "tools/build_wheels.py", "--sdist", "--out", "dist")
    return sorted((folder / "dist").iterdir())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=pathlib.Path, default=pathlib.Path(sys.executable))
    parser.add_argument("--sdist-only", action="store_true")
    options = parser.parse_args(arguments)
    different = 0
    with tempfile.TemporaryDirectory() as top:
        first, second = (
            build(pathlib.Path(top, *name), options.python, options.sdist_only) for name in (("a",), ("long", "path"))
        )
        for one, other in zip(first, second, strict=True):
            same = one.read_bytes() == other.read_bytes()
            print(f"{'same' if same else 'DIFFERENT'}  {hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}")
            if not same:
                different += 1
                left, right = digests(one), digests(other)
                for name in sorted(left.keys() | right.keys()):
                    if left.get(name) != right.get(name):
                        print(f"    differs: {name}")
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
