"""`name_scope` as Keras exports it; layers use that of `base.naming`, which checks nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from . import naming


def name_scope(
    name: str, caller: object = None, deduplicate: bool = True, override_parent: str | None = None
) -> AbstractContextManager[None]:
    """Context manager: the paths of layers and variables that are built inside begin with `name/`.

    Args:
        name: a name without "/".
        caller: the object that enters the scope; None (the default): none.
        deduplicate: whether entering has no effect inside of the scope of the same caller; True by default.
        override_parent: path that takes the place of the enclosing scopes; None (the default): these.

    Returns:
        The context manager.

    Raises:
        ValueError: `name` is no string or contains "/".

    >>> import netlet
    >>> with name_scope("encoder"):
    ...     netlet.Variable([1.0], name="scale").path
    'encoder/scale'
    """
    if not isinstance(name, str) or "/" in name:
        raise ValueError(f"name_scope: expected a name without '/', received {name!r}.")
    stack = naming.scopes()
    if deduplicate and caller is not None and stack and stack[-1][:2] == (name, caller):
        return nullcontext()
    return naming.name_scope(name, caller if deduplicate else None, override_parent)
