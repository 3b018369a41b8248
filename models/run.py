"""A run: a folder in save_weight with a trained network and everything needed to use it again."""

import json
import numbers
import zipfile
from dataclasses import dataclass
from pathlib import Path

from common.errors import InputError
from common.files import write_json
from common.pose_layouts import LAYOUTS
from models import MODES, POSE_RECOGNISER, RECOGNISERS, build, input_shapes

META_NAME = "meta.json"
MODEL_NAME = "model.keras"
MODEL_SUFFIXES = (".keras", ".hdf5", ".h5")


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _positive(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and value > 0


# What a value of meta.json must be, in words for the error line and as a test.
META_KEYS = {
    "recogniser": (f"one of {', '.join(RECOGNISERS)}", lambda value: isinstance(value, str) and value in RECOGNISERS),
    "mode": (f"one of {', '.join(MODES)}", lambda value: isinstance(value, str) and value in MODES),
    "classes": (
        "a list of two or more different names",
        lambda value: (
            isinstance(value, list) and len(value) > 1 and all(isinstance(name, str) for name in value) and len(set(value)) == len(value)
        ),
    ),
    "frames": ("a whole number of frames", _whole),
    "window": ("a whole number of frames", _whole),
    "size": ("a whole number of pixels", _whole),
    "fps": ("a frame rate or null", lambda value: value is None or _positive(value)),
    "region": ("person or frame", lambda value: value in ("person", "frame")),
    "context": ("a number above 0", _positive),
    "flow": ("dis or tvl1", lambda value: value in ("dis", "tvl1")),
    "layout": (f"one of {', '.join(LAYOUTS)}", lambda value: isinstance(value, str) and value in LAYOUTS),
    "crop": ("following or fixed", lambda value: value in ("following", "fixed")),
    "options": ("an object", lambda value: isinstance(value, dict)),
}
DEFAULTS = {"crop": "following", "layout": "coco17", "options": {}}  # of keys that older runs lack


@dataclass(frozen=True)
class Run:
    """A trained network's files and facts.

    Attributes:
        folder: `Path` of the folder that holds meta.json.
        model_path: `Path` of the .keras, .hdf5 or .h5 file.
        meta: the content of meta.json. Required keys: recogniser, mode, classes (ordered names), frames (of a clip),
            window (consecutive source frames a clip spans), size (pixels, square), fps (number; null = frames as
            recorded), region ("person" or "frame"), context (crop margin, 1 = none), flow ("dis" or "tvl1"). Where crop
            ("following" or "fixed") is missing, it is "following"; where layout (of joints, a key of LAYOUTS) is, it is "coco17";
            options (the recogniser's, {name: value}) may be missing too.
            Others, such as seed, versions, lists, metrics, threshold and arguments, are kept as they are.
    """

    folder: Path
    model_path: Path
    meta: dict

    @classmethod
    def open(cls, path):
        """The run at `path`: its folder, its .keras, or an .hdf5 or .h5 with meta.json beside it.

        Raises:
            InputError: there is no such run, or its meta.json cannot be used.
        """
        path = Path(path)
        if path.is_dir():
            return cls(path, _model_in(path), read_meta(path / META_NAME))
        if not path.exists():
            raise InputError(f"{path}: no such run; give a folder of save_weight, a .keras or an .hdf5 file")
        if path.suffix.casefold() not in MODEL_SUFFIXES:
            raise InputError(f"{path}: not a model; give a folder of save_weight, a .keras or an .hdf5 file")
        return cls(path.parent, path, read_meta(path.parent / META_NAME))

    @classmethod
    def create(cls, folder, meta):
        """Make `folder`, write its meta.json and return the new run; its model is yet to be saved at `model_path`."""
        run = cls(Path(folder), Path(folder) / MODEL_NAME, dict(meta))
        run.write_meta()
        return run

    def write_meta(self):
        """Write `meta`, complete or not at all.

        Raises:
            InputError: a required key is missing or has a value that cannot be used.
        """
        check_meta(self.meta, self.folder / META_NAME)
        write_json(self.folder / META_NAME, self.meta)

    @property
    def recogniser(self):
        """Name of the network, a key of `models.RECOGNISERS`."""
        return self.meta["recogniser"]

    @property
    def mode(self):
        """The inputs it sees, a key of `models.MODES`."""
        return self.meta["mode"]

    @property
    def classes(self):
        """Class names in the order of the network's outputs."""
        return list(self.meta["classes"])

    @property
    def frames(self):
        """Frames of a clip, as the network eats them."""
        return self.meta["frames"]

    @property
    def window(self):
        """Consecutive source frames that a clip spans."""
        return self.meta["window"]

    @property
    def size(self):
        """Height and width of a frame in pixels; in mode Features, how many features there are."""
        return self.meta["size"]

    @property
    def stack(self):
        """Consecutive frames in each of the stacks that make a clip, see `video.clips.spread_indices`; None for a clip of one piece."""
        return self.frames // self.options["positions"] if "positions" in self.options else None

    @property
    def fps(self):
        """Frames per second the clips were taken at, or None for frames as recorded."""
        return self.meta["fps"]

    @property
    def region(self):
        """What it looks at: "person" for crops of each track, "frame" for whole pictures."""
        return self.meta["region"]

    @property
    def context(self):
        """Side of a person's crop relative to the longer side of the box; 1 = no margin."""
        return self.meta["context"]

    @property
    def crop(self):
        """Whether a person's crop is "following" the box from frame to frame or "fixed" for the window."""
        return self.meta.get("crop", DEFAULTS["crop"])

    @property
    def options(self):
        """What was chosen of the recogniser's options, {name: value}."""
        return self.meta.get("options", DEFAULTS["options"])

    @property
    def layout(self):
        """Which joints a pose has, a key of `common.pose_layouts.LAYOUTS`."""
        return self.meta.get("layout", DEFAULTS["layout"])

    @property
    def sees_poses(self):
        """Whether joints are among its inputs."""
        return "pose" in MODES[self.mode]

    @property
    def pose(self):
        """The pose network's file as train.py was given it, or None for a run that sees no poses."""
        return self.meta.get("pose")

    @property
    def flow(self):
        """Optical flow method, "dis" or "tvl1"."""
        return self.meta["flow"]

    @property
    def threshold(self):
        """Score from which the positive class counts as seen, or None where none was chosen."""
        return self.meta.get("threshold")

    @property
    def network_files(self):
        """The files that determine the network; weights without an architecture need meta.json for it."""
        return [self.model_path] if self.model_path.suffix == ".keras" else [self.model_path, self.folder / META_NAME]

    def load_model(self):
        """The trained network as an uncompiled `keras.Model`.

        An .hdf5 or .h5 file may hold a whole model, or weights alone, which go by layer name into a network built as
        meta.json says.

        Raises:
            InputError: the file is broken, or disagrees with meta.json.
        """
        for name in (self.recogniser, *([POSE_RECOGNISER] if self.sees_poses else [])):
            RECOGNISERS[name].load()
        try:
            model = self._load()
        except InputError:
            raise
        except Exception as error:  # Keras answers bad files with many types: ValueError, OSError, KeyError, TypeError …
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise InputError(f"{self.model_path}: not a model that can be loaded ({reason[0][:200]}); train it again") from error
        self._check_outputs(model)
        self._check_inputs(model)
        return model

    def _load(self):
        import keras

        if self.model_path.suffix.casefold() != ".keras":
            return self._load_hdf5()
        if not zipfile.is_zipfile(self.model_path):
            raise InputError(f"{self.model_path}: not a .keras file, or one that was cut short; copy it again")
        return keras.models.load_model(self.model_path, compile=False, safe_mode=True)

    def _load_hdf5(self):
        import h5py
        import keras

        if not h5py.is_hdf5(self.model_path):
            raise InputError(f"{self.model_path}: not an HDF5 file, or one that was cut short; copy it again")
        with h5py.File(self.model_path) as file:
            if "model_config" in file.attrs:
                return keras.models.load_model(self.model_path, compile=False, safe_mode=True)
            names = _layer_names(file)
        model = build(self.recogniser, len(self.classes), self.mode, self.frames, self.size, self.options, self.layout)
        if not names:  # Keras 3's own weights file; load_weights refuses it if any layer is missing
            model.load_weights(self.model_path)
            return model
        absent = [layer.name for layer in model.layers if layer.weights and layer.name not in names]
        if absent:
            raise InputError(f"{self.model_path}: holds no weights for layer {absent[0]} of {self.recogniser}; is it another network's?")
        model.load_weights(self.model_path, by_name=True)
        return model

    def _check_outputs(self, model):
        outputs = model.output_shape[-1]
        if outputs != len(self.classes):
            raise InputError(
                f"{self.folder / META_NAME}: names {len(self.classes)} classes, but the network in {self.model_path.name} "
                f"has {outputs} outputs; use the meta.json that was written with it"
            )

    def _check_inputs(self, model):
        needed = input_shapes(self.mode, self.frames, self.size, self.layout)
        eaten = {tensor.name: tuple(tensor.shape[1:]) for tensor in model.inputs}
        if needed != eaten:
            raise InputError(
                f"{self.folder / META_NAME}: says that the network eats {needed}, but the one in {self.model_path.name} "
                f"eats {eaten}; use the meta.json that was written with it"
            )


def read_meta(path):
    """The checked content of the meta.json at `path`.

    Raises:
        InputError: it is missing, not JSON, or a required key is missing or has a value that cannot be used.
    """
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); it must lie beside the model") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); use the file that train.py wrote") from error
    check_meta(meta, path)
    return meta


