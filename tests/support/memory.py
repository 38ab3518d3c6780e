"""Measures the memory of a call that fails."""

from __future__ import annotations

import tracemalloc

import pytest


def memory_of(call) -> int:
    """The peak of the memory that Python allocates in `call`, which must raise a ValueError."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
