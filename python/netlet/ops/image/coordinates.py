"""Arrays at given coordinates: interpolation, elastic and perspective transforms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx, is_float
from netlet.random import normal

from ..core.dispatch import concrete, nearest_dtype, op, shape_of
from ..spatial.data_format import back, channels_last
from .affine import affine_transform, batched, rounded

__all__ = ["elastic_transform", "map_coordinates", "perspective_transform"]

FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
INTERPOLATIONS = ("nearest", "bilinear")


@op
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Any:
    """An array at given coordinates, with gradients for the array and, with order 1, for the coordinates.

    Args:
        inputs: an array of rank 1 to 8; results for integers are rounded.
        coordinates: (rank of inputs, ...): the row, column, ... of each place.
        order: 0 for the nearest element (halves round away from 0), 1 for linear interpolation.
        fill_mode: elements outside the array: "constant" (the default), "nearest", "wrap", "mirror" or "reflect".
        fill_value: the value outside the array for "constant"; 0 by default.

    Returns:
        Tensor of the coordinates' shape without its first axis, and of the inputs' dtype.

    Raises:
        ValueError: shapes that do not fit, an empty array, or an unknown mode or order.

    Source: SciPy, `scipy.ndimage.map_coordinates`; the fill mode applies to each element by itself, as in SciPy's
    "grid-constant" and "grid-wrap".

    >>> map_coordinates(np.array([1.0, 2.0, 4.0]), [[0.5, 1.75]], 1).numpy()
    array([1.5, 3.5])
    """
    name = "ops.image.map_coordinates"
    shape = shape_of(inputs)
    places = coordinates if hasattr(coordinates, "shape") else _stacked(coordinates)
    at = shape_of(places)
    if len(at) < 2 or at[0] != len(shape):
        raise ValueError(
            f"{name}: expected coordinates ({len(shape)}, ...) of rank 2 or more for inputs of shape {shape}, "
            f"received shape {at}."
        )
    if isinstance(order, bool) or order not in (0, 1):
        raise ValueError(f"{name}: expected `order` 0 or 1, received {order!r}.")
    check_mode(name, fill_mode)
    dtype = nearest_dtype(inputs)
    x = _core.reshape(in_floats(inputs, dtype), (1, math.prod(shape), 1))
    flat = _core.reshape(concrete(places), (1, at[0], math.prod(at[1:])))
    if not is_float(nearest_dtype(flat)):
        flat = _core.cast(flat, nearest_dtype(x))
    y = _core.sample(x, flat, shape, order == 1, fill_mode, float(fill_value))
    return _core.reshape(rounded(y, dtype), at[1:])


def _stacked(coordinates: Any) -> Any:
    """Coordinates given as one array for each axis."""
    if isinstance(coordinates, (tuple, list)) and any(hasattr(c, "shape") for c in coordinates):
        return _core.stack([concrete(c) for c in coordinates], 0)
    return np.asarray(coordinates, "float32")


def in_floats(x: Any, dtype: str) -> Any:
    """x itself if its dtype is a float type, else cast to floatx.

    Args:
        x: array.
        dtype: its dtype.

    Returns:
        Tensor or array.

    >>> in_floats(np.array([1]), "int64").dtype
    'float32'
    """
    return concrete(x) if is_float(dtype) else _core.cast(concrete(x), floatx())


def check_mode(name: str, fill_mode: str, interpolation: str = "bilinear") -> None:
    """Checks the names of a fill mode and an interpolation.

    Args:
        name: name of the op, for the message.
        fill_mode: one of FILL_MODES.
        interpolation: one of INTERPOLATIONS.

    Raises:
        ValueError: another name.

    >>> check_mode("ops.image.map_coordinates", "wrap")
    """
    if fill_mode not in FILL_MODES:
        raise ValueError(f"{name}: expected `fill_mode` in {FILL_MODES}, received {fill_mode!r}.")
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"{name}: expected `interpolation` in {INTERPOLATIONS}, received {interpolation!r}.")


@op
def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Images under the projective map that takes four points to four others, with gradients for the images.

    Args:
        images: (N, H, W, C) or (H, W, C); the results for integers are rounded.
        start_points: (N, 4, 2) or (4, 2): four points (x, y) of the images.
        end_points: of the same shape: where these points are in the result.
        interpolation: "bilinear" (the default) or "nearest".
        fill_value: value outside the images; 0 by default.
        data_format: "channels_last" (None, the default) or "channels_first" (N, C, H, W).

    Returns:
        Tensor of the images' shape and dtype. If three points are on one line, its values are undefined.

    Raises:
        ValueError: shapes that do not fit, or an unknown interpolation.

    >>> corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    >>> image = np.array([[1.0, 2.0], [3.0, 4.0]])[..., None]
    >>> perspective_transform(image, corners, corners[:, ::-1])[..., 0].numpy()  # rows and columns change places
    array([[1., 3.],
           [2., 4.]])
    """
    name = "ops.image.perspective_transform"
    start, end = (_points(name, p) for p in (start_points, end_points))
    shape = shape_of(start)
    if shape != shape_of(end) or len(shape) not in (2, 3) or shape[-2:] != (4, 2):
        raise ValueError(
            f"{name}: expected start and end points of one shape, (4, 2) or (N, 4, 2), received {shape} and "
            f"{shape_of(end)}."
        )
    check_mode(name, "constant", interpolation)
    batch = (1, 4, 2) if len(shape) == 2 else shape
    sizes = shape_of(images)
    if len(sizes) not in (3, 4) or batch[0] not in (1, sizes[0] if len(sizes) == 4 else 1):
        raise ValueError(
            f"{name}: expected one image (H, W, C) or a batch (N, H, W, C), and points of one image or of N, received "
            f"shapes {sizes} and {shape}."
        )
    maps = _core.homography(_core.reshape(end, batch), _core.reshape(start, batch))
    return affine_transform(images, maps, interpolation, "constant", fill_value, data_format)


