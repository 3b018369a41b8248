"""Draws rounded solids with light, edges without stairs and a depth for every pixel, so that nearer ones hide farther ones."""

import numpy as np

from samples.camera import NEAR

LARGEST = 4.0  # a solid that would be more than this many picture widths across is skipped: it stands in the lens


def _hoops(along, across, facing):
    return (along * 8 % 2) < 1


def _stripes(along, across, facing):
    return (across * 4.5 % 2) < 1


def _check(along, across, facing):
    return 0.5 * ((along * 7 % 2) < 1) + 0.5 * ((across * 4 % 2) < 1)


def _yoke(along, across, facing):
    return along < 0.45


def _open(along, across, facing):
    return (np.abs(across) < 0.24) & (facing > 0.1)


def _hair(along, across, facing):
    """Hair everywhere but on the face; the face reaches from below the crown (along is 0 there) to the chin."""
    return (facing < 0.12 + 0.5 * (along < 0.05)) | (
        (facing > 0.5) & (along > 0.25) & (along < 0.45) & (np.abs(across) > 0.25) & (np.abs(across) < 0.5)
    )


PATTERNS = {"plain": None, "hoops": _hoops, "stripes": _stripes, "check": _check, "yoke": _yoke, "open": _open, "hair": _hair}


class Canvas:
    """A picture with its depths.

    `image` (H, W, 3) float32 BGR 0 to 255, `depth` (H, W) float32 metres, `owner` (H, W) int16 the number of who is seen (0: nobody).
    `area` {number: pixels it would show with nobody before it}.
    """

    def __init__(self, camera, image, depth):
        self.camera, self.image, self.depth = camera, image, depth
        self.owner = np.zeros(depth.shape, np.int16)
        self._x, self._y = (
            np.arange(depth.shape[1], dtype=np.float32)[None] + 0.5,
            np.arange(depth.shape[0], dtype=np.float32)[:, None] + 0.5,
        )
        self._masks = {}

    def draw(self, solids, light, strengths, numbers):
        """Draw `Solid`s, far ones first. `strengths` (N,) of the light where each stands, `numbers` (N,) whom each belongs to."""
        if not solids:
            return
        ends = self.camera.project([(solid.begin, solid.end) for solid in solids])
        sun = self.camera.axes @ light.sun
        for i in np.argsort(-ends[:, :, 2].sum(axis=1), kind="stable"):
            self._draw(solids[i], ends[i], light, sun, strengths[i], numbers[i])

    def seen(self, number):
        """The share of somebody's outline in the picture that nothing hides, 0 to 1."""
        mask = self._masks.get(number)
        area = 0 if mask is None else int(mask.sum())
        return float((self.owner == number).sum() / area) if area else 0.0

    def _draw(self, solid, ends, light, sun, strength, number):
        (ax, ay, az), (bx, by, bz) = ends.tolist()
        if min(az, bz) <= NEAR * 1.5:
            return
        scale = self.camera.focal / az, self.camera.focal / bz
        radii = max(solid.radii[0] * scale[0], 0.4), max(solid.radii[1] * scale[1], 0.4)
        wide = None if solid.width is None else (solid.width @ self.camera.axes[:2].T) * np.array(scale)[:, None]
        box = self._box(ends, radii, wide)
        if box is None:
            return
        shape = _shape(self._x[:, box[1]] - ax, self._y[box[0]] - ay, bx - ax, by - ay, radii, wide)
        along, across, nx, ny, nz, bulge, cover = shape
        depth = np.float32(az) + along * np.float32(bz - az) - bulge * _between(solid.radii, along)
        if wide is not None:
            depth += _width_depth(solid.width, self.camera.axes[2], along, across)
        self._remember(number, box, cover)
        cover = cover * (depth < self.depth[box])
        bright = _bright(nx, ny, nz, along, across, light, sun, strength)
        colour = self._colour(solid, along, across, nx, ny, nz) * np.float32(light.tint)
        part = self.image[box]
        part += cover[..., None] * (bright[..., None] * colour - part)
        solid_there = cover > 0.5
        np.copyto(self.depth[box], depth, where=solid_there)
        np.copyto(self.owner[box], number, where=solid_there)

    def _box(self, ends, radii, wide):
        """The slices of the picture that a solid may touch, None if there are none."""
        reach = max(radii) + 1 + (0 if wide is None else float(np.abs(wide).max()))
        height, width = self.depth.shape
        if reach > LARGEST * width:
            return None
        low, high = ends[:, :2].min(axis=0) - reach, ends[:, :2].max(axis=0) + reach
        left, right = max(int(low[0]), 0), min(int(high[0]) + 1, width)
        top, bottom = max(int(low[1]), 0), min(int(high[1]) + 1, height)
        return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None

    def _remember(self, number, box, cover):
        if number > 0:
            if number not in self._masks:
                self._masks[number] = np.zeros(self.depth.shape, bool)
            self._masks[number][box] |= cover > 0.5

    def _colour(self, solid, along, across, nx, ny, nz):
        paint, pattern = solid.paint, PATTERNS[solid.paint.pattern]
        if pattern is None:
            return paint.colour
        facing = None
        if solid.front is not None:
            front = (self.camera.axes @ solid.front).astype(np.float32)
            facing = nx * front[0] + ny * front[1] - nz * front[2]
        return paint.colour + pattern(along, across, facing)[..., None] * (paint.second - paint.colour)


