"""How a person looks, as a vector: pictures of persons through a re-identification network.

Runs on OpenVINO, which reads ONNX files and frozen TensorFlow graphs itself; what train_encoder.py writes goes through
`models.runtime`, which keeps the converted network beside the file. The tracker does not import this module.
"""

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np

from common.errors import InputError
from common.quiet import import_keras, import_openvino

ov = import_openvino()

# What networks trained on ImageNet first, torchreid's OSNet among them, expect of RGB from 0 to 255.
_MEAN = [123.675, 116.28, 103.53]
_STD = [58.395, 57.12, 57.375]

# Persons per call: no faster per person beyond, and bounded memory in a crowd. A number of persons not seen before
# costs OpenVINO some 20 ms once, so there are no more than this many such stumbles.
_BATCH = 16

_ADVICE = "give a person re-identification network (.keras of train_encoder.py, .onnx, or a frozen TensorFlow .pb)"

# Inside a .keras file of train_encoder.py: what is known of the network, as JSON.
FACTS = "encoder.json"

# Largest cosine distance of one person's pictures. 0.2 is the DeepSORT authors' for their graph. For OSNet on
# fight_cctv and vtest, 59 % of same-person pairs lie under 0.3 and only 26 % under 0.2.
_MAX_DISTANCE = {".pb": 0.2, ".onnx": 0.3}


class Encoder:
    """Appearance features of persons.

    Three kinds of network are told apart, by the file's name and by what they take:

    .keras
        As train_encoder.py writes it: uint8 input, the box is stretched to the network's size, BGR.
    float input
        As torchreid (https://github.com/KaiyangZhou/deep-person-reid) and most ONNX exports have it: the box is
        stretched to the network's size, RGB, ImageNet mean and standard deviation.
    uint8 input
        As the DeepSORT authors' frozen graph mars-small128.pb has it (`images` (N, 128, 64, 3), `features` (N, 128)):
        the box is first made as wide as the network's shape asks, about its centre and at its height, and the network
        gets the BGR pixels as they are.

    Parameters
    ----------
    path : path of a .keras, .onnx or .pb file
    precision : {"auto", "float32"}
        "auto" is the processor's own choice, bfloat16 where it has it.
    runtime : {"auto", "openvino", "keras"}
        What runs a .keras file, see `models.runtime.compile`; the others run on OpenVINO.

    Attributes
    ----------
    dim : int
        The length of a feature.
    max_distance : float
        The cosine distance up to which two features are taken for one person's: for `Tracker(max_cosine_distance=…)`.

    Raises
    ------
    InputError
        The file is missing, unreadable or no network from pictures to vectors.
    """

    def __init__(self, path, precision="auto", runtime="auto"):
        if precision not in ("auto", "float32"):
            raise ValueError(f"precision {precision!r} is neither 'auto' nor 'float32'")
        path = Path(path)
        self._widened = False
        if path.suffix == ".keras":
            self._open_keras(path, precision, runtime)
        else:
            self._open_openvino(path, precision)

    def _open_keras(self, path, precision, runtime):
        from models.runtime import cache_path, compile

        facts = read_facts(path)
        self.max_distance, self.dim = facts["max_distance"], facts["dim"]
        self._height, self._width = facts["height"], facts["width"]
        network = compile(lambda: load_keras(path), runtime, cache_path(path), precision)
        (name,) = network.input_names
        self._batch, self._run = _BATCH, lambda crops: network({name: crops})

    def _open_openvino(self, path, precision):
        core = ov.Core()
        model, self._batch = _with_free_batch(core, path)
        shape, channels = model.input(0).partial_shape, _channel_axis(model.input(0).partial_shape)
        self._height, self._width = (shape[axis].get_length() for axis in ((2, 3) if channels == 1 else (1, 2)))
        self._widened = model.input(0).element_type == ov.Type.u8
        output = _output_index(model)
        self.dim, self.max_distance = _length(model.output(output).partial_shape), _MAX_DISTANCE.get(path.suffix, 0.3)
        config = {"PERFORMANCE_HINT": "LATENCY"}
        if precision == "float32":
            config["INFERENCE_PRECISION_HINT"] = "f32"
        network = core.compile_model(_taking_pictures(model, channels, self._widened), "CPU", config)
        self._run = lambda crops: network(crops)[output]

    def __call__(self, frame, tlbr):
        """Features of the persons in one picture.

        Parameters
        ----------
        frame : (H, W, 3) uint8 BGR
        tlbr : (N, 4) pixels; clipped at the frame's border

        Returns
        -------
        (N, dim) float32, unit rows
            A box without a pixel in the picture, or with a coordinate that is not finite, gets a row of zeros: the
            tracker takes that as a person whose looks are unknown.
        """
        features = np.zeros((len(tlbr), self.dim), np.float32)
        corners, inside = self._corners(frame.shape, np.asarray(tlbr, np.float64).reshape(-1, 4))
        for start in range(0, len(inside), self._batch):
            rows = inside[start : start + self._batch]
            crops = np.empty((len(rows), self._height, self._width, 3), np.uint8)
            for crop, (left, top, right, bottom) in zip(crops, corners[rows].tolist(), strict=True):
                cv2.resize(frame[top:bottom, left:right], (self._width, self._height), dst=crop)
            features[rows] = self._run(crops).reshape(len(rows), self.dim)
        norm = np.linalg.norm(features, axis=1, keepdims=True)
        return features / np.where(norm > 0, norm, 1)

    def _corners(self, frame_shape, tlbr):
        """(N, 4) int corners inside the frame, and the indices of the boxes that have a pixel there."""
        finite = np.isfinite(tlbr).all(axis=1)
        tlbr = np.where(finite[:, None], tlbr, 0)
        if self._widened:
            centre = tlbr[:, [0, 2]].mean(axis=1, keepdims=True)
            half = (tlbr[:, 3:] - tlbr[:, 1:2]) * self._width / self._height / 2
            tlbr[:, [0, 2]] = centre + half * [-1, 1]
        height, width = frame_shape[:2]
        corners = np.clip(np.rint(tlbr), 0, [width, height, width, height]).astype(int)
        inside = finite & (corners[:, 2:] > corners[:, :2]).all(axis=1)
        return corners, inside.nonzero()[0]


