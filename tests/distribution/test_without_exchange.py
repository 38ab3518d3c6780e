"""Steps that leave out the exchange with other ranks: only those of the thread that asks for it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np

from netlet import _core
from netlet.distribution.running import Rows, without_exchange


class CountedExchange:
    """Memory for one row, and the number of sums."""

    def __init__(self):
        self.parts, self.result, self.rank, self.sums = np.ones((1, 2)), np.zeros(2), 0, 0

    def sum(self, tree):
        self.sums += 1


def a_sum():
    """(a plan that sums over the ranks, its exchange)."""
    exchange = CountedExchange()
    layout = SimpleNamespace(adds=lambda rank, weighted: None)
    with _core.Tape(record=True) as tape:
        Rows(exchange, SimpleNamespace(layout=layout, shards=[SimpleNamespace(slot=0)]), "sum").total(weighted=False)
    return tape.compile([]), exchange


def test_only_the_thread_that_asks_for_it_leaves_out_sums():
    """Two trainers in one process: while one looks for the origin of a NaN, the other trains on."""
    (paused, paused_exchange), (training, training_exchange) = a_sum(), a_sum()
    with without_exchange():
        other = threading.Thread(target=training.run, args=([],))
        other.start()
        other.join()
        paused.run([])
    assert (paused_exchange.sums, training_exchange.sums) == (0, 1)
    paused.run([])
    assert paused_exchange.sums == 1


def test_it_ends_where_an_outer_one_began():
    plan, exchange = a_sum()
    with without_exchange():
        with without_exchange():
            pass
        plan.run([])
    assert exchange.sums == 0
