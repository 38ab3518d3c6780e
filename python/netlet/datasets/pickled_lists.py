"""Reading of lists of integers that NumPy saved as a pickle, without unpickling it."""

from __future__ import annotations

import pathlib
import struct
from array import array
from typing import Any

import numpy as np

from netlet.base.untrusted import Damaged, npy_header

from .ragged import Ragged
from .reading import at_most, npz_members, take

_SAFE = 1 << 24  # bytes; strings in these pickles are never longer


def read_pickled(path: pathlib.Path, name: str) -> Ragged:
    """Reads a vector of lists of integers that NumPy saved as an object array, which means as a pickle.

    The pickle is not loaded. The parser below accepts only the opcodes of such a vector; it compares the three NumPy
    names that occur in it but does not import them. Memory is allocated as integers are read.

    Args:
        path: an .npz file.
        name: name of the array.

    Raises:
        Damaged: any other contents, or an integer outside of [0, 2**31).
    """
    with npz_members(path) as (archive, members):
        member = members.get(f"{name}.npy")
        if member is None:
            raise Damaged(f"{path}: missing {name}; it contains {', '.join(members) or 'nothing'}.")
        what = f"{path}: {member.filename}"
        with archive.open(member) as stream:
            shape, _, dtype = npy_header(stream, what)
            if dtype.kind != "O" or len(shape) != 1:
                raise Damaged(f"{what}: expected a vector of lists, received {dtype} of shape {shape}.")
            size = member.file_size - stream.tell()
            if not 0 <= size <= at_most(path):
                raise Damaged(
                    f"{what}: its size of {member.file_size:,} bytes is not possible for the size of the file."
                )
            data = take(stream, size, what).tobytes()
        try:
            found = _Pickle(data).rows()
        except (IndexError, struct.error, KeyError):
            raise Damaged(
                f"{what}: expected a vector of lists of integers, received truncated or other data."
            ) from None
        except _OtherPickle as error:
            raise Damaged(f"{what}: expected a vector of lists of integers: {error}") from None
    if len(found.lengths) != shape[0]:
        raise Damaged(f"{what}: expected {shape[0]:,} lists, received {len(found.lengths):,}.")
    return found


class _OtherPickle(Exception):
    """Raised for a pickle of other contents."""


_NAMES = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("numpy.core.multiarray", "_reconstruct"): "reconstruct",
    ("numpy._core.multiarray", "_reconstruct"): "reconstruct",
}
_DTYPE, _ARRAY = object(), object()  # stand for the results of calling `dtype` and `reconstruct`


class _Vector:
    """The array with its elements."""

    def __init__(self, rows: Ragged) -> None:
        self.rows = rows


