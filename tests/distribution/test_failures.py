"""A rank that fails, is killed, leaves or does not come ends the job with a message, and nothing hangs."""

from __future__ import annotations

import pytest

from support.mpirun import Run, kills_at_once, mpirun, needs_mpirun

pytestmark = needs_mpirun

# All ranks meet again and again; at step 100 something happens on rank 1.
STEPS = """
    import os, signal, sys, time
    import numpy as np
    from netlet.distribution.last_checkpoint import note_checkpoint
    from netlet.distribution.launch import find_communicator

    c = find_communicator()
    c.timeout = 1
    for step in range(10_000):
        c.barrier()
        if step == 50:
            note_checkpoint("/somewhere/backup", 3, 7)
        if step == 100 and c.rank == 1:
            {what}
"""
CHECKPOINT = "/somewhere/backup (after 3 epochs and 7 batches)."


def run_with(what: str, ranks: int = 2) -> Run:
    run = mpirun(ranks, STEPS.replace("{what}", what), check=False)
    assert run.returncode != 0
    return run


@kills_at_once
def test_a_killed_rank_is_named_with_the_last_checkpoint() -> None:
    run = run_with("os.kill(os.getpid(), signal.SIGKILL)", ranks=3)
    assert run.stderr.count("was lost: the job of 3 processes ends. Last checkpoint: ") == 1  # by one rank only
    (line,) = [line for line in run.stderr.splitlines() if "was lost: the job" in line]
    assert "netlet: rank 1 (process " in line and line.endswith(CHECKPOINT)


@kills_at_once
def test_a_rank_is_killed_while_the_others_compute() -> None:
    run = run_with("os.kill(os.getpid(), signal.SIGKILL)\n        if step == 100: time.sleep(30)")
    assert "netlet: rank 1 (process " in run.stderr and "was lost: the job of 2 processes ends." in run.stderr


def test_an_exception_on_one_rank_ends_the_job_with_its_message() -> None:
    run = run_with("raise ValueError('bad value')")
    assert "ValueError: bad value\n" in run.stderr and "Traceback" in run.stderr
    assert "netlet: rank 1 (process " in run.stderr
    assert "ends the job of 2 processes: ValueError: bad value\nLast checkpoint: " in run.stderr
    assert CHECKPOINT in run.stderr
    assert "was lost" not in run.stderr  # the others do not blame the rank that has said why


def test_an_exception_on_all_ranks_is_shown_once() -> None:
    run = mpirun(3, "from netlet.distribution.launch import find_communicator\nfind_communicator()\n1 / 0", check=False)
    assert run.returncode != 0
    assert run.stderr.count("Traceback") == 1 and "rank 0" in run.stderr
    assert "ZeroDivisionError: division by zero\nNo checkpoint was written." in run.stderr


@pytest.mark.parametrize("what", ["break", "sys.exit(0)", "sys.exit(3)"])
def test_a_rank_whose_script_ends_early_is_named(what: str) -> None:
    run = run_with(what)
    assert "RuntimeError: rank 1 (process " in run.stderr
    assert "ended its script while rank 0 waits for it in barrier. Last checkpoint: " in run.stderr


@kills_at_once
def test_a_process_that_exits_at_once_is_named() -> None:
    run = run_with("os._exit(0)")
    assert "netlet: rank 1 (process " in run.stderr and "was lost" in run.stderr


def test_an_interrupt_of_one_rank_ends_the_job() -> None:
    run = run_with("os.kill(os.getpid(), signal.SIGINT)")
    assert "ends the job of 2 processes: KeyboardInterrupt\nLast checkpoint: " in run.stderr


@pytest.mark.parametrize("what", ["time.sleep(30)", "os.kill(os.getpid(), signal.SIGSTOP)"])
def test_a_rank_that_does_not_come_is_named_after_the_time_limit(what: str) -> None:
    run = run_with(what, ranks=3)
    assert "TimeoutError: rank 0 has waited 1 s in barrier for rank 1 (process " in run.stderr
    assert "for rank 1 (process " in run.stderr and "for rank 2" not in run.stderr


@pytest.mark.parametrize("what", ["c.gather_objects(1)", "c.broadcast(np.zeros(100))"])
def test_ranks_that_make_different_calls_do_not_hang(what: str) -> None:
    run = run_with(what)
    assert "Error: rank " in run.stderr and "Last checkpoint: " in run.stderr


def test_all_ranks_may_exit_with_a_status_of_their_own() -> None:
    run = mpirun(
        2,
        """
        import sys
        from netlet.distribution.launch import find_communicator
        find_communicator().barrier()
        sys.exit(3)
        """,
        check=False,
    )
    assert run.returncode == 3 and "netlet:" not in run.stderr
