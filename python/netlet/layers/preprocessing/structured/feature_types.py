"""The methods of FeatureSpace that describe one column or the combination of several."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any

from netlet.base.naming import auto_name

from . import features as kinds
from .features import Cross, Feature


class FeatureTypes:
    """Base of FeatureSpace with a method for each type of column."""

    @classmethod
    def cross(cls, feature_names: Iterable[str], crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """Describes a combination of columns, whose values are hashed to bins together.

        Args:
            feature_names: names of two or more columns of `features`.
            crossing_dim: number of bins, a positive integer.
            output_mode: "one_hot" (the default) for vectors, or "int" for the bins.

        Returns:
            Cross, an entry of `crosses`.

        Raises:
            ValueError: an unknown `output_mode`.
        """
        return Cross(feature_names, crossing_dim, output_mode=output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """Describes a column with a preprocessing layer of your own.

        Args:
            dtype: dtype of the column: "float32", "int32", "string", ...
            preprocessor: the layer, which takes (batch, 1).
            output_mode: "float" for what the layer returns, "int" for its integers, "one_hot" for vectors of them.

        Returns:
            Feature, a value of `features`.

        Raises:
            ValueError: an unknown `output_mode`.
        """
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Describes a column of floats that is used as it is.

        Args:
            name: name of the preprocessing layer, extended by "_preprocessor"; None (the default): the method's name,
                numbered.

        Returns:
            Feature, a value of `features`.
        """
        return kinds.plain(name or auto_name("float"))

    @classmethod
    def float_rescaled(
        cls, scale: builtins.float = 1.0, offset: builtins.float = 0.0, name: str | None = None
    ) -> Feature:
        """Describes a column of floats that become x * scale + offset.

        Args:
            scale: factor; 1.0 by default.
            offset: summand; 0.0 by default.
            name: name of the preprocessing layer, extended by "_preprocessor"; None (the default): the method's name,
                numbered.

        Returns:
            Feature, a value of `features`.
        """
        return kinds.rescaled(scale, offset, name or auto_name("float_rescaled"))

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Describes a column of floats that are shifted and scaled to mean 0 and variance 1, which `adapt` computes.

        Args:
            name: name of the preprocessing layer, extended by "_preprocessor"; None (the default): the method's name,
                numbered.

        Returns:
            Feature, a value of `features`.
        """
        return kinds.normalized(name or auto_name("float_normalized"))

    @classmethod
    def float_discretized(
        cls, num_bins: int | None, bin_boundaries: Any = None, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Describes a column of floats that become the numbers of their bins.

        Args:
            num_bins: number of about equally full bins, whose boundaries `adapt` finds; None with `bin_boundaries`.
            bin_boundaries: increasing boundaries, n for n + 1 bins; None (the default): found by `adapt`.
            output_mode: "one_hot" (the default) for vectors, or "int" for the numbers.
            name: name of the preprocessing layer, extended by "_preprocessor"; None (the default): the method's name,
                numbered.

        Returns:
            Feature, a value of `features`.

        Raises:
            ValueError: neither or both of `num_bins` and `bin_boundaries`.
        """
        return kinds.discretized(num_bins, bin_boundaries, output_mode, name or auto_name("float_discretized"))

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Describes a column of integers that become indices of a vocabulary, as in `IntegerLookup`; `adapt` learns it.

        Args:
            max_tokens: largest number of indices, those of unknown values included; None (the default): no limit.
            num_oov_indices: number of indices for unknown values; 1 by default. With 0 they raise an error.
            output_mode: "one_hot" (the default) for vectors, or "int" for the indices.
            name: name of the preprocessing layer, extended by "_preprocessor"; None (the default): the method's name,
                numbered.

        Returns:
            Feature, a value of `features`.

        Raises:
            ValueError: an invalid argument.
        """
        return kinds.integers(max_tokens, num_oov_indices, output_mode, name or auto_name("integer_categorical"))

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Describes a column of texts that become indices of a vocabulary, as in `StringLookup`; `adapt` learns it.

        Args:
            max_tokens: largest number of indices, those of unknown values included; None (the default): no limit.
            num_oov_indices: number of indices for unknown values; 1 by default. With 0 they raise an error.
            output_mode: "one_hot" (the default) for vectors, or "int" for the indices.
            name: name of the preprocessing layer, extended by "_preprocessor"; None (the default): the method's name,
                numbered.

        Returns:
            Feature, a value of `features`.

        Raises:
            ValueError: an invalid argument.
        """
        return kinds.strings(max_tokens, num_oov_indices, output_mode, name or auto_name("string_categorical"))

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Describes a column of texts that become bins of a hash, as in `Hashing`.

        Args:
            num_bins: number of bins, a positive integer.
            output_mode: "one_hot" (the default) for vectors, or "int" for the bins.
            name: name of the preprocessing layer, extended by "_preprocessor"; None (the default): the method's name,
                numbered.

        Returns:
            Feature, a value of `features`.

        Raises:
            ValueError: an invalid argument.
        """
        return kinds.hashed("string", num_bins, output_mode, name or auto_name("string_hashed"))

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Describes a column of integers that become bins of a hash, as in `Hashing`.

        Args:
            num_bins: number of bins, a positive integer.
            output_mode: "one_hot" (the default) for vectors, or "int" for the bins.
            name: name of the preprocessing layer, extended by "_preprocessor"; None (the default): the method's name,
                numbered.

        Returns:
            Feature, a value of `features`.

        Raises:
            ValueError: an invalid argument.
        """
        return kinds.hashed("int32", num_bins, output_mode, name or auto_name("integer_hashed"))