def _between(ends, along):
    """From the first of two numbers to the second, by `along` 0 to 1; float32."""
    return np.float32(ends[0]) + along * np.float32(ends[1] - ends[0])


def _width_depth(width, forward, along, across):
    """What a flat solid's width (2, 3) adds to its depth: it goes by `across`, but seen from its edge the near end hides the rest."""
    deep = width @ forward
    edge = (np.abs(deep) / np.maximum(np.sqrt((width * width).sum(axis=1)), 1e-6)) ** 4
    return across * _between(deep, along) - (1 - np.abs(across)) * _between(np.abs(deep) * edge, along)


def _shape(dx, dy, bx, by, radii, wide):
    """Of each pixel in a box around a solid from (0, 0) to (bx, by): how far along it is (0…1) and across (−1…1), the surface's
    direction (x right, y down, z towards the lens), how far it bulges towards the lens in radii, and how much of the pixel it covers."""
    f = np.float32
    inverse = 1 / max(bx * bx + by * by, 1e-3)
    along = np.minimum(np.maximum(dx * f(bx * inverse) + dy * f(by * inverse), f(0)), f(1))
    qx, qy = dx - along * f(bx), dy - along * f(by)
    radius = _between(radii, along)
    if wide is not None:
        wx, wy = _between(wide[:, 0], along), _between(wide[:, 1], along)
        across = np.minimum(np.maximum((qx * wx + qy * wy) / (wx * wx + wy * wy + f(0.05)), f(-1)), f(1))
        qx, qy = qx - across * wx, qy - across * wy
    distance = np.sqrt(qx * qx + qy * qy)
    cover = np.minimum(np.maximum(radius - distance + f(0.5), f(0)), f(1))
    bulge = np.sqrt(np.maximum(1 - np.square(distance / radius), f(0)))
    nx, ny = _across_axis(qx / radius, qy / radius, bx, by, max(radii))
    if wide is not None:
        nx, ny = (
            nx * f(0.8) + across * wx / (np.abs(wx) + np.abs(wy) + radius),
            ny * f(0.8) + across * wy / (np.abs(wx) + np.abs(wy) + radius),
        )
    else:
        across = nx if abs(by) > abs(bx) else ny
    nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, f(0.04)))
    return along, across, nx, ny, nz, bulge, cover


def _across_axis(nx, ny, bx, by, radius):
    """The surface's direction without most of its part along the axis: limbs of several solids show no rings at their joints."""
    squared = bx * bx + by * by
    if squared < 4 * radius * radius:
        return nx, ny
    along = (nx * np.float32(bx) + ny * np.float32(by)) * np.float32(0.75 / squared)
    return nx - along * np.float32(bx), ny - along * np.float32(by)


def _bright(nx, ny, nz, along, across, light, sun, strength):
    """Direct light by the angle to the sun, more from the sky than from below, and folds in the cloth."""
    f = np.float32
    direct = np.maximum(nx * f(sun[0]) + ny * f(sun[1]) - nz * f(sun[2]), 0)
    folds = 1 + f(0.05) * np.sin(along * f(11) + across * f(4))
    return (f(light.direct * strength) * direct + f(light.ambient * strength) * (f(0.82) - f(0.3) * ny + f(0.15) * nz)) * folds
