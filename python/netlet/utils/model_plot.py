"""`model_to_dot` and `plot_model`: a model's layers and connections as a picture."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any

from netlet.base import tree
from netlet.saving.atomic import write_file

from .model_picture import model_picture
from .model_picture.graph import is_chain

_CELL = '<td bgcolor="white"><font point-size="14">{}: <b>{}</b></font></td>'


class Dot:
    """A graph in Graphviz's language, with the methods of a `pydot.Dot` that scripts call.

    Args:
        source: the text of the graph.

    >>> Dot("digraph {}").to_string()
    'digraph {}'
    """

    def __init__(self, source: str) -> None:
        self.source = source

    def to_string(self) -> str:
        """Returns the text of the graph."""
        return self.source

    def create(self, prog: str = "dot", format: str = "ps") -> bytes:
        """Returns the drawn graph.

        Args:
            prog: Graphviz's program; default "dot".
            format: "svg", "png", "pdf" or another of Graphviz's formats; "raw" for the text.

        Raises:
            ImportError: Graphviz is not installed.
            ValueError: Graphviz cannot draw it.
        """
        if format == "raw":
            return self.source.encode()
        import shutil  # these two take milliseconds
        import subprocess

        program = shutil.which(prog)
        if program is None:
            raise ImportError(
                f"Drawing a model needs Graphviz's program {prog!r}: https://graphviz.org/download. Files that "
                "end with .svg need no Graphviz: plot_model(to_file='model.svg')."
            )
        done = subprocess.run([program, f"-T{format}"], input=self.source.encode(), capture_output=True)
        if done.returncode:
            raise ValueError(f"Graphviz could not draw the model as {format!r}: {done.stderr.decode()}")
        return done.stdout

    def write(self, path: Any, prog: str = "dot", format: str = "raw") -> bool:
        """Writes the drawn graph to a file.

        Args:
            path: path of the file.
            prog, format: as in `create`; default the text.
        """
        write_file(path, self.create(prog, format))
        return True


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> Dot:
    """Describes a model as a graph of boxes, one for each layer. A subclassed model is one box.

    Args:
        model: a built model.
        show_shapes: whether to show the shapes of inputs and outputs; default False.
        show_dtype: whether to show the dtype of the outputs; default False.
        show_layer_names: whether to show the names beside the classes; default True.
        rankdir: direction: "TB" (default) from top to bottom, "LR" from left to right.
        expand_nested: whether to show the layers of nested models in a frame; default False.
        dpi: resolution; default 200.
        subgraph: whether to return the part that a larger graph includes; default False.
        show_layer_activations: whether to show activations; default False.
        show_trainable: whether to show which layers with weights are trainable; default False.
        splines: form of the edges: "ortho" (default), "curved", "polyline", "spline" or "line".

    Returns:
        A `Dot`.

    Raises:
        ValueError: the model is not built.

    Source: Keras 3 `keras.utils.model_to_dot`.

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, name="a"), netlet.layers.ReLU()])
    >>> model_to_dot(model).to_string().count("->")
    1
    """
    if not model.built:
        raise ValueError(
            f"model_to_dot: expected a built model; '{model.name}' is not: call `build(input_shape)` first."
        )
    options = (show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    body = "\n".join([*_boxes(model, expand_nested, options), *dict.fromkeys(_edges(model, expand_nested))])
    if subgraph:
        return Dot(
            f'subgraph "cluster_{id(model)}" {{\nstyle=dashed; labeljust=l; label={_quoted(model.name)};\n{body}\n}}'
        )
    head = f"rankdir={rankdir}; concentrate=true; dpi={dpi}; splines={splines};\nnode [shape=plain fontname=Helvetica];"
    return Dot(f"digraph G {{\n{head}\n{body}\n}}\n")


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> Any:
    """Draws a model to a file: .svg by netlet itself, other formats by the program Graphviz.

    Args:
        model: a built model; for .svg also one that is not built.
        to_file: path of the file, whose ending chooses the format; default "model.png". A path that ends with .dot gets
            the graph as text. Neither .svg nor .dot needs Graphviz.
        show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi, show_layer_activations, show_trainable,
            splines: as in `model_to_dot`, except that names are not shown by default. An .svg has its own lines and no
            resolution.

    Returns:
        The picture in a notebook, else None.

    Raises:
        ValueError: the model is not built, or Graphviz cannot write the format.
        ImportError: Graphviz is not installed.

    Example:

    >>> import netlet, pathlib, tempfile
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_model(model, folder + "/model.svg", show_shapes=True)
    ...     "(None, 2)" in pathlib.Path(folder, "model.svg").read_text("utf-8")
    True
    """
    path = os.fspath(to_file)
    ending = os.path.splitext(path)[1][1:].lower() or "png"
    if ending == "svg":
        picture = model_picture(
            model,
            rankdir == "LR",
            show_shapes=show_shapes,
            show_dtype=show_dtype,
            show_layer_names=show_layer_names,
            expand_nested=expand_nested,
            show_layer_activations=show_layer_activations,
            show_trainable=show_trainable,
        )
        picture.save(path)
        return picture if _in_notebook() else None
    dot = model_to_dot(
        model,
        show_shapes,
        show_dtype,
        show_layer_names,
        rankdir,
        expand_nested,
        dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
    )
    dot.write(path, format="raw" if ending in ("dot", "gv") else ending)
    return _notebook_image(path) if ending in ("png", "jpg", "jpeg", "gif") else None


def _notebook_image(path: str) -> Any:
    if not _in_notebook():
        return None
    from IPython import display

    return display.Image(filename=path)


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return get_ipython() is not None


def _operations(model: Any) -> list[Any]:
    """The layers and ops that are the model's boxes; the model itself if it has no graph."""
    if is_chain(model):
        return list(model.layers)
    return list(model.operations) if _is_graph(model) else [model]