def _points(name: str, points: Any) -> Any:
    """Points in a float type."""
    return in_floats(points, nearest_dtype(points))


@op
def elastic_transform(
    images: Any,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Any:
    """Images whose pixels are displaced by smooth random distances, with gradients for the images.

    The distances along x and along y are independent (Keras draws one number for both).

    Args:
        images: (N, H, W, C) or (H, W, C); the results for integers are rounded.
        alpha: factor of the distances; 20.0 by default.
        sigma: standard deviation of the random numbers, and of the Gaussian filter in pixels, over 6 sigma pixels, that
            smooths them; 5.0 by default.
        interpolation: "bilinear" (the default) or "nearest".
        fill_mode: pixels outside the image: "reflect" (the default), "constant", "nearest", "wrap" or "mirror".
        fill_value: the value outside for "constant"; 0.0 by default.
        seed: integer, SeedGenerator, or None (the default) for the global sequence.
        data_format: "channels_last" (None, the default) or "channels_first" (N, C, H, W).

    Returns:
        Tensor of the images' shape and dtype.

    Raises:
        ValueError: shapes that do not fit, or an unknown mode.

    Source: Simard, Steinkraus and Platt 2003, "Best Practices for Convolutional Neural Networks Applied to Visual
    Document Analysis".

    >>> elastic_transform(np.zeros((2, 8, 8, 3), "float32"), seed=1).shape
    (2, 8, 8, 3)
    """
    name = "ops.image.elastic_transform"
    check_mode(name, fill_mode, interpolation)
    dtype = nearest_dtype(images)
    x, single = batched(in_floats(images, dtype), name)
    x = channels_last(x, data_format)
    alpha, sigma = float(alpha), float(sigma)
    n, h, w, _ = shape_of(x)
    field = "float64" if nearest_dtype(x) == "float64" else "float32"
    noise = normal((2, n, h, w), dtype=field, seed=seed)
    distances = _core.multiply(smoothed(noise, sigma, int(3 * sigma)), alpha * sigma)
    y = displaced(x, distances, interpolation, fill_mode, fill_value)
    y = back(rounded(y, dtype), data_format)
    return _core.reshape(y, shape_of(images)) if single else y


def smoothed(fields: Any, sigma: Any, radius: int) -> Any:
    """Fields under a Gaussian filter, with zeros outside.

    Args:
        fields: (..., H, W).
        sigma: standard deviation in pixels, a number or a scalar Tensor.
        radius: the largest number of pixels on each side; the filter ends floor(3 sigma) pixels from its middle.

    Returns:
        Tensor of the fields' shape.

    >>> smoothed(np.ones((1, 3)), 0.4, 1).numpy().round(3)
    array([[0.882, 0.919, 0.882]])
    """
    dtype = nearest_dtype(fields)
    h, w = shape_of(fields)[-2:]
    sigma = _core.cast(sigma, dtype) if hasattr(sigma, "shape") else np.asarray(sigma, dtype)
    limit = _core.floor(_core.multiply(sigma, 3.0))
    width = _core.maximum(sigma, 1e-6)

    def weights(distances: np.ndarray) -> Any:
        squares = _core.square(_core.divide(distances.astype(dtype), width))
        inside = _core.less_equal(np.abs(distances).astype(dtype), limit)
        return _core.where(inside, _core.exp(_core.multiply(squares, -0.5)), np.zeros((), dtype))

    total = _core.sum(weights(np.arange(-radius, radius + 1)))

    def filter_of(size: int) -> Any:
        return _core.divide(weights(np.arange(size)[:, None] - np.arange(size)), total)

    y = _core.matmul(fields, filter_of(w))
    return _core.matmul(filter_of(h), y)


def displaced(x: Any, distances: Any, interpolation: str, fill_mode: str, fill_value: float) -> Any:
    """Images sampled at displaced pixels.

    Args:
        x: (N, H, W, C), of a float type.
        distances: (2, N, H, W): along x and along y.
        interpolation: "nearest" or "bilinear".
        fill_mode: one of FILL_MODES.
        fill_value: the value outside for "constant".

    Returns:
        Tensor of x's shape.

    >>> distances = np.array([1.0, 0.0]).reshape(2, 1, 1, 1) * np.ones((2, 1, 1, 2))
    >>> displaced(np.array([[[[1.0], [2.0]]]]), distances, "bilinear", "nearest", 0.0)[0, 0, :, 0].numpy()
    array([2., 2.])
    """
    n, h, w, c = shape_of(x)
    dtype = nearest_dtype(distances)
    columns = _core.add(_core.getitem(distances, 0), np.arange(w, dtype=dtype))
    rows = _core.add(_core.getitem(distances, 1), np.arange(h, dtype=dtype)[:, None])
    at = _core.reshape(_core.stack([rows, columns], 1), (n, 2, h * w))
    if 0 in (n, h, w, c):
        return _core.identity(x)
    y = _core.sample(
        _core.reshape(x, (n, h * w, c)), at, (h, w), interpolation == "bilinear", fill_mode, float(fill_value)
    )
    return _core.reshape(y, (n, h, w, c))
