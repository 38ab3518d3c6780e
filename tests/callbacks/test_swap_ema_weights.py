"""SwapEMAWeights and RemoteMonitor."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.parse

import keras
import numpy as np
import pytest

import netlet
from netlet import callbacks, layers

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((48, 4)).astype("float32"), RNG.standard_normal((48, 1)).astype("float32")
START = RNG.standard_normal((4, 1)).astype("float32")


def run(library, swap_on_epoch):
    """History, weights seen by a later callback after each epoch, final weights, and the evaluation after `fit`."""
    seen = []

    class Seen(library.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(np.asarray(self.model.get_weights()[0]))

    model = library.Sequential([library.Input((4,)), library.layers.Dense(1, use_bias=False)])
    model.set_weights([START])
    model.compile(library.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8), "mse")
    swap = library.callbacks.SwapEMAWeights(swap_on_epoch=swap_on_epoch)
    history = model.fit(
        X, Y, batch_size=16, epochs=3, shuffle=False, validation_split=0.25, verbose=0, callbacks=[swap, Seen()]
    ).history
    evaluated = model.evaluate(X, Y, verbose=0)
    return history, seen, model.get_weights()[0], evaluated


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_as_keras(swap_on_epoch):
    ours, theirs = run(netlet, swap_on_epoch), run(keras, swap_on_epoch)
    for name, values in theirs[0].items():
        np.testing.assert_allclose(ours[0][name], values, rtol=1e-5)
    for a, b in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ours[3], theirs[3], rtol=1e-5)


def test_predictions_are_those_of_the_averages():
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(1, use_bias=False)])
    model.compile(netlet.optimizers.SGD(0.1, use_ema=True), "mse")
    for _ in range(3):
        model.train_on_batch(X, Y)
    weights = model.get_weights()
    average = model.optimizer.variables[2].numpy()
    got = model.predict(X, verbose=0, callbacks=[callbacks.SwapEMAWeights()])
    np.testing.assert_allclose(got, X @ average, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])


def test_an_optimizer_without_averages():
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"`use_ema=True` is set on the optimizer.*Received: SGD without averages"):
        model.fit(X, Y, validation_split=0.5, verbose=0, callbacks=[callbacks.SwapEMAWeights()])


class Server(http.server.BaseHTTPRequestHandler):
    received: list

    def do_POST(self):
        self.received.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.mark.parametrize("send_as_json", [False, True])
def test_a_remote_monitor_posts_the_logs(send_as_json):
    handler = type("Handler", (Server,), {"received": []})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        monitor = callbacks.RemoteMonitor(root, "/epoch/", "logs", {"X-Token": "7"}, send_as_json)
        monitor.on_epoch_end(2, {"loss": np.float32(0.5), "one": np.arange(1), "many": np.arange(2)})
        server.shutdown()
    ((path, headers, body),) = handler.received
    text = body.decode() if send_as_json else urllib.parse.parse_qs(body.decode())["logs"][0]
    assert json.loads(text) == {"epoch": 2, "loss": 0.5, "one": 0, "many": [0, 1]}
    assert path == "/epoch/" and headers["X-Token"] == "7"
    assert headers["Content-Type"] == ("application/json" if send_as_json else "application/x-www-form-urlencoded")


def test_a_remote_monitor_without_a_server():
    with pytest.warns(UserWarning, match="Could not reach RemoteMonitor root server at http://localhost:1"):
        callbacks.RemoteMonitor("http://localhost:1").on_epoch_end(0, {"loss": 0.0})
    with pytest.raises(ValueError, match=r"root=.*http or https, received 'file:///etc/passwd'"):
        callbacks.RemoteMonitor("file:///etc/passwd")
