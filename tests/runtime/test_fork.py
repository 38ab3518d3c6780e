"""fork, in a child process with a watchdog. (Ctrl-C: tests/training/test_interrupt.py.)"""

from __future__ import annotations

import os

import pytest

from support.child import run_child


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_computes_in_parallel_and_gets_the_parents_bits():
    child = run_child(
        """
        import os, signal, hashlib, warnings, numpy as np, netlet
        from netlet import _core
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads: being safe there is the point
        netlet.set_num_threads(3)
        x = np.random.default_rng(0).normal(size=(1500, 700)).astype("float32")
        def digest():
            return hashlib.sha256(netlet.ops.matmul(x, x.T).tobytes()).hexdigest()
        mine = digest()
        assert _core.workers_started() == 2
        for generation in range(3):
            pid = os.fork()
            if pid == 0:
                signal.alarm(60)  # a deadlock becomes a signal
                theirs = digest()
                tasks = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 3
                os._exit(0 if theirs == mine and _core.workers_started() == 2 and tasks == 3 else 1)
            assert os.waitpid(pid, 0)[1] == 0, f"child {generation}"
            assert digest() == mine
        """
    )
    assert child.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_while_another_thread_computes():
    child = run_child(
        """
        import os, signal, threading, warnings, numpy as np, netlet
        warnings.simplefilter("ignore", DeprecationWarning)
        netlet.set_num_threads(3)
        a = np.ones((600, 600), np.float32)
        stop = threading.Event()
        def busy():
            while not stop.is_set():
                netlet.ops.matmul(a, a)
        netlet.ops.matmul(a, a)  # imported now: a forked child cannot finish another thread's import
        worker = threading.Thread(target=busy, daemon=True)
        worker.start()
        for i in range(20):
            pid = os.fork()
            if pid == 0:
                signal.alarm(60)
                os._exit(0 if netlet.ops.matmul(a, a)[0, 0] == 600 else 1)
            assert os.waitpid(pid, 0)[1] == 0, f"child {i}"
        stop.set()
        worker.join()
        """
    )
    assert child.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_while_another_thread_predicts_with_the_same_model():
    """The other thread holds the plan's lock at the fork, and in the child no thread will ever release it."""
    child = run_child(
        """
        import os, signal, threading, warnings, numpy as np, netlet
        from netlet import layers
        warnings.simplefilter("ignore", DeprecationWarning)
        netlet.set_num_threads(2)
        model = netlet.Sequential([netlet.Input((512,)), layers.Dense(1024), layers.Dense(1)])
        x = np.ones((512, 512), np.float32)
        expected = model.predict(x, batch_size=256, verbose=0)
        stop = threading.Event()
        def busy():
            while not stop.is_set():
                model.predict(x, batch_size=256, verbose=0)
        worker = threading.Thread(target=busy, daemon=True)
        worker.start()
        for i in range(10):
            pid = os.fork()
            if pid == 0:
                signal.alarm(60)
                os._exit(0 if np.array_equal(model.predict(x, batch_size=256, verbose=0), expected) else 1)
            assert os.waitpid(pid, 0)[1] == 0, f"child {i}"
        stop.set()
        worker.join()
        """
    )
    assert child.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_keeps_the_number_of_threads_whatever_the_environment_has_become():
    child = run_child(
        """
        import os, warnings, numpy as np, netlet
        from netlet import _core
        warnings.simplefilter("ignore", DeprecationWarning)
        netlet.set_num_threads(3)
        x = np.ones((2048, 1024), np.float32)
        netlet.ops.add(x, x)
        os.environ["NETLET_NUM_THREADS"] = "many"
        pid = os.fork()
        if pid == 0:
            os._exit(0 if netlet.ops.add(x, x)[0, 0] == 2 and netlet.get_num_threads() == 3 else 1)
        assert os.waitpid(pid, 0)[1] == 0
        """
    )
    assert child.stderr == ""
