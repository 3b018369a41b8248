"""Where a person's joints are: any single-person keypoint network that OpenVINO reads (TFLite, ONNX, its own)."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from common.errors import InputError
from common.files import sha256
from common.pose_layouts import LAYOUTS
from common.quiet import import_openvino
from video.crops import square_around, square_crop

CONTEXT = 1.25  # side of the crop over the longer side of a person's box: what MoveNet was trained with (its model card)
CLOSE = 0.6  # share of the picture's longer side: who takes up less of a whole picture is looked at again from near
MARGIN = 0.1  # share of a body's extent that its box reaches beyond the outermost joints: the top of the head, the soles
SEEN, BODY = 0.2, 4  # confidence from which a joint counts, and how many of them say where the body is
JOBS = 2  # crops that a network without batches works on at a time, a thread each


@dataclass(frozen=True)
class Description:
    """What has to be said of a network file; the lines of the JSON file beside it.

    Attributes:
        size: side of its square input in pixels.
        layout: order of the joints, a key of `common.pose_layouts.LAYOUTS`.
        output: "coordinates": y, x and confidence of each joint, as shares of the picture; or "heatmaps", (B, K, h, w).
        x_first: whether coordinates are x, y.
        planes_first: whether the input is (B, 3, H, W) instead of (B, H, W, 3).
        bgr: whether the colours come in the order blue, green, red.
        mean, scale: of the colours; where it takes floating point numbers it is fed (colour - mean) * scale.
    """

    size: int
    layout: str
    output: str = "coordinates"
    x_first: bool = False
    planes_first: bool = False
    bgr: bool = False
    mean: tuple = (0.0, 0.0, 0.0)
    scale: tuple = (1.0, 1.0, 1.0)


KNOWN = {"movenet_lightning": Description(192, "coco17"), "movenet_thunder": Description(256, "coco17")}
"""Networks that need no JSON file, by the beginning of the file's name."""


def describe(path):
    """The `Description` of a network file: from the JSON file of the same name beside it, or `KNOWN`. Raises InputError for neither."""
    path, text = Path(path), Path(path).with_suffix(".json")
    if text.is_file():
        return _read_description(text)
    for beginning, description in KNOWN.items():
        if path.name.startswith(beginning):
            return description
    raise InputError(f"{path}: an unknown pose network; describe it in {text}, such as " + '{"size": 256, "layout": "coco17"}')


def _read_description(path):
    try:
        description = Description(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}; a JSON object with {', '.join(field.name for field in fields(Description))}") from None
    if description.layout not in LAYOUTS or description.output not in ("coordinates", "heatmaps"):
        raise InputError(f"{path}: layout must be one of {', '.join(LAYOUTS)}, output coordinates or heatmaps")
    return description


class PoseEstimator:
    """A keypoint network on crops of one person each. One thread at a time may call it.

    Attributes:
        description: its `Description`.
        layout: its `common.pose_layouts.Layout`.
        digest: SHA-256 of the file.
    """

    def __init__(self, path):
        """Read the network at `path`. Raises InputError where it is missing, cannot be read or is not described."""
        if not Path(path).is_file():
            raise InputError(f"no file {path}; give a pose network with --pose, such as movenet_lightning_int8.tflite")
        self.description = describe(path)
        self.layout, self.digest = LAYOUTS[self.description.layout], sha256(path)
        self._core = import_openvino().Core()
        try:
            self._network = self._core.read_model(str(path))
            self._requests = {1: self._compile(self._sized(1), "LATENCY").create_infer_request()}
        except RuntimeError as error:
            raise InputError(f"{path}: not a pose network of this size ({str(error).strip().splitlines()[-1][:200]})") from None
        self._queue, self._batches = None, self._takes_batches()

    def __call__(self, crops):
        """Crops (B, S, S, 3) uint8 BGR -> (B, K, 3) float32: x, y in the crops' pixels, and confidence 0 to 1."""
        if not len(crops):
            return np.zeros((0, len(self.layout.names), 3), np.float32)
        inputs = self._prepare(crops)
        answers = self._batch(inputs) if self._batches or len(crops) == 1 else self._each(inputs)
        poses = (_from_heatmaps if self.description.output == "heatmaps" else self._from_coordinates)(answers)
        return poses * np.float32([crops.shape[2], crops.shape[1], 1])

    def _prepare(self, crops):
        size, description = self.description.size, self.description
        colours = [cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA) if crop.shape[0] != size else crop for crop in crops]
        inputs = np.stack(colours)[..., :: 1 if description.bgr else -1]
        if self._network.inputs[0].element_type.is_real():
            inputs = (inputs.astype(np.float32) - np.float32(description.mean)) * np.float32(description.scale)
        return np.ascontiguousarray(inputs.transpose(0, 3, 1, 2) if description.planes_first else inputs)

    def _batch(self, inputs):
        if len(inputs) not in self._requests:
            self._requests[len(inputs)] = self._compile(self._sized(len(inputs)), "LATENCY").create_infer_request()
        return self._requests[len(inputs)].infer(inputs)[0].copy()

    def _each(self, inputs):
        if self._queue is None:
            self._queue = import_openvino().AsyncInferQueue(self._compile(self._sized(1), "THROUGHPUT"), JOBS)
        answers = [None] * len(inputs)
        self._queue.set_callback(lambda request, i: answers.__setitem__(i, request.get_output_tensor(0).data.copy()))
        for i in range(len(inputs)):
            self._queue.start_async(inputs[i : i + 1], i)
        self._queue.wait_all()
        return np.concatenate(answers)

    def _takes_batches(self):
        """Whether the network gives two answers for two crops: MoveNet's last steps are made for one."""
        try:
            return self._sized(2).outputs[0].partial_shape[0].get_length() == 2
        except RuntimeError:
            return False

    def _sized(self, count):
        network, size = self._network.clone(), self.description.size
        network.reshape([count, 3, size, size] if self.description.planes_first else [count, size, size, 3])
        return network

    def _compile(self, network, hint):
        return self._core.compile_model(network, "CPU", {"PERFORMANCE_HINT": hint, "NUM_STREAMS": 1 if hint == "LATENCY" else JOBS})

    def _from_coordinates(self, answers):
        poses = answers.reshape(len(answers), len(self.layout.names), 3).astype(np.float32)
        return poses if self.description.x_first else poses[..., [1, 0, 2]]


