"""Keras scripts as they are: imports of `keras`, `tf_keras` and `tensorflow.keras` give netlet, while it is asked for.

Where TensorFlow is not installed, `tensorflow.data` gives `netlet.data` too.

>>> import netlet
>>> with netlet.compat.install():
...     from keras import layers
>>> layers is netlet.layers
True
"""

from __future__ import annotations

import sys
import types
import warnings

from netlet.base.missing import explain_missing

from .finder import KerasFinder, is_keras

__all__ = ["install", "uninstall"]

_installed: Installed | None = None


class Installed:
    """The redirection of Keras's names. It ends with `uninstall()` or with the `with` block that it is used for."""

    def __init__(self) -> None:
        self._replaced = {name: module for name, module in sys.modules.items() if is_keras(name)}
        self._tensorflow = sys.modules.get("tensorflow")
        self._its_keras = vars(self._tensorflow).get("keras") if self._tensorflow else None
        self._finder = KerasFinder()

    def start(self) -> None:
        """Puts the finder before all others and takes the real modules out of `sys.modules`."""
        for name in self._replaced:
            del sys.modules[name]
        sys.meta_path.insert(0, self._finder)
        if self._tensorflow is not None:
            vars(self._tensorflow)["keras"] = sys.modules["netlet"]

    def stop(self) -> None:
        """Undoes `start`; names that were imported in between keep their values."""
        sys.meta_path.remove(self._finder)
        for name in [n for n in sys.modules if is_keras(n)]:
            del sys.modules[name]
        sys.modules.update(self._replaced)
        if isinstance(sys.modules.get("tensorflow"), self._finder.stand_in):
            del sys.modules["tensorflow"]
            sys.modules.pop("tensorflow.data", None)
        if self._tensorflow is not None and self._its_keras is not None:
            vars(self._tensorflow)["keras"] = self._its_keras

    def __enter__(self) -> Installed:
        return self

    def __exit__(self, *_: object) -> None:
        uninstall()


def install() -> Installed:
    """Makes `import keras`, `tf_keras` and `tensorflow.keras` give netlet in this process, in every form of import.

    A Keras that was imported before stays what it is for those who hold it.

    Returns:
        An object for a `with` statement, at whose end the redirection ends.

    Warns:
        UserWarning: a real Keras was imported already.

    Example:

    >>> with install():
    ...     import tensorflow.keras.layers as theirs
    >>> theirs.Dense.__module__.split(".")[0]
    'netlet'
    """
    global _installed
    if _installed is None:
        _installed = Installed()
        real = [m for n, m in _installed._replaced.items() if n in ("keras", "tf_keras") and _version(m)]
        for module in real:
            warnings.warn(
                f"netlet.compat.install(): {module.__name__} {_version(module)} was imported before. Imports from now "
                f"on give netlet; what was imported from it stays.",
                stacklevel=2,
            )
        _installed.start()
    return _installed


def uninstall() -> None:
    """Ends what `install` began: imports give the real packages again. Does nothing if nothing is installed.

    >>> uninstall()
    """
    global _installed
    if _installed is not None:
        _installed.stop()
        _installed = None


def _version(module: types.ModuleType) -> str:
    return str(getattr(module, "__version__", ""))


explain_missing(__name__)
