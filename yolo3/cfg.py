"""Darknet .cfg files of the YOLOv3 family -> a checked list of layers with known shapes.

Nothing is computed here and nothing of a hostile size is allocated: every number is range-checked, every layer's output
shape and weight count follow from the text alone.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

from common.errors import InputError

ACTIVATIONS = ("linear", "leaky", "relu", "relu6", "swish", "mish", "logistic")

MAX_FILE_BYTES = 4 << 20
MAX_LAYERS = 4096  # the full YOLOv3 has 107
MAX_SIDE = 8192  # pixels of the network's input
MAX_OUTPUT = 1 << 28  # numbers in one layer's output: 1 GiB as float32
MAX_WEIGHTS = 1 << 30  # numbers in all layers: 4 GiB as float32; the full YOLOv3 has 62 million

ALIASES = {"conv": "convolutional", "max": "maxpool", "network": "net"}

# Options Darknet reads for training, scheduling or drawing: they do not change what a trained network computes.
# nms_kind and beta_nms choose the suppression after the network, which here is the Detector's business.
WITHOUT_EFFECT = {
    "convolutional": "angle assisted_excitation burnin_update clip dot dont_update grad_centr learning_rate onlyforward "
    "stopbackward stream train_only_bn wait_stream",
    "shortcut": "burnin_update learning_rate onlyforward stopbackward train_only_bn weights_normalization",
    "route": "stopbackward stream wait_stream",
    "upsample": "stopbackward",
    "maxpool": "maxpool_zero_nonmax out_channels stopbackward",
    "dropout": "dropblock dropblock_size_abs dropblock_size_rel probability",
    "yolo": "beta_nms cls_normalizer counters_per_class delta_normalizer dets_for_show dets_for_track focal_loss ignore_thresh "
    "iou_loss iou_normalizer iou_thresh iou_thresh_kind jitter label_smooth_eps max max_delta nms_kind obj_normalizer "
    "objectness_smooth random resize show_details sim_thresh stopbackward track_ciou_norm track_history_size truth_thresh",
}
# Options that change the result unless they have this value, Darknet's default.
ONLY_AS = {
    "convolutional": {
        "antialiasing": "0", "bin_output": "0", "binary": "0", "coordconv": "0", "dilation": "1", "dontload": "0",
        "dontloadscales": "0", "flipped": "0", "reverse": "0", "rotate": "0", "stretch": "0", "stretch_sway": "0", "sway": "0", "xnor": "0",
    },
    "shortcut": {"weights_type": "none", "alpha": "1", "beta": "0"},
    "upsample": {"scale": "1"},
    "maxpool": {"antialiasing": "0", "maxpool_depth": "0"},
}  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """One section after [net].

    `index` is Darknet's number of the layer, from 0; `line` where its section starts in the file; `sources` the layers it
    reads (-1: the picture); `shape` its output (height, width, channels).
    """

    index: int
    line: int
    sources: tuple[int, ...]
    shape: tuple[int, int, int]
    kind = ""

    @property
    def weights(self):
        """How many numbers the layer has in the .weights file."""
        return 0

    def __str__(self):
        return f"layer {self.index} ([{self.kind}], line {self.line})"


@dataclass(frozen=True)
class Convolutional(Layer):
    """`padding` pixels of zeros on every side; `inputs` channels come in, in `groups` groups."""

    inputs: int
    size: int
    stride: int
    padding: int
    groups: int
    batch_normalize: bool
    activation: str
    kind = "convolutional"

    @property
    def filters(self):
        return self.shape[2]

    @property
    def kernel(self):
        """How many numbers the kernel has."""
        return self.filters * (self.inputs // self.groups) * self.size**2

    @property
    def weights(self):
        return self.kernel + self.filters * (4 if self.batch_normalize else 1)


@dataclass(frozen=True)
class Shortcut(Layer):
    """Sum of the layer before and others, of which the first min(channels) channels count, then an activation."""

    activation: str
    kind = "shortcut"


@dataclass(frozen=True)
class Route(Layer):
    """Concatenation along channels of the sources, of each only the `group_id`-th of `groups` equal parts."""

    groups: int
    group_id: int
    kind = "route"


@dataclass(frozen=True)
class Upsample(Layer):
    """Every pixel repeated `stride` times in both directions."""

    stride: int
    kind = "upsample"


@dataclass(frozen=True)
class Maxpool(Layer):
    """Maximum over windows; of `padding` pixels per axis, which never win, half (rounded down) lie before the picture."""

    size: int
    stride: int
    padding: int
    kind = "maxpool"


@dataclass(frozen=True)
class Dropout(Layer):
    """Without effect after training."""

    kind = "dropout"


@dataclass(frozen=True)
class Yolo(Layer):
    """A detection head: `anchors` are the (width, height) in input pixels that this head uses, in the order of its mask."""

    anchors: tuple[tuple[float, float], ...]
    classes: int
    scale_x_y: float
    new_coords: bool
    kind = "yolo"


@dataclass(frozen=True)
class Cfg:
    """A checked network description. `letter_box`: whether the file asks for pictures that keep their proportions."""

    path: Path
    width: int
    height: int
    letter_box: bool
    layers: tuple[Layer, ...]

    @property
    def heads(self):
        return [layer for layer in self.layers if layer.kind == "yolo"]

    @property
    def classes(self):
        return self.heads[0].classes


def read(path):
    """Read and check a Darknet .cfg file -> `Cfg`.

    Raises:
        InputError: the file cannot be read, is not a Darknet network, or asks for something that is not computed here
            exactly as Darknet does; the message names the line.
    """
    net, *sections = _sections(Path(path))
    if net.kind != "net":
        net.fail("the first section must be [net]")
    width, height = (net.integer(name, None, 1, MAX_SIDE) for name in ("width", "height"))
    if net.integer("channels", 3, 1, 1024) != 3:
        net.fail("only networks for 3-channel colour pictures can be used", "channels")
    if net.integer("time_steps", 1, 1, 1 << 20) != 1:
        net.fail("networks over several frames cannot be used", "time_steps")
    if len(sections) > MAX_LAYERS:
        sections[MAX_LAYERS].fail(f"a network of more than {MAX_LAYERS} layers cannot be used")
    layers = []
    for section in sections:
        layers.append(_layer(section, layers, (height, width, 3)))
    _check_whole(net, layers)
    return Cfg(net.path, width, height, bool(net.integer("letter_box", 0, 0, 1)), tuple(layers))


def _check_whole(net, layers):
    heads = [layer for layer in layers if layer.kind == "yolo"]
    if not heads:
        raise InputError(f"{net.path}: no [yolo] section; only detectors of the YOLOv3 family can be used")
    for head in heads:
        if head.classes != heads[0].classes:
            raise InputError(f"{net.path} line {head.line}: this head has {head.classes} classes, the one before {heads[0].classes}")
    weights = sum(layer.weights for layer in layers)
    if weights > MAX_WEIGHTS:
        raise InputError(f"{net.path}: the layers have {weights:,} weights in all, more than the {MAX_WEIGHTS:,} that are read")


@dataclass
class _Section:
    """A section as it stands in the file; `options` maps a name to its (value, line) pairs."""

    path: Path
    kind: str
    line: int
    options: dict = field(default_factory=dict)
    known: set = field(default_factory=set)

    def fail(self, problem, option=None):
        """Raise the InputError for this section, or for the line of one of its options."""
        if option in self.options:
            value, line = self.options[option][0]
            raise InputError(f"{self.path} line {line}: [{self.kind}] {_short(option)}={_short(value)}: {problem}")
        raise InputError(f"{self.path} line {self.line}: [{_short(self.kind)}]: {problem}")

    def text(self, name, default):
        self.known.add(name)
        values = self.options.get(name, [])
        if len({value for value, _ in values}) > 1:
            lines = ", ".join(str(line) for _, line in values)
            self.fail(f"{name} is given several times (lines {lines}); keep one", name)
        if not values and default is None:
            self.fail(f"{name} is missing")
        return values[0][0] if values else default

    def integer(self, name, default, low, high):
        return self._number(self.text(name, default), name, int, "whole number", low, high)

    def number(self, name, default, low, high):
        return self._number(self.text(name, default), name, float, "number", low, high)

    def integers(self, name, default, low, high):
        return self._list(name, default, int, "whole number", low, high)

    def numbers(self, name, default, low, high):
        return self._list(name, default, float, "number", low, high)

    def choice(self, name, default, choices):
        value = self.text(name, default)
        if value not in choices:
            self.fail(f"must be one of {', '.join(choices)}", name)
        return value

    def _list(self, name, default, convert, what, low, high):
        parts = self.text(name, default).removesuffix(",").split(",")
        return tuple(self._number(part, name, convert, what, low, high) for part in parts)

    def _number(self, text, name, convert, what, low, high):
        try:
            value = convert(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            self.fail(f"{_short(text)!r} must be a {what} from {low} to {high}", name)
        return value


def _sections(path):
    try:
        with open(path, "rb") as file:
            # Comments in any encoding occur in the wild; all that counts is ASCII.
            text = file.read(MAX_FILE_BYTES + 1).removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if len(text) > MAX_FILE_BYTES or "\0" in text:
        raise InputError(f"{path} is not a Darknet .cfg file (a text file of at most {MAX_FILE_BYTES >> 20} MiB)")
    sections = []
    for number, line in enumerate(text.split("\n"), 1):
        line = "".join(line.split("#")[0].split(";")[0].split())
        if line:
            _read_line(path, number, line, sections)
    if not sections:
        raise InputError(f"{path} has no sections: it is not a Darknet .cfg file")
    return sections


def _read_line(path, number, line, sections):
    name, equals, value = line.partition("=")
    if line.startswith("[") and line.endswith("]"):
        kind = line[1:-1]
        sections.append(_Section(path, ALIASES.get(kind, kind), number))
    elif not sections or not (name and equals and value):
        raise InputError(f"{path} line {number}: {line[:60]!r} is neither a [section] nor an option=value below one")
    else:
        sections[-1].options.setdefault(name, []).append((value, number))


def _layer(section, layers, picture):
    if section.kind not in BUILDERS:
        section.fail(f"this kind of layer cannot be used; known are {', '.join(BUILDERS)}")
    layer = BUILDERS[section.kind](section, layers, picture)
    _check_options(section)
    if min(layer.shape) < 1:
        section.fail(f"nothing is left of the picture here: the layer's output is {_size(layer.shape)}")
    if math.prod(layer.shape) > MAX_OUTPUT:
        section.fail(f"the layer's output of {_size(layer.shape)} is larger than the {MAX_OUTPUT:,} numbers that are computed")
    return layer


def _check_options(section):
    """Refuse what the layer's builder did not read, unless it cannot change the result."""
    harmless = WITHOUT_EFFECT.get(section.kind, "").split()
    only_as = ONLY_AS.get(section.kind, {})
    for name in section.options:
        if name in section.known or name in harmless:
            continue
        if name not in only_as:
            section.fail("this option is unknown and could change the result; comment it out if it does not", name)
        if _value(section.text(name, None)) != _value(only_as[name]):
            section.fail(f"only {name}={only_as[name]} can be used", name)


