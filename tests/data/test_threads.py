"""Threads of prefetch and map: order, exceptions, random numbers, and that they end."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import netlet
from netlet.data import AUTOTUNE, Dataset
from support.child import run_child


def ours():
    return [t for t in threading.enumerate() if t.name.startswith(("netlet-data", "netlet-map"))]


def ended():
    gc.collect()
    for thread in ours():
        thread.join(10)
    return not ours()


@pytest.mark.parametrize("threads", [None, 1, 2, 5, AUTOTUNE])
def test_map_keeps_the_order(threads):
    gate = threading.Event()

    def later(i):
        if i == 0 and threads not in (None, 1, AUTOTUNE):
            gate.wait(10)  # the first item is ready last
        if i == 1:
            gate.set()
        return i * i

    assert list(Dataset.range(20).map(later, num_parallel_calls=threads)) == [i * i for i in range(20)]
    assert ended()


def test_map_works_ahead_by_a_bounded_number_of_items():
    started = []
    items = iter(Dataset.range(100).map(lambda i: started.append(int(i)) or i, num_parallel_calls=2))
    next(items)
    assert len(started) <= 5
    items.close()
    assert ended()


@pytest.mark.parametrize(
    "make", [lambda d: d.prefetch(2), lambda d: d.map(lambda i: i, 2), lambda d: d.map(lambda i: i, 2).prefetch(1)]
)
def test_a_reader_that_stops_ends_the_threads(make):
    data = make(Dataset.range(1000).repeat())
    for i in data:
        if i == 3:
            break
    del i
    assert ended(), "after break"
    items = iter(data)
    next(items)
    del items
    assert ended(), "without a reference"
    with pytest.raises(ZeroDivisionError):
        data.reduce(0, lambda state, item: 1 // (3 - int(item)))
    assert ended(), "after an exception of the reader"
    unused = iter(data)
    assert not ours(), "nothing starts before the first item"
    del unused


@pytest.mark.parametrize("make", [lambda d: d.prefetch(2), lambda d: d, lambda d: d.batch(1).unbatch().prefetch(1)])
@pytest.mark.parametrize("threads", [None, 2])
def test_exceptions_come_in_the_place_of_the_item(make, threads):
    def fails(i):
        if i == 3:
            raise KeyError("third")
        return i

    data, seen = make(Dataset.range(9).map(fails, threads)), []
    with pytest.raises(KeyError, match="third"):
        data.reduce(0, lambda state, item: seen.append(int(item)))
    assert seen == [0, 1, 2] and ended()


def test_generators_are_closed_in_the_thread_that_runs_them():
    closed = []

    def make():
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)

    next(iter(Dataset.from_generator(make).prefetch(2)))
    assert ended() and closed == ["netlet-data"]


def test_random_numbers_do_not_depend_on_threads():
    def passes(threads, first=4):
        netlet.utils.set_random_seed(3)
        layer = netlet.layers.RandomBrightness(0.5, value_range=(0, 1))
        images = Dataset.from_tensor_slices(np.full((12, 2, 2, 3), 0.5, "float32"))
        data = images.map(lambda x: layer(x[None], training=True)[0] + netlet.random.uniform(()), threads)
        return [np.stack(list(data)) for _ in range(2)]

    one, two = passes(None)
    assert (one != two).any() and len(np.unique(one)) >= 12
    for threads in (1, 3, AUTOTUNE):
        again = passes(threads)
        np.testing.assert_array_equal(again[0], one)
        np.testing.assert_array_equal(again[1], two)


def test_the_interpreter_ends_with_running_threads():
    run_child("""
        import time
        import numpy as np, netlet
        from netlet.data import Dataset
        data = Dataset.range(10**9).map(lambda i: netlet.ops.exp(np.ones((64, 64)) * i), 2).prefetch(4)
        items = iter(data)
        next(items)
        slow = iter(Dataset.range(3).map(lambda i: time.sleep(0.2) or i).prefetch(1))
        next(slow)
    """)


def test_a_forked_process_begins_new_passes_and_cannot_go_on_with_old_ones():
    run_child("""
        import os, time
        from netlet.data import Dataset
        for data in (Dataset.range(50).map(lambda i: time.sleep(0.001) or i, 2), Dataset.range(50).prefetch(2)):
            items = iter(data)
            next(items)
            child = os.fork()
            if child == 0:
                code = 0 if len(list(data)) == 50 else 1
                try:
                    list(items)
                    code = 2
                except RuntimeError as error:
                    code = code if "forked" in str(error) else 3
                os._exit(code)
            end = time.monotonic() + 60
            while time.monotonic() < end and (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
                time.sleep(0.01)
            assert ended[0] == child and ended[1] == 0, ended
            assert len(list(items)) == 49
    """)
