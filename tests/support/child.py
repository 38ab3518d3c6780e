"""Runs code in a new Python process: for tests of fresh imports, environment variables, fork and signals."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import textwrap

TESTS = pathlib.Path(__file__).resolve().parents[1]
WATCHDOG = 120  # seconds; no test takes that long, it only turns a hang into a failure
ADDRESS_SANITIZER = "libasan" in os.environ.get("LD_PRELOAD", "")
# Code for a child: `limit_memory(more)` lets it allocate `more` bytes beyond what it has. Linux only; AddressSanitizer
# needs terabytes of addresses, and memory for what was freed.
LIMIT = """
import os
import resource
def limit_memory(more):
    if "libasan" in os.environ.get("LD_PRELOAD", ""):
        return
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + more, now + more))
"""


def child_path() -> str:
    """PYTHONPATH for a child that imports `support`."""
    return os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))


def run_child(
    code: str, *, check: bool = True, watchdog: int = WATCHDOG, **env: str
) -> subprocess.CompletedProcess[str]:
    """Runs `code` in a new interpreter, with `env` added to the environment.

    With `check`, a nonzero exit status fails the test and shows the child's output. After `watchdog` seconds the child
    is killed.
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=watchdog,
        env={**os.environ, **env},
    )
    if check:
        assert result.returncode == 0, f"the child ended with {result.returncode}:\n{result.stdout}\n{result.stderr}"
    return result