def _from_heatmaps(maps):
    """(B, K, h, w) -> (B, K, 3): x and y as shares of the width and height, and the highest value.

    A place is the middle of the highest cell, moved a quarter of a cell to the higher neighbour (arXiv 1603.06937).
    """
    count, joints, height, width = maps.shape
    flat = maps.reshape(count, joints, -1)
    best = flat.argmax(-1)
    row, column = best // width, best % width
    b, k = np.ogrid[:count, :joints]
    padded = np.pad(maps, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    x = column + 0.5 + 0.25 * np.sign(padded[b, k, row + 1, column + 2] - padded[b, k, row + 1, column])
    y = row + 0.5 + 0.25 * np.sign(padded[b, k, row + 2, column + 1] - padded[b, k, row, column + 1])
    return np.stack([x / width, y / height, flat.max(-1).clip(0, 1)], axis=-1).astype(np.float32)


def poses_in(estimator, image, boxes, context=CONTEXT):
    """Joints (N, K, 3) float32 of the persons in `boxes` (N, 4) tlbr pixels: x, y in the picture's pixels, confidence 0 to 1.

    `estimator` maps crops (N, S, S, 3) to joints (N, K, 3), such as a `PoseEstimator`. Joints that it puts beyond
    the picture's border were not seen, whatever it says: their confidence is 0.
    """
    size = estimator.description.size
    squares = [square_around(image.shape, tlbr, context) for tlbr in boxes]
    crops = [square_crop(image, tlbr, size, context) for tlbr in boxes]
    poses = estimator(np.stack(crops) if crops else np.zeros((0, size, size, 3), np.uint8))
    for pose, (x, y, side) in zip(poses, squares, strict=True):
        pose[:, :2] = pose[:, :2] * (side / size) + (x, y)
        outside = ((pose[:, :2] < 0) | (pose[:, :2] >= image.shape[1::-1])).any(axis=1)
        pose[outside, 2] = 0
    return poses


def pose_in_whole(estimator, image):
    """Joints (K, 3) float32 of the one person in a picture, as `poses_in` gives them.

    A small person is looked at twice: in the whole picture, and then from near, around the joints that were found there.
    """
    (pose,) = poses_in(estimator, image, [(0, 0, image.shape[1], image.shape[0])], context=1)
    seen = pose[pose[:, 2] >= SEEN, :2]
    if len(seen) < BODY:
        return pose
    corners = np.stack([seen.min(axis=0), seen.max(axis=0)])
    extent = np.ptp(corners, axis=0).max()
    if CONTEXT * (1 + 2 * MARGIN) * extent >= CLOSE * max(image.shape[:2]):
        return pose
    return poses_in(estimator, image, [(corners + np.array([[-MARGIN], [MARGIN]]) * extent).ravel()])[0]
