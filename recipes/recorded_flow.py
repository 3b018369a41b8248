"""Optical flow of pictures as they were recorded, made small only then: of small pictures, DIS sees little of a step or a blow."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from common.files import sha256, writing
from video.crops import CONTEXT, square_around, square_crop
from video.flow import flow_of_grays, scaled
from video.inputs import fit
from video.io import open_video
from video.people import People
from video.samples import Sampler, nearest

SIDE = 240  # pixels of the shorter side that larger pictures are shrunk to first


@dataclass(frozen=True)
class RecordedFlow(Sampler):
    """A `Sampler` of such flow: of the whole picture, squeezed into a square, or of a square that follows whom `people` has longest.

    Motion is in pixels of `size`. Fields are kept in memory and in the folder `cache`.
    """

    people: People | None = None

    def flow_of(self, path):
        """(N, size, size, 2) uint8, see `video.flow.flow_clip`; N frames at the sampler's rate, of those in which the person is seen."""
        return _kept(self, Path(path))


@cache
def _kept(sampler, path):
    what = "whole" if sampler.people is None else "person"
    file = Path(sampler.cache) / f"{path.stem}-{sha256(path)[:16]}-{what}-{sampler.size}-{sampler.fps:g}fps.npy"
    if not file.exists():
        fields = _fields(sampler, path)
        with writing(file) as partial, open(partial, "wb") as opened:
            np.save(opened, fields)
    return np.load(file)


def _fields(sampler, path):
    grays = _grays(path, sampler.fps)
    if sampler.people is None:
        return np.stack([_squeezed(field, sampler.size) for field in flow_of_grays(grays)])
    person = sampler.people.of(path)
    first, last = person.span(sampler.fps)
    fields = flow_of_grays(grays[first : last + 1])
    return np.stack([_around(field, person.box(i, sampler.fps), sampler.size) for i, field in enumerate(fields, first)])


def _grays(path, fps):
    with open_video(path) as reader:
        grays, times = zip(*((cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), frame.time_s) for frame in reader), strict=True)
    return [_shrunk(grays[i]) for i in nearest(times, fps)]


def _shrunk(gray):
    scale = SIDE / min(gray.shape)
    return gray if scale >= 1 else cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _squeezed(field, size):
    height, width = field.shape[:2]
    x, y = cv2.split(fit(field, size))
    return np.stack([scaled(x, size / width), scaled(y, size / height)], axis=-1)


def _around(field, box, size):
    height, width = field.shape[:2]
    tlbr = box * [width, height, width, height]
    _, _, side = square_around(field.shape, tlbr, CONTEXT)
    return scaled(square_crop(field, tlbr, size), size / side)
