"""summary() prints Keras's table without colours: chains, graphs, nested models, terminals of any width."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest

import netlet


def chain(m):
    return m.Sequential(
        [
            m.Input((784,)),
            m.layers.Dense(16, activation="relu"),
            m.layers.Dropout(0.1),
            m.layers.Dense(16),
            m.layers.Dense(10, activation="softmax", name="a_layer_with_a_rather_long_name"),
        ]
    )


def unbuilt(m):
    return m.Sequential([m.layers.Dense(3), m.layers.Dense(2)])


def graph(m):
    a, b = m.Input((8,), name="a"), m.Input((8,), name="b")
    shared = m.layers.Dense(4, name="shared")
    h = m.layers.Concatenate()([shared(a), shared(b)])
    return m.Model([a, b], [m.layers.Dense(1)(h), m.layers.Dense(3)(h)], name="towers")


def straight(m):
    x = m.Input((8,))
    return m.Model(x, m.layers.Dense(2)(m.layers.Flatten()(x)))


def nested(m):
    inner = m.Sequential([m.Input((8,)), m.layers.Dense(5), m.layers.Dense(4)], name="inner")
    return m.Sequential([m.Input((8,)), inner, m.layers.Dense(2)], name="outer")


def frozen(m):
    model = chain(m)
    model.layers[0].trainable = False
    return model


def images(m):
    model = [m.Input((28, 28, 1)), m.layers.Conv2D(32, 3, activation="relu"), m.layers.MaxPooling2D()]
    model += [m.layers.SeparableConv2D(64, 3, strides=2), m.layers.BatchNormalization(), m.layers.GlobalMaxPooling2D()]
    return m.Sequential([*model, m.layers.Dense(10)])


def with_ops(m):
    x = m.Input((4,))
    y = m.layers.Dense(3)(x)
    return m.Model(x, m.ops.relu(y) + m.ops.log_softmax(y) * 2.0)


def text(model, **options):
    lines = []
    model.summary(print_fn=lines.append, **options)
    return [line.rstrip() for line in "\n".join(lines).rstrip("\n").split("\n")]


@pytest.mark.parametrize("columns", [80, 120, 60])
@pytest.mark.parametrize("build", [chain, graph, straight, nested, frozen, images, with_ops])
@pytest.mark.parametrize("options", [{}, {"expand_nested": True}, {"show_trainable": True}], ids=str)
def test_against_keras(build, options, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    netlet.utils.clear_session()
    keras.utils.clear_session(free_memory=False)  # its full garbage collection takes a second
    ours, theirs = words(text(build(netlet), **options)), words(text(build(keras), **options))
    assert len(ours) == len(theirs)
    for mine, expected in zip(ours, theirs, strict=True):
        # Keras truncates a word that is longer than its column; netlet continues it on the next line.
        pattern = "[|]".join(re.escape(cell).replace("…", ".*") for cell in expected)
        assert re.fullmatch(pattern, "|".join(mine)), (mine, expected)


def words(lines):
    """The cells with line breaks inside them removed: where a long word breaks is not compared."""
    cells: list[list[str]] = []
    for line in lines:
        if re.match(r"[┏┡├└]", line):
            cells.append([])
        elif line.startswith(("┃", "│")):
            parts = [c.strip() for c in re.split("[┃│]", line)[1:-1]]
            last = cells[-1]
            cells[-1] = [x + y for x, y in zip(last, parts, strict=True)] if last else parts
        else:
            cells.append([line.strip()])
    return [[re.sub(r"\s", "", c) for c in row] for row in cells]


@pytest.mark.parametrize("build", [chain, straight])
def test_widths_are_keras_too(build, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    netlet.utils.clear_session()
    keras.utils.clear_session(free_memory=False)  # its full garbage collection takes a second
    assert text(build(netlet)) == text(build(keras))


def test_unbuilt_layers_are_marked():
    lines = "\n".join(text(unbuilt(netlet)))
    assert lines.count("0 (unbuilt)") == 2 and lines.count("?") == 2


def test_optimizer_weights_are_counted(capsys):
    model = chain(netlet)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(np.zeros((4, 784), "float32"), np.zeros(4, "int64"), verbose=0)
    model.summary()
    out = capsys.readouterr().out
    assert "Trainable params: 13,002" in out and "Optimizer params: 26,00" in out


def test_layer_range_and_too_narrow_tables():
    model = chain(netlet)
    lines = "\n".join(text(model, layer_range=("drop", "dense")))
    assert "dropout" in lines and "a_layer" not in lines
    with pytest.raises(ValueError, match="no layers match"):
        model.summary(layer_range=("x", "y"))
    with pytest.raises(ValueError, match="too narrow"):
        model.summary(line_length=9)


@pytest.mark.parametrize("options", [{"line_length": 70}, {"line_length": 110}, {"positions": [0.4, 0.7, 0.9, 1.0]}])
def test_chosen_widths_are_keras_too(options, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    netlet.utils.clear_session()
    keras.utils.clear_session(free_memory=False)
    assert text(straight(netlet), **options) == text(straight(keras), **options)
