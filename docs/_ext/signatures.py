"""Signatures without types, and the types beside the parameters' descriptions, as they are written in the source."""

from __future__ import annotations

import inspect
import re
from typing import Any

from sphinx.application import Sphinx

SAYS_NOTHING = {"Any", "None", ""}


def function_of(value: Any) -> Any:
    """The function whose parameters a docstring describes: a class's `__init__`."""
    return value.__init__ if inspect.isclass(value) else inspect.unwrap(getattr(value, "fget", None) or value)


def signature_of(value: Any) -> inspect.Signature | None:
    """The signature of a function or of a class's `__init__`, without self; None where Python knows none."""
    try:
        signature = inspect.signature(function_of(value))
    except (TypeError, ValueError):
        return None
    parameters = list(signature.parameters.values())
    if parameters and parameters[0].name in ("self", "cls"):
        parameters = parameters[1:]
    return signature.replace(parameters=parameters)


def text_of(annotation: Any) -> str:
    """An annotation as text; "" for none, and for one that says nothing."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    if text in SAYS_NOTHING or annotation is inspect.Parameter.empty or re.search(r"\b[A-Z]\b", text):
        return ""  # also type variables
    return text


def plain_signature(app: Sphinx, what: str, name: str, value: Any, options: Any, args: str | None, returns: Any) -> Any:
    """For classes: the signature of `__init__`, which a `__new__(*args, **kwargs)` would hide from autodoc."""
    if what != "class" or not inspect.isfunction(value.__init__):
        return None
    signature = signature_of(value)
    if signature is None:
        return None
    empty = inspect.Parameter.empty
    parameters = [
        p.replace(annotation=empty, default=p.default if "<" not in repr(p.default) or p.default is empty else ...)
        for p in signature.parameters.values()
    ]
    return str(inspect.Signature(parameters)), None


def add_types(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Adds `:type x:` below each `:param x:` that napoleon has written, and `:rtype:` below `:returns:`."""
    signature = signature_of(value) if what in ("class", "function", "method") else None
    if signature is None:
        return
    result: list[str] = []
    for line in lines:
        if match := re.match(r":param (?:\\\*)*(\w+):", line):
            parameter = signature.parameters.get(match[1])
            if parameter is not None and (text := text_of(parameter.annotation)):
                result.append(f":type {line[len(':param ') : match.end() - 1]}: {text}")
        elif line.startswith(":returns:") and what != "class" and (text := text_of(signature.return_annotation)):
            result.append(f":rtype: {text}")
        result.append(line)
    lines[:] = result


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("autodoc-process-signature", plain_signature)
    app.connect("autodoc-process-docstring", add_types, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
