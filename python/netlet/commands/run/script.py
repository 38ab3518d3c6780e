"""Runs a Python file as the program of this process."""

from __future__ import annotations

import builtins
import io
import os
import sys
import types
from importlib.machinery import SourceFileLoader


class Script:
    """A Python file that becomes `__main__`.

    Args:
        path: path of the file.

    Attributes:
        path: its absolute path.
        source: its bytes.

    Raises:
        OSError: the file cannot be read.
    """

    def __init__(self, path: str) -> None:
        self._given = path
        self.path = os.path.abspath(path)
        with io.open_code(self.path) as file:
            self.source = file.read()

    def run(self, arguments: list[str]) -> None:
        """Runs it. `sys.argv`, `sys.path[0]` and `__main__` are as after `python path arguments...`.

        A traceback begins at the script. Nothing is put back, since the process ends with the script.

        Args:
            arguments: what follows the path in `sys.argv`.
        """
        main = types.ModuleType("__main__")
        loader = SourceFileLoader("__main__", self.path)
        vars(main).update(__file__=self.path, __cached__=None, __loader__=loader, __builtins__=builtins)
        self._launcher = sys.modules["__main__"]  # kept alive: its code is still running
        if "__annotations__" in vars(self._launcher):  # until Python 3.13
            main.__annotations__ = {}
        sys.modules["__main__"] = main
        sys.argv = [self._given, *arguments]
        if not getattr(sys.flags, "safe_path", False):  # with python -P there is no folder of the script
            sys.path[0] = os.path.dirname(os.path.realpath(self.path))
        self._show = sys.excepthook
        sys.excepthook = self._show_from_script
        exec(compile(self.source, self.path, "exec", dont_inherit=True), vars(main))

    def _show_from_script(
        self, kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
    ) -> None:
        while trace is not None and trace.tb_frame.f_code.co_filename != self.path:
            trace = trace.tb_next
        self._show(kind, error.with_traceback(trace), trace)
