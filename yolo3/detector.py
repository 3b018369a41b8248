"""Darknet files in, boxes out."""

import difflib
from pathlib import Path

import numpy as np

from common.errors import InputError
from common.quiet import import_keras
from models import runtime as runtimes
from yolo3 import boxes
from yolo3 import cfg as cfgs
from yolo3 import weights as files

# These files decide what is computed, so they are part of a converted network's key: none that older code made is used.
CODE = ("cfg.py", "network.py", "weights.py")
BATCH = 16  # frames that go through the network at once; more would only take more memory


class Detector:
    """Finds objects in pictures with a network of the YOLOv3 family.

    Args:
        cfg, weights: Darknet's files. names: text file with one class per line, in the network's order.
        classes: names of the classes to report; None reports all.
        score_threshold: least objectness × class probability, 0…1.
        iou_threshold: of two boxes of a class that overlap by more (intersection over union, 0…1) the better one is kept.
        runtime: see `models.runtime.compile`.
        letter_box: True keeps a frame's proportions and fills up with grey, False stretches it to the network's size.
            None does what the .cfg asks for with ``letter_box=1`` in [net], else stretches: on the 128 pictures of
            coco_person it finds people better with all three small networks (average precision at IoU 0.5, float32:
            yolo-fastest-1.1-xl 0.53 stretched, 0.51 letterboxed; yolo-fastest-1.1 0.48, 0.45; mobilenetv2-yolov3-nano 0.49, 0.46).
        precision: see `models.runtime.compile`. On coco_person bfloat16 moves a score by 0.006 to 0.009 (median), 0.04 (one in
            twenty) and at most 0.16, in both directions: average precision stays within 0.007 of float32's.

    The thresholds' defaults suit the following of people with yolo-fastest-1.1-xl: from 0.4 on no lamp post or traffic cone in
    the first 400 frames of videos/vtest.mp4 becomes a track any more, while 0.42 of the boxes in ucf101/person_boxes.csv are
    found (IoU 0.5) against 0.44 at 0.2. Single pictures, where no tracker sorts out strays, are better served by 0.25.

    Raises:
        InputError: a file cannot be used, the files do not belong together, or a class is not in `names`.
    """

    def __init__(
        self,
        cfg,
        weights,
        names,
        classes=("person",),
        score_threshold=0.4,
        iou_threshold=0.45,
        runtime="auto",
        letter_box=None,
        precision="auto",
    ):
        self.cfg = cfgs.read(cfg)
        self.names = read_names(names, self.cfg)
        self.classes = class_ids(classes, self.names, names)
        files.check(weights, self.cfg)
        self.score_threshold, self.iou_threshold = score_threshold, iou_threshold
        self.letter_box = self.cfg.letter_box if letter_box is None else letter_box
        cache = runtimes.cache_path(cfg, weights, *(Path(__file__).with_name(name) for name in CODE))
        self._network = runtimes.compile(lambda: _build(self.cfg, weights), runtime, cache=cache, precision=precision)

    @property
    def precision(self):
        """What the network computes in, such as "f32" or "bf16"."""
        return self._network.precision

    def detect(self, frames):
        """Find the objects in each of a list of frames, (H, W, 3) uint8 BGR of any sizes -> list of `Detections`."""
        for frame in frames:
            _check_frame(frame)
        found = []
        for start in range(0, len(frames), BATCH):
            fitted = [boxes.fit(frame, self.cfg.width, self.cfg.height, self.letter_box) for frame in frames[start : start + BATCH]]
            outputs = self._network({"rgb": np.stack([picture for picture, _ in fitted])})
            found += [self._detections(output, placement) for output, (_, placement) in zip(outputs, fitted, strict=True)]
        return found

    def _detections(self, output, placement):
        return boxes.detections(output, placement, self.classes, self.score_threshold, self.iou_threshold)


def _build(cfg, weights):
    import_keras()
    from yolo3 import network

    return network.build(cfg, files.read(weights, cfg))


def _check_frame(frame):
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
        what = f"{frame.shape} {frame.dtype}" if isinstance(frame, np.ndarray) else type(frame).__name__
        raise InputError(f"a frame must be a colour picture, (H, W, 3) uint8 BGR, not {what}; cv2.COLOR_GRAY2BGR makes one of a grey one")


def read_names(path, cfg):
    """The names in a text file, one a line, of the classes of a `yolo3.cfg.Cfg`; raises InputError if it has another number of them."""
    try:
        names = Path(path).read_text(encoding="utf-8-sig").rstrip().split("\n")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a UTF-8 text file with one class per line") from None
    if len(names) != cfg.classes:
        raise InputError(f"{path} has {len(names)} names, but {cfg.path} has {cfg.classes} classes: pass the names it was trained with")
    return tuple(name.strip() for name in names)


def class_ids(classes, names, path):
    """Positions (N,) in `names`, in their order, of a class or several (None: all); raises InputError for one that is not in `path`."""
    if classes is None:
        return np.arange(len(names))
    for name in [classes] if isinstance(classes, str) else classes:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it begins with {', '.join(names[:5])}"
            raise InputError(f"there is no class {name!r} in {path}; {hint}")
    wanted = {classes} if isinstance(classes, str) else set(classes)
    return np.array([i for i, name in enumerate(names) if name in wanted], np.int64)
