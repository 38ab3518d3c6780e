"""The instruction sets of this machine, for checks that hold on each of them."""

from __future__ import annotations

from collections.abc import Iterator

from netlet import _core


def levels_with_own_functions() -> list[str]:
    """Returns this machine's instruction sets, best first, without those that only add low-precision products."""
    runs = _core.supported_isas()
    # An instruction set comes before the one that it extends, so the latter remains.
    first = {addresses[0]: isa for isa, addresses in _core.kernel_tables() if isa in runs}
    return list(first.values())


def forced(isas: list[str] | None = None) -> Iterator[str]:
    """Yields the instruction sets, default all, each while netlet uses it. The one from before is used again after."""
    before = _core.active_isa()
    try:
        for isa in _core.supported_isas() if isas is None else isas:
            _core.force_isa(isa)
            yield isa
    finally:
        _core.force_isa(before)
