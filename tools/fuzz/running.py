"""Starts the processes that fuzz, ends those that hang, and collects their reports."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from .report import LastInput, Report

ROOT = pathlib.Path(__file__).resolve().parents[2]
_STARTS = 900.0  # seconds that importing and instrumenting may take
_LOOK = 0.5  # seconds between two looks at the process
_MOST_CRASHES = 10  # of one target, after which it is not started again
_SHM = pathlib.Path("/dev/shm")


@dataclasses.dataclass(frozen=True)
class Options:
    """How to run a target.

    Attributes:
        engine: "atheris" or "plain".
        runs: executions of each target, or "default" for the target's own number; None for no limit.
        seconds: for each target; None for no limit.
        seed: of the random numbers.
        hangs: seconds without a new execution after which a process counts as hanging.
    """

    engine: str = "plain"
    runs: int | str | None = None
    seconds: float | None = None
    seed: int = 0
    hangs: float = 120.0


def fuzz(name: str, options: Options, files: Sequence[str] = ()) -> Report:
    """Runs a target in a process of its own; after a crash in another one, with another seed.

    Args:
        name: of the target.
        options: how long, and which engine.
        files: inputs; if there are any, only those are read.

    Returns:
        The report. An input that ended its process is among the failures.
    """
    total, began = Report(name), time.monotonic()
    for attempt in range(_MOST_CRASHES):
        runs = options.runs - total.executions if isinstance(options.runs, int) else options.runs
        seconds = None if options.seconds is None else options.seconds - (time.monotonic() - began)
        if runs in (0, -1) or (seconds is not None and seconds <= 0):
            break
        step = dataclasses.replace(options, runs=runs, seconds=seconds, seed=options.seed + attempt)
        if run_process([total], step, files) or files:
            break
    return total


def run_process(reports: Sequence[Report], options: Options, files: Sequence[str] = ()) -> bool:
    """Runs targets one after the other in one process, and adds to their reports.

    Returns:
        Whether the process came to its end; otherwise the target that ended it has a failure more.
    """
    work = pathlib.Path(tempfile.mkdtemp(prefix="fuzz-", dir=_SHM if _SHM.is_dir() else None))
    names = ",".join(report.target for report in reports)
    limits = ["-" if limit is None else str(limit) for limit in (options.runs, options.seconds)]
    command = [sys.executable, "-m", "tools.fuzz.child", names, str(work), options.engine, *limits, str(options.seed)]
    environment = {**os.environ, "NETLET_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    last = LastInput(work / "input")
    try:
        with open(work / "log", "w+b") as log:
            child = subprocess.Popen([*command, *files], stdout=log, stderr=log, env=environment, cwd=ROOT)
            hung = _wait(child, last, options.hangs)
            log.seek(0)
            text = log.read().decode(errors="replace")
        number, data = last.get()
        earlier = [report.executions for report in reports]
        begun = [report.add(work) for report in reports]
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if pulses := re.findall(r"cov: (\d+) .*?corp: (\d+)", text):  # libFuzzer's log
        reports[-1].coverage, reports[-1].corpus = map(int, pulses[-1])
    if child.returncode == 0:
        return True
    ended = "a hang" if hung else _ending(child.returncode)
    if not any(begun) or number == 0:
        raise RuntimeError(f"Targets {names}: ended before the first execution, with {ended}:\n{text[-4000:]}")
    at = max(i for i, there in enumerate(begun) if there)
    reports[at].executions = earlier[at] + number
    reports[at].failed(f"{ended} in execution {number}", data, text[-4000:])
    return False


def _ending(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _wait(child: subprocess.Popen[bytes], last: LastInput, hangs: float) -> bool:
    """Waits for the end of a process. Ends it, and returns True, if it begins no new execution for some time.

    The time is counted in looks, not by the clock, which goes on while both processes are stopped or starved.
    """
    now, looks = last.get(), 0
    while True:
        try:
            child.wait(timeout=_LOOK)
            return False
        except subprocess.TimeoutExpired:
            looks += 1
        if last.get() != now:
            now, looks = last.get(), 0
        elif looks * _LOOK > (hangs if now[0] else _STARTS):
            child.send_signal(signal.SIGABRT)  # faulthandler writes the stack
            child.wait()
            return True
