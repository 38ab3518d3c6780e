"""Configs of unexpected structure: a ValueError that names the object, from each function that takes a config."""

from __future__ import annotations

import json

import pytest

import netlet
from netlet import layers
from support.hostile import change


def config_of(model):
    return json.loads(model.to_json())


def sequential():
    return netlet.Sequential([netlet.Input((3,)), layers.Dense(2, name="d")])


def graph():
    x = netlet.Input((3,), name="x")
    return netlet.Model(x, layers.Dense(2, name="d")(x))


def entry(config, name="d"):
    return next(e for e in config["config"]["layers"] if e["config"]["name"] == name)


EDITS = {
    "layers that are a number": (sequential, lambda c: c["config"].update(layers=3)),
    "a layer without a config": (sequential, lambda c: entry(c).update(config=None)),
    "an entry that is a number": (graph, lambda c: c["config"]["layers"].append(3)),
    "an entry without a name": (graph, lambda c: entry(c).pop("name")),
    "a call without arguments": (graph, lambda c: entry(c)["inbound_nodes"][0].pop("kwargs")),
    "a reference without a place": (
        graph,
        lambda c: entry(c)["inbound_nodes"][0]["args"][0]["config"].pop("keras_history"),
    ),
    "an op without a name": (graph, lambda c: entry(c).update(module="netlet.ops", class_name="Op", config={})),
    "outputs that are a number": (graph, lambda c: c["config"].update(output_layers=3)),
}


@pytest.mark.parametrize(("make", "edit"), EDITS.values(), ids=EDITS)
def test_the_error_says_what_is_damaged(make, edit):
    model = make()
    config = config_of(model)
    edit(config)
    for read in (
        lambda: netlet.models.model_from_json(json.dumps(config)),
        lambda: netlet.saving.deserialize_keras_object(config),
        lambda: type(model).from_config(config["config"]),
    ):
        with pytest.raises((ValueError, TypeError), match=r"\w+ .*\w+"):
            read()


def test_a_missing_key_is_named():
    config = config_of(graph())
    entry(config).pop("name")
    with pytest.raises(ValueError, match="The config of a functional model is damaged: 'name' is missing or unknown"):
        netlet.Model.from_config(config["config"])


def test_nesting_without_end():
    with pytest.raises(ValueError, match="The config of a model is nested too deeply"):
        netlet.models.model_from_json("[" * 100_000)
    inner = []
    for _ in range(100_000):
        inner = [inner]
    with pytest.raises(ValueError, match="nested too deeply"):
        netlet.saving.deserialize_keras_object(inner)
    while inner:  # Python's own end of such a list recurses
        inner = inner.pop()


@pytest.mark.parametrize(
    "read", [netlet.saving.deserialize_keras_object, lambda c: type(graph()).from_config(c["config"])]
)
def test_a_message_repeats_no_long_value(read):
    config = config_of(graph())
    entry(config)["class_name"] = {"a": list(range(10_000))}
    with pytest.raises(ValueError, match=r"(?s)expected a string, received \{'a': \[0, 1, 2.*…") as caught:
        read(config)
    assert len(str(caught.value)) <= 2000


def test_an_error_of_a_file_repeats_no_long_value(tmp_path):
    good, bad = tmp_path / "good.netlet", tmp_path / "bad.netlet"
    graph().save(good)
    change(good, bad, lambda d: entry(d["model"]).update(class_name=["x" * 100_000]))
    with pytest.raises(ValueError, match=r"bad\.netlet.*expected a string, received \['xxx.*…") as caught:
        netlet.models.load_model(bad)
    assert len(str(caught.value)) <= 2000 + 100 + len(str(bad))
