"""How many generated examples a test runs.

The profile `ci` (the default, tests/conftest.py) runs the same few in each process. `--hypothesis-profile=nightly` runs
a hundred times as many, others in each process; a failure prints the seed for `--hypothesis-seed`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import strategies as st

PER_HUNDRED = 100  # max_examples of the profile `ci`
PHASES = (hypothesis.Phase.reuse, hypothesis.Phase.generate, hypothesis.Phase.shrink)  # without the slow `explain`


def for_examples(name: str, count: int, strategy: st.SearchStrategy, check: Callable[[Any], None]) -> None:
    """Calls `check` with `count` examples of the strategy, or in the profile `nightly` with a hundred times as many.

    In `ci` they depend on the name, so that the ops of one family do not all see the same shapes. Hypothesis's first
    example, which is always the simplest, is left out there.
    """
    default = hypothesis.settings.default
    assert default is not None
    left_out = [default.derandomize]

    @hypothesis.settings(max_examples=1 + count * default.max_examples // PER_HUNDRED, phases=PHASES)
    @hypothesis.given(strategy)
    def run(example: Any) -> None:
        if left_out[0]:
            left_out[0] = False
        else:
            check(example)

    if default.derandomize:
        run = hypothesis.seed(zlib.crc32(name.encode()))(run)
    run()
