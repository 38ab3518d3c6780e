"""A Python of its own, for what a test cannot do to itself: fresh imports, environment variables, fork, signals."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

WATCHDOG = 120  # seconds; no test waits for it, it only turns a hang into a failure


def run_child(code: str, *, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs `code` in a new interpreter with `env` added to the environment; fails with its stderr unless `check` is
    off."""
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
        env={**os.environ, **env},
    )
    if check:
        assert result.returncode == 0, f"the child ended with {result.returncode}:\n{result.stdout}\n{result.stderr}"
    return result
