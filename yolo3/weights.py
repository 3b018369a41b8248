"""Darknet .weights files <-> one kernel and one bias per convolution, or with batch normalisation apart.

The file is a header and then, layer by layer in the order of the .cfg, plain little-endian float32 numbers:
biases, then (with batch norm) scales, means and variances, then the kernel as (filters, channels / groups, size, size).
"""

import os
import struct

import numpy as np

from common.errors import InputError
from common.files import writing

VERSION = (0, 2, 5)  # of the files that are written: the header of Darknet's own since 2018

# Darknet adds it to the variance before the square root: https://github.com/pjreddie/darknet, src/blas.c.
EPSILON = 1e-6


def check(path, cfg):
    """Whether the file at `path` can hold the weights of `cfg`, from its header and length alone; raises InputError if not."""
    try:
        with open(path, "rb") as file:
            _read_header(path, file)
            _check_length(path, cfg, (os.fstat(file.fileno()).st_size - file.tell()) / 4)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def read(path, cfg):
    """Read the weights that belong to `cfg` (`yolo3.cfg.Cfg`).

    Batch normalisation is folded into kernel and bias, which computes the same with fewer operations.

    Returns:
        dict, index of the convolutional layer -> (kernel (size, size, channels / groups, filters), bias (filters,)), float32.

    Raises:
        InputError: not a Darknet file, of another length than `cfg` needs, or with numbers that cannot be weights.
            Lengths are compared before anything is read.
    """
    folded = {layer.index: _folded(layer, *arrays) for layer, arrays in _apart(path, cfg)}
    for layer in cfg.layers:
        _check_numbers(path, layer, folded.get(layer.index, ()))
    return folded


def read_apart(path, cfg):
    """Read the weights that belong to `cfg` as they are trained, with batch normalisation on its own.

    Returns:
        dict, index of the convolutional layer -> list of float32 arrays: kernel (size, size, channels / groups, filters), then
        without batch normalisation bias, with it scale, bias, mean and variance, each (filters,).

    Raises:
        InputError: as `read`.
    """
    values = {layer.index: arrays for layer, arrays in _apart(path, cfg)}
    for layer in cfg.layers:
        _check_numbers(path, layer, values.get(layer.index, ()))
    return values


def fold(cfg, values):
    """What `read` would return for the weights that `read_apart` returned."""
    return {layer.index: _folded(layer, *values[layer.index]) for layer in cfg.layers if layer.weights}


def write(path, cfg, values):
    """Write a .weights file for `cfg`, complete or not at all; `values` as `read_apart` returns them."""
    with writing(path) as partial, open(partial, "wb") as file:
        file.write(struct.pack("<iiiQ", *VERSION, 0))
        for layer in cfg.layers:
            if layer.weights:
                kernel, *rest = values[layer.index]
                if layer.batch_normalize:
                    rest[:2] = rest[1], rest[0]
                kernel = np.reshape(kernel, (layer.size, layer.size, -1, layer.filters)).transpose(3, 2, 0, 1)
                for array in (*rest, kernel):
                    file.write(np.ascontiguousarray(array, "<f4").tobytes())


def _apart(path, cfg):
    """Yield every layer that has weights, and its arrays as `read_apart` returns them."""
    check(path, cfg)
    with open(path, "rb") as file:
        _read_header(path, file)
        for layer in cfg.layers:
            if layer.weights:
                bias, *statistics = (_numbers(file, layer.filters) for _ in range(4 if layer.batch_normalize else 1))
                kernel = _numbers(file, layer.kernel).reshape(layer.filters, -1, layer.size, layer.size)
                scale = statistics[:1]
                yield layer, [np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)), *scale, bias, *statistics[1:]]


def _read_header(path, file):
    """Skip three int32 of version and the count of training pictures seen: 64 bits wide since version 0.2, 32 before."""
    header = file.read(12)
    major, minor = np.frombuffer(header, "<i4", 2) if len(header) == 12 else (0, 0)
    # Every Darknet has written 0.1 or 0.2; from a text file, a zip or an ONNX file come numbers far outside.
    if not (0 <= major < 10 and 0 <= minor < 10 and major + minor > 0):
        raise InputError(f"{path} is not a Darknet .weights file: it does not start with Darknet's version numbers")
    file.seek(8 if 10 * major + minor >= 2 else 4, os.SEEK_CUR)


def _check_length(path, cfg, values):
    advice = f"it does not belong to {cfg.path}, or was not copied whole"
    needed, last = 0, None
    for layer in cfg.layers:
        if not layer.weights:
            continue
        if values < needed + layer.weights:
            here = max(values - needed, 0)
            raise InputError(f"{path} ends in {layer}, after {here:.10g} of its {layer.weights} numbers: {advice}")
        needed, last = needed + layer.weights, layer
    if values > needed:
        raise InputError(f"{path} goes on for {values - needed:.10g} numbers after the last one of {last}: {advice}")


def _folded(layer, kernel, *rest):
    if not layer.batch_normalize:
        return kernel, *rest
    scale, bias, mean, variance = rest
    with np.errstate(all="ignore"):
        factor = scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + EPSILON)
        return kernel.reshape(*kernel.shape[:2], -1, layer.filters) * factor.astype(np.float32), (bias - mean * factor).astype(np.float32)


def _check_numbers(path, layer, arrays):
    if not all(np.isfinite(array).all() for array in arrays):
        raise InputError(f"{path} holds numbers that are no weights in {layer}: the file is damaged or does not belong to the .cfg")


def _numbers(file, count):
    numbers = np.frombuffer(file.read(4 * count), "<f4")
    return numbers.astype(np.float32, copy=False)
