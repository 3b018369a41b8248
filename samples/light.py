"""The light over a scene, and the shadows it throws."""

from dataclasses import dataclass

import cv2
import numpy as np

LONGEST = 300_000  # sixteenths of a pixel; OpenCV draws nothing farther away


@dataclass(frozen=True)
class Light:
    """`sun` towards the sun or lamp, in the world; `direct` and `ambient` strengths; `tint` BGR factors; `shadow` how dark, 0 to 1;
    `soft` the shadow's blur in pixels of a 640 wide picture; `lamps` (x, y, reach in metres) light pools on a ground `gloom` dark."""

    sun: tuple = (-0.4, -0.5, 0.77)
    direct: float = 0.5
    ambient: float = 0.62
    tint: tuple = (1.0, 1.0, 1.0)
    shadow: float = 0.45
    soft: float = 3.0
    lamps: tuple = ()
    gloom: float = 1.0

    def strength(self, x, y):
        """How much of the light reaches the ground at x, y (arrays of metres), float32."""
        pools = sum((1 / (1 + ((x - lamp_x) ** 2 + (y - lamp_y) ** 2) / reach**2) for lamp_x, lamp_y, reach in self.lamps), 0.0)
        return np.asarray(self.gloom + (1 - self.gloom) * np.minimum(pools, 1.2), np.float32)


def draw_light(kind, rng):
    """A light of a kind — "sun", "overcast", "indoor", "night" — drawn from a numpy Generator."""
    sun = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.9, 0.3), rng.uniform(0.7, 1.3)])
    sun = tuple(sun / np.sqrt(sun @ sun))
    if kind == "sun":
        return Light(sun, 0.6, 0.62, (0.95, 1.0, 1.04), 0.42, 2.0)
    if kind == "overcast":
        return Light(sun, 0.22, 0.86, (1.03, 1.0, 0.98), 0.16, 9.0)
    if kind == "indoor":
        return Light((sun[0] * 0.3, sun[1] * 0.3, 0.95), 0.4, 0.68, (0.93, 1.0, 1.02), 0.25, 6.0)
    lamps = tuple((float(x), float(rng.uniform(6, 14)), float(rng.uniform(3, 4.5))) for x in np.arange(-9, 10, 6) + rng.uniform(-2, 2))
    return Light((sun[0] * 0.4, sun[1] * 0.4, 0.92), 0.3, 0.5, (0.8, 0.95, 1.08), 0.3, 4.0, lamps, 0.3)


def cast_shadows(image, floor, camera, solids, feet, light):
    """Darken `image` (H, W, 3) float32 in place where `solids` keep the light off the ground, and under each of `feet` (N, 3).

    `floor` (H, W) is 1 where the picture shows ground, else 0.
    """
    height, width = image.shape[0] // 2, image.shape[1] // 2
    mask = np.zeros((height, width), np.uint8)
    _throw(mask, camera, solids, np.array(light.sun), round(255 * light.shadow))
    mask = cv2.blur(mask, (_odd(light.soft * width / 640),) * 2)
    contact = np.zeros_like(mask)
    spots = camera.project(np.reshape(feet, (-1, 3)) * [1, 1, 0])
    for centre, depth in zip(_sixteenths(spots[:, :2] / 2).tolist(), spots[:, 2], strict=True):
        if depth > 1:
            size = 0.15 * camera.focal / depth
            axes = _sixteenths(np.array([size, size * max(camera.height / depth, 0.15)])).tolist()
            cv2.ellipse(contact, centre, axes, 0, 0, 360, 90, -1, shift=4)
    mask = np.maximum(mask, cv2.blur(contact, (_odd(9 * width / 640),) * 2))
    dark = cv2.resize(mask, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)
    image *= (1 - dark * (floor / np.float32(255)))[..., None]


def _throw(mask, camera, solids, sun, value):
    """Draw each solid's shadow, a thick line on the ground, into the half-sized mask."""
    if not solids:
        return
    ends = np.array([(solid.begin, solid.end) for solid in solids])
    ground = camera.project(ends - sun * (ends[..., 2:] / sun[2]))
    depth = ground[..., 2].min(axis=1)
    points = _sixteenths(ground[..., :2] / 2)
    radii = [max(solid.radii) + (0 if solid.width is None else 0.7 * np.abs(solid.width[:, :2]).max()) for solid in solids]
    thick = np.maximum(np.round(np.array(radii) * camera.focal / depth), 1).astype(int)
    for i in np.nonzero((depth > 1) & (thick < mask.shape[1] // 2) & (np.abs(points).max(axis=(1, 2)) < LONGEST))[0]:
        cv2.line(mask, points[i, 0].tolist(), points[i, 1].tolist(), value, int(thick[i]), cv2.LINE_8, 4)


def _sixteenths(pixels):
    """OpenCV's sixteenths of a pixel, int, no more of them than it can draw."""
    return np.round(np.clip(16 * pixels, -LONGEST, LONGEST)).astype(int)


def _odd(size):
    return 2 * int(max(size, 1) / 2) + 1
