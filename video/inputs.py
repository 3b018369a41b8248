"""A clip's frames as what recognisers eat."""

import cv2
import numpy as np

from video.flow import flow_clip

INPUTS = {"RGB": ("rgb",), "Flow": ("flow",), "Fuse": ("rgb", "flow"), "Pose": ("pose",)}
INPUTS |= {"RGB+Pose": ("rgb", "pose"), "Flow+Pose": ("flow", "pose")}
"""What `mode` means: the names of the inputs."""

CHANNELS = {"rgb": 3, "flow": 2}


def fit(image, size):
    """An (H, W, 3) or (H, W) uint8 picture as (size, size, 3) or (size, size)."""
    height, width = image.shape[:2]
    if height == width == size:
        return image
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if max(height, width) > size else cv2.INTER_LINEAR)


def make_inputs(clip, indices, size, mode="RGB", flow="dis"):
    """The inputs of a recogniser from a clip.

    Flow is that of neighbours in the clip, at the network's size: a sparse choice of frames gets the motion between
    neighbours, not between chosen frames.

    Args:
        clip: (N, H, W, 3) uint8 BGR; may be None where only flow is wanted and given.
        indices: (T,) int, the frames the network is to see, in 0 … N-1.
        size: height and width of the inputs in pixels.
        mode: "RGB", "Flow" or "Fuse".
        flow: a method of `video.flow`, or the clip's flow if there already: (N, size, size, 2) uint8.

    Returns:
        {"rgb": (T, size, size, 3) uint8 RGB, "flow": (T, size, size, 2) uint8}, those of them that `mode` asks for.
    """
    inputs = {}
    if "rgb" in INPUTS[mode]:
        inputs["rgb"] = np.stack([fit(clip[i], size)[..., ::-1] for i in indices])
    if "flow" in INPUTS[mode]:
        fields = flow_clip(np.stack([fit(frame, size) for frame in clip]), flow) if isinstance(flow, str) else flow
        inputs["flow"] = fields[indices]
    return inputs
