"""What an execution did besides returning: files it opened, code it ran, modules it imported.

Python's audit events cover Python; inotify on the canary's folder covers native code, such as the HDF5 library.
"""

from __future__ import annotations

import codecs
import ctypes
import importlib.util
import os
import pathlib
import re
import sys
import unicodedata
from typing import Any

# What Python itself imports late: for names that are not ASCII, for JSON and for names in archives.
assert unicodedata
for _encoding in (
    "utf-8-sig",
    "utf-16",
    "utf-16-be",
    "utf-16-le",
    "utf-32",
    "utf-32-be",
    "utf-32-le",
    "ascii",
    "latin-1",
    "cp437",
    "idna",
):
    codecs.lookup(_encoding)

_PATHS = {"open", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
_CODE = (
    "exec subprocess.Popen os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.kill ctypes.dlopen "
    "pickle.find_class marshal.loads code.__new__ function.__new__ sys.addaudithook urllib.Request ftplib.connect"
).split()
_NETLET = os.path.dirname(importlib.util.find_spec("netlet").origin or "?") + os.sep  # type: ignore[union-attr]
_IMPORT = "<frozen importlib._bootstrap_external>"  # where Python reads the files of modules
_IN_ACCESS, _IN_MODIFY, _IN_OPEN, _IN_CREATE, _IN_NONBLOCK = 0x1, 0x2, 0x20, 0x100, 0o4000


class Watch:
    """Notes every forbidden act while `on` is true.

    Args:
        folder: where the reader may open files.
        canary: a file that no reader may open.
    """

    def __init__(self, folder: pathlib.Path, canary: pathlib.Path) -> None:
        self.on = False
        self.acts: list[str] = []
        self._root = str(folder.resolve()) + os.sep
        canary.parent.mkdir(parents=True, exist_ok=True)
        canary.write_bytes(b"nobody may read this")
        self._notices = self._inotify(canary.parent)
        sys.addaudithook(self._hook)

    @staticmethod
    def _inotify(folder: pathlib.Path) -> int | None:
        libc = ctypes.CDLL(None)
        if not hasattr(libc, "inotify_init1"):  # not Linux
            return None
        notices = int(libc.inotify_init1(_IN_NONBLOCK))
        libc.inotify_add_watch(notices, os.fsencode(folder), _IN_ACCESS | _IN_MODIFY | _IN_OPEN | _IN_CREATE)
        return notices

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in _PATHS:
            self._paths(event, arguments)
        elif event == "exec" and hasattr(arguments[0], "co_filename"):
            if not arguments[0].co_filename.startswith(_NETLET):  # netlet imports one of its own files
                self.acts.append(f"exec of code in {arguments[0].co_filename}")  # without its address
        elif event == "marshal.loads" and _caller(2) == _IMPORT:
            pass  # code in a .pyc file, which `exec` runs then
        elif event in _CODE or event.startswith("socket."):
            self.acts.append(f"{event} {str(arguments[:2])[:200]}")
        elif event == "import" and not str(arguments[0]).startswith("netlet."):
            self.acts.append(f"import of {arguments[0]}")

    def _paths(self, event: str, arguments: tuple[Any, ...]) -> None:
        for given in arguments[:2] if event in ("os.rename", "os.link", "os.symlink") else arguments[:1]:
            if not isinstance(given, (str, bytes)):
                continue
            path = os.fsdecode(given)
            if "\0" in path or (path[: path.rfind("/") + 1] == self._root and not os.path.islink(path)):
                continue  # mostly, and without `realpath`, which asks for each folder on the way
            if not os.path.realpath(path).startswith(self._root) and not _imported(path):
                # Without the random names of temporary folders, so that one act is reported once.
                self.acts.append(f"{event} of {re.sub(r'fuzz-[^/]*|tmp[^/]*', '*', path)}"[:200])

    def begin(self) -> None:
        """Forgets what happened so far, such as what the change of an input opened, and watches from now on."""
        self._noticed()
        self.acts.clear()
        self.on = True

    def seen(self) -> list[str]:
        """Ends the watch. Returns the forbidden acts since its begin."""
        self.on = False
        acts, self.acts = self.acts, []
        if self._noticed() and not acts:
            acts.append("open of the canary by native code")
        return acts

    def _noticed(self) -> bool:
        """Whether the canary was touched since the last call."""
        try:
            return self._notices is not None and bool(os.read(self._notices, 4096))
        except BlockingIOError:
            return False


def _imported(path: str) -> bool:
    """Whether Python's import opens one of netlet's own files: netlet imports some of them late."""
    return path.startswith(_NETLET) and _caller(4) == _IMPORT  # the hook and its method are in between


def _caller(depth: int) -> str:
    """The source file of the function that called the hook, `depth` calls ago."""
    return sys._getframe(depth).f_code.co_filename