class _Pickle:
    """Parser of the opcodes that NumPy uses for such a vector. CPython's `pickletools` describes the opcodes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def _take(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        if len(part) != size or size > _SAFE:
            raise IndexError
        self.at += size
        return part

    def _line(self) -> str:
        end = self.data.index(b"\n", self.at, self.at + 100)
        part = self.data[self.at : end].decode("ascii")
        self.at = end + 1
        return part

    def rows(self) -> Ragged:
        """Parses the pickle and returns the vector. A few dozen opcodes surround the lists."""
        for _ in range(200):
            code = self._take(1)
            if code == b".":
                if len(self.stack) != 1 or not isinstance(self.stack[0], _Vector) or self.at != len(self.data):
                    raise _OtherPickle("other contents, or data after the end.")
                return self.stack[0].rows
            try:
                self._step(code)
            except ValueError:  # a name that is not text, or has no line end
                raise IndexError from None
        raise _OtherPickle("too many opcodes.")

    def _step(self, code: bytes) -> None:
        push, pop = self.stack.append, self.stack.pop
        if code == b"\x80":
            if self._take(1)[0] not in (2, 3, 4, 5):
                raise _OtherPickle("unknown protocol.")
        elif code == b"\x95":
            self._take(8)
        elif code == b"c":
            push(self._name(self._line(), self._line()))
        elif code == b"\x93":
            name, module = pop(), pop()
            push(self._name(module, name))
        elif code in _STRINGS:
            size, text = _STRINGS[code]
            part = self._take(int.from_bytes(self._take(size), "little"))
            push(part.decode() if text else part)
        elif code in _INTEGERS:
            size, kind = _INTEGERS[code]
            push(struct.unpack(kind, self._take(size))[0])
        elif code in _CONSTANTS:
            push(_CONSTANTS[code])
        elif code in (b"q", b"r"):
            self.memo[int.from_bytes(self._take(1 if code == b"q" else 4), "little")] = self.stack[-1]
        elif code == b"\x94":
            self.memo[len(self.memo)] = self.stack[-1]
        elif code in (b"h", b"j"):
            push(self.memo[int.from_bytes(self._take(1 if code == b"h" else 4), "little")])
        elif code == b"(":
            self.marks.append(len(self.stack))
        elif code == b"t":
            start = self.marks.pop()
            self.stack[start:] = [tuple(self.stack[start:])]
        elif code in (b"\x85", b"\x86", b"\x87"):
            count = code[0] - 0x84
            if len(self.stack) < count:
                raise IndexError
            self.stack[-count:] = [tuple(self.stack[-count:])]
        elif code == b"R":
            arguments, function = pop(), pop()
            push(self._called(function, arguments))
        elif code == b"b":
            state, target = pop(), pop()
            push(self._built(target, state))
        elif code == b"]":
            push(self._lists())
        else:
            raise _OtherPickle(f"unexpected opcode {code!r}.")

    @staticmethod
    def _name(module: Any, name: Any) -> str:
        found = _NAMES.get((module, name)) if isinstance(module, str) and isinstance(name, str) else None
        if found is None:
            raise _OtherPickle(f"unexpected name {module!r}, {name!r}.")
        return f"<{found}>"

    @staticmethod
    def _called(function: Any, arguments: Any) -> Any:
        if function == "<dtype>" and isinstance(arguments, tuple) and arguments[:1] in (("O8",), (b"O8",), ("O4",)):
            return _DTYPE
        if function == "<reconstruct>" and arguments in (("<ndarray>", (0,), b"b"), ("<ndarray>", (0,), "b")):
            return _ARRAY
        raise _OtherPickle("a call of something other than the constructors of an array and a dtype.")

    @staticmethod
    def _built(target: Any, state: Any) -> Any:
        if target is _DTYPE:
            return _DTYPE
        if target is _ARRAY and isinstance(state, tuple) and len(state) == 5:
            _, shape, dtype, _, rows = state
            if dtype is _DTYPE and isinstance(rows, Ragged) and shape == (len(rows.lengths),):
                return _Vector(rows)
        raise _OtherPickle("another kind of array.")

    # ---- [[integers], ...]: nearly all of the bytes; no stack, names or references ----------------------------------
    def _skip_memo(self) -> int:
        """Skips memo and frame opcodes. Returns the next opcode."""
        data = self.data
        while (code := data[self.at]) in b"qr\x94\x95":
            self.at += {0x71: 2, 0x72: 5, 0x94: 1, 0x95: 9}[code]
        return code

    def _lists(self) -> Ragged:
        tokens, lengths = array("i"), array("q")

        def one() -> None:
            before = len(tokens)
            self._integers(tokens)
            lengths.append(len(tokens) - before)

        while (code := self._skip_memo()) in b"(]":
            self.at += 1
            if code == ord("]"):  # a single list, or the last of 1001: pickle appends up to 1000 items at once
                one()
                self._expect("a")
                continue
            while (code := self._skip_memo()) != ord("e"):
                self._expect("]")
                one()
            self.at += 1
        return Ragged(np.frombuffer(tokens, np.int32), np.frombuffer(lengths, np.int64))

    def _expect(self, code: str) -> None:
        if self._skip_memo() != ord(code):
            raise _OtherPickle("items other than integers in its lists.")
        self.at += 1

    def _integers(self, tokens: array[int]) -> None:
        """Reads what follows the opcode of an empty list, while integers are appended."""
        while (code := self._skip_memo()) in b"(KMJ":
            if code != ord("("):  # a single integer, or the last of 1001
                self._run(tokens, 1)
                self._expect("a")
                continue
            self.at += 1
            self._run(tokens, len(self.data))
            self._expect("e")

    def _run(self, tokens: array[int], limit: int) -> None:
        data, at, append = self.data, self.at, tokens.append
        count = 0
        while count < limit:
            code = data[at]
            if code == 0x4B:  # K: one byte
                append(data[at + 1])
                at += 2
            elif code == 0x4D:  # M: two
                append(data[at + 1] | data[at + 2] << 8)
                at += 3
            elif code == 0x4A:  # J: four, signed
                value = data[at + 1] | data[at + 2] << 8 | data[at + 3] << 16 | data[at + 4] << 24
                if value >= 1 << 31:
                    raise _OtherPickle("a negative integer.")
                append(value)
                at += 5
            elif code == 0x95:  # a new frame
                at += 9
                continue
            else:
                break
            count += 1
        self.at = at


_STRINGS = {
    b"C": (1, False),
    b"U": (1, False),
    b"X": (4, True),
    b"\x8c": (1, True),
}  # opcode: (bytes of the length, whether it is text)
_INTEGERS = {b"K": (1, "<B"), b"M": (2, "<H"), b"J": (4, "<i")}
_CONSTANTS = {b"N": None, b"\x88": True, b"\x89": False}
