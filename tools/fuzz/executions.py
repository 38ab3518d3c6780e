"""The table of executions: how often each target was run, over all runs and days.

A line counts what one engine did with one target on one day: the seeds of its random numbers, the executions, the
seconds of a core that they took, and the inputs that failed. `executions.txt` beside this file counts the runs on which
docs/reliability.md reports.
"""

from __future__ import annotations

import dataclasses
import datetime
import pathlib

from .report import Report

_HEAD = ("date", "target", "engine", "seeds", "executions", "core s", "failures")


@dataclasses.dataclass
class Line:
    """One line of the table; its attributes are the columns."""

    date: str
    target: str
    engine: str
    seeds: tuple[int, int]
    executions: int = 0
    seconds: int = 0
    failures: int = 0

    def text(self) -> str:
        first, last = self.seeds
        numbers = f"{self.executions:>10} {self.seconds:>7} {self.failures:>9}"
        return f"{self.date} {self.target:<15} {self.engine:<8} {f'{first}-{last}':<8} {numbers}"


class Table:
    """The table in a file, which need not exist.

    Args:
        path: the file.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    @property
    def lines(self) -> list[Line]:
        """The lines; other processes may have added some."""
        found = []
        for text in self._path.read_text(encoding="utf-8").splitlines()[1:] if self._path.exists() else []:
            date, target, engine, seeds, executions, seconds, failures = text.split()
            first, _, last = seeds.partition("-")
            numbers = int(executions), int(seconds), int(failures)
            found.append(Line(date, target, engine, (int(first), int(last)), *numbers))
        return found

    def executions(self, target: str, engine: str) -> int:
        """How often an engine has run a target."""
        return sum(line.executions for line in self._of(target, engine))

    def next_seed(self, target: str, engine: str) -> int:
        """A seed that the engine has not used for the target."""
        return max((line.seeds[1] + 1 for line in self._of(target, engine)), default=0)

    def add(self, report: Report, engine: str, seed: int) -> None:
        """Counts a run, and writes the file."""
        today = datetime.date.today().isoformat()
        lines = self.lines
        key = (today, report.target, engine)
        line = next((each for each in lines if (each.date, each.target, each.engine) == key), None)
        if line is None:
            line = Line(*key, seeds=(seed, seed))
            lines.append(line)
        line.seeds = min(line.seeds[0], seed), max(line.seeds[1], seed)
        line.executions += report.executions
        line.seconds += round(report.cpu)
        line.failures += len(report.failures)
        self._write(lines)

    def _of(self, target: str, engine: str) -> list[Line]:
        return [line for line in self.lines if (line.target, line.engine) == (target, engine)]

    def _write(self, lines: list[Line]) -> None:
        date, target, engine, seeds, executions, seconds, failures = _HEAD
        head = f"{date:<10} {target:<15} {engine:<8} {seeds:<8} {executions:>10} {seconds:>7} {failures:>9}"
        texts = [line.text() for line in sorted(lines, key=lambda line: (line.target, line.engine, line.date))]
        new = self._path.with_suffix(".new")
        new.write_text("\n".join([head, *texts]) + "\n", encoding="utf-8")
        new.replace(self._path)