def read_facts(path):
    """What train_encoder.py wrote into a .keras file about the network: dict with `max_distance`, `dim`, `height`, `width` and more."""
    _must_exist(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(FACTS))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise InputError(f"{path}: no encoder of train_encoder.py, or damaged; {_ADVICE}") from None


def load_keras(path):
    """The `keras.Model` of an encoder that train_encoder.py wrote. Raises InputError where it cannot be loaded."""
    read_facts(path)
    keras = import_keras()
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever a damaged member leads to
        raise InputError(f"{path}: Keras cannot load it ({type(error).__name__}); {_ADVICE}") from None


def _must_exist(path):
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; {_ADVICE}")


def _read(core, path):
    _must_exist(path)
    try:
        # Given anything else, OpenVINO tries its formats in turn, and they print their complaints.
        if not _is_whole_protobuf(Path(path).read_bytes()):
            raise InputError(f"{path}: damaged or not a network; {_ADVICE}")
        model = core.read_model(path)
        shape = model.input().partial_shape  # fails unless there is exactly one
    except (OSError, RuntimeError):
        raise InputError(f"{path}: cannot be read, or not a network that OpenVINO knows; {_ADVICE}") from None
    if _channel_axis(shape) is None or _length(model.output(_output_index(model)).partial_shape) is None:
        raise InputError(f"{path}: not a network from pictures of fixed size to vectors; {_ADVICE}")
    return model


def _is_whole_protobuf(data):
    """Whether the fields of a binary protobuf message, which both formats are, end where `data` ends."""
    at = 0
    try:
        while at < len(data):
            tag, at = _varint(data, at)
            if tag & 7 == 0:
                _, at = _varint(data, at)
            else:
                size, at = {1: (8, at), 2: _varint(data, at), 5: (4, at)}[tag & 7]
                at += size
    except (IndexError, KeyError):
        return False
    return at == len(data) > 0


def _varint(data, at):
    """The number at an offset, seven bits a byte, and the offset after it."""
    value = shift = 0
    while data[at] >= 128:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
    return value | data[at] << shift, at + 1


def _with_free_batch(core, path):
    """The model and how many persons it takes at once.

    Exporters like to write a batch of one into the file. It is freed if the network lets it, that is if the output's
    first axis follows; a network that has the one in its inner shapes too is fed person by person.
    """
    model = _read(core, path)
    batch_free = model.input().partial_shape
    batch_free[0] = -1
    try:
        model.reshape(batch_free)
        output = model.output(_output_index(model)).partial_shape
        if output[0].is_dynamic and _length(output) is not None:
            return model, _BATCH
    except RuntimeError:
        pass
    model = _read(core, path)
    batch_free[0] = 1
    model.reshape(batch_free)
    return model, 1


def _channel_axis(shape):
    """Where a picture batch's colours are, 1 or 3; None for anything but a picture batch of known height and width."""
    if shape.rank != ov.Dimension(4) or any(axis.is_dynamic for axis in list(shape)[1:]):
        return None
    return next((axis for axis in (1, 3) if shape[axis] == ov.Dimension(3)), None)


def _length(shape):
    """Numbers per row of an output, None where that is not fixed."""
    rest = list(shape)[1:]
    if not rest or any(axis.is_dynamic for axis in rest):
        return None
    return int(np.prod([axis.get_length() for axis in rest]))


def _output_index(model):
    """The output called `features`, else the first."""
    names = [{name.split(":")[0] for name in output.names} for output in model.outputs]
    return next((index for index, name in enumerate(names) if "features" in name), 0)


def _taking_pictures(model, channels, raw):
    """The model with its normalisation built in: input (N, H, W, 3) uint8 BGR."""
    preprocess = ov.preprocess
    steps = preprocess.PrePostProcessor(model)
    tensor = steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW" if channels == 1 else "NHWC"))
    if not raw:
        tensor.set_color_format(preprocess.ColorFormat.BGR)
        change = steps.input().preprocess()
        change.convert_color(preprocess.ColorFormat.RGB).convert_element_type(ov.Type.f32).mean(_MEAN).scale(_STD)
    for index in range(len(model.outputs)):
        steps.output(index).tensor().set_element_type(ov.Type.f32)
    return steps.build()
