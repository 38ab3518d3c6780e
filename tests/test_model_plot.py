"""utils.model_to_dot and plot_model: the boxes and edges of the graph, and files by a stand-in for Graphviz."""

from __future__ import annotations

import re
import stat
import xml.etree.ElementTree as ET

import pytest

import netlet
from netlet import layers
from netlet.utils import model_to_dot, plot_model


def graph(model, **options):
    """(titles of the boxes by id, set of edges as pairs of titles)."""
    text = model_to_dot(model, **options).to_string()
    boxes = {
        i: re.sub("<.*?>", "", t) for i, t in re.findall(r"^(\d+) \[label=<.*?color=\"white\">(.*?)</font>", text, re.M)
    }
    edges = re.findall(r"^(\d+) -> (\d+) ", text, re.MULTILINE)
    return sorted(boxes.values()), sorted((boxes[a], boxes[b]) for a, b in edges)


def residual():
    x = netlet.Input((4,), name="x")
    h = layers.Dense(4, activation="relu", name="h")(x)
    return netlet.Model(x, layers.Dense(1, name="y")(layers.Add(name="sum")([x, h])), name="res")


def test_a_chain():
    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(2, name="a"), layers.ReLU(name="b")])
    assert graph(model) == (["a (Dense)", "b (ReLU)"], [("a (Dense)", "b (ReLU)")])


def test_a_graph():
    boxes, edges = graph(residual())
    assert boxes == ["h (Dense)", "sum (Add)", "x (InputLayer)", "y (Dense)"]
    expected = [("x", "h"), ("x", "sum"), ("h", "sum"), ("sum", "y")]
    assert sorted((a.split()[0], b.split()[0]) for a, b in edges) == sorted(expected)


def test_nested_models_are_one_box_or_a_frame():
    inner = residual()
    chain = netlet.Sequential(
        [netlet.Input((1,)), layers.Dense(2, name="c1"), layers.Dense(3, name="c2")], name="chain"
    )
    x = netlet.Input((4,), name="start")
    model = netlet.Model(x, layers.Dense(1, name="end")(chain(inner(x))))
    boxes, edges = graph(model)
    assert [b.split()[0] for b in boxes] == ["chain", "end", "res", "start"] and len(edges) == 3
    boxes, edges = graph(model, expand_nested=True)
    assert [b.split()[0] for b in boxes] == ["c1", "c2", "end", "h", "start", "sum", "x", "y"]
    between = {(a.split()[0], b.split()[0]) for a, b in edges}
    assert {("start", "x"), ("y", "c1"), ("c1", "c2"), ("c2", "end")} <= between and len(between) == 8
    assert model_to_dot(model, expand_nested=True).source.count('subgraph "cluster_') == 2


def test_a_subclass_is_one_box():
    class Own(netlet.Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    with pytest.raises(ValueError, match="'own' is not: call `build"):
        model_to_dot(model)
    model.build((None, 3))
    assert graph(model) == (["own (Own)"], [])


def test_what_a_box_shows():
    model = residual()
    model.get_layer("y").trainable = False
    text = model_to_dot(model, True, True, True, "LR", dpi=50, show_layer_activations=True, show_trainable=True).source
    plain = re.sub("<.*?>", " ", text)
    for part in ["Input shape:  (None, 4), (None, 4)", "Output shape:  (None, 1)", "Output dtype:  float32"]:
        assert part in plain
    assert "Activation:  relu" in plain and "rankdir=LR" in text and "dpi=50" in text
    assert plain.count(" Trainable ") == 1 and plain.count("Non-trainable") == 1
    bare = model_to_dot(model, show_layer_names=False).source
    assert "shape:" not in bare and "Activation" not in bare and "<b>Dense</b>" in bare


def test_names_are_quoted():
    odd = netlet.Sequential([netlet.Input((1,)), layers.Dense(1, name="a<b>&")], name='say "hi"')
    assert "a&lt;b&gt;&amp;" in model_to_dot(odd).source
    assert 'label="say \\"hi\\""' in model_to_dot(odd, subgraph=True).source


def test_files(tmp_path, monkeypatch):
    plot_model(residual(), tmp_path / "m.dot", show_shapes=True)
    assert (tmp_path / "m.dot").read_text().startswith("digraph G {")
    program = tmp_path / "bin" / "dot"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nif [ $1 = -Tbad ]; then echo unknown >&2; exit 1; fi\necho $1; head -c 9\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    assert plot_model(residual(), tmp_path / "m.png") is None
    assert (tmp_path / "m.png").read_text() == "-Tpng\ndigraph G"
    plot_model(residual(), str(tmp_path / "no_ending"))
    assert (tmp_path / "no_ending").read_text().startswith("-Tpng")
    assert model_to_dot(residual()).create(prog="dot", format="svg").startswith(b"-Tsvg")
    with pytest.raises(ValueError, match="could not draw the model as 'bad': unknown"):
        plot_model(residual(), tmp_path / "m.bad")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImportError, match=r"needs Graphviz's program 'dot'.*end with .svg need no Graphviz"):
        plot_model(residual(), tmp_path / "n.png")
    assert not (tmp_path / "n.png").exists()


def test_svg_needs_no_graphviz(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for direction in ("TB", "LR"):
        file = tmp_path / f"{direction}.SVG"
        assert plot_model(residual(), file, show_shapes=True, show_layer_names=True, rankdir=direction) is None
        root = ET.parse(file).getroot()
        width, height = float(root.get("width")), float(root.get("height"))
        assert (width > height) == (direction == "LR")
        texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
        assert texts.count("(None, 4)") == 3 and {"x", "h", "sum", "y"} <= set(texts)
    plot_model(netlet.Sequential([layers.Dense(2, name="a")]), tmp_path / "u.svg")  # not built
    texts = [e.text for e in ET.parse(tmp_path / "u.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["Dense", "not built"]
