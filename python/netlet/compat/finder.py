"""The import hook behind `compat.install`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from netlet.base.missing import why_missing
from netlet.version import __version__

_ROOTS = ("keras", "tf_keras", "tensorflow.keras")


def is_keras(name: str) -> bool:
    """Whether a module's name is one of Keras's.

    >>> is_keras("tensorflow.keras.layers"), is_keras("keras_tuner"), is_keras("tensorflow.data")
    (True, False, False)
    """
    return any(name == root or name.startswith(root + ".") for root in _ROOTS)


def netlet_name(name: str) -> str:
    """The name in netlet of one of Keras's modules or objects.

    >>> netlet_name("tensorflow.keras.layers.Dense"), netlet_name("keras")
    ('netlet.layers.Dense', 'netlet')
    """
    root = next(r for r in _ROOTS if name == r or name.startswith(r + "."))
    return "netlet" + name[len(root) :]


class TensorFlow(ModuleType):
    """In place of TensorFlow where it is not installed: it has `keras` and `data`, and nothing else."""

    def __getattr__(self, name: str) -> Any:
        if name == "keras":
            return sys.modules["netlet"]
        if name == "data":
            return importlib.import_module("netlet.data")
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            "tensorflow is not installed; netlet stands for tensorflow.keras and tensorflow.data only, not for "
            f"tf.{name}."
        )


class KerasFinder(MetaPathFinder):
    """Finds netlet's modules under Keras's names."""

    stand_in = TensorFlow

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module of Keras's or of TensorFlow; None for any other."""
        if is_keras(name):
            return ModuleSpec(name, _Alias(netlet_name(name)), is_package=True)
        if name == "tensorflow":
            return self._tensorflow()
        if name == "tensorflow.data" and isinstance(sys.modules.get("tensorflow"), TensorFlow):
            return ModuleSpec(name, _Alias("netlet.data"), is_package=True)
        return None

    def _tensorflow(self) -> ModuleSpec:
        sys.meta_path.remove(self)
        try:
            real = find_spec("tensorflow")
        finally:
            sys.meta_path.insert(0, self)
        if real is None or real.loader is None:
            return ModuleSpec("tensorflow", _StandIn(), is_package=True)
        real.loader = _WithNetlet(real.loader)
        return real


class _Alias(Loader):
    """Gives a module of netlet's, as it is, under another name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        if self.name == "netlet.src" or self.name.startswith("netlet.src."):
            raise ModuleNotFoundError(
                f"{spec.name}: these are Keras's internals; netlet has none of them", name=spec.name
            )
        try:
            module = importlib.import_module(self.name)
        except ModuleNotFoundError as e:
            if e.name is None or not self.name.startswith(e.name):
                raise
            raise ModuleNotFoundError(self._why(), name=spec.name) from None
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import system has put its own there

    def _why(self) -> str:
        parent, _, name = self.name.rpartition(".")
        known = getattr(sys.modules.get(parent), "__all__", ())
        return why_missing(parent, name, known)


class _StandIn(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return TensorFlow(spec.name, TensorFlow.__doc__)

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__version__"] = f"netlet {__version__}"


class _WithNetlet(Loader):
    """Loads TensorFlow and makes its `keras` netlet."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        vars(module)["keras"] = sys.modules["netlet"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
