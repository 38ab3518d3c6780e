"""WAV files of all formats, resampling as SciPy's, and data sets of folders of them."""

from __future__ import annotations

import struct
import wave

import numpy as np
import pytest
import scipy.io.wavfile
import scipy.signal

import netlet
from netlet.utils import audio_dataset_from_directory
from netlet.utils.audio_files import read_wav, resample

RNG = np.random.default_rng(0)


def write(path, samples, width=2, rate=8000):
    """Writes floats (length, channels) as PCM with the standard library."""
    scaled = np.round(samples * 2 ** (8 * width - 1)).clip(-(2 ** (8 * width - 1)), 2 ** (8 * width - 1) - 1)
    if width == 1:
        data = (scaled + 128).astype(np.uint8).tobytes()
    elif width == 3:
        data = scaled.astype("<i4").reshape(-1).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    else:
        data = scaled.astype(f"<i{width}").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((samples.shape[1], width, rate, 0, "NONE", ""))
        file.writeframes(data)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_pcm(width, channels, tmp_path):
    samples = RNG.uniform(-1, 0.99, (101, channels))  # the largest 8-bit number is 127 / 128
    samples[0], samples[1] = -1, 0
    write(tmp_path / "a.wav", samples, width, 11025)
    found, rate = read_wav(tmp_path / "a.wav")
    assert rate == 11025 and found.dtype == np.float32 and found.shape == samples.shape
    np.testing.assert_allclose(found, samples, atol=0.51 * 2.0 ** (1 - 8 * width) + 1e-7)
    assert found[0, 0] == -1 and found[1, 0] == 0 and found.max() < 1


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int32", "uint8"])
def test_files_that_scipy_wrote(dtype, tmp_path):
    values = RNG.uniform(-1, 1, (50, 2)) if dtype[0] == "f" else RNG.integers(0, 100, (50, 2))
    scipy.io.wavfile.write(tmp_path / "a.wav", 44100, values.astype(dtype))
    scale = {"int16": 2**15, "int32": 2**31, "uint8": 2**7}.get(dtype, 1)
    expected = (values - 128 * (dtype == "uint8")) / scale
    np.testing.assert_allclose(read_wav(tmp_path / "a.wav")[0], expected, rtol=1e-6)


def riff(*chunks):
    body = b"WAVE" + b"".join(n + struct.pack("<I", len(d)) + d + b"\0" * (len(d) % 2) for n, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


FORMAT = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
EXTENSIBLE = struct.pack("<HHIIHH", 0xFFFE, 1, 8000, 16000, 2, 16) + struct.pack("<HHIH", 22, 16, 4, 1) + b"\0" * 14


def test_other_chunks_extensible_headers_and_files_that_were_cut(tmp_path):
    path = tmp_path / "a.wav"
    for form in (FORMAT, EXTENSIBLE):
        path.write_bytes(riff((b"LIST", b"abc"), (b"fmt ", form), (b"fact", b"1234"), (b"data", b"\0\x40\0\xc0")))
        assert read_wav(path)[0].ravel().tolist() == [0.5, -0.5]
    whole = riff((b"fmt ", FORMAT), (b"data", b"\0\x40\0\xc0"))
    path.write_bytes(whole[:-1])  # half a sample at the end is left out
    assert read_wav(path)[0].ravel().tolist() == [0.5]
    path.write_bytes(whole[:-8] + b"\xff\xff\xff\xff\0\x40\0\xc0")  # the length was never written
    assert read_wav(path)[0].ravel().tolist() == [0.5, -0.5]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "begins with RIFF"),
        (b"RIFX" + riff()[4:], "big-endian"),
        (riff(), "'data' with samples"),
        (riff((b"data", b"12")), "'fmt ' before 'data'"),
        (riff((b"fmt ", b"12"), (b"data", b"12")), "at least 16 bytes"),
        (riff((b"fmt ", FORMAT)), "'data' with samples"),
        (riff((b"fmt ", struct.pack("<HHIIHH", 7, 1, 8000, 8000, 1, 8)), (b"data", b"")), "received format 7"),
        (riff((b"fmt ", struct.pack("<HHIIHH", 1, 0, 8000, 8000, 1, 8)), (b"data", b"")), "0 channels"),
        (riff((b"fmt ", struct.pack("<HHIIHH", 1, 1, 0, 8000, 2, 16)), (b"data", b"")), "0 samples per second"),
        (riff((b"fmt ", struct.pack("<HHIIHH", 3, 1, 8000, 8000, 2, 16)), (b"data", b"")), "received format 3"),
    ],
)
def test_other_files(data, message, tmp_path):
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_wav(tmp_path / "a.wav")


