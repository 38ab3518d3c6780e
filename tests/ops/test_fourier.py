"""Fourier transforms: values against NumPy and SciPy, gradients of any order, recorded steps, errors."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

import netlet
from netlet import _core, layers, ops
from support.second_derivatives import check, watched

RNG = np.random.default_rng(2)


def pair(*shape):
    return RNG.standard_normal(shape), RNG.standard_normal(shape)


def as_complex(parts):
    return parts[0].numpy() + 1j * parts[1].numpy()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (3, 4, 6), (0, 3, 4)])
def test_values_against_numpy(shape, dtype):
    re, im = (x.astype(dtype) for x in pair(*shape))
    rtol = 1e-5 if dtype == "float32" else 1e-12
    z = re + 1j * im
    for name, want in (("fft", np.fft.fft(z)), ("fft2", np.fft.fft2(z)), ("ifft2", np.fft.ifft2(z))):
        found = getattr(ops, name)((re, im))
        assert found[0].dtype == found[1].dtype == dtype
        np.testing.assert_allclose(as_complex(found), want, rtol=rtol, atol=rtol * 10)
    for n in (None, 1, 2, 7):
        found = ops.rfft(re, n)
        assert found[0].dtype == dtype
        np.testing.assert_allclose(as_complex(found), np.fft.rfft(re, n), rtol=rtol, atol=rtol * 10)
        if n or shape[-1] > 1:
            back = ops.irfft((re, im), n)
            assert back.dtype == dtype
            np.testing.assert_allclose(back.numpy(), np.fft.irfft(z, n), rtol=rtol, atol=rtol * 10)


def flat(parts):
    parts = parts if isinstance(parts, tuple) else (parts,)
    return ops.concatenate([ops.reshape(ops.square(p), (-1,)) for p in parts])


CASES = {
    "fft": (lambda a, b: ops.fft((a, b)), *pair(2, 5)),
    "fft, the real part": (lambda a, b: ops.fft((a, b))[0], *pair(4)),
    "fft2": (lambda a, b: ops.fft2((a, b)), *pair(2, 3, 4)),
    "ifft2": (lambda a, b: ops.ifft2((a, b)), *pair(3, 4)),
    "rfft even": (ops.rfft, RNG.standard_normal((2, 6))),
    "rfft odd": (ops.rfft, RNG.standard_normal(5)),
    "rfft cut": (lambda x: ops.rfft(x, 4)[1], RNG.standard_normal(6)),
    "rfft padded": (lambda x: ops.rfft(x, 8), RNG.standard_normal((2, 5))),
    "irfft even": (lambda a, b: ops.irfft((a, b)), *pair(2, 4)),
    "irfft odd": (lambda a, b: ops.irfft((a, b), 7), *pair(4)),
    "irfft cut": (lambda a, b: ops.irfft((a, b), 4), *pair(2, 6)),
    "stft": (lambda x: ops.stft(x, 4, 2, 6), RNG.standard_normal((2, 11))),
    "stft with a window": (
        lambda x, w: ops.stft(x, 4, 3, 4, window=w, center=False),
        *map(RNG.standard_normal, (9, 4)),
    ),
    "istft": (lambda a, b: ops.istft((a, b), 4, 2, 6), *pair(2, 5, 4)),
}


@pytest.mark.parametrize("name", CASES)
def test_first_and_second_derivatives(name):
    f, *values = CASES[name]
    check(lambda *xs: flat(f(*xs)), *values)  # compares the first gradients of both ways
    xs = watched(values)
    rng = np.random.default_rng(0)
    with netlet.GradientTape() as tape:
        y = flat(f(*xs))
    seed = rng.standard_normal(y.shape)
    for i, g in enumerate(tape.gradient(y, xs, seed)):
        direction = rng.standard_normal(values[i].shape)
        moved = [[v + s * 1e-6 * direction if j == i else v for j, v in enumerate(values)] for s in (1, -1)]
        up, down = (float(np.sum(seed * flat(f(*map(_core.tensor, m))).numpy())) for m in moved)
        assert float(np.sum(g.numpy() * direction)) == pytest.approx((up - down) / 2e-6, rel=1e-6, abs=1e-6)


def test_short_time_transforms_against_scipy():
    x = RNG.standard_normal((2, 64))
    want = scipy.signal.stft(x, window="hann", nperseg=16, noverlap=12, boundary=None, padded=False)[2]
    window = scipy.signal.get_window("hann", 16)
    found = ops.stft(x, 16, 4, 16, center=False)
    np.testing.assert_allclose(as_complex(found), np.swapaxes(want, -1, -2) * window.sum(), atol=1e-12)
    for center in (True, False):
        again = ops.istft(ops.stft(x, 16, 4, 32, center=center), 16, 4, 32, center=center).numpy()
        inner = slice(0, 64) if center else slice(12, 50)
        np.testing.assert_allclose(again[:, inner], x[:, inner], atol=1e-12)
    assert ops.istft(ops.stft(x, 16, 4, 16), 16, 4, 16, length=50).shape == (2, 50)


def test_recorded_steps():
    class Spectrum(layers.Layer):
        def call(self, x):
            re, im = ops.rfft(x)
            return ops.irfft((re * 2.0, im)) + ops.stft(x, 4, 2, 4)[0][:, 0, 0:1]

    def weights(**how):
        model = netlet.Sequential([netlet.Input((8,)), layers.Dense(8), Spectrum(), layers.Flatten(), layers.Dense(1)])
        rng = np.random.default_rng(0)
        model.set_weights([rng.standard_normal(w.shape) / 3 for w in model.get_weights()])
        model.compile("sgd", "mse", **how)
        x = rng.standard_normal((4, 8)).astype("float32")
        model.fit(x, x[:, :1], epochs=2, batch_size=2, shuffle=False, verbose=0)
        return model.get_weights()

    for a, b in zip(weights(), weights(run_eagerly=True), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.fft(np.ones(3)), ValueError, r"ops\.fft: expected x as \(real part, imaginary part\)"),
        (lambda: ops.fft((np.ones(3), np.ones(2))), ValueError, "expected parts of one shape"),
        (lambda: ops.fft((np.ones(3, int), np.ones(3, int))), ValueError, "expected parts of floats"),
        (lambda: ops.fft2((np.ones(3), np.ones(3))), ValueError, "expected 2 axes with elements"),
        (lambda: ops.fft((np.ones(0), np.ones(0))), ValueError, "expected 1 axes with elements"),
        (lambda: ops.rfft(np.ones(0)), ValueError, "expected a length of at least 1, received 0"),
        (lambda: ops.rfft(1.0), ValueError, "expected at least one axis"),
        (lambda: ops.irfft((np.ones(1), np.ones(1))), ValueError, "expected a length of at least 1, received 0"),
        (lambda: ops.stft(np.ones(9, int), 4, 2, 4), TypeError, "expected float32 or float64, received int64"),
        (lambda: ops.stft(np.ones(9), 4, 2, 2), ValueError, "an fft_length of at least sequence_length = 4"),
        (lambda: ops.stft(np.ones(9), 4, 0, 4), ValueError, "an integer sequence_stride of at least 1"),
        (lambda: ops.stft(np.ones(9), 4, 2, 4, window="flat"), ValueError, "'hann' or 'hamming', received 'flat'"),
        (lambda: ops.stft(np.ones(9), 4, 2, 4, window=np.ones(3)), ValueError, r"a window of shape \(4,\)"),
        (lambda: ops.stft(np.ones(2), 4, 2, 4), ValueError, "expected more than 2 elements to reflect"),
        (lambda: ops.stft(np.ones(2), 4, 2, 4, center=False), ValueError, "at least fft_length = 4 elements"),
        (lambda: ops.istft((np.ones((2, 3)),) * 2, 4, 2, 6), ValueError, r"expected shape \(\.\.\., pieces, 4\)"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_symbols_have_the_shapes_of_keras():
    x = netlet.Input((21,))
    assert [t.shape for t in ops.stft(x, 5, 3, 8)] == [(None, 8, 5)] * 2
    assert ops.istft(ops.stft(x, 5, 3, 8), 5, 3, 8).shape == (None, 21)
