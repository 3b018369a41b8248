"""Darknet .weights files: what is in them, and refusing those that do not fit."""

import struct

import numpy as np
import pytest
from darknet_files import HEADER, write_random_weights

from common.errors import InputError
from yolo3 import cfg as cfgs
from yolo3 import weights as files

TEXT = """[net]
width=8
height=8
[convolutional]
filters=4
batch_normalize=1
size=3
pad=1
activation=leaky
[convolutional]
filters=6
activation=linear
[yolo]
classes=1
anchors=1,2
"""
FIRST, SECOND = 4 * 4 + 4 * 3 * 9, 6 + 6 * 4


@pytest.fixture
def cfg(tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text(TEXT)
    return cfgs.read(path)


@pytest.fixture
def write(tmp_path):
    def write(values, header=HEADER):
        path = tmp_path / "a.weights"
        path.write_bytes(header + np.asarray(values, "<f4").tobytes())
        return path

    return write


@pytest.mark.parametrize("header", [HEADER, struct.pack("<iiii", 0, 1, 0, 7)], ids=["64-bit seen", "32-bit seen"])
def test_layers_come_in_darknets_order(cfg, write, header):
    values = np.arange(FIRST + SECOND, dtype=np.float32)
    kernel, bias = files.read(write(values, header), cfg)[1]
    assert bias.tolist() == list(range(FIRST, FIRST + 6))
    assert kernel.shape == (1, 1, 4, 6)
    assert kernel[0, 0, 1, 2] == FIRST + 6 + 2 * 4 + 1  # filter 2, channel 1


def test_batch_normalisation_is_folded(cfg, write):
    values = np.zeros(FIRST + SECOND, np.float32)
    values[:16] = np.repeat([3, 2, 5, 4], 4)  # bias, scale, mean, variance
    values[16:FIRST] = 7
    kernel, bias = files.read(write(values), cfg)[0]
    np.testing.assert_allclose(kernel, 7 * 2 / np.sqrt(4), rtol=1e-6)
    np.testing.assert_allclose(bias, 3 - 5 * 2 / np.sqrt(4), rtol=1e-6)


@pytest.mark.parametrize(
    ("count", "complaint"),
    [
        (0, f"ends in layer 0 ([convolutional], line 4), after 0 of its {FIRST} numbers"),
        (FIRST - 1, f"ends in layer 0 ([convolutional], line 4), after {FIRST - 1} of its {FIRST} numbers"),
        (FIRST, f"ends in layer 1 ([convolutional], line 10), after 0 of its {SECOND} numbers"),
        (FIRST + SECOND + 3, "goes on for 3 numbers after the last one of layer 1"),
    ],
)
def test_another_length_is_refused_with_the_layer_where_it_stopped(cfg, write, count, complaint):
    with pytest.raises(InputError) as error:
        files.read(write(np.zeros(count)), cfg)
    assert complaint in str(error.value)
    assert str(cfg.path) in str(error.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\0", b"version https://git-lfs.github.com/spec/v1\n", b"PK\3\4" + bytes(600), bytes(600), b"\x89HDF\r\n\x1a\n"],
    ids=["empty", "3 bytes", "git-lfs pointer", "zip", "zeros", "hdf5"],
)
def test_a_file_of_another_kind_is_refused(cfg, tmp_path, content):
    path = tmp_path / "a.weights"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"not a Darknet \.weights file"):
        files.read(path, cfg)


def test_half_a_number_at_the_end_is_refused(cfg, write):
    path = write(np.zeros(FIRST + SECOND))
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(InputError, match=r"after 29\.5 of its 30 numbers"):
        files.read(path, cfg)


@pytest.mark.parametrize(("place", "value"), [(0, np.nan), (FIRST - 1, np.inf), (12, -1)], ids=["nan", "infinity", "variance below 0"])
def test_numbers_that_are_no_weights_are_refused_with_their_layer(cfg, write, place, value):
    values = np.ones(FIRST + SECOND)
    values[place] = value
    with pytest.raises(InputError, match=r"no weights in layer 0"):
        files.read(write(values), cfg)


def test_a_missing_file_is_refused(cfg, tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        files.read(tmp_path / "none.weights", cfg)


def test_a_gigantic_network_is_refused_before_its_memory_is_taken(tmp_path):
    path = tmp_path / "big.cfg"
    path.write_text(TEXT.replace("filters=6", "filters=12000\n[convolutional]\nfilters=6").replace("filters=4", "filters=65536"))
    cfg = cfgs.read(path)
    assert sum(layer.weights for layer in cfg.layers) > 7e8
    weights = tmp_path / "a.weights"
    weights.write_bytes(HEADER + bytes(400))
    with pytest.raises(InputError, match="ends in layer 0"):
        files.read(weights, cfg)


def test_the_random_files_of_these_tests_fit(cfg, tmp_path):
    assert list(files.read(write_random_weights(tmp_path / "a.weights", cfg), cfg)) == [0, 1]
