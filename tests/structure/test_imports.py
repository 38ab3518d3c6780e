"""Who may know whom in python/netlet/: imports at module level go down this list, never up and never in a circle.

An import inside a function runs when the function is called, so it makes no circle; it is still a dependency, and the
few that go up are listed as doors.
"""

from __future__ import annotations

import ast
import pathlib

import pytest

from support.repo import PACKAGE, python_files

# Lowest first; what stands in one line does not know each other.
ORDER = [
    {"_core", "version", "fork"},
    {"utils", "threads"},
    {"config"},
    {"operators", "saving", "backend"},
    {"tensor"},
    {"random"},
    {"graph", "variable"},
    {"ops", "gradient_tape"},
    {"activations", "constraints", "initializers", "regularizers"},
    {"layers", "losses", "optimizers", "graph_config"},
    {"metrics", "callbacks"},  # mean squared error is a loss and a metric: the formula is the loss's
    {"training"},
    {"trainer"},
    {"functional"},
    {"sequential"},
    {"models"},
    {"datasets", "info", "plots"},
    {"bench", "demo", "verify"},
    {"__init__"},
    {"__main__"},
]
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
# Functions that reach up when they are called: (from, to).
DOORS = {
    ("utils", "random"),  # set_random_seed
    ("utils", "saving"),  # utils.serialize..., Keras's second name for it
    ("random", "_core"),
    ("variable", "initializers"),  # Variable("zeros", shape=...)
    ("saving", "graph"),
    ("saving", "*"),  # loading a model builds its classes, which a config names
    ("trainer", "saving"),  # Model.save
    ("functional", "sequential"),  # Model.from_config
    ("demo", "__init__"),  # the demo is written as a user would write it
    ("bench", "__init__"),
}

Import = tuple[str, str, bool, str]  # from, to, inside a function, where


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def targets(node: ast.AST, package: list[str], names: set[str]) -> list[str]:
    """The parts of netlet that an import statement names: "ops" for `from ..ops.math import exp`."""
    if isinstance(node, ast.Import):
        paths = [alias.name.split(".") for alias in node.names if alias.name.split(".")[0] == "netlet"]
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        module = base + (node.module.split(".") if node.module else [])
        if not module or module[0] != "netlet":
            return []
        paths = [[*module, alias.name] for alias in node.names] if len(module) == 1 else [module]
    else:
        return []
    return [path[1] if len(path) > 1 and path[1] in names else "__init__" for path in paths]


def imports(path: pathlib.Path, tree: ast.Module, root: pathlib.Path, names: set[str]) -> list[Import]:
    parts = ["netlet", *path.relative_to(root).with_suffix("").parts]
    source = parts[1]
    package = parts[:-1]
    found: list[Import] = []

    def visit(node: ast.AST, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if not is_type_checking(child):
                where = f"{path.relative_to(root)}:{getattr(child, 'lineno', 0)}"
                found.extend((source, target, inside, where) for target in targets(child, package, names))
                visit(child, inside or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))

    visit(tree, False)
    return [i for i in found if i[0] != i[1]]


def wrong(found: list[Import]) -> list[str]:
    complaints = []
    for source, target, inside, where in found:
        if source not in RANK or target not in RANK:
            complaints.append(f"{where}: {source} -> {target}: not in this test's list; give it a place there")
        elif RANK[target] < RANK[source]:
            continue
        elif not inside:
            complaints.append(f"{where}: {source} may not know {target}")
        elif not {(source, target), (source, "*")} & DOORS:
            complaints.append(f"{where}: {source} reaches up to {target} inside a function, and is not among the doors")
    return complaints


def everything(root: pathlib.Path = PACKAGE) -> list[Import]:
    names = {p.stem for p in root.glob("*.py")} | {p.name for p in root.iterdir() if p.is_dir()} | set(RANK)
    return [i for path, tree in python_files(root) for i in imports(path, tree, root, names)]


def test_every_import_goes_down():
    found = everything()
    assert len(found) > 50
    assert "\n".join(wrong(found)) == ""


def test_only_the_border_knows_the_native_module_by_its_insides():
    """Nobody outside of netlet's own modules is told to import _core: examples, the demo and the benchmarks do not."""
    for source, target, _, where in everything():
        assert not (target == "_core" and source in {"demo", "plots", "bench"}), where


@pytest.mark.parametrize(
    ("module", "code", "complaints"),
    [
        ("ops/math.py", "from ..layers import Dense", 1),
        ("ops/math.py", "from .. import layers", 1),
        ("ops/math.py", "import netlet.layers", 1),
        ("ops/math.py", "from netlet.trainer import Trainer", 1),
        ("ops/math.py", "def f():\n    from ..layers import Dense", 1),
        ("losses/x.py", "from ..metrics import Mean", 1),
        ("metrics/x.py", "from ..losses import MeanSquaredError", 0),
        ("layers/dense.py", "from .. import ops\nfrom .layer import Layer", 0),
        ("ops/math.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..layers import Dense", 0),
    ],
)
def test_a_planted_fault_is_found(tmp_path, module, code, complaints):
    for name in RANK:
        (tmp_path / name).mkdir()
    path = tmp_path / module
    path.write_text(code)
    assert len(wrong(everything(tmp_path))) == complaints