def _value(text):
    try:
        return float(text)
    except ValueError:
        return text


def _short(text):
    return text if len(text) <= 40 else f"{text[:40]}…"


def _size(shape):
    height, width, channels = shape
    return f"{width}×{height} with {channels} channels"


def _before(section, layers, picture):
    """Index and output shape of the layer before."""
    if layers and layers[-1].kind == "yolo":
        section.fail("a [yolo] head's output cannot be a layer's input; start with a [route]")
    return len(layers) - 1, layers[-1].shape if layers else picture


def _named_layers(section, option, layers):
    """Indices of the earlier layers that an option names, absolute or counted back from here."""
    indices = []
    for number in section.integers(option, None, -len(layers), len(layers) - 1):
        index = number if number >= 0 else len(layers) + number
        if layers[index].kind == "yolo":
            section.fail(f"layer {index} is a [yolo] head, whose output cannot be a layer's input", option)
        indices.append(index)
    return tuple(indices)


def _convolutional(section, layers, picture):
    before, (height, width, channels) = _before(section, layers, picture)
    filters = section.integer("filters", "1", 1, 1 << 16)
    groups = section.integer("groups", "1", 1, channels)
    if channels % groups or filters % groups:
        section.fail(f"{channels} channels and {filters} filters cannot be cut into {groups} equal groups", "groups")
    size, stride = section.integer("size", "1", 1, 255), section.integer("stride", "1", 1, 255)
    padding = section.integer("padding", "0", 0, 255)
    if section.integer("pad", "0", 0, 255):
        padding = size // 2
    shape = tuple((side + 2 * padding - size) // stride + 1 for side in (height, width))
    return Convolutional(
        len(layers), section.line, (before,), (*shape, filters), channels, size, stride, padding, groups,
        section.integer("batch_normalize", "0", 0, 2) > 0, section.choice("activation", "logistic", ACTIVATIONS),
    )  # fmt: skip


def _shortcut(section, layers, picture):
    before, shape = _before(section, layers, picture)
    sources = _named_layers(section, "from", layers)
    for source in sources:
        other = layers[source].shape
        if other[:2] != shape[:2]:
            section.fail(f"layer {source} has {_size(other)}, the layer before this has {_size(shape)}", "from")
    return Shortcut(len(layers), section.line, (before, *sources), shape, section.choice("activation", "linear", ACTIVATIONS))


def _route(section, layers, picture):
    sources = _named_layers(section, "layers", layers)
    groups = section.integer("groups", "1", 1, 1 << 16)
    group_id = section.integer("group_id", "0", 0, groups - 1)
    shapes = [layers[source].shape for source in sources]
    for source, shape in zip(sources, shapes, strict=True):
        if shape[:2] != shapes[0][:2]:
            section.fail(f"layer {source} has {_size(shape)}, layer {sources[0]} has {_size(shapes[0])}", "layers")
        if shape[2] % groups:
            section.fail(f"the {shape[2]} channels of layer {source} cannot be cut into {groups} equal groups", "groups")
    channels = sum(shape[2] // groups for shape in shapes)
    return Route(len(layers), section.line, sources, (*shapes[0][:2], channels), groups, group_id)


def _upsample(section, layers, picture):
    before, (height, width, channels) = _before(section, layers, picture)
    stride = section.integer("stride", "2", 1, 64)
    return Upsample(len(layers), section.line, (before,), (height * stride, width * stride, channels), stride)


def _maxpool(section, layers, picture):
    before, (height, width, channels) = _before(section, layers, picture)
    stride = section.integer("stride", "1", 1, 255)
    size = section.integer("size", str(stride), 1, 255)
    padding = section.integer("padding", str(size - 1), 0, size - 1)
    shape = tuple((side + padding - size) // stride + 1 for side in (height, width))
    return Maxpool(len(layers), section.line, (before,), (*shape, channels), size, stride, padding)


def _dropout(section, layers, picture):
    before, shape = _before(section, layers, picture)
    return Dropout(len(layers), section.line, (before,), shape)


def _yolo(section, layers, picture):
    before, shape = _before(section, layers, picture)
    classes, num = section.integer("classes", "20", 1, 1 << 16), section.integer("num", "1", 1, 1024)
    sizes = section.numbers("anchors", None, 1e-6, 1e6)
    if len(sizes) != 2 * num:
        section.fail(f"{len(sizes)} numbers, but num={num} anchors need {2 * num}", "anchors")
    mask = section.integers("mask", ",".join(map(str, range(num))), 0, num - 1)
    if shape[2] != len(mask) * (5 + classes):
        need = f"{len(mask)} anchors × (5 + {classes} classes) = {len(mask) * (5 + classes)}"
        section.fail(f"needs {need} channels, but the layer before has filters={shape[2]}")
    anchors = tuple((sizes[2 * i], sizes[2 * i + 1]) for i in mask)
    scale = section.number("scale_x_y", "1", 1e-3, 1e3)
    new_coords = section.integer("new_coords", "0", 0, 1) == 1
    return Yolo(len(layers), section.line, (before,), shape, anchors, classes, scale, new_coords)


BUILDERS = {
    "convolutional": _convolutional,
    "shortcut": _shortcut,
    "route": _route,
    "upsample": _upsample,
    "maxpool": _maxpool,
    "dropout": _dropout,
    "yolo": _yolo,
}