@pytest.mark.parametrize(("rate", "target"), [(8000, 16000), (44100, 16000), (16000, 8000), (8000, 11025), (3, 2)])
@pytest.mark.parametrize("length", [1, 40, 701])
def test_resampled_as_by_scipy(rate, target, length):
    x = RNG.normal(size=(length, 2))
    common = np.gcd(rate, target)
    expected = scipy.signal.resample_poly(x, target // common, rate // common, axis=0)
    found = resample(x.astype("float32"), rate, target)
    assert found.shape == expected.shape and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_nothing_to_resample():
    x = np.ones((5, 1), "float32")
    assert resample(x, 16000, 16000) is x and resample(x[:0], 2, 1).shape == (0, 1)


@pytest.fixture
def folder(tmp_path):
    for i, name in enumerate(["bells", "drums"]):
        (tmp_path / name).mkdir()
        for k in range(3):
            write(tmp_path / name / f"{k}.wav", np.full((100 + 10 * k, 1), 0.25 + 0.5 * i))
    return tmp_path


def test_a_folder(folder, capsys):
    data = audio_dataset_from_directory(folder, shuffle=False, batch_size=4)
    assert "Found 6 files belonging to 2 classes." in capsys.readouterr().out
    (sound, labels), (rest, _) = data
    assert sound.shape == (4, 120, 1) and rest.shape == (2, 120, 1) and labels.tolist() == [0, 0, 0, 1]
    assert data.class_names == ["bells", "drums"] and len(data) == 2
    assert (sound[0, :100] == 0.25).all() and not sound[0, 100:].any()
    (cut, hot), *_ = audio_dataset_from_directory(
        folder, label_mode="categorical", output_sequence_length=110, seed=1, verbose=False
    )
    assert cut.shape == (6, 110, 1) and hot.shape == (6, 2)
    halved = audio_dataset_from_directory(folder, sampling_rate=4000, labels=None, shuffle=False, verbose=False)
    (sound,) = halved
    assert sound.shape == (6, 60, 1) and abs(sound[5, 30, 0] - 0.75) < 1e-3
    single = audio_dataset_from_directory(folder, batch_size=None, shuffle=False, verbose=False)
    assert [len(x) for x, _ in single] == [100, 110, 120] * 2
    training, validation = audio_dataset_from_directory(
        folder, validation_split=0.5, subset="both", seed=3, output_sequence_length=100, verbose=False
    )
    model = netlet.Sequential([netlet.Input((100, 1)), netlet.layers.GlobalAveragePooling1D(), netlet.layers.Dense(2)])
    model.compile("adam", netlet.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert np.isfinite(model.fit(training, validation_data=validation, verbose=0).history["val_loss"]).all()


def test_channels_must_agree_in_a_batch(folder):
    write(folder / "bells" / "9.wav", np.zeros((100, 2)))
    with pytest.raises(ValueError, match="one number of channels, received 1 and 2"):
        list(audio_dataset_from_directory(folder, shuffle=False, verbose=False))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"ragged": True}, NotImplementedError, "no ragged tensors"),
        ({"sampling_rate": 0}, ValueError, "`sampling_rate`"),
        ({"output_sequence_length": 1.5}, ValueError, "`output_sequence_length`"),
        ({"label_mode": "words"}, ValueError, "`label_mode`"),
    ],
)
def test_mistakes(folder, arguments, error, message):
    with pytest.raises(error, match=message):
        audio_dataset_from_directory(folder, verbose=False, **arguments)
