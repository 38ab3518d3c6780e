"""What outlives a process that fuzzes: its report, its last input, and the inputs that failed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import mmap
import pathlib
import struct

FOUND = pathlib.Path(__file__).resolve().parents[2] / "build" / "fuzz"
LONGEST_INPUT = 1 << 18  # bytes


class LastInput:
    """The input that is being read, in a file that outlives the process: its parent finds it there after a crash."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        if not path.exists():
            path.write_bytes(bytes(LONGEST_INPUT + 16))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def put(self, number: int, data: bytes) -> None:
        data = data[:LONGEST_INPUT]
        self._map[:16] = struct.pack("<QQ", number, len(data))
        self._map[16 : 16 + len(data)] = data

    def get(self) -> tuple[int, bytes]:
        """(number of the execution, its input)."""
        number, length = struct.unpack("<QQ", self._map[:16])
        return number, self._map[16 : 16 + length]


@dataclasses.dataclass
class Report:
    """What a run found.

    Attributes:
        seconds, cpu: how long the executions took, by the clock and of one core.
        slowest: the longest execution, in seconds of one core.
        megabytes: the most memory that the process held.
        coverage: branches of the instrumented packages; without atheris the kinds and places of outcomes.
        outcomes: {kind of exception or "read": number}.
        failures: {what is wrong: path of an input}; one input for each place in the code.
    """

    target: str
    executions: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    slowest: float = 0.0
    megabytes: int = 0
    corpus: int = 0
    coverage: int = 0
    outcomes: dict[str, int] = dataclasses.field(default_factory=dict)
    failures: dict[str, str] = dataclasses.field(default_factory=dict)

    def write(self, folder: pathlib.Path) -> None:
        """Replaces the target's report in a folder."""
        path = _path(folder, self.target)
        path.with_suffix(".new").write_text(json.dumps(dataclasses.asdict(self)))
        path.with_suffix(".new").replace(path)

    def add(self, folder: pathlib.Path) -> bool:
        """Moves what a process wrote in the folder to this report. Returns whether there was anything."""
        path = _path(folder, self.target)
        if not path.exists():
            return False
        other = Report(**json.loads(path.read_text()))
        path.unlink()
        self.executions += other.executions
        self.seconds += other.seconds
        self.cpu += other.cpu
        for name in ("slowest", "megabytes", "corpus", "coverage"):
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        for kind, count in other.outcomes.items():
            self.outcomes[kind] = self.outcomes.get(kind, 0) + count
        self.failures.update(other.failures)
        return True

    def failed(self, what: str, data: bytes, details: str) -> None:
        """Keeps an input that failed, unless one failed in the same way."""
        if what not in self.failures:
            self.failures[what] = str(keep(FOUND / self.target, data, f"{what}\n{details}"))


def _path(folder: pathlib.Path, target: str) -> pathlib.Path:
    return folder / f"{target}.json"


def keep(folder: pathlib.Path, data: bytes, details: str) -> pathlib.Path:
    """Writes an input, and beside it what happened. Returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:12]
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(details)
    return path
