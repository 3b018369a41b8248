"""Trains a detector: batches, moving average of the weights, learning rate, and AP50 of the average after every epoch."""

import math
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import NamedTuple

import keras
import numpy as np

from yolo3 import augment, boxes, imitation, network, targets
from yolo3 import weights as files
from yolo3.average_precision import evaluate
from yolo3.examples import read_image, read_labels, to_tlbr
from yolo3.loss import YoloLoss

AVERAGE = 0.998  # share of the moving average that a step leaves: it spans some 500 steps
WARM_UP = 0.03  # of the training, in which the rate rises to its full value
LAST_RATE = 0.02  # of the full rate at the end of the cosine
WEIGHT_DECAY = 0.02
LARGEST_GRADIENT = 10.0  # norm of all gradients together; keeps one odd batch from spoiling the weights
SMALL = 0.72  # of the input's sides, in the first part of a training: half the pixels
MOSAIC, MOSAIC_UNTIL = 0.6, 0.8  # probability; the last part sees single pictures, as the detector will
ROWS_PER_BOX = 100  # about one row in a hundred has a box
LEAST_SCORE, IOU = 0.01, 0.45  # of the detections that AP50 is measured on
LED = 0.4  # of an imitation, in which every block reads what the teacher's blocks made
MEMORY = 4 << 30  # bytes of decoded training pictures
BATCH = 16  # held-out pictures at once


class Pace:
    """How far a training is, 0 to 1: by steps, or by the time since its first step where `minutes` is given."""

    def __init__(self, steps, minutes=None):
        self.step, self._steps, self._minutes, self._start = 0, steps, minutes, None

    @property
    def share(self):
        if self._minutes is None:
            return self.step / self._steps
        self._start = self._start or monotonic()
        return (monotonic() - self._start) / (60 * self._minutes)

    @property
    def rate(self):
        """Factor on the learning rate: a straight rise, then half a cosine wave down to `LAST_RATE`."""
        share = min(self.share, 1.0)
        if share < WARM_UP:
            return (share + 1e-3) / (WARM_UP + 1e-3)
        wave = (1 + math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP))) / 2
        return LAST_RATE + (1 - LAST_RATE) * wave


class Pictures:
    """(image, labels) of examples by index, from memory once they were read: decoding takes as long as changing them.

    Of the decoded pictures `MEMORY` bytes are kept, the first that were asked for.
    """

    def __init__(self, examples, classes):
        self._examples, self._classes, self._kept, self._room = examples, classes, {}, MEMORY

    def __len__(self):
        return len(self._examples)

    def __call__(self, i):
        if i in self._kept:
            return self._kept[i]
        example = self._examples[i]
        picture = read_image(example), read_labels(example.labels, self._classes)
        if picture[0].nbytes <= self._room:
            self._room -= picture[0].nbytes
            self._kept[i] = picture
        return picture


class Batches:
    """Batches of one epoch, made ahead by `workers` threads.

    A batch is rgb (B, height, width, 3) uint8, targets (B, rows, 5 + classes) float32, and by_labels (B,) float32: 1 for a picture of
    `sources[0]`, whose labels are to be learned, 0 for one of `sources[1]`, if there is one, which a teacher sees. Several pictures
    in one are of one source. Order and random changes follow from `seed` (a list of whole numbers) and a picture's place alone.
    """

    def __init__(self, sources, rows, classes, batch_size, mosaic, seed, workers=2):
        self._sources, self._rows, self._classes = sources, rows, classes
        places = [(source, i) for source, pictures in enumerate(sources) for i in range(len(pictures))]
        self._batch_size, self._mosaic, self._seed, self._workers = min(batch_size, len(places)), mosaic, seed, workers
        self._order = [places[i] for i in np.random.default_rng(seed).permutation(len(places))]

    def __len__(self):
        return len(self._order) // self._batch_size

    def __iter__(self):
        # Threads, not processes: reading and changing pictures release Python's lock.
        with ThreadPoolExecutor(self._workers) as pool:
            coming = deque(pool.submit(self.batch, i) for i in range(min(self._workers + 1, len(self))))
            for i in range(len(self)):
                done = coming.popleft().result()
                if i + self._workers + 1 < len(self):
                    coming.append(pool.submit(self.batch, i + self._workers + 1))
                yield done

    def batch(self, index):
        """The batch number `index` of the epoch."""
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        pictures, wanted = zip(*(self._example(*place) for place in chosen), strict=True)
        return np.stack(pictures), np.stack(wanted), np.float32([source == 0 for source, _ in chosen])

    def _example(self, source, i):
        rng = np.random.default_rng([*self._seed, source, i])
        size, read = (self._rows.width, self._rows.height), self._sources[source]
        picture, labels = augment.draw(read, i, len(read), *size, rng, self._mosaic)
        return picture, targets.assign(labels, self._rows, self._classes)


