"""A copy of the last commit, in which a fault is planted and tests run."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
from typing import Any

from .fault import Fault

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / "build" / "planted-faults"


def make() -> None:
    remove()  # of a run that was killed
    subprocess.run(["git", "worktree", "add", "--force", "--detach", str(COPY), "HEAD"], cwd=ROOT, check=True)
    (COPY / "build").mkdir()
    (COPY / "build" / "_editable_skbc_netlet.py").touch()


def remove() -> None:
    if COPY.exists():
        subprocess.run(["git", "worktree", "remove", "--force", str(COPY)], cwd=ROOT, check=True)


def environment() -> dict[str, str]:
    """Where `import netlet` finds the copy, also if an editable install has registered itself (see nightly.sh), and
    where no byte code of a file outlives its change."""
    path = os.pathsep.join([str(COPY / "python"), str(COPY / "build")])
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def run(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=COPY, env=environment(), text=True, **options)


def link_module() -> bool:
    """Links the module of python/netlet into the copy; returns whether there is one."""
    modules = list((ROOT / "python" / "netlet").glob("_core*.so"))
    for module in modules:
        (COPY / "python" / "netlet" / module.name).symlink_to(module.resolve())
    return bool(modules)


def configure(*arguments: str) -> None:
    run("cmake", "--preset", "dev", *arguments, check=True, stdout=subprocess.DEVNULL)
    build()


def build() -> None:
    result = run("cmake", "--build", "--preset", "dev", "-j2", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        sys.exit(f"the build failed:\n{result.stdout[-4000:]}")


def check_import() -> None:
    """Ends the process if the tests would import another netlet than the copy's."""
    found = run(sys.executable, "-c", "import netlet._core; print(netlet.__file__)", capture_output=True).stdout
    if not found.startswith(str(COPY)):
        sys.exit(f"expected the netlet of {COPY}, imported {found or 'none'}")


def first_failure(*tests: str) -> str | None:
    """The first of these tests that fails or crashes, None if all pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *tests]
    result = run(*command, capture_output=True)
    if result.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", result.stdout, re.MULTILINE)
    if failed is None and (crashed := re.search(r'File ".*?(tests/\S+\.py)", line \d+ in (test_\w+)', result.stderr)):
        return f"{crashed[1]}::{crashed[2]}"
    if failed is None:
        sys.exit(f"pytest ended with {result.returncode}:\n{result.stdout[-4000:]}{result.stderr[-4000:]}")
    return failed[1]


def has_place(fault: Fault) -> bool:
    """Whether the text to replace occurs exactly once."""
    return (COPY / fault.file).read_text(encoding="utf-8").count(fault.old) == 1


def plant(fault: Fault) -> str | None:
    """The test that finds the fault, None if it survives."""
    path = COPY / fault.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    if fault.native:
        build()
    options, tests = fault.options.split(), fault.tests.split()
    found = first_failure(*tests, *options)
    path.write_text(text, encoding="utf-8")
    if fault.native:
        build()
    # A single test has no order: with options, all of them run again.
    if found is not None and first_failure(*(tests if options else [found]), *options) is not None:
        sys.exit(f"{found} fails without the fault, too")
    return found
