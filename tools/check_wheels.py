"""Checks the wheels and the sdist in a folder before they are uploaded: python tools/check_wheels.py dist [--complete]

Each wheel: at most 8 MB, the version of this tree, a platform that docs/internals/releasing.md lists, one module and no
source files, and nothing that a shared libstdc++ or a glibc after 2.28 would have to bring (auditwheel's name
for it agrees).
--complete: every Python on every platform is there, and the sdist.
"""

from __future__ import annotations

import argparse
import collections
import io
import pathlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parents[1]
PYTHONS = ("cp310-cp310", "cp311-cp311", "cp312-cp312", "cp313-cp313", "cp314-cp314", "cp314-cp314t")
PLATFORMS = {  # a part of the wheel's platform tag that names it, and the newest system that it may ask for
    "manylinux x86_64": r"manylinux_2_(?:[0-9]|1\d|2[0-8])_x86_64$",
    "manylinux aarch64": r"manylinux_2_(?:[0-9]|1\d|2[0-8])_aarch64$",
    "musllinux x86_64": r"musllinux_1_[0-2]_x86_64$",
    "musllinux aarch64": r"musllinux_1_[0-2]_aarch64$",
    "macOS arm64": r"macosx_11_0_arm64$",
    "Windows AMD64": r"win_amd64$",
}
MOST_BYTES = 8 * 10**6


def version() -> str:
    text = (ROOT / "python" / "netlet" / "version.py").read_text(encoding="utf-8")
    return re.search(r'__version__\s*=\s*"([^"]+)"', text)[1]


def platform_of(wheel: pathlib.Path) -> str | None:
    tags = wheel.stem.split("-")[4].split(".")
    return next((name for name, tag in PLATFORMS.items() if any(re.match(tag, t) for t in tags)), None)


def faults(wheel: pathlib.Path) -> list[str]:
    """What is wrong with a wheel, as sentences; empty if nothing is."""
    found = []
    if (size := wheel.stat().st_size) > MOST_BYTES:
        found.append(f"expected at most {MOST_BYTES / 1e6:g} MB, received {size / 1e6:.2f} MB")
    if (built := wheel.name.split("-")[1]) != version():
        found.append(f"expected version {version()}, received {built}")
    if platform_of(wheel) is None:
        found.append(f"expected one of {', '.join(PLATFORMS)}, received the tag {wheel.stem.split('-')[4]}")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        cores = [n for n in names if re.match(r"netlet/_core\..*(so|pyd)$", n)]
        core = archive.read(cores[0]) if cores else b""
    if len(cores) != 1:
        found.append("expected one module netlet/_core")
    found += [f"{n} does not belong there" for n in names if re.search(r"\.(cpp|h|def|o|a|pyc|cu)$|_netlet_sim", n)]
    found += [f"{n} is missing" for n in ("netlet/py.typed", "netlet/_core.pyi") if n not in names]
    if "linux" in wheel.name:
        shown = subprocess.run([sys.executable, "-m", "auditwheel", "show", wheel], capture_output=True, text=True)
        named = re.search(r'"((?:many|musl)linux_\d+_\d+_\w+)"', re.sub(r"\s+", " ", shown.stdout))
        if shown.returncode or named is None or not any(re.match(tag, named[1]) for tag in PLATFORMS.values()):
            found.append(f"auditwheel: {shown.stdout.strip() or shown.stderr.strip()}")
        if "manylinux" in wheel.name and (unbound := unbound_symbols(core)):
            found.append(f"expected a library for {', '.join(unbound)}, received none")
    return found


def unbound_symbols(module: bytes) -> list[str]:
    """The functions that an ELF module uses of no library and no version of one, but for Python's: a linker that found
    another library than it was meant to leaves them, and auditwheel does not look at them.
    """
    from elftools.elf.elffile import ELFFile  # comes with auditwheel

    file = ELFFile(io.BytesIO(module))
    symbols = file.get_section_by_name(".dynsym")
    versions = file.get_section_by_name(".gnu.version")
    return [
        symbol.name
        for i, symbol in enumerate(symbols.iter_symbols())
        if symbol["st_shndx"] == "SHN_UNDEF"
        and symbol["st_info"]["bind"] == "STB_GLOBAL"
        and (versions is None or versions.get_symbol(i)["ndx"] in ("VER_NDX_LOCAL", "VER_NDX_GLOBAL"))
        and not symbol.name.startswith(("Py", "_Py"))
    ]


def missing(folder: pathlib.Path) -> list[str]:
    there = collections.defaultdict(set)
    for wheel in folder.glob("*.whl"):
        there[platform_of(wheel)].add("-".join(wheel.stem.split("-")[2:4]))
    wanted = [f"{python} for {name}" for name in PLATFORMS for python in PYTHONS if python not in there[name]]
    return wanted + ([] if (folder / f"netlet-{version()}.tar.gz").exists() else ["the sdist"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--complete", action="store_true", help="all wheels of a release must be there")
    options = parser.parse_args(arguments)
    wheels = sorted(options.folder.glob("*.whl"))
    wrong = [f"{wheel.name}: {fault}" for wheel in wheels for fault in faults(wheel)]
    if options.complete:
        wrong += [f"missing: {name}" for name in missing(options.folder)]
    if not wheels:
        wrong.append(f"no wheels in {options.folder}")
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{len(wheels)} wheels, {len(wrong)} faults")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
