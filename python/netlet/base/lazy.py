"""Names that a package imports when they are first used. A table {file: "Name Name ..."} says where each one is."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Mapping

Files = Mapping[str, str]


def names_in(files: Files) -> list[str]:
    """The names of a table, sorted.

    Args:
        files: {file: names separated by spaces}. A file is a module below the package, or starts with "netlet.".

    >>> names_in({"core.dense": "Dense", "merging.merge": "Add add"})
    ['Add', 'Dense', 'add']
    """
    return sorted(name for names in files.values() for name in names.split())


def module_of(package: str, file: str) -> str:
    """The full name of a file of a table.

    >>> module_of("netlet.layers", "core.dense")
    'netlet.layers.core.dense'
    """
    return file if file.startswith("netlet.") else f"{package}.{file}"


def homes(package: str, files: Files) -> dict[str, str]:
    """The module of each name that a package finds by a table: those of the table and the package's own submodules.

    Args:
        package: the package's `__name__`.
        files: the table.

    >>> homes("netlet.layers", {"rnn": "GRU"})
    {'rnn': 'netlet.layers.rnn', 'GRU': 'netlet.layers.rnn'}
    """
    found = {file: module_of(package, file) for file in files if "." not in file}
    return found | {name: module_of(package, file) for file, names in files.items() for name in names.split()}


def import_name(package: str, name: str, home: str) -> object:
    """Imports a name of a package from its home, and makes it an attribute of the package.

    Args:
        package: the package's `__name__`.
        name: the name.
        home: the module that has it, or that it is.

    >>> import_name("netlet.layers", "Dense", "netlet.layers.core.dense").__name__
    'Dense'
    """
    module = importlib.import_module(home)
    value = module if home == f"{package}.{name}" else getattr(module, name)
    setattr(sys.modules[package], name, value)
    return value


@functools.cache  # each class that a file names asks for it
def import_all(package: str) -> None:
    """Imports every file of the table FILES of a package, for what they register.

    Args:
        package: the package's `__name__`.

    >>> import_all("netlet.layers.quantized")
    """
    files: Files = importlib.import_module(package).FILES
    for file in files:
        importlib.import_module(module_of(package, file))
