"""The error for a name that netlet lacks. It says so and gives the reason, or names the nearest thing that netlet has.

`from netlet.layers import X` shows the same text: Python replaces the text of an AttributeError there by its own, so
an ImportError is raised in that place.
"""

from __future__ import annotations

import dis
import importlib
import sys
from collections.abc import Iterable
from types import FrameType

from .exports import names_from
from .lazy import Files, homes, import_name
from .left_out import reason_for
from .suggest import nearest

_IMPORT_FROM = dis.opmap["IMPORT_FROM"]


def explain_missing(module: str, files: Files | None = None) -> None:
    """Makes a module explain which of its names are missing. Its last statement is `explain_missing(__name__)`.

    Args:
        module: the module's `__name__`.
        files: {file: "Name Name ..."} (see `base.lazy`), for names whose file is imported when one is first used:
            because few programs use it, or because it imports this module.

    Example:

    >>> import netlet
    >>> netlet.layers.Densee
    Traceback (most recent call last):
        ...
    AttributeError: netlet.layers has no 'Densee'. Nearest: netlet.layers.Dense.
    """

    later = homes(module, files or {})

    def __getattr__(name: str) -> object:
        if name in later:
            return import_name(module, name, later[name])
        raise missing(module, name, public_names(module))

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[module]), *later})

    setattr(sys.modules[module], "__getattr__", __getattr__)  # noqa: B010  (unseen by mypy, which would stop checking)
    setattr(sys.modules[module], "__dir__", __dir__)  # noqa: B010


def missing(module: str, name: str, known: Iterable[str]) -> Exception:
    """Returns (does not raise) the error for a missing name of a module. Called from the module's `__getattr__`.

    Args:
        module: such as "netlet.layers".
        name: the missing name.
        known: the module's public names.

    Returns:
        An ImportError if the name is being imported with `from ... import`, else an AttributeError.
    """
    frame = sys._getframe(2)
    if name.startswith("_") or "importlib" in frame.f_code.co_filename:
        # Python's import system asks whether a submodule is an attribute yet; nobody reads the answer.
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    text = why_missing(module, name, known)
    return ImportError(text, name=module) if _imports(frame) else AttributeError(text)


def why_missing(module: str, name: str, known: Iterable[str]) -> str:
    """The text of the error of `missing`, which has the same arguments.

    >>> why_missing("netlet.optimizers", "Sdg", ["SGD", "Adam"])
    "netlet.optimizers has no 'Sdg'. Nearest: netlet.optimizers.SGD."
    """
    reason = reason_for(f"{module}.{name}".removeprefix("netlet."))
    if reason:
        return f"{module} has no {name!r}: {reason}."
    near = [f"{module}.{n}" for n in nearest(name, known, 2, 0.6)] or _elsewhere(name)
    return f"{module} has no {name!r}." + (f" Nearest: {' or '.join(near)}." if near else "")


def public_names(module: str) -> list[str]:
    """The names that a module offers: `__all__`, or what is defined in netlet and has no leading underscore."""
    listed = vars(sys.modules[module]).get("__all__")  # getattr would call the module's __getattr__
    return names_from(module, "netlet") if listed is None else sorted(listed)


def _elsewhere(name: str) -> list[str]:
    """Where else netlet has the name."""
    modules = [f"netlet.{m}" for m in getattr(sys.modules.get("netlet"), "_MODULES", ())]
    found = [m for m in modules if importlib.import_module(m) and name in public_names(m)]
    return [f"{m}.{name}" for m in found[:2]]


def _imports(frame: FrameType) -> bool:
    """Whether the frame is at `from ... import`."""
    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == _IMPORT_FROM
