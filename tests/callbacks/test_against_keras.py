"""Every callback against Keras's: both are driven through the same scripted logs, and all effects are compared."""

from __future__ import annotations

import math
import pathlib

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.src.trainers.compile_utils import MetricsList

import netlet.callbacks
from support.scripted_fit import Metric, ScriptedModel, scripted_fit

LOSSES = [1.0, 0.8, 0.85, 0.8, 0.79, 0.9, 0.95, 0.7, 0.71, 0.72, 0.73, 0.74]
ACCURACY = (Metric("accuracy", "up"), Metric("mae", "down"))


def epochs(losses: list[float], **more: list[float]) -> list[dict[str, float]]:
    columns = {"loss": losses, "val_loss": [v * 1.5 for v in losses], "val_accuracy": [1 - v for v in losses], **more}
    return [{name: column[i] for name, column in columns.items()} for i in range(len(losses))]


def both(make, script, **kwargs):
    """Runs the script in netlet and in Keras, each with a new model, and returns both outcomes, netlet's first."""
    model = kwargs.pop("model", lambda lib: ScriptedModel())
    return (
        scripted_fit(netlet.callbacks, make, script, model=model(netlet.callbacks), **kwargs),
        scripted_fit(keras.callbacks, make, script, model=model(keras.callbacks), **kwargs),
    )


def model_with_metrics(lib) -> ScriptedModel:
    # Keras reads the metrics from the list that `compile` made, not from `model.metrics` directly.
    return ScriptedModel(metrics=ACCURACY if lib is netlet.callbacks else (MetricsList(list(ACCURACY)),))


EARLY_STOPPING = [
    {},
    {"monitor": "loss"},
    {"monitor": "loss", "patience": 2, "verbose": 1},
    {"monitor": "val_loss", "patience": 3, "min_delta": 0.05, "verbose": 1},
    {"monitor": "loss", "patience": 2, "restore_best_weights": True, "verbose": 1},
    {"monitor": "loss", "patience": 50, "restore_best_weights": True, "verbose": 1},
    {"monitor": "loss", "patience": 2, "baseline": 0.5, "restore_best_weights": True, "verbose": 1},
    {"monitor": "loss", "patience": 1, "start_from_epoch": 4, "verbose": 1},
    {"monitor": "val_accuracy", "patience": 1, "verbose": 1},
    {"monitor": "val_accuracy", "mode": "max", "patience": 2},
    {"monitor": "loss", "mode": "max", "patience": 2},
    {"monitor": "loss", "mode": "sideways", "patience": 2},
    {"monitor": "missing", "mode": "min"},
]


@pytest.mark.parametrize("arguments", EARLY_STOPPING, ids=str)
@pytest.mark.parametrize("fits", [1, 2])
def test_early_stopping(arguments, fits):
    ours, theirs = both(
        lambda lib: [lib.EarlyStopping(**arguments)], epochs(LOSSES), model=model_with_metrics, fits=fits
    )
    assert ours == theirs
    assert ours["error"] == ""


def test_early_stopping_does_stop_and_restore():
    """Ensures that the comparison above does not pass because both libraries do nothing."""
    result = scripted_fit(
        netlet.callbacks,
        lambda lib: [lib.EarlyStopping(monitor="loss", patience=2, restore_best_weights=True)],
        epochs(LOSSES),
    )
    assert result["stopped"]
    assert result["epochs"] == [0, 1, 2, 3]
    assert result["weights"] == 2  # 0.8, the second epoch's


def test_nan_is_never_an_improvement():
    script = epochs([0.5, math.nan, math.nan, 0.4])
    ours, theirs = both(lambda lib: [lib.EarlyStopping(monitor="loss", patience=2)], script)
    assert ours["epochs"] == theirs["epochs"] == [0, 1, 2]


@settings(max_examples=150, deadline=None)
@given(
    losses=st.lists(st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 1.0, math.nan, math.inf]), min_size=1, max_size=12),
    patience=st.integers(0, 4),
    min_delta=st.sampled_from([0, 0.05, -0.1, 0.3]),
    baseline=st.sampled_from([None, 0.2, 0.6]),
    mode=st.sampled_from(["auto", "min", "max"]),
    start=st.integers(0, 3),
    restore=st.booleans(),
)
def test_early_stopping_property(losses, patience, min_delta, baseline, mode, start, restore):
    def make(lib):
        return [lib.EarlyStopping("loss", min_delta, patience, 1, mode, baseline, restore, start)]

    ours, theirs = both(make, [{"loss": value} for value in losses])
    assert {k: v for k, v in ours.items() if k != "history"} == {k: v for k, v in theirs.items() if k != "history"}


