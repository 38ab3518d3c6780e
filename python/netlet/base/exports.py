"""`__all__` of a package that collects the functions of its files."""

from __future__ import annotations

import sys


def export_functions(package: str, *others: str) -> None:
    """Sets the package's `__all__`: the functions and classes that it has imported, without its files.

    Type checkers do not see it: to them every name of the package is public.

    Args:
        package: the package's `__name__`.
        others: other public names, such as those of modules.

    >>> export_functions("netlet.ops.linalg")
    >>> "norm" in sys.modules["netlet.ops.linalg"].__all__
    True
    """
    part = ".".join(package.split(".")[:2])  # such as "netlet.ops"
    names = {*names_from(package, part), *others}
    setattr(sys.modules[package], "__all__", sorted(names))  # noqa: B010


def names_from(module: str, package: str) -> list[str]:
    """The names of a module without a leading underscore whose objects are defined in a package.

    Args:
        module: the module's `__name__`.
        package: the package's `__name__`.

    >>> names_from("netlet.base.exports", "netlet")
    ['export_functions', 'names_from']
    """
    found = vars(sys.modules[module]).items()
    return sorted(
        n for n, v in found if not n.startswith("_") and str(getattr(v, "__module__", "")).startswith(package)
    )
