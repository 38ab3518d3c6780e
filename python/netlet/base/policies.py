"""Dtype policies: in which dtype a layer computes and in which it stores its variables. `netlet.config` has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .dtypes import HALVES, floatx, replace_floatx, standardize_dtype
from .suggest import unknown

_MIXED = {f"mixed_{half}": half for half in HALVES}
_policy: DTypePolicy | None = None


class DTypePolicy:
    """The dtype that a layer computes in, and that of its variables. See docs/guides/mixed-precision.md.

    Args:
        name: a dtype for both, or "mixed_bfloat16" or "mixed_float16": the layer takes and returns halves, its
            variables are float32. Default: the name of `config.dtype_policy()`.

    Raises:
        ValueError: an unknown dtype or policy.

    Source: Keras 3, `keras.DTypePolicy`.

    >>> policy = DTypePolicy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        if name in _MIXED:
            self._name, self._dtypes = name, (_MIXED[name], "float32")
        else:
            if isinstance(name, str) and name.startswith("mixed"):
                raise unknown("dtype policy", name, _MIXED)
            self._name = standardize_dtype(name)
            self._dtypes = (self._name, self._name)

    @property
    def name(self) -> str:
        """The argument `name`, or the name of the default policy at the time."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """Name of the dtype that layers compute in: of their inputs and outputs."""
        return self._dtypes[0]

    @property
    def variable_dtype(self) -> str:
        """Name of the dtype of the layers' variables."""
        return self._dtypes[1]

    @property
    def quantization_mode(self) -> None:
        """None: quantized layers of netlet have classes of their own."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as a dict."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Makes a policy from the dict that `get_config` returned.

        Args:
            config: the arguments by name.

        Returns:
            A policy of this class.
        """
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


class DTypePolicyMap(DTypePolicy):
    """Policies by the paths of layers. A layer that is given the map looks up its path when it is built.

    Args:
        default_policy: the policy of layers that no key names; None (the default): `config.dtype_policy()`.
        policy_map: {path or regular expression: policy}; None (the default): empty. An expression must match a whole
            path.

    Raises:
        TypeError: policy_map is no dict.
        ValueError: default_policy is a map.

    Source: Keras 3, `keras.dtype_policies.DTypePolicyMap`.

    >>> policies = DTypePolicyMap("float32", {"encoder/.*": DTypePolicy("mixed_bfloat16")})
    >>> policies["encoder/dense"].name, policies["decoder/dense"].name
    ('mixed_bfloat16', 'float32')
    """

    def __init__(self, default_policy: Any = None, policy_map: dict[str, Any] | None = None) -> None:
        if isinstance(default_policy, DTypePolicyMap):
            raise ValueError("DTypePolicyMap: expected a DTypePolicy as `default_policy`, received a DTypePolicyMap.")
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(f"DTypePolicyMap: expected a dict as `policy_map`, received {policy_map!r}.")
        self._default = None if default_policy is None else get_policy(default_policy)
        self._policies = {key: get_policy(policy) for key, policy in (policy_map or {}).items()}

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of layers that no key names."""
        return self._default or dtype_policy()

    @property
    def name(self) -> str:
        """The name of the default policy after "map_"."""
        return f"map_{self.default_policy.name}"

    @property
    def _dtypes(self) -> tuple[str, str]:  # type: ignore[override]
        return self.default_policy._dtypes

    def __getitem__(self, path: str) -> DTypePolicy:
        """The policy of a path: of the key that equals it, else of the one expression that matches it.

        Raises:
            ValueError: several expressions match.
        """
        if path in self._policies:
            return self._policies[path]
        found = [key for key in self._policies if re.fullmatch(key, path)]
        if len(found) > 1:
            raise ValueError(f"DTypePolicyMap: expected one key that matches the path '{path}', received {found}.")
        return self._policies[found[0]] if found else self.default_policy

    def __setitem__(self, key: str, policy: Any) -> None:
        if key in self._policies:
            raise ValueError(f"DTypePolicyMap: the key '{key}' exists already, with {self._policies[key]}.")
        self._policies[key] = get_policy(policy)

    def __delitem__(self, key: str) -> None:
        del self._policies[key]

    def __contains__(self, key: object) -> bool:
        return key in self._policies

    def __len__(self) -> int:
        return len(self._policies)

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as a dict: default_policy as a name or None, and the policies as config dicts."""
        policies = {key: serialized(policy) for key, policy in self._policies.items()}
        return {"default_policy": None if self._default is None else self._default.name, "policy_map": policies}

    __hash__ = None  # type: ignore[assignment]  # it can change, and is equal to others by value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicyMap) and other.get_config() == self.get_config()

    def __repr__(self) -> str:
        return f"<DTypePolicyMap {self.default_policy.name}, { ({key: p.name for key, p in self._policies.items()}) }>"


def serialized(policy: DTypePolicy) -> dict[str, Any]:
    """The config dict of a policy in a layer's config.

    Args:
        policy: the policy.

    >>> serialized(DTypePolicy("float64"))["config"]
    {'name': 'float64'}
    """
    name, config = type(policy).__name__, policy.get_config()
    return {"module": "netlet.config", "class_name": name, "config": config, "registered_name": None}


def get_policy(identifier: Any) -> DTypePolicy:
    """Returns a policy.

    Args:
        identifier: None for the default policy, a policy, its name, a dtype, or the config dict of a policy.

    Returns:
        A DTypePolicy or DTypePolicyMap.

    Raises:
        ValueError: an unknown name.

    >>> get_policy("mixed_float16").compute_dtype, get_policy("float64").variable_dtype
    ('float16', 'float64')
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        kind = DTypePolicyMap if identifier.get("class_name") == "DTypePolicyMap" else DTypePolicy
        return kind(**identifier.get("config", {}))
    return DTypePolicy(identifier if isinstance(identifier, str) else standardize_dtype(identifier))


def dtype_policy() -> DTypePolicy:
    """Returns the default policy of layers: that of `floatx()`, unless `set_dtype_policy` changed it.

    >>> dtype_policy()
    <DTypePolicy "float32">
    """
    global _policy
    if _policy is None:
        _policy = DTypePolicy(floatx())
    return _policy


def set_dtype_policy(policy: Any) -> None:
    """Sets the default policy of layers that are made afterwards.

    Args:
        policy: a policy, its name such as "mixed_bfloat16", a dtype, or the config dict of a policy.

    Raises:
        ValueError: an unknown name.

    >>> set_dtype_policy("mixed_bfloat16")
    >>> dtype_policy().compute_dtype
    'bfloat16'
    >>> set_dtype_policy("float32")
    """
    global _policy
    _policy = get_policy(policy)


def set_floatx(value: str) -> None:
    """Sets the default float dtype. This also resets the default dtype policy.

    Args:
        value: "float32", "float64", "bfloat16" or "float16". To train, a policy such as "mixed_bfloat16" is better than
            a half as the default: see `set_dtype_policy`.

    Raises:
        ValueError: another value.

    >>> set_floatx("float32")
    """
    global _policy
    replace_floatx(value)
    _policy = None