@settings(max_examples=150, deadline=None)
@given(
    losses=st.lists(st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.30001, 0.5, 1.0, math.nan]), min_size=1, max_size=14),
    patience=st.integers(0, 3),
    cooldown=st.integers(0, 3),
    factor=st.sampled_from([0.1, 0.5, 0.9]),
    min_delta=st.sampled_from([1e-4, 0.1]),
    min_lr=st.sampled_from([0.0, 0.03125]),
    mode=st.sampled_from(["auto", "min", "max"]),
)
def test_reduce_lr_on_plateau_property(losses, patience, cooldown, factor, min_delta, min_lr, mode):
    def make(lib):
        return [lib.ReduceLROnPlateau("loss", factor, patience, 1, mode, min_delta, cooldown, min_lr)]

    ours, theirs = both(make, [{"loss": value} for value in losses])
    assert repr(ours) == repr(theirs)  # repr, for NaN equals itself there


@pytest.mark.parametrize(
    "arguments",
    [
        {"monitor": "loss"},
        {"monitor": "missing", "mode": "min"},
        {"monitor": "val_accuracy", "patience": 2, "verbose": 1},
    ],
    ids=str,
)
def test_reduce_lr_on_plateau(arguments):
    ours, theirs = both(lambda lib: [lib.ReduceLROnPlateau(**arguments)], epochs(LOSSES), model=model_with_metrics)
    assert ours == theirs
    assert "learning_rate" in ours["history"]


def test_reduce_lr_on_plateau_refuses_a_factor_of_one():
    for lib in (netlet.callbacks, keras.callbacks):
        with pytest.raises(ValueError, match=r"does not support a factor >= 1\.0"):
            lib.ReduceLROnPlateau(factor=1.0)


CHECKPOINTS = [
    {},
    {"verbose": 1},
    {"save_best_only": True, "monitor": "loss", "verbose": 1},
    {"save_best_only": True, "monitor": "loss", "initial_value_threshold": 0.795, "verbose": 1},
    {"save_best_only": True, "monitor": "val_accuracy", "verbose": 1},
    {"save_best_only": True, "monitor": "val_accuracy", "mode": "min"},
    {"save_best_only": True, "monitor": "missing", "mode": "min", "verbose": 1},
    {"save_weights_only": True, "verbose": 1},
    {"save_freq": 3, "verbose": 1},
    {"save_freq": 1, "save_weights_only": True},
    {"save_freq": 5, "save_best_only": True, "monitor": "loss", "mode": "min", "verbose": 1},
]


def can_name(name: str, arguments: dict) -> bool:
    """Whether the logs have all values that the file name and the monitor need: a batch's logs have no val_loss."""
    of_batches = bool(arguments.get("save_freq"))
    return not of_batches or ("val_loss" not in name and (name == "plain" or not arguments.get("save_best_only")))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param(name, arguments, id=f"{name}-{arguments}")
        for name in ("plain", "deep/er/e{epoch:02d}", "{epoch}-{val_loss:.3f}-{loss}")
        for arguments in CHECKPOINTS
        if can_name(name, arguments)
    ],
)
def test_model_checkpoint(arguments, name, tmp_path):
    weights = ".weights" if arguments.get("save_weights_only") else ""

    def make(lib):
        ending = f"{weights}.netlet" if lib is netlet.callbacks else f"{weights}.{'h5' if weights else 'keras'}"
        return [lib.ModelCheckpoint(tmp_path / lib.__name__ / f"{name}{ending}", **arguments)]

    ours, theirs = both(
        make, epochs(LOSSES[:6]), batches=[{"loss": 1.0}, {"loss": 0.7}, {"loss": 0.6}], model=model_with_metrics
    )
    assert ours["error"] == theirs["error"] == ""
    translate = {"netlet.callbacks": "keras.callbacks", ".weights.netlet": ".weights.h5", ".netlet": ".keras"}
    text = repr(ours)
    for here, there in translate.items():
        text = text.replace(here, there)
    assert text == repr(theirs)
    assert ours["saved"]


def test_model_checkpoint_with_a_missing_field(tmp_path):
    def make(lib):
        ending = "netlet" if lib is netlet.callbacks else "keras"
        return [lib.ModelCheckpoint(f"{tmp_path}/{{nothing:.2f}}.{ending}")]

    ours, theirs = both(make, epochs(LOSSES[:2]))
    assert ours["error"].startswith("KeyError: 'Failed to format this callback filepath")
    assert theirs["error"].startswith("KeyError: 'Failed to format this callback filepath")


def test_model_checkpoint_into_a_directory(tmp_path):
    def make(lib):
        path = tmp_path / ("taken.netlet" if lib is netlet.callbacks else "taken.keras")
        path.mkdir()
        return [lib.ModelCheckpoint(path)]

    ours, _ = both(make, epochs(LOSSES[:1]))
    assert ours["error"].startswith("OSError: Please specify a non-directory filepath")


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("m.pt", {}),
        ("m.onnx", {}),
        ("m.netlet", {"save_weights_only": True}),
        ("m.keras", {"save_weights_only": True}),
    ],
)
def test_model_checkpoint_names_the_ending_it_wants(path, arguments):
    with pytest.raises(ValueError, match=r"must end in `(\.weights)?\.netlet`"):
        netlet.callbacks.ModelCheckpoint(path, **arguments)


