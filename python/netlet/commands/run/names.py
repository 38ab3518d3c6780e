"""Which of Keras's names a script uses: its imports and attributes, with aliases followed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from netlet.compat.finder import is_keras, netlet_name


def keras_names(source: str | bytes) -> dict[str, list[int]]:
    """The Keras names in a script, as they are called in netlet, and the lines where they stand.

    Nothing is run. A name counts where it is imported and where it is used.
    `import keras.ops as K`, `layers = keras.layers` and imports inside functions are followed; a parameter or
    variable of the same name hides a module.

    Args:
        source: the text of the script.

    Returns:
        {name: lines}, sorted by name.

    Raises:
        SyntaxError: it is no Python.

    >>> keras_names("import tensorflow as tf; L = tf.keras.layers; L.Dense(1); from keras.utils import to_categorical")
    {'netlet.layers': [1], 'netlet.layers.Dense': [1], 'netlet.utils.to_categorical': [1]}
    """
    visitor = _Names()
    visitor.visit(ast.parse(source))
    return {name: sorted(lines) for name, lines in sorted(visitor.found.items())}


class _Names(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: dict[str, set[int]] = {}
        self.scopes: list[dict[str, str | None]] = [
            {}
        ]  # a variable's path, such as "tensorflow.keras"; None: no module

    # ---- imports -------------------------------------------------------------------------------------------------
    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self.scopes[-1][alias.asname] = alias.name
            else:
                top = alias.name.split(".")[0]
                self.scopes[-1][top] = top
            self._add(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or not node.module:
            return
        for alias in node.names:
            path = node.module if alias.name == "*" else f"{node.module}.{alias.name}"
            if alias.name != "*":
                self.scopes[-1][alias.asname or alias.name] = path
            self._add(path, node)

    # ---- uses ----------------------------------------------------------------------------------------------------
    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = self._path(node)
        if path is None or not is_keras(path):
            self.generic_visit(node)
        elif isinstance(node.ctx, ast.Load) and not node.attr.startswith("__"):
            self._add(path, node)

    def visit_Name(self, node: ast.Name) -> None:
        path = self._path(node)
        if path is not None and isinstance(node.ctx, ast.Load):
            self._add(path, node)

    def _path(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return next((scope[node.id] for scope in reversed(self.scopes) if node.id in scope), None)
        if isinstance(node, ast.Attribute):
            start = self._path(node.value)
            return start and f"{start}.{node.attr}"
        return None

    def _add(self, path: str, node: ast.stmt | ast.expr) -> None:
        if is_keras(path) and netlet_name(path) != "netlet":
            self.found.setdefault(netlet_name(path), set()).add(node.lineno)

    # ---- variables -----------------------------------------------------------------------------------------------
    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        path = self._path(node.value)
        for target in node.targets:
            for name in _assigned(target):
                self.scopes[-1][name] = path if isinstance(target, ast.Name) else None

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        arguments = node.args
        names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        for outside in [*arguments.defaults, *arguments.kw_defaults, *getattr(node, "decorator_list", ())]:
            if outside is not None:
                self.visit(outside)
        self.scopes.append({a.arg: None for a in names if a is not None})
        for part in [node.body] if isinstance(node, ast.Lambda) else node.body:
            self.visit(part)
        self.scopes.pop()

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef


def _assigned(target: ast.expr) -> Iterator[str]:
    """The variables that an assignment sets."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
