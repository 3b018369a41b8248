"""Pictures to a Motion-JPEG AVI without encoding anything: the JPEG data go into the file as they are."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from common.errors import InputError
from common.files import writing


def decode_jpeg(data, path):
    """Decode the content of a JPEG file to (H, W, 3) uint8 BGR; InputError naming `path` where it is broken or cut off."""
    # OpenCV decodes a file that was cut off, grey from there on, and only an end marker tells.
    complete = data[:2] == b"\xff\xd8" and b"\xff\xd9" in data[-64:]
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if complete else None
    if image is None:
        raise InputError(f"{path} is not a complete JPEG picture; delete it, or extract its video again")
    return image


def write_mjpeg(path, pictures, fps):
    """Write JPEG files as the frames of an AVI (codec MJPG), each frame with the file's own bytes, complete or not at all.

    Args: `pictures` paths of JPEG files of one size, in order; `fps` frames per second.
    Raises InputError for a broken picture, or one of another size than the first.
    """
    data = [Path(picture).read_bytes() for picture in pictures]
    width, height = _common_size(pictures, data)
    with writing(path) as partial, av.open(str(partial), "w", format="avi", options={"fflags": "+bitexact"}) as container:
        # limit_denominator turns 29.97002997… back into 30000/1001.
        stream = container.add_stream("mjpeg", rate=Fraction(fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        container.start_encoding()
        for number, content in enumerate(data):
            packet = av.Packet(content)
            packet.stream, packet.time_base, packet.is_keyframe = stream, 1 / stream.codec_context.framerate, True
            packet.pts = packet.dts = number
            container.mux(packet)


def _common_size(pictures, data):
    sizes = [decode_jpeg(content, picture).shape[1::-1] for picture, content in zip(pictures, data, strict=True)]
    for picture, size in zip(pictures, sizes, strict=True):
        if size != sizes[0]:
            raise InputError(
                f"{picture} is {size[0]}×{size[1]}, but {Path(pictures[0]).name} is {sizes[0][0]}×{sizes[0][1]}; "
                "the pictures of one example must have one size: extract its video again"
            )
    return sizes[0]
