"""The bundled sample, samples/street.mp4: a street by day, seven people, and two of them begin to fight."""

from samples.camera import Camera
from samples.scene import Scene
from samples.script import Actor, Fight, Stand, Walk

SECONDS, SEED = 20.0, 24


def scene():
    """The sample's `Scene`."""
    camera = Camera(height=4.6, pitch=22.0, angle=50.0)
    left, right = (-0.55, 6.9), (0.55, 6.9)
    brawlers = [
        Actor(
            (-2.9, 6.7),
            [Walk(left, speed=1.1), Stand(3, "talk", right), Fight(9.5, 2), Walk((-1.8, 6.8), (-2.4, 8.4)), Stand(9, "idle", (-1.5, 0.0))],
        ),
        Actor(
            (2.9, 7.3),
            [Walk(right, speed=1.1), Stand(3, "hips", left), Fight(9.5, 1), Walk((1.3, 6.7), (1.6, 8.2)), Stand(9, "hips", (0.5, 0.0))],
        ),
    ]
    onlookers = [
        Actor((-3.7, 9.6), [Stand(9, "phone", (-2.0, 6.0)), Stand(11, "call", (0.0, 6.9))]),
        Actor((2.75, 9.4), [Stand(7, "talk", (3.8, 9.5)), Stand(13, "crossed", (0.0, 6.9))]),
        Actor((3.85, 9.5), [Stand(5, "crossed", (2.75, 9.4)), Stand(6, "hips", (0.0, 6.9)), Stand(9, "talk", (2.75, 9.4))]),
    ]
    passers_by = [
        Actor((-4.4, 10.4), [Walk((2.0, 10.4), (-2.6, 10.3), (2.0, 10.4), (-2.6, 10.3), speed=1.3)]),
        Actor(
            (1.9, 8.4),
            [
                Walk((-1.75, 8.3), speed=1.15, manner="phone"),
                Stand(9, "talk", (-1.0, 0.0)),
                Walk((0.6, 8.7)),
                Stand(9, "pockets", (0.0, 0.0)),
            ],
        ),
    ]
    return Scene([*brawlers, *onlookers, *passers_by], seed=SEED, seconds=SECONDS, camera=camera)
