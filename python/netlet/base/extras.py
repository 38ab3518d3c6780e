"""The import of packages that netlet does not require: each belongs to an extra of netlet's own package."""

from __future__ import annotations

import importlib
from types import ModuleType


def needs(module: str, extra: str, user: str) -> ModuleType:
    """Imports and returns a module of an optional package.

    Args:
        module: its dotted name, such as "onnx.helper".
        extra: the extra of netlet that installs it, such as "onnx".
        user: what needs it, as the user calls it, such as "netlet.onnx.load".

    Raises:
        ImportError: it is not installed. The message has the command that installs it.

    >>> needs("json", "demo", "the demo").__name__
    'json'
    >>> needs("no_such_module", "onnx", "netlet.onnx.load")
    Traceback (most recent call last):
        ...
    ImportError: netlet.onnx.load needs no_such_module: pip install 'netlet[onnx]'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] != package:
            raise ImportError(f"{user} needs {package}, which cannot be imported: {error}", name=package) from error
        raise ImportError(f"{user} needs {package}: pip install 'netlet[{extra}]'", name=package) from error
