"""Pictures of one person each from scenes on the stage, with the joints."""

from dataclasses import replace

import numpy as np

from samples.scene import Scene
from samples.scenes import SCENES, VIEWS
from video.crops import square_around, square_crop
from video.pose import CONTEXT
from video.pose_pictures import Pictures

FPS = 3.0  # pictures a second: neighbours differ
SECONDS, PEOPLE = 6.0, 5
SEEN = 0.7  # share of a person that has to be visible
LEAST = 40  # pixels; of smaller people the limbs cannot be told
CAMERAS = ((), ("noise",), ("night", "noise"), ("blur",), ("compressed",), ("grey",))
SHOT = (640, 360)  # pixels of a frame


def portraits(scenes, size, seed=0):
    """`video.pose_pictures.Pictures` of everybody who is well seen in `scenes` different scenes; a recording is a scene."""
    pictures, joints, recording = [], [], []
    for number in range(scenes):
        for frame in scene(number, seed).frames():
            for person in frame.people:
                if person.visible >= SEEN and np.ptp(person.tlbr.reshape(2, 2), axis=0).max() >= LEAST:
                    x, y, side = square_around(frame.image.shape, person.tlbr, CONTEXT)
                    places = (person.joints - (x, y)) * (size / side)
                    pictures.append(square_crop(frame.image, person.tlbr, size, CONTEXT)[..., ::-1])
                    joints.append(np.column_stack([places, np.ones(len(places))]))
                    recording.append(number)
    return Pictures(np.stack(pictures), np.float32(joints), np.array(recording), "coco17")


def scene(number, seed):
    """The `samples.scene.Scene` of a number: what they do, where, in which light and before which camera follows from it."""
    rng = np.random.default_rng((seed, number))
    camera = replace(VIEWS[rng.choice(list(VIEWS))], size=SHOT)
    actors = SCENES[list(SCENES)[number % len(SCENES)]](rng, PEOPLE, SECONDS, camera)
    place = ("street", "room")[number % 2]
    light = ("sun", "overcast")[rng.integers(2)] if place == "street" else "indoor"
    return Scene(actors, int(rng.integers(2**31)), SECONDS, camera, place, light, CAMERAS[rng.integers(len(CAMERAS))], FPS)
