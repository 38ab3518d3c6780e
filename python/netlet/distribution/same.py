"""The check that all processes of a data-parallel training do the same."""

from __future__ import annotations

from typing import Any

from .data_parallel import active_distribution


def check_same(method: str, facts: dict[str, Any]) -> None:
    """Raises an error on all processes if they do not have the same facts.

    Args:
        method: name of the caller, for the error.
        facts: what is compared, by what the error calls it; values that differ have a different `repr`.

    Raises:
        ValueError: names the first fact that differs, and its two values.

    >>> check_same("fit", {"epochs": 3})
    """
    parallel = active_distribution()
    if parallel is None or parallel.communicator.size == 1:
        return
    first, *others = parallel.communicator.gather_objects({name: repr(value) for name, value in facts.items()})
    for rank, other in enumerate(others, 1):
        for name in first:
            if other.get(name) != first[name]:
                raise ValueError(
                    f"{method}: data-parallel training expects the same {name} on all processes: rank 0 has "
                    f"{first[name]}, rank {rank} has {other.get(name)}."
                )
