"""A scene: actors before a camera, as frames with the truth about them."""

from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from samples import backdrop, manners
from samples.blocking import block
from samples.camera import Camera
from samples.canvas import Canvas
from samples.figure import Wardrobe, solids
from samples.light import cast_shadows, draw_light
from samples.looks import draw_look
from samples.performance import Performer
from samples.skeleton import KEYPOINTS

LEAST = 4  # pixels; of less of a person in the picture nothing is said


class Person(NamedTuple):
    """The truth about one actor in one frame.

    `track_id` its number, from 1; `tlbr` (4,) float32 pixels around all of it that lies in the picture, hidden or not; `action`;
    `visible` the share of it that is in the picture and hidden by nobody and nothing, 0 to 1; `joints` (17, 2) float32 pixels in
    the order of `samples.skeleton.KEYPOINTS`, also those outside the picture.
    """

    track_id: int
    tlbr: np.ndarray
    action: str
    visible: float
    joints: np.ndarray


class StageFrame(NamedTuple):
    """1-based `number`, `image` (H, W, 3) uint8 BGR, `people` list of `Person`."""

    number: int
    image: np.ndarray
    people: list


@dataclass
class Scene:
    """Actors (`samples.script.Actor`) in a place ("street" or "room"), in a light ("sun", "overcast", "indoor", "night").

    `manners` are names of `samples.manners.ORDER`; "night" there makes the light "night" too. The same seed gives the same frames.
    """

    actors: list
    seed: int = 0
    seconds: float = 10.0
    camera: Camera = field(default_factory=Camera)
    place: str = "street"
    light: str = "sun"
    manners: tuple = ()
    fps: float = 25.0

    def frames(self):
        """Yield `StageFrame`s."""
        looks, performers, rng = self._cast()
        light = draw_light("night" if "night" in self.manners else self.light, rng)
        empty = backdrop.build(self.place, self.camera, light, rng)
        camera_does = manners.chain(self.manners, self.camera.size, rng)
        for number in range(1, round(self.seconds * self.fps) + 1):
            self._act(performers, number - 1)
            image, people = self._draw(performers, looks, light, empty)
            yield StageFrame(number, camera_does(image), people)

    def _cast(self):
        """Wardrobes and performers, and the generator for everything else; an actor looks the same whoever else plays."""
        rng = np.random.default_rng(self.seed)
        own = [np.random.default_rng((self.seed, number)) for number in range(1, len(self.actors) + 1)]
        heights = [
            actor.height or float(np.clip(mine.normal(1.71, 0.09), 1.48, 1.95)) for actor, mine in zip(self.actors, own, strict=True)
        ]
        wardrobes = [Wardrobe(actor.look or draw_look(mine)) for actor, mine in zip(self.actors, own, strict=True)]
        parts = block(self.actors, heights, round(self.seconds * self.fps), self.fps, rng)
        roles = enumerate(zip(parts, heights, own, strict=True), 1)
        return wardrobes, [Performer(number, part, height, self.fps, mine) for number, (part, height, mine) in roles], rng

    def _act(self, performers, frame):
        for performer in performers:
            bout = performer.part.bout[frame]
            rivals = [number for number in bout.numbers if number != performer.number] if bout else []
            performer.act(frame, performers[rivals[0] - 1] if rivals else None)

    def _draw(self, performers, wardrobes, light, empty):
        canvas = Canvas(self.camera, empty[0].copy(), empty[1].copy())
        dressed = [solids(p.joints, p.frames, p.height, wardrobe) for p, wardrobe in zip(performers, wardrobes, strict=True)]
        everything = [solid for own in dressed for solid in own]
        cast_shadows(canvas.image, empty[2], self.camera, everything, [p.joints["hips"] for p in performers], light)
        strengths = [float(light.strength(*p.joints["hips"][:2])) for p, own in zip(performers, dressed, strict=True) for _ in own]
        canvas.draw(everything, light, strengths, [p.number for p, own in zip(performers, dressed, strict=True) for _ in own])
        people = [self._person(canvas, performer, own) for performer, own in zip(performers, dressed, strict=True)]
        return cv2.convertScaleAbs(canvas.image), [person for person in people if person]

    def _person(self, canvas, performer, own):
        box = outline(self.camera, own)
        width, height = self.camera.size
        inside = np.clip(box, 0, [width, height, width, height])
        size, full = inside[2:] - inside[:2], box[2:] - box[:2]
        if size.min() < LEAST:
            return None
        joints = self.camera.project([performer.joints[name] for name in KEYPOINTS])[:, :2].astype(np.float32)
        visible = canvas.seen(performer.number) * float(size.prod() / full.prod())
        return Person(performer.number, inside.astype(np.float32), performer.action, visible, joints)


def outline(camera, solids):
    """(4,) tlbr pixels around solids, as far as they reach, in the picture or out of it."""
    ends = camera.project([(solid.begin, solid.end) for solid in solids])
    scale = camera.focal / ends[..., 2]
    reach = np.array([solid.radii for solid in solids]) * scale
    wide = np.array([np.zeros((2, 3)) if solid.width is None else solid.width for solid in solids]) @ camera.axes[:2].T
    reach = np.abs(wide) * scale[..., None] + reach[..., None]
    low, high = (ends[..., :2] - reach).min(axis=(0, 1)), (ends[..., :2] + reach).max(axis=(0, 1))
    return np.concatenate([low, high])
