"""`python -m bench.schedule`: the simulated pool hands out chunks as the real one does."""

from __future__ import annotations

import pytest

from support.repo import ROOT

pytestmark = pytest.mark.skipif(not (ROOT / "bench" / "schedule").is_dir(), reason="bench/ is not here")


@pytest.fixture
def simulation(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from bench.schedule import simulation

    return simulation


@pytest.fixture
def free(simulation):
    """Threads that cost nothing."""
    return simulation.Costs(wake=0, next_wake=0, claim=0, finish=0)


def test_equal_chunks_are_shared_evenly(simulation, free):
    assert simulation.record_seconds([1.0] * 12, 4, free) == 3
    assert simulation.record_seconds([1.0] * 13, 4, free) == 4
    assert simulation.record_seconds([1.0] * 3, 64, free) == 1


def test_a_long_chunk_at_the_end_is_waited_for(simulation, free):
    assert simulation.record_seconds([1.0, 1.0, 1.0, 5.0], 2, free) == 6
    assert simulation.lost_seconds([1.0, 1.0, 1.0, 5.0], 2, free) == 2


def test_one_chunk_and_one_thread_cost_nothing_extra(simulation):
    costs = simulation.Costs(wake=1, next_wake=1, claim=1, finish=1)
    assert simulation.record_seconds([2.0], 8, costs) == 2
    assert simulation.record_seconds([2.0, 3.0], 1, costs) == 5


def test_helpers_wake_one_after_the_other(simulation):
    costs = simulation.Costs(wake=2, next_wake=1, claim=0, finish=0.5)
    # The calling thread takes the first two chunks before a helper is awake at 2, and the next one at 3.
    assert simulation.record_seconds([1.0, 1.0, 4.0, 4.0], 3, costs) == 6.5


def test_records_run_one_after_the_other(simulation, free):
    assert simulation.step_seconds([[1.0, 1.0], [], [3.0]], 2, free) == 4
