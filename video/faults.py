"""What is wrong with videos, found before a training starts: missing, corrupt, of another frame rate, too short, without flow."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from common.errors import InputError
from video.flow_archive import count_pictures
from video.io import count_frames, open_video
from video.lists import Example

KINDS = ("missing", "corrupt", "wrong rate", "short", "no flow")
RATE_TOLERANCE = 0.02  # 29.97 and 30 frames per second are one rate, 24 and 25 are not
MIN_FLOW = 0.9  # of a video's frames; programs do not quite agree on how many a file has, and may leave out the last


class Fault(NamedTuple):
    """An `Example` that cannot be used, the kind (one of `KINDS`) and the reason in words."""

    example: Example
    kind: str
    reason: str


class _Facts(NamedTuple):
    frames: int
    rate: float


def find_faults(examples, window, fps=None, workers=4, archive=None):
    """The `Fault`s of `examples`, at most one each, in their order. Every file is opened and its first frame decoded.

    - missing: there is no such file.
    - corrupt: nothing in it can be decoded.
    - wrong rate: it states no usable rate; or, where frames are taken as recorded (`fps` None), another rate than most.
    - short: less than `window` frames, at `fps` where that is given.
    - no flow: see `flow_fault`, where there is an `archive`.
    """
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(_inspect, examples))
    if fps is None:
        found = _rates_alike(examples, found)
    faults = [_fault(one, facts, window, fps) for one, facts in zip(examples, found, strict=True)]
    if archive:
        faults = [fault or flow_fault(one, facts.frames, archive) for fault, one, facts in zip(faults, examples, found, strict=True)]
    return [fault for fault in faults if fault]


def flow_fault(example, frames, archive):
    """The `Fault` of an example of so many frames where `archive` (see `video.flow_archive`) has no flow of it, or too little; or None."""
    across, down = count_pictures(archive, example.path.stem)
    if across and across == down and across + 1 >= MIN_FLOW * frames:
        return None
    return Fault(example, "no flow", f"{archive} has {across} pictures in u and {down} in v for {frames} frames")


def _inspect(example):
    """The `_Facts` of a file, or its `Fault`."""
    if not example.path.is_file():
        return Fault(example, "missing", "no such file")
    try:
        with open_video(example.path):
            frames, rate = count_frames(example.path)
    except InputError as error:
        return Fault(example, "corrupt", str(error))
    if rate is None:
        return Fault(example, "wrong rate", "states no usable frame rate")
    return _Facts(frames, rate)


def _rates_alike(examples, found):
    rates = Counter(round(facts.rate, 1) for facts in found if isinstance(facts, _Facts))
    if len(rates) < 2:
        return found
    usual = rates.most_common(1)[0][0]
    reason = "{:g} frames per second, most have {:g}; --fps brings all to one rate"
    return [
        Fault(example, "wrong rate", reason.format(round(facts.rate, 2), usual))
        if isinstance(facts, _Facts) and abs(facts.rate / usual - 1) > RATE_TOLERANCE
        else facts
        for example, facts in zip(examples, found, strict=True)
    ]


def _fault(example, facts, window, fps):
    if isinstance(facts, Fault):
        return facts
    frames = facts.frames if fps is None else int(np.ceil(facts.frames / facts.rate * fps - 1e-6))
    if frames >= window:
        return None
    rate = "" if fps is None else f" at {fps:g} per second"
    return Fault(example, "short", f"{frames} frames{rate}, {window} are needed")
