"""RemoteMonitor."""

from __future__ import annotations

import json
import warnings
from typing import Any

from .callback import Callback, Logs

_SECONDS = 10.0  # before a server counts as not reached


class RemoteMonitor(Callback):
    """Sends the logs of each epoch to a server, with HTTP POST. A server that does not answer gives a warning.

    Args:
        root: URL of the server; default "http://localhost:9000".
        path: path at the server; default "/publish/epoch/end/".
        field: name of the form's field that holds the logs as JSON; default "data".
        headers: dict of HTTP headers; None (the default): none.
        send_as_json: whether the body is the JSON itself instead of a form; False by default.

    Raises:
        ValueError: root is not a URL with http or https.

    Source: Keras 3 `keras.callbacks.RemoteMonitor`.

    Example:

    >>> callback = RemoteMonitor("http://localhost:9000", send_as_json=True)
    """

    only_writes = True

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        if not root.startswith(("http://", "https://")):
            raise ValueError(f"RemoteMonitor(root=): expected a URL with http or https, received {root!r}.")
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        from urllib import parse, request  # here, because their import takes long

        text = json.dumps({"epoch": epoch, **{name: _plain(value) for name, value in (logs or {}).items()}})
        if self.send_as_json:
            body, kind = text, "application/json"
        else:
            body, kind = parse.urlencode({self.field: text}), "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        try:
            post = request.Request(self.root + self.path, body.encode(), headers, method="POST")
            request.urlopen(post, timeout=_SECONDS).close()
        except OSError:  # URLError and HTTPError are OSErrors
            warnings.warn(f"Could not reach RemoteMonitor root server at {self.root}", stacklevel=2)


def _plain(value: Any) -> Any:
    """A NumPy scalar or array as Python numbers; an array of one element is a number, as in Keras."""
    if not hasattr(value, "tolist"):
        return value
    return value.item() if value.size == 1 else value.tolist()
