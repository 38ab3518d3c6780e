"""How data sets are made: from arrays, generators, files and other data sets."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from netlet.base import tree
from netlet.random import make_seed

from .pipeline import Pipeline
from .stages.mapping import Zip
from .stages.selection import Shuffle
from .stages.sources import Files, Generated, Rows, Single, constant
from .stages.stage import Numbers
from .values import is_structure

Self = TypeVar("Self", bound="Creation")


class Creation(Pipeline):
    """The methods that make a data set."""

    @classmethod
    def from_tensor_slices(cls: type[Self], tensors: Any, name: Any = None) -> Self:
        """Makes a data set of the rows of arrays.

        The arrays are not copied. Only what comes out of `batch` may be changed in place; single rows are read-only.

        Args:
            tensors: an array, or a tuple or dict of arrays of one length. A list is one array; frames and series of
                pandas and Tensors are taken too.
            name: accepted for compatibility with tf.data.

        Raises:
            ValueError: arrays of different lengths, or without an axis.

        Returns:
            A Dataset with one item for each row.

        >>> from netlet.data import Dataset
        >>> data = Dataset.from_tensor_slices(([1.0, 2.0, 3.0], ["a", "b", "c"]))
        >>> [(float(x), y) for x, y in data]
        [(1.0, 'a'), (2.0, 'b'), (3.0, 'c')]
        """
        return cls(Rows(constant(tensors)))

    @classmethod
    def from_tensors(cls: type[Self], tensors: Any, name: Any = None) -> Self:
        """Makes a data set of one item.

        Args:
            tensors: the item, a structure of arrays.
            name: accepted for compatibility with tf.data.

        Returns:
            A Dataset of one item.

        >>> from netlet.data import Dataset
        >>> [item.tolist() for item in Dataset.from_tensors([1, 2])]
        [[1, 2]]
        """
        return cls(Single(constant(tensors)))

    @classmethod
    def from_generator(
        cls: type[Self],
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: Any = None,
    ) -> Self:
        """Makes a data set of what a generator function yields. Each pass calls the function.

        Args:
            generator: function that returns an iterable of items.
            output_types: structure of dtypes, to which the items are cast; default as they are.
            output_shapes: accepted for compatibility with tf.data.
            args: arguments of the function; default none.
            output_signature: structure of objects with a `dtype`, such as `data.TensorSpec`, in place of output_types;
                default None.
            name: accepted for compatibility with tf.data.

        Raises:
            TypeError: `generator` is not callable; or, in a pass, an item of another structure.

        Returns:
            A Dataset of unknown cardinality.

        >>> from netlet.data import Dataset
        >>> def numbers(n):
        ...     for i in range(n):
        ...         yield i, [i, i]
        >>> for x, y in Dataset.from_generator(numbers, ("int64", "float32"), args=(2,)):
        ...     print(x, y)
        0 [0. 0.]
        1 [1. 1.]
        """
        if not callable(generator):
            raise TypeError(
                "from_generator: expected a function that returns an iterable, received "
                f"{type(generator).__name__}. Pass `lambda: iterable` if each pass may use the same one."
            )
        dtypes = output_types
        if output_signature is not None:
            dtypes = _dtypes(output_signature)
        given = tuple(args or ())
        return cls(Generated(lambda: generator(*given), dtypes))

    @classmethod
    def range(cls: type[Self], *args: int, output_type: Any = "int64", name: Any = None) -> Self:
        """Makes a data set of integers, with the arguments of Python's `range`.

        Args:
            *args: stop; start and stop; or start, stop and step.
            output_type: dtype; default "int64".
            name: accepted for compatibility with tf.data.

        Returns:
            A Dataset of scalars.

        Raises:
            TypeError: no argument, or more than three.
            ValueError: a step of 0.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.range(1, 10, 3)]
        [1, 4, 7]
        """
        values = range(*(int(value) for value in args))
        return cls(Numbers(values.start, values.stop, values.step, output_type))

    @classmethod
    def counter(cls: type[Self], start: int = 0, step: int = 1, dtype: Any = "int64", name: Any = None) -> Self:
        """Makes an endless data set of integers.

        Args:
            start: the first; default 0.
            step: the difference between two; default 1.
            dtype: dtype; default "int64".
            name: accepted for compatibility with tf.data.

        Returns:
            A Dataset without an end.

        >>> from netlet.data import Dataset
        >>> [int(i) for i in Dataset.counter(5, -2).take(3)]
        [5, 3, 1]
        """
        return cls(Numbers(int(start), None, int(step), dtype))

    @classmethod
    def list_files(
        cls: type[Self], file_pattern: Any, shuffle: bool | None = None, seed: int | None = None, name: Any = None
    ) -> Self:
        """Makes a data set of the paths of files.

        Args:
            file_pattern: a glob pattern such as "images/*.png", or a list of patterns.
            shuffle: whether each pass has a new order; default True. Otherwise they are sorted.
            seed: integer of the order; default None, from the global sequence.
            name: accepted for compatibility with tf.data.

        Returns:
            A Dataset of strings.

        Raises:
            FileNotFoundError: no file fits.
        """
        patterns = [file_pattern] if isinstance(file_pattern, (str, os.PathLike)) else list(file_pattern)
        files = Files([os.fspath(pattern) for pattern in patterns])
        if shuffle is not None and not shuffle:
            return cls(files)
        return cls(Shuffle(files, len(files.paths), make_seed() if seed is None else abs(int(seed)), True))

    @classmethod
    def zip(cls: type[Self], *args: Any, datasets: Any = None, name: Any = None) -> Self:
        """Makes a data set of the items of several data sets side by side. It ends with the shortest.

        Args:
            *args: data sets, or one tuple or dict of them.
            datasets: a tuple or dict of data sets, in place of args; default None.
            name: accepted for compatibility with tf.data.

        Raises:
            TypeError: one of them is not a Dataset.

        Returns:
            A Dataset whose items are tuples or dicts of one item of each.

        >>> from netlet.data import Dataset
        >>> [(int(i), int(j)) for i, j in Dataset.zip(Dataset.range(3), Dataset.range(7, 9))]
        [(0, 7), (1, 8)]
        """
        structure = datasets if datasets is not None else args[0] if len(args) == 1 else tuple(args)
        structure = tuple(structure) if isinstance(structure, list) else structure
        leaves = tree.flatten(structure)
        for leaf in leaves:
            if not isinstance(leaf, Pipeline):
                raise TypeError(f"zip: expected data sets (netlet.data.Dataset), received {type(leaf).__name__}.")
        if isinstance(structure, Pipeline):
            return cls(structure._stage)
        return cls(Zip(structure, [leaf._stage for leaf in leaves]))


def _dtypes(signature: Any) -> Any:
    """The structure of dtypes of a structure of specs."""
    if is_structure(signature) and not hasattr(signature, "dtype"):
        return tree.rebuilt(signature, [_dtypes(signature[key]) for key in tree.keys_of(signature)])
    return signature.dtype
