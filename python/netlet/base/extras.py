"""The import of packages that netlet does not require: each belongs to an extra of netlet's own package."""

from __future__ import annotations

import importlib
from types import ModuleType

# What pip calls a package, if that is not its module's name.
_PACKAGES = {"PIL": "Pillow", "sklearn": "scikit-learn"}


def needs(module: str, extra: str | None, user: str, advice: str = "") -> ModuleType:
    """Imports and returns a module of an optional package.

    Args:
        module: its dotted name, such as "onnx.helper".
        extra: the extra of netlet that installs it, such as "onnx"; None if there is none.
        user: what needs it, as the user calls it, such as "netlet.onnx.load".
        advice: a sentence for the end of the message, such as a way without the package; default none.

    Raises:
        ImportError: it is not installed. The message has the command that installs it.

    >>> needs("json", "demo", "the demo").__name__
    'json'
    >>> needs("no_such_module", "onnx", "netlet.onnx.load")
    Traceback (most recent call last):
        ...
    ImportError: netlet.onnx.load needs no_such_module: pip install 'netlet[onnx]'
    >>> needs("no_such_module", None, "TorchModuleWrapper", "Train it there.")
    Traceback (most recent call last):
        ...
    ImportError: TorchModuleWrapper needs no_such_module: pip install no_such_module. Train it there.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        top = module.partition(".")[0]
        package = _PACKAGES.get(top, top)
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] != top:
            raise ImportError(f"{user} needs {package}, which cannot be imported: {error}", name=top) from error
        install = f"'netlet[{extra}]'" if extra else package
        message = f"{user} needs {package}: pip install {install}" + (f". {advice}" if advice else "")
        raise ImportError(message, name=top) from error