@pytest.mark.parametrize("save_freq", ["batch", 1.5, None])
def test_model_checkpoint_refuses_other_frequencies(save_freq):
    with pytest.raises(ValueError, match="Unrecognized save_freq"):
        netlet.callbacks.ModelCheckpoint("m.netlet", save_freq=save_freq)


@pytest.mark.parametrize(
    "schedule",
    [lambda epoch, rate: rate * 0.5, lambda epoch: 0.25 / (epoch + 1), lambda epoch, rate: 1, lambda epoch, rate: None],
    ids=["of the rate", "of the epoch", "an int", "nothing"],
)
def test_learning_rate_scheduler(schedule):
    ours, theirs = both(lambda lib: [lib.LearningRateScheduler(schedule, verbose=1)], epochs(LOSSES[:4]))
    assert ours == theirs


@pytest.mark.parametrize("raise_error", [False, True])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_terminate_on_nan(raise_error, bad):
    ours, theirs = both(
        lambda lib: [lib.TerminateOnNaN(raise_error=raise_error)],
        epochs([0.5, 0.4, 0.3]),
        batches=[{"loss": 1.0}, {"loss": bad}, {"loss": 1.0}],
    )
    assert ours == theirs
    assert ours["stopped"] is not raise_error


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("validated", [False, True])
def test_csv_logger(separator, append, validated, tmp_path):
    script = epochs(LOSSES[:3])
    if not validated:
        script = [{"loss": e["loss"]} for e in script]
    files = {}

    def make(lib):
        files[lib] = tmp_path / lib.__name__
        if append:
            files[lib].write_text("epoch;from before\n")
        return [lib.CSVLogger(files[lib], separator=separator, append=append)]

    both(make, script, fits=2)
    ours, theirs = (path.read_bytes() for path in files.values())
    assert ours == theirs
    assert ours.count(b"\n") == {False: 4, True: 7}[append]


def test_csv_logger_keeps_columns_for_a_validation_that_comes_later(tmp_path):
    script = [{"loss": 1.0}, {"loss": 0.5, "val_loss": 0.75}, {"loss": 0.4}]
    both(lambda lib: [lib.CSVLogger(tmp_path / lib.__name__)], script)
    ours = (tmp_path / "netlet.callbacks").read_text()
    assert ours == (tmp_path / "keras.callbacks").read_text()
    assert ours.splitlines() == ["epoch,loss,val_loss", "0,1.0,NA", "1,0.5,0.75", "2,0.4,NA"]


def test_lambda_callback():
    calls: dict[str, list] = {}

    def make(lib):
        seen = calls.setdefault(lib.__name__, [])
        return [
            lib.LambdaCallback(
                on_epoch_begin=lambda epoch, logs: seen.append(("epoch_begin", epoch, logs)),
                on_epoch_end=lambda epoch, logs: seen.append(("epoch_end", epoch, logs)),
                on_train_begin=lambda logs: seen.append(("train_begin", logs)),
                on_train_end=lambda logs: seen.append(("train_end", logs)),
                on_train_batch_begin=lambda batch, logs: seen.append(("batch_begin", batch, logs)),
                on_train_batch_end=lambda batch, logs: seen.append(("batch_end", batch, logs)),
                on_test_begin=lambda logs: seen.append("never"),
                label="kept",
            )
        ]

    both(make, epochs(LOSSES[:2]))
    assert calls["netlet.callbacks"] == calls["keras.callbacks"]
    assert len(calls["netlet.callbacks"]) == 2 + 2 * (2 + 4)
    assert netlet.callbacks.LambdaCallback(label="kept").label == "kept"


def test_several_callbacks_share_the_logs_in_order():
    """The scheduler's "learning_rate" reaches the callbacks after it, including History, which comes last."""

    def make(lib):
        return [lib.LearningRateScheduler(lambda epoch, rate: rate * 0.5), lib.CSVLogger("/dev/null"), lib.History()]

    ours, theirs = both(make, epochs(LOSSES[:3]))
    assert ours == theirs
    assert ours["history"]["learning_rate"] == [0.05, 0.025, 0.0125]


def test_public_names_are_keras_names():
    missing = {"OrbaxCheckpoint"}
    theirs = {name for name in dir(keras.callbacks) if name[0].isupper()}
    assert theirs - set(dir(netlet.callbacks)) == missing  # exactly these names are left out


def test_paths_may_be_path_objects(tmp_path):
    assert isinstance(netlet.callbacks.CSVLogger(pathlib.Path("a.csv")).filename, str)
    assert isinstance(netlet.callbacks.ModelCheckpoint(tmp_path / "a.netlet").filepath, str)
