"""Devices: naming them, tensors and models on them, arrays of other libraries, errors."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops
from netlet.base.device import current_device, set_default_device


def classifier(seed=3):
    netlet.utils.set_random_seed(seed)
    model = netlet.Sequential([netlet.Input((20,)), layers.Dense(16, "relu"), layers.Dense(4, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data(rows=96):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 20)).astype("float32")
    return x, rng.integers(0, 4, rows)


def test_the_cpu_is_the_first_device():
    assert netlet.devices()[0] == "cpu:0" == current_device()


@pytest.mark.parametrize("name", ["tpu", "cuda:99", "cpu:1", "sim:7", "", "gpu:x", None, 0])
def test_an_unknown_device_is_named(name):
    with pytest.raises(ValueError, match=r"device: expected (one of cpu:0|a name)"), netlet.device(name):
        pass
    assert current_device() == "cpu:0"


def test_a_context_is_of_one_thread(device):
    seen = []
    with netlet.device(device):
        thread = threading.Thread(target=lambda: seen.append(current_device()))
        thread.start()
        thread.join()
        with netlet.device("cpu"):
            assert current_device() == "cpu:0"
        assert current_device() == device
    assert seen == ["cpu:0"]
    assert current_device() == "cpu:0"


def test_the_default_device_is_that_of_all_threads(device):
    seen = []
    set_default_device(device)
    try:
        thread = threading.Thread(target=lambda: seen.append(current_device()))
        thread.start()
        thread.join()
    finally:
        set_default_device("cpu")
    assert seen == [device]


def test_tensors_travel(device):
    x = np.arange(6, dtype="float32").reshape(2, 3)
    there = netlet.to_device(x, device)
    assert there.device == device and there.shape == (2, 3)
    np.testing.assert_array_equal(there.numpy(), x)
    assert netlet.to_device(there, device) is there
    np.testing.assert_array_equal(netlet.to_device(there, "cpu").numpy(), x)
    there.copy_from(2 * x)
    np.testing.assert_array_equal(np.asarray(there), 2 * x)


def test_ops_run_where_the_context_says(device):
    x = np.linspace(-2, 2, 33, dtype="float32")
    with netlet.device(device):
        y = ops.relu(netlet.to_device(x, device))
        z = ops.relu(x)  # an array of the host is copied
    assert y.device == z.device == device
    np.testing.assert_array_equal(y.numpy(), np.maximum(x, 0))
    np.testing.assert_array_equal(z.numpy(), np.maximum(x, 0))


def test_ops_run_where_their_operands_are(device):
    there = netlet.to_device(np.ones(3, "float32"), device)
    assert ops.relu(there).device == device
    assert (there + 1).device == device
    assert ops.relu(np.ones(3, "float32")).device == "cpu:0"
    v = netlet.Variable(there.numpy())
    with netlet.GradientTape() as tape, netlet.device(device):
        v = netlet.Variable(np.full(3, 2.0, "float32"))
        y = ops.sum(v * v)
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), [4, 4, 4])


def test_what_a_plan_read_does_not_move_the_next_op(device):
    with netlet.device(device):
        model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
        x = netlet.ops.ones((4, 3))
        plan = model.plan(np.ones((4, 3), "float32"), batch_size=4)._step.plan
    plan.run([x])
    assert netlet.ops.add(np.ones(3), np.ones(3)).device == "cpu:0"


def test_a_tensor_on_another_device_is_refused(device):
    there = netlet.to_device(np.ones(3, "float32"), device)
    with netlet.device("cpu"), pytest.raises(ValueError, match=rf"expected tensors on cpu:0, received one on {device}"):
        ops.relu(there)


def test_a_model_moves_and_goes_on_training(device):
    x, y = data()
    moving, staying = classifier(), classifier()
    for model in (moving, staying):
        model.fit(x, y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    assert moving.to(device) is moving
    assert moving.device == device
    assert all(w._tensor.device == device for w in moving.weights)
    histories = [
        model.fit(x, y, batch_size=32, epochs=2, shuffle=False, verbose=0).history for model in (moving, staying)
    ]
    for name, values in histories[1].items():
        np.testing.assert_allclose(histories[0][name], values, rtol=1e-5)
    for a, b in zip(moving.get_weights(), staying.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(moving.predict(x, verbose=0), staying.predict(x, verbose=0), rtol=1e-5, atol=1e-7)
    moving.to("cpu")
    assert moving.device == "cpu:0"
    for model in (moving, staying):
        model.fit(x, y, batch_size=32, epochs=1, shuffle=False, verbose=0)
    np.testing.assert_allclose(moving.get_weights()[0], staying.get_weights()[0], rtol=1e-5, atol=1e-7)


def test_a_model_made_in_a_context_stays_there(device):
    x, y = data()
    with netlet.device(device):
        model = classifier()
    model.fit(x, y, epochs=1, verbose=0)
    assert model.device == "cpu:0"  # where its first step ran
    with netlet.device(device):
        model = classifier()
        model.fit(x, y, epochs=1, verbose=0)
    assert model.device == device
    model.evaluate(x, y, verbose=0)
    loss = model.train_on_batch(x[:32], y[:32])
    assert np.isfinite(loss).all() and model.device == device


def test_shuffled_rows_come_from_arrays_on_the_host_and_on_the_device(device):
    """A step gathers its rows on the device; a generator's batches are copied."""
    x, y = data()
    weights = []
    for given in (lambda: (x, y), lambda: (iter([(x[i : i + 32], y[i : i + 32]) for i in (0, 32, 64)]), None)):
        model = classifier().to(device)
        model.fit(*given(), batch_size=32 if given()[1] is not None else None, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_loss_that_is_not_finite_stops_the_step(device):
    x, y = data()
    x[70] = np.nan
    model = classifier().to(device)
    with pytest.raises(FloatingPointError, match="loss"):
        model.fit(x, y, batch_size=32, shuffle=False, verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()
    assert int(model.optimizer.iterations) == 2


def test_saved_and_loaded_on_the_cpu(device, tmp_path):
    x, y = data()
    model = classifier().to(device)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.netlet")
    loaded = netlet.models.load_model(tmp_path / "m.netlet")
    assert loaded.device == "cpu:0"
    np.testing.assert_allclose(loaded.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-7)


def test_an_op_without_a_kernel_is_named_when_it_is_recorded(device):
    missing = sorted(set(_core.device_kernels("cpu:0")) - set(_core.device_kernels(device)))
    if "ctc_beam_f32" not in missing:
        pytest.skip("this op has a kernel now")
    with netlet.device(device), pytest.raises(NotImplementedError, match=f"ctc_beam_f32 has no kernel for {device}"):
        ops.ctc_decode(np.zeros((1, 4, 3), "float32"), [4], strategy="beam_search")


def test_arrays_of_other_libraries_share_memory(device):
    x = netlet.to_device(np.arange(12, dtype="float32").reshape(3, 4), device)
    shared = netlet.from_dlpack(x)
    assert shared.address == x.address and shared.device == device
    x.copy_from(np.zeros((3, 4)))
    np.testing.assert_array_equal(shared.numpy(), 0)
    del x
    np.testing.assert_array_equal(shared.numpy(), 0)


def test_a_tensor_on_a_gpu_is_read_on_the_host_by_a_copy(device):
    values = np.arange(12, dtype="float32").reshape(3, 4)
    x = netlet.to_device(values, device)

    class OnHost:
        def __dlpack__(self, **arguments):
            return x.__dlpack__(**arguments, dl_device=(1, 0))

        def __dlpack_device__(self):
            return 1, 0

    for read in (netlet.from_dlpack(OnHost()), netlet.from_dlpack(x, device="cpu"), np.asarray(x)):
        np.testing.assert_array_equal(read, values)
    with pytest.raises(BufferError, match="it is on another device"):
        x.__dlpack__(dl_device=(1, 0), copy=False)
    with pytest.raises(ValueError, match=rf"copy=False.*it is on {device}"):
        netlet.from_dlpack(x, device="cpu", copy=False)
    with pytest.raises(ValueError, match="Unable to avoid a copy"):
        x.__array__(copy=False)
    with pytest.raises(BufferError, match=f"float32 on {device}"):
        memoryview(x)
    assert not hasattr(x, "__array_interface__")


def test_out_of_memory_names_what_is_needed_and_free(device):
    model = netlet.Sequential([netlet.Input((1 << 20,)), layers.Dense(1)])
    expected = rf"{device}: out of memory: expected \d+ free bytes, found \d+"
    with netlet.device(device), pytest.raises(MemoryError, match=expected):
        _core.empty((1 << 50,), "uint8")
    assert np.isfinite(model.get_weights()[0]).all()


CPU_LAYOUTS = ("conv_pack", "conv_planar", "gemm_pack", "gemm_stream", "gemm_dot", "winograd", "mark_rows", "zero_rows")
# Layers of int8, products of bfloat16 from float32 operands, and 8-bit optimizer state run on the CPU only.
CPU_ONLY = (
    "quantized_",
    "requantize",
    "code_sums",
    "unpack_int4",
    "fake_quantize_bwd",
    "mixed_",
    "sgd_8bit",
    "adam_8bit",
)
CPU_ONLY += ("equalize_images",)  # a GPU computes the tables of all images at once
CPU_ONLY += ("lion_8bit",)


def test_what_a_gpu_has_no_kernel_for(device):
    """Kernels of layouts that only the CPU uses, and the beam search of CTC."""
    missing = set(_core.device_kernels("cpu:0")) - set(_core.device_kernels(device))
    assert {name for name in missing if not name.startswith(CPU_LAYOUTS + CPU_ONLY)} == {"ctc_beam_f32", "ctc_beam_f64"}


@pytest.mark.parametrize(
    ("path", "message"), [("/no/such/library.so", "load_backend: "), (_core.__file__, "is no backend of netlet")]
)
def test_a_library_that_is_no_backend_is_refused(path, message):
    with pytest.raises(RuntimeError, match=message):
        _core.load_backend(path)
