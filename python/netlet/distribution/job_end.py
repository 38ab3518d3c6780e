"""How the end of one process ends a job of several, instead of letting the others wait for it."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Protocol

from .last_checkpoint import last_checkpoint


class Member(Protocol):
    """A communicator as this file sees it."""

    rank: int
    size: int

    def lost_ranks(self) -> list[int]:
        """The ranks whose processes are known to have ended."""

    def failed_rank(self) -> int | None:
        """The rank that has said that it ends the job."""

    def describe_rank(self, rank: int) -> str:
        """Number, process and machine of a rank."""

    def end_job(self) -> None:
        """Tells the other ranks and ends all processes."""

    def leave(self) -> None:
        """Tells the other ranks that this one calls nothing any more, and waits until all have said so."""


def end_job_with(member: Member) -> None:
    """From now on an uncaught exception, SIGTERM, or the end of this process concern the other ranks too.

    - An exception that nothing catches: its traceback, the rank and the last checkpoint are printed, and all ranks end.
    - SIGTERM, which mpirun sends when a process was killed: the lost rank and the last checkpoint are printed. A
      handler that the script has set is left alone.
    - The end of the script: ranks that still train raise an error that names this one.

    Nothing of this happens in a forked child.
    """
    mine = os.getpid()
    show = sys.excepthook

    def on_exception(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if os.getpid() != mine:
            return show(kind, error, where)
        if member.rank:
            time.sleep(0.3)  # an error that all ranks have is shown by rank 0, which ends this process meanwhile
        show(kind, error, where)
        report(member, error)
        member.end_job()

    def on_exit() -> None:
        if os.getpid() == mine:
            member.leave()

    sys.excepthook = on_exception
    atexit.register(on_exit)
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm(member, mine))


def report(member: Member, error: BaseException) -> None:
    """Prints which rank ends the job with which error, and the last checkpoint."""
    cause = "".join(traceback.format_exception_only(type(error), error)).strip()
    where = "" if last_checkpoint() in cause else f"\n{last_checkpoint()}"
    print(
        f"netlet: {member.describe_rank(member.rank)} ends the job of {member.size} processes: {cause}{where}",
        file=sys.stderr,
        flush=True,
    )


def _on_sigterm(member: Member, mine: int) -> Callable[[int, FrameType | None], None]:
    def on_sigterm(number: int, frame: FrameType | None) -> None:
        if os.getpid() == mine and member.failed_rank() is None:
            lost = member.lost_ranks()
            first_left = min(rank for rank in range(member.size) if rank not in lost)
            if lost and member.rank == first_left:
                names = ", ".join(member.describe_rank(rank) for rank in lost)
                print(f"netlet: {names} was lost. {last_checkpoint()}", file=sys.stderr, flush=True)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    return on_sigterm
