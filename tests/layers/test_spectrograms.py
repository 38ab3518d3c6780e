"""STFTSpectrogram, MelSpectrogram and initializers.STFT: against Keras, in models, trained, saved."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import initializers, layers

RNG = np.random.default_rng(0)
SIGNALS = RNG.standard_normal((2, 40, 3)).astype("float32")

STFT_CASES = [
    *[{"mode": mode} for mode in ("log", "magnitude", "psd", "real", "imag", "angle", "stft")],
    *[
        {"mode": "stft", "expand_dims": e, "data_format": f}
        for e in (False, True)
        for f in ("channels_last", "channels_first")
    ],
    {"padding": "same", "frame_step": 3, "fft_length": 16, "window": "hamming", "periodic": True},
    {"mode": "magnitude", "scaling": "spectrum", "window": [1.0, 2.0, 3.0, 4.0, 4.0, 3.0, 2.0, 1.0]},
    {"mode": "real", "window": None, "scaling": None},
    {"mode": "psd", "window": "blackman"},
]


@pytest.mark.parametrize("arguments", STFT_CASES, ids=str)
def test_stft_spectrogram_against_keras(arguments):
    arguments = {"frame_length": 8, **arguments}
    x = np.moveaxis(SIGNALS, 1, 2) if arguments.get("data_format") == "channels_first" else SIGNALS
    ours, theirs = layers.STFTSpectrogram(**arguments), keras.layers.STFTSpectrogram(**arguments)
    want = np.asarray(theirs(x))
    found = ours(x).numpy()
    if arguments.get("mode") == "angle":  # -pi and pi are the same angle
        found, want = np.exp(1j * found), np.exp(1j * want)
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-4)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    symbol = ours(netlet.Input(x.shape[1:]))
    assert symbol.shape == (None, *want.shape[1:])
    assert {k: v for k, v in ours.get_config().items() if k in arguments} == arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"power_to_db": False, "mag_exp": 1.0},
        {"window": "hamming", "sequence_length": 12, "top_db": 10.0, "ref_power": 2.0, "min_power": 1e-3},
        {"min_freq": 300.0, "max_freq": 3000.0, "sampling_rate": 8000, "num_mel_bins": 4},
    ],
    ids=str,
)
def test_mel_spectrogram_against_keras(arguments):
    arguments = {"fft_length": 16, "sequence_stride": 5, "num_mel_bins": 6, **arguments}
    x = SIGNALS[:, :, 0]
    ours, theirs = layers.MelSpectrogram(**arguments), keras.layers.MelSpectrogram(**arguments)
    np.testing.assert_allclose(ours(x).numpy(), np.asarray(theirs(x)), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(ours(x[0]).numpy(), np.asarray(theirs(x[0])), rtol=1e-3, atol=1e-3)
    assert ours(netlet.Input((40,))).shape == (None, arguments["num_mel_bins"], 9)
    assert set(theirs.get_config()) - {"data_format"} <= set(ours.get_config())


@pytest.mark.parametrize("side", ["real", "imag"])
@pytest.mark.parametrize("window", ["hann", "hamming", None])
@pytest.mark.parametrize("scaling", ["density", "spectrum", None])
def test_initializer_against_keras(side, window, scaling):
    for periodic in (False, True):
        ours = initializers.STFT(side, window, scaling, periodic)
        want = np.asarray(keras.initializers.STFT(side, window, scaling, periodic)((7, 1, 5)))
        np.testing.assert_allclose(ours((7, 1, 5)).numpy(), want, atol=1e-6)
        again = initializers.get(initializers.serialize(ours))
        np.testing.assert_array_equal(again((7, 1, 5)), ours((7, 1, 5)))


def test_kernels_are_trained():
    model = netlet.Sequential(
        [netlet.Input((40, 3)), layers.STFTSpectrogram(frame_length=8), layers.Flatten(), layers.Dense(1)]
    )
    model.compile("adam", "mse")
    before = [w.copy() for w in model.layers[0].get_weights()]
    history = model.fit(SIGNALS, SIGNALS[:, 0, :1], epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert all((a != b).any() for a, b in zip(before, model.layers[0].get_weights(), strict=True))


def test_mel_spectrograms_inside_fit():
    model = netlet.Sequential(
        [netlet.Input((40,)), layers.MelSpectrogram(16, 5, num_mel_bins=6), layers.Flatten(), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    x = SIGNALS[:, :, 0]
    model.fit(x, x[:, :1], verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x).numpy(), rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.STFTSpectrogram("loud"), "expected a mode of log"),
        (lambda: layers.STFTSpectrogram(frame_length=8, frame_step=9), "a frame_step in"),
        (lambda: layers.STFTSpectrogram(frame_length=8, fft_length=4), "an fft_length of at least"),
        (lambda: layers.STFTSpectrogram(padding="causal"), "the padding 'valid' or 'same'"),
        (lambda: layers.STFTSpectrogram(scaling="loud"), "the scaling 'density'"),
        (lambda: layers.STFTSpectrogram(window="no such window"), "window"),
        (lambda: layers.STFTSpectrogram()(np.ones((2, 300))), "expected"),
        (lambda: layers.MelSpectrogram(8, sequence_length=9), "a sequence_length of at most"),
        (lambda: initializers.STFT("left"), "the side 'real' or 'imag'"),
        (lambda: initializers.STFT()((3, 3)), "expected a shape"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    with pytest.warns(UserWarning, match="power of two"):
        layers.STFTSpectrogram(frame_length=8, fft_length=12)
