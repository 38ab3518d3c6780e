"""Config: named values that can be frozen."""

from __future__ import annotations

import json
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

from netlet.base.suggest import nearest


class Config:
    """Named values of a script, as a dict whose values are attributes too, which can be frozen and written as JSON.

    Args:
        **kwargs: the first values.

    Raises:
        ValueError: a change while it is frozen.
        AttributeError: a value that is not there; the message names the nearest one.

    Source: Keras 3 `keras.utils.Config`.

    Example:

    >>> config = Config(learning_rate=0.1)
    >>> config.seed = 7
    >>> config["seed"], config.as_dict(), config.to_json()
    (7, {'learning_rate': 0.1, 'seed': 7}, '{"learning_rate": 0.1, "seed": 7}')
    >>> config.freeze()
    >>> config.seed = 8
    Traceback (most recent call last):
        ...
    ValueError: Cannot mutate attribute(s) because the config is frozen.
    """

    _config: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_config", kwargs)
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> bool:
        """Whether the values cannot be changed."""
        return self._frozen

    def freeze(self) -> None:
        """Forbids changes."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Permits changes again."""
        object.__setattr__(self, "_frozen", False)

    def as_dict(self) -> dict[str, Any]:
        """Returns a dict of the values."""
        return dict(self._config)

    def to_json(self) -> str:
        """Returns the values as JSON."""
        return json.dumps(self._config)

    def keys(self) -> KeysView[str]:
        """Returns the names."""
        return self._config.keys()

    def values(self) -> ValuesView[Any]:
        """Returns the values."""
        return self._config.values()

    def items(self) -> ItemsView[str, Any]:
        """Returns pairs of name and value."""
        return self._config.items()

    def get(self, keyname: str, value: Any = None) -> Any:
        """Returns a value, or a default where it is not there.

        Args:
            keyname: its name.
            value: the default; None.
        """
        return self._config.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        """Removes and returns a value.

        Args:
            *args: its name, and a default for when it is not there.

        Returns:
            The value, or the default.

        Raises:
            KeyError: it is not there, and there is no default.
            ValueError: the values are frozen.
        """
        return self._changeable().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several values, with the arguments of `dict.update`.

        Args:
            *args: nothing, a dict, or an iterable of pairs (name, value).
            **kwargs: values by name.

        Raises:
            ValueError: the values are frozen.
        """
        self._changeable().update(*args, **kwargs)

    def _changeable(self) -> dict[str, Any]:
        if self._frozen:
            raise ValueError("Cannot mutate attribute(s) because the config is frozen.")
        return self._config

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):  # a method or `frozen`: Python's own error or behaviour
            object.__setattr__(self, name, value)
        else:
            self._changeable()[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("_config", "_frozen"):  # copy and pickle ask before __init__
            raise AttributeError(name)
        if name in self._config:
            return self._config[name]
        near = nearest(name, self._config, 1, 0.7)
        raise AttributeError(f"Unknown attribute: '{name}'." + (f" Did you mean '{near[0]}'?" if near else ""))

    def __setitem__(self, key: str, item: Any) -> None:
        self._changeable()[key] = item

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __delitem__(self, key: str) -> None:
        del self._changeable()[key]

    def __contains__(self, item: object) -> bool:
        return item in self._config

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"