def _is_graph(op: Any) -> bool:
    try:
        return bool(op.operations)
    except AttributeError:
        return False


def _boxes(model: Any, expand: bool, options: tuple[bool, ...]) -> Iterator[str]:
    for op in _operations(model):
        if expand and op is not model and (is_chain(op) or _is_graph(op)):
            shapes, dtype, names, activations, trainable = options
            yield model_to_dot(
                op,
                shapes,
                dtype,
                names,
                expand_nested=True,
                subgraph=True,
                show_layer_activations=activations,
                show_trainable=trainable,
            ).source
        else:
            yield f"{id(op)} [label=<{_label(op, *options)}>];"


def _edges(model: Any, expand: bool) -> Iterator[str]:
    """The edges between this model's boxes; those inside of nested models come with their boxes."""
    operations = _operations(model)
    own = {id(op) for op in operations}
    pairs = list(itertools.pairwise(operations)) if is_chain(model) else []
    if not pairs and len(operations) > 1:
        for op in operations:
            for node in op._inbound_nodes:
                sources = [t._keras_history.operation for t in node.input_tensors]
                if all(id(source) in own for source in sources):
                    pairs += [(source, op) for source in sources]
    for source, target in pairs:
        a, b = (_end(source, -1), _end(target, 0)) if expand else (source, target)
        yield f"{id(a)} -> {id(b)} [penwidth=2];"


def _end(op: Any, place: int) -> Any:
    """The first (0) or last (-1) box of a nested model; another operation itself."""
    while is_chain(op) or _is_graph(op):
        op = _operations(op)[place]
    return op


def _label(op: Any, shapes: bool, dtype: bool, names: bool, activations: bool, trainable: bool) -> str:
    kind = type(op).__name__
    cells = []
    if shapes and kind != "InputLayer":
        cells.append(_CELL.format("Input shape", _of_tensors(op, "input", "shape")))
    if shapes:
        cells.append(_CELL.format("Output shape", _of_tensors(op, "output", "shape")))
    if dtype:
        cells.append(_CELL.format("Output dtype", _of_tensors(op, "output", "dtype")))
    if trainable and getattr(op, "weights", None):
        color, word = ("forestgreen", "Trainable") if op.trainable else ("firebrick", "Non-trainable")
        cells.append(f'<td bgcolor="{color}"><font point-size="14" color="white"><b>{word}</b></font></td>')
    span = f'colspan="{max(1, len(cells))}"'
    title = f"<b>{_escaped(op.name)}</b> ({kind})" if names else f"<b>{kind}</b>"
    rows = [f'<td {span} bgcolor="black"><font point-size="16" color="white">{title}</font></td>']
    activation = getattr(op, "activation", None)
    if activations and activation is not None:
        name = getattr(activation, "__name__", None) or getattr(activation, "name", type(activation).__name__)
        rows.append(
            f'<td {span} bgcolor="white"><font point-size="14">Activation: <b>{_escaped(str(name))}</b></font></td>'
        )
    rows += ["".join(cells)] if cells else []
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table border="0" cellborder="1" bgcolor="black" cellpadding="10">{body}</table>'


def _of_tensors(op: Any, which: str, what: str) -> str:
    """Shape or dtype of an operation's input or output; "?" if it was called several times."""
    try:
        found = tree.map_structure(lambda t: str(getattr(t, what)), getattr(op, which))
    except (AttributeError, ValueError):
        return "?"
    if isinstance(found, str):
        return _escaped(found)
    parts = [f"{k}: {v}" for k, v in found.items()] if isinstance(found, dict) else map(str, found)
    return _escaped(", ".join(parts))


def _escaped(text: str) -> str:
    """The text in HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
