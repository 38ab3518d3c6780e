"""ExclusiveUse by itself: turns, long calls, Ctrl-C and fork."""

from __future__ import annotations

import itertools
import sys
import threading
import time

import pytest

from netlet.base.exclusive import ExclusiveUse, LongUse
from support.child import run_child
from support.threads import at_once


def test_one_thread_at_a_time():
    use, inside = ExclusiveUse("A"), []

    def enter():
        for _ in range(200):
            with use.turn(), use.turn():
                inside.append(1)
                assert inside == [1]
                inside.clear()

    at_once(*[enter] * 4)


def test_a_long_call_lets_waiting_threads_go_first():
    """A waiting thread has its turn after one part of the long call, however short the gap between parts."""
    sys.setswitchinterval(1000)  # the long call does not stop in the gap; `often_switched` restores the interval
    use, turns, begun = ExclusiveUse("A"), [], threading.Event()

    def long():
        with LongUse(use, "fit"):
            while turns.count("other") < 5:
                with use.turn():
                    begun.set()
                    turns.append("part")
                    while not use._waiting and turns.count("other") < 5:
                        time.sleep(1e-4)  # until another thread waits
                use.give_way()

    def short():
        begun.wait(60)
        for _ in range(5):
            with use.turn():
                use.arrived()
                turns.append("other")

    at_once(long, short)
    assert all(a != b for a, b in itertools.pairwise(turns) if a == "part")


def test_a_thread_that_gave_up_delays_nobody_for_long():
    use = ExclusiveUse("A")
    use._waiting.add(-1)
    use.give_way()
    assert not use._waiting


def test_a_long_call_whose_frame_is_gone_has_ended():
    """As after Ctrl-C at the worst place."""
    use = ExclusiveUse("A")
    LongUse(use, "fit").__enter__()
    at_once(lambda: use.check("compile"))


def test_long_calls_inside_of_each_other():
    use = ExclusiveUse("Model 'm'")
    with LongUse(use, "fit"):
        with LongUse(use, "evaluate"):
            pass
        with pytest.raises(RuntimeError, match="Model 'm': compile needs what fit uses in another thread"):
            at_once(lambda: use.check("compile"))
    at_once(lambda: use.check("compile"))


def test_a_forked_child_may_use_what_other_threads_held():
    child = run_child(
        """
        import os, threading, time, numpy as np, netlet
        from netlet.base.exclusive import ExclusiveUse, LongUse

        model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(1)])
        model.compile("sgd", "mse")
        x = np.ones((4, 3), "float32")
        held, go = threading.Event(), threading.Event()

        def hold():
            with LongUse(model._exclusive, "fit"), model._exclusive.turn():
                held.set()
                go.wait()

        threading.Thread(target=hold, daemon=True).start()
        held.wait()
        child = os.fork()
        if child == 0:
            model.fit(x, x[:, :1], verbose=0)
            model.predict(x, verbose=0)
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        go.set()

        with model._exclusive.turn():  # a fork by the thread that holds it
            child = os.fork()
            if child == 0:
                model.fit(x, x[:, :1], verbose=0)
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        model.predict(x, verbose=0)
        print("done")
        """
    )
    assert child.stdout == "done\n"