class Average:
    """Exponential moving average of all weights of a model, running statistics too: steadier than the last step's weights."""

    def __init__(self, model):
        self.values, self.steps = [value.copy() for value in model.get_weights()], 0

    def update(self, model):
        # While there are few steps to average over, the weights of the beginning must not stay in it.
        decay = min(AVERAGE, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        for mean, value in zip(self.values, model.get_weights(), strict=True):
            mean += (1 - decay) * (value - mean)


class Epoch(NamedTuple):
    """One epoch: its number from 1, pixels of the input, pictures seen so far, mean loss, AP50 on what is held out.

    `blocks` is what the student's blocks miss of the teacher's, as a share of their variance; nan without a teacher.
    """

    number: int
    width: int
    height: int
    pictures: int
    loss: float
    blocks: float
    ap50: float


def read_values(model, cfg, weights=None):
    """The weights of a `build_trainable` model (or `weights`, as its `get_weights`) in the form of `yolo3.weights.read_apart`."""
    by_variable = dict(zip((id(variable) for variable in model.weights), weights or model.get_weights(), strict=True))
    return {layer.index: [by_variable[id(variable)] for variable in _variables(model, layer)] for layer in cfg.layers if layer.weights}


def load_values(model, cfg, values):
    """Put weights as `yolo3.weights.read_apart` returns them into a `build_trainable` model, where their shapes fit.

    Returns the number of convolutions that stay as they were.
    """
    left = 0
    for layer in cfg.layers:
        if layer.weights:
            variables = _variables(model, layer)
            new = values.get(layer.index, [])
            if [array.size for array in new] == [math.prod(variable.shape) for variable in variables]:
                for variable, array in zip(variables, new, strict=True):
                    variable.assign(array.reshape(variable.shape))
            else:
                left += 1
    return left


def _variables(model, layer):
    own = list(model.get_layer(f"convolutional_{layer.index}").weights)
    return own + list(model.get_layer(f"normalisation_{layer.index}").weights) if layer.batch_normalize else own


def build(cfg, start=None):
    """A `yolo3.network.build_trainable` model whose heads begin by guessing that boxes are rare; `start` as from `read_apart`."""
    model = network.build_trainable(cfg)
    for head in cfg.heads:
        convolution = model.get_layer(f"convolutional_{head.sources[0]}")
        kernel, bias = convolution.get_weights()
        bias.reshape(len(head.anchors), -1)[:, 4] = -math.log(ROWS_PER_BOX - 1)
        convolution.set_weights([kernel * 0.1, bias])
    if start:
        load_values(model, cfg, start)
    return model


class Lesson:
    """A network and what is compiled around it to train it at one input size; `led` as in `yolo3.imitation.student`."""

    def __init__(self, cfg, values, teacher, led, precision):
        self._teacher = teacher
        keras.config.set_dtype_policy(precision)
        self.own, self._whole = imitation.student(cfg, teacher, led) if teacher else 2 * (network.build_trainable(cfg),)
        keras.config.set_dtype_policy("float32")
        load_values(self.own, cfg, values)
        self._optimizer = keras.optimizers.AdamW(weight_decay=WEIGHT_DECAY, global_clipnorm=LARGEST_GRADIENT)
        self._optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        self.average = Average(self.own)

    def compile(self, rows):
        """For inputs of the size of `rows`, a `yolo3.targets.Rows`."""
        labels = YoloLoss(rows)
        loss = [labels, imitation.HeadLoss(labels.decode), imitation.hint_loss] if self._teacher else labels
        self._whole.compile(self._optimizer, loss)

    def step(self, rate, pictures, wanted, by_labels):
        """Learn one batch; returns the means since `begin`."""
        self._optimizer.learning_rate = rate
        if self._teacher:
            nothing = np.zeros((len(pictures), 1), np.float32)
            shares = [by_labels, 1 - by_labels, np.ones_like(by_labels)]
            found = self._whole.train_on_batch(pictures, [wanted, nothing, nothing], shares, return_dict=True)
        else:
            found = self._whole.train_on_batch(pictures, wanted, return_dict=True)
        self.average.update(self.own)
        return found["loss"], found.get("errors_loss", math.nan) / imitation.HINT

    def begin(self):
        self._whole.reset_metrics()


def train(
    model, cfg, examples, held_out, pace, path, batch_size=32, learning_rate=2e-3, seed=0, small_share=0.4, workers=2,
    precision="float32", imitated=(), teacher=None,
):  # fmt: skip
    """Train, from the weights of a `build_trainable` model, until `pace` is at its end; after each epoch yield an `Epoch`.

    The moving average of the weights is measured on `held_out` after every epoch, and the best goes to `path` (.weights).
    The first `small_share` of the training is at `SMALL` of the input's sides. The labels of `examples` are learned, and of `imitated` what
    a `yolo3.imitation.Teacher` says.
    """
    judge, best, values, lesson, stage = Judge(cfg, held_out), -1.0, read_values(model, cfg), None, None
    sources = [Pictures(some, cfg.classes) for some in (examples, imitated)]
    number, seen = 0, 0
    while pace.share < 1:
        number += 1
        size = _small(cfg) if pace.share < small_share else (cfg.width, cfg.height)
        led = teacher is not None and pace.share < LED
        if stage != (size, led):
            if lesson is None or stage[1] != led:
                lesson = Lesson(cfg, values, teacher, led, precision)
            stage, rows = (size, led), targets.rows(cfg, *size)
            lesson.compile(rows)
        mosaic = MOSAIC if pace.share < MOSAIC_UNTIL else 0.0
        batches = Batches(sources, rows, cfg.classes, batch_size, mosaic, [seed, number], workers)
        loss, blocks, pictures = _epoch(lesson, batches, pace, learning_rate)
        seen += pictures
        values = read_values(lesson.own, cfg, lesson.average.values)
        ap50 = judge(values)
        if ap50 > best or number == 1:
            best = max(best, ap50)
            files.write(path, cfg, values)
        yield Epoch(number, *size, seen, loss, blocks, ap50)


def _epoch(lesson, batches, pace, learning_rate):
    """One pass over the batches, cut short when the time is up -> mean loss, mean error of the blocks, and the number of pictures seen."""
    lesson.begin()
    seen = 0
    for batch in batches:
        loss, blocks = lesson.step(learning_rate * pace.rate, *batch)
        pace.step += 1
        seen += len(batch[0])
        if pace.share >= 1:
            break
    return float(loss), float(blocks), seen


def _small(cfg):
    """`SMALL` of the input's sides, in steps of the network's largest stride."""
    stride = max(cfg.width // head.shape[1] for head in cfg.heads)
    return tuple(max(stride, round(SMALL * side / stride) * stride) for side in (cfg.width, cfg.height))


class Judge:
    """Measures AP50 of weights on pictures, with the network and the boxes that the Detector would have; certain labels are the truth."""

    def __init__(self, cfg, examples):
        self._cfg, self._model = cfg, network.build(cfg)
        self._truths, self._placements, self._pictures = [], [], []
        for example in examples:
            image, labels = read_image(example), read_labels(example.labels, cfg.classes)
            picture, placement = boxes.fit(image, cfg.width, cfg.height, cfg.letter_box)
            sure = labels[labels[:, 5] >= targets.SURE]
            self._truths.append((to_tlbr(sure, *image.shape[1::-1]), sure[:, 0]))
            self._pictures.append(picture)
            self._placements.append(placement)

    def __call__(self, values):
        """AP50 of weights in the form of `yolo3.weights.read_apart`, mean over the classes that occur; nan if none does."""
        network.load(self._model, files.fold(self._cfg, values))
        found = []
        for start in range(0, len(self._pictures), BATCH):
            outputs = self._model.predict_on_batch(np.stack(self._pictures[start : start + BATCH]))
            found += [self._boxes(output, self._placements[start + i]) for i, output in enumerate(outputs)]
        figures = [self._of_class(found, number) for number in range(self._cfg.classes)]
        return float(np.nanmean(figures)) if not np.isnan(figures).all() else float("nan")

    def _boxes(self, output, placement):
        return boxes.detections(np.asarray(output), placement, np.arange(self._cfg.classes), LEAST_SCORE, IOU)

    def _of_class(self, found, number):
        results = [(one.tlbr[one.class_id == number], one.score[one.class_id == number]) for one in found]
        return evaluate(results, [tlbr[kind == number] for tlbr, kind in self._truths])
