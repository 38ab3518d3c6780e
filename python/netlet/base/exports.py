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
    found = vars(sys.modules[package])
    part = ".".join(package.split(".")[:2])  # such as "netlet.ops"
    own = (n for n, v in found.items() if getattr(v, "__module__", "").startswith(part))
    found["__all__"] = sorted({n for n in own if not n.startswith("_")}.union(others))