def check_meta(meta, path):
    """Raise InputError unless `meta` has every required key with a usable value; `path` is named in the message."""
    if not isinstance(meta, dict):
        raise InputError(f"{path}: not a JSON object; use the file that train.py wrote")
    meta = DEFAULTS | meta
    missing = [key for key in META_KEYS if key not in meta]
    if missing:
        raise InputError(f"{path}: lacks {', '.join(missing)}; use the file that train.py wrote")
    for key, (words, usable) in META_KEYS.items():
        if not usable(meta[key]):
            raise InputError(f"{path}: {key} is {json.dumps(meta[key])}, not {words}")


def _model_in(folder):
    if (folder / MODEL_NAME).is_file():
        return folder / MODEL_NAME
    found = sorted(file for file in folder.iterdir() if file.suffix.casefold() in MODEL_SUFFIXES and not file.name.startswith("."))
    if not found:
        raise InputError(f"{folder}: holds no model; give the folder of a finished training run")
    if len(found) > 1:
        raise InputError(f"{folder}: holds {len(found)} models and none is {MODEL_NAME}; name one, such as {found[0]}")
    return found[0]


def _layer_names(file):
    """Names of the layers whose weights an HDF5 file of the by-name format holds; empty for another format."""
    attributes = file.get("model_weights", file).attrs
    names = [name for key in attributes if key.startswith("layer_names") for name in attributes[key]]
    return {name.decode() if isinstance(name, bytes) else name for name in names}
