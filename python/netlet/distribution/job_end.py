"""How the end of one process ends a job of several, instead of letting the others wait for it."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
import traceback
from types import FrameType, TracebackType
from typing import Protocol

from .last_checkpoint import last_checkpoint


class Member(Protocol):
    """A communicator as this file sees it."""

    rank: int
    size: int

    def lost_ranks(self, wait: bool = False) -> list[int]:
        """The ranks whose processes are known to have ended; with `wait`, once there is one."""

    def failed_rank(self) -> int | None:
        """The rank that has said that it ends the job."""

    def describe_rank(self, rank: int) -> str:
        """Number, process and machine of a rank."""

    def end_job(self) -> None:
        """Tells the other ranks and ends all processes."""

    def leave(self) -> None:
        """Tells the other ranks that this one calls nothing any more, and waits until all have said so."""


class JobEnd:
    """From its creation on, the end of this process concerns the other ranks too, and theirs this one.

    - An exception that nothing catches: its traceback, the rank and the last checkpoint are printed, and all ranks end.
    - The end of the script: ranks that still train raise an error that names this one.
    - Another rank's process was lost: a thread that sleeps until then prints which, and the last checkpoint. mpirun
      sends SIGTERM to the ranks that are left at the same moment; its handler lets the message come first. A handler
      that the script has set is left alone.

    Nothing of this happens in a forked child.

    Args:
        member: the communicator.
        watch: whether another thread may use the communicator, as the one that sleeps needs.
    """

    def __init__(self, member: Member, watch: bool) -> None:
        self._member = member
        self._pid = os.getpid()
        self._show = sys.excepthook
        self._reported = False
        self._lock = threading.RLock()  # SIGTERM's handler may interrupt its owner
        sys.excepthook = self._on_exception
        atexit.register(self._on_exit)
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._on_sigterm)
        if watch:
            threading.Thread(target=self._watch, name="netlet: other ranks", daemon=True).start()

    def report(self, error: BaseException) -> None:
        """Prints which rank ends the job with which error, and the last checkpoint."""
        cause = "".join(traceback.format_exception_only(type(error), error)).strip()
        who = self._member.describe_rank(self._member.rank)
        checkpoint = "" if last_checkpoint() in cause else f"\n{last_checkpoint()}"
        self._print(f"netlet: {who} ends the job of {self._member.size} processes: {cause}{checkpoint}")

    def _on_exception(self, kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if os.getpid() != self._pid:
            return self._show(kind, error, where)
        if self._member.rank:
            time.sleep(0.3)  # an error that all ranks have is shown by rank 0, which ends this process meanwhile
        self._show(kind, error, where)
        self.report(error)
        self._member.end_job()

    def _on_exit(self) -> None:
        if os.getpid() == self._pid:
            self._member.leave()
            self._reported = True

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() == self._pid:
            self._report_loss(self._member.lost_ranks())
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    def _watch(self) -> None:
        self._report_loss(self._member.lost_ranks(wait=True))

    def _report_loss(self, lost: list[int]) -> None:
        """Prints the lost ranks, if there are any and this is the first rank that is left."""
        first_left = min(rank for rank in range(self._member.size) if rank not in lost)
        if lost and self._member.rank == first_left and self._member.failed_rank() is None:
            names = ", ".join(self._member.describe_rank(rank) for rank in lost)
            self._print(f"netlet: {names} was lost: the job of {self._member.size} processes ends. {last_checkpoint()}")

    def _print(self, message: str) -> None:
        """Prints the message, unless there was one before. Written at once: the process may have no time for more."""
        with self._lock:  # another thread's message is complete before this one goes on to end the process
            if not self._reported:
                os.write(2, (message + "\n").encode(errors="replace"))
                self._reported = True
