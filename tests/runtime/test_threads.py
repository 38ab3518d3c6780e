"""The thread pool: setting its size, environment variables, threadpoolctl, several Python threads at once."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pytest
import threadpoolctl

import netlet
from netlet import _core
from support.child import run_child


@pytest.fixture(autouse=True)
def restored():
    before = netlet.get_num_threads()
    yield
    netlet.set_num_threads(before)


def test_default_is_the_cpus_that_may_be_used():
    code = "import netlet; from netlet import _core; print(netlet.get_num_threads(), _core.usable_cpus())"
    threads, cpus = run_child(code, NETLET_NUM_THREADS="").stdout.split()
    assert threads == cpus


def test_set_and_get():
    netlet.set_num_threads(3)
    assert netlet.get_num_threads() == 3


@pytest.mark.parametrize("wrong", [0, -1])
def test_fewer_than_one_thread_is_refused_and_nothing_changes(wrong):
    netlet.set_num_threads(2)
    with pytest.raises(ValueError, match=f"{wrong}"):
        netlet.set_num_threads(wrong)
    assert netlet.get_num_threads() == 2


@pytest.mark.parametrize("wrong", [1.5, "2", None])
def test_a_number_of_threads_is_an_integer(wrong):
    with pytest.raises(TypeError):
        netlet.set_num_threads(wrong)


def test_environment_variable():
    assert run_child("import netlet; print(netlet.get_num_threads())", NETLET_NUM_THREADS="3").stdout.split() == ["3"]


@pytest.mark.parametrize("wrong", ["0", "-2", "many", "2.5"])
def test_a_wrong_environment_variable_is_named(wrong):
    code = "import netlet; netlet.get_num_threads()"
    child = run_child(code, check=False, NETLET_NUM_THREADS=wrong)
    assert child.returncode != 0
    assert "ValueError" in child.stderr
    assert "NETLET_NUM_THREADS" in child.stderr
    assert wrong in child.stderr


def test_threadpoolctl_sees_and_sets():
    netlet.set_num_threads(3)
    [info] = [lib for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "netlet"]
    assert info["num_threads"] == 3
    with threadpoolctl.threadpool_limits(limits=2, user_api="netlet"):
        assert netlet.get_num_threads() == 2
    assert netlet.get_num_threads() == 3
    with threadpoolctl.threadpool_limits(limits=1):
        assert netlet.get_num_threads() == 1


def test_a_wrong_environment_variable_does_not_end_a_process_that_only_asks_threadpoolctl():
    """threadpoolctl calls a C function, which cannot raise."""
    code = "import netlet, threadpoolctl; print([lib['num_threads'] for lib in threadpoolctl.threadpool_info()])"
    assert run_child(code, NETLET_NUM_THREADS="many").stdout.startswith("[")


def test_workers_appear_with_the_first_parallel_work_only():
    child = run_child(
        """
        import netlet, numpy as np
        from netlet import _core
        netlet.set_num_threads(2)
        netlet.ops.add(np.ones((10, 11), np.float32), np.float32(1))
        assert _core.workers_started() == 0
        netlet.ops.add(np.ones((2048, 1024), np.float32), np.float32(1))
        assert _core.workers_started() == 1
        """
    )
    assert child.stderr == ""


def test_several_python_threads_at_once_get_right_answers():
    netlet.set_num_threads(2)
    rng = np.random.default_rng(0)
    pairs = [
        (rng.integers(-3, 4, (97, 65)).astype(np.float32), rng.integers(-3, 4, (65, 129)).astype(np.float32))
        for _ in range(4)
    ]
    wrong: list[int] = []

    def work(i: int) -> None:
        a, b = pairs[i]
        expected = a @ b  # small integers: exact in any order of summation
        wrong.extend(i for _ in range(200) if not np.array_equal(netlet.ops.matmul(a, b), expected))

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert wrong == []


def test_changing_the_number_of_threads_while_others_compute():
    a = np.ones((512, 512), np.float32)
    stop = threading.Event()
    wrong: list[str] = []

    def compute() -> None:
        while not stop.is_set():
            if netlet.ops.matmul(a, a)[0, 0] != 512:
                wrong.append("matmul")

    worker = threading.Thread(target=compute)
    worker.start()
    try:
        for n in [1, 3, 2, 8, 1, 2] * 10:
            netlet.set_num_threads(n)
    finally:
        stop.set()
        worker.join()
    assert wrong == []
    assert _core.workers_started() <= 7


def test_no_more_workers_start_than_there_are_chunks_for():
    child = run_child(
        """
        import netlet, numpy as np
        from netlet import _core
        netlet.set_num_threads(3000)
        x = np.ones(40_000, np.float32)
        netlet.ops.add(x, x)
        assert _core.workers_started() == 2  # three chunks of 16384 elements, one of them the caller's
        netlet.ops.sum(np.ones((2048, 1024), np.float32))
        assert _core.workers_started() < 200
        """
    )
    assert child.stderr == ""


@pytest.mark.parametrize("name", ["NETLET_ISA", "NETLET_NUM_THREADS"])
@pytest.mark.parametrize("size", [4, 400])
def test_a_wrong_environment_variable_is_named_by_the_first_product(name, size):
    """Small products are called through a separate C function."""
    child = run_child(
        f"""
        import netlet, numpy as np
        x = np.ones(({size}, {size}), np.float32)
        for _ in range(2):
            try:
                netlet.ops.matmul(x, x)
            except ValueError as e:
                print(e)
        """,
        **{name: "many"},
    )
    assert [line.split(":")[0] for line in child.stdout.splitlines()] == [f"{name}=many"] * 2


@pytest.mark.parametrize("what", ["tensor", "cast", "copy_from"])
def test_large_copies_let_other_python_threads_run(what):
    """With Python's thread switching disabled, the other thread advances only when the copy releases the GIL."""
    x = np.ones((2048, 1024), np.float32)
    target = _core.tensor(x)
    copy = {
        "tensor": lambda: _core.tensor(x),
        "cast": lambda: _core.tensor(x, "float64"),
        "copy_from": lambda: target.copy_from(x),
    }[what]
    rounds, stop = [0], [False]

    def other() -> None:
        while not stop[0]:
            rounds[0] += 1
            time.sleep(0)  # releases the GIL

    def advances() -> bool:
        before = rounds[0]
        copy()
        return rounds[0] > before

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert any(advances() for _ in range(100))  # not every time: on a busy machine the thread may not be scheduled
    finally:
        stop[0] = True
        sys.setswitchinterval(interval)
        thread.join()


PLACES = """
import os, pathlib, time
import numpy as np
import netlet

def cpu_of(thread):
    return int(pathlib.Path(f"/proc/self/task/{thread}/stat").read_text().rpartition(")")[2].split()[36])

cpus = os.sched_getaffinity(0)
netlet.set_num_threads(2)
a = np.ones((256, 256), "float32")
before = set(os.listdir("/proc/self/task"))
netlet.ops.matmul(a, a)
[worker] = set(os.listdir("/proc/self/task")) - before
apart = 0
for _ in range(20):
    time.sleep(0.01)  # the worker sleeps
    os.sched_setaffinity(0, {cpu_of(worker)})  # and the caller moves to its CPU
    netlet.ops.matmul(a, a)
    apart += cpu_of(worker) not in os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
print(apart, os.sched_getaffinity(int(worker)) == cpus)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="places of threads are known on Linux only")
@pytest.mark.skipif(_core.usable_cpus() < 2, reason="there is no other CPU")
def test_a_worker_that_slept_on_the_callers_cpu_wakes_up_on_another():
    apart, same_cpus = run_child(PLACES).stdout.split()
    assert int(apart) > 10
    assert same_cpus == "True"
