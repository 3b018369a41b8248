"""Where it happens: a street with shops or a room, textured in perspective, with things that stand in it and hide people."""

from dataclasses import replace

import cv2
import numpy as np

from samples.camera import NEAR
from samples.canvas import Canvas
from samples.figure import Solid, paint
from samples.light import cast_shadows

FINE = 2  # pixels of the texture per pixel of the picture, both ways
FAR = 60.0  # metres; the sky
WALLS = {"street": 17.5, "room": 12.0}  # metres of the back wall from the camera, on the ground
SIDES = 8.0  # metres of a room's side walls from its middle


class Texture:
    """Grain and random tones, drawn once from a numpy Generator and looked up by place."""

    def __init__(self, rng):
        grain = sum(
            cv2.resize(rng.normal(size=(256 // step,) * 2).astype(np.float32), (256, 256)) * weight
            for step, weight in ((1, 0.5), (4, 0.8), (32, 1.0))
        )
        self._grain = grain / np.abs(grain).max()
        self._tones = rng.random((64, 64, 3)).astype(np.float32)

    def grain(self, u, v, size):
        """(…) float32 about −1 to 1; one repeat spans `size` metres."""
        u, v = ((part * (256 / size)).astype(np.float32) % 256 for part in (u, v))
        return cv2.remap(self._grain, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)

    def tone(self, u, v):
        """(…, 3) float32 0 to 1: one random triple per whole number of u and v."""
        return self._tones[np.floor(u).astype(int) % 64, np.floor(v).astype(int) % 64]


def build(kind, camera, light, rng):
    """The empty scene: image (H, W, 3) float32 BGR 0 to 255 and depth (H, W) float32 metres, and floor (H, W) float32, 1 where the
    ground is seen and 0 elsewhere."""
    texture, rays = Texture(rng), camera.rays(FINE)
    ground, wall, side = _distances(kind, camera, rays)
    depth = np.minimum(np.minimum(ground, wall), np.minimum(side, FAR))
    x, y, z = (np.float32(camera.position[i]) + depth * rays[..., i] for i in range(3))
    floor, front = {"street": (_street, _shops), "room": (_tiles, _room_wall)}[kind]
    image = np.where((depth == ground)[..., None], floor(texture, x, y, rng), front(texture, np.where(depth == side, y, x), z, rng))
    if kind == "street":
        image = np.where((z > 9)[..., None], 225 - 12 * texture.grain(x, z, 40.0)[..., None] - np.float32([0, 12, 22]), image)
    bright = light.ambient * 0.95 + light.direct * np.where(depth == ground, light.sun[2], max(-light.sun[1], 0.2))
    image = image * (bright * light.strength(x, y))[..., None] * np.float32(light.tint)
    return _furnish(kind, camera, light, image.astype(np.float32), depth.astype(np.float32), depth == ground, rng)


def _distances(kind, camera, rays):
    """How far along each ray the ground, the back wall and (in a room) the nearer side wall are; inf where they are not."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ground = np.where(rays[..., 2] < -1e-4, -camera.height / rays[..., 2], np.inf)
        wall = np.where(rays[..., 1] > 1e-4, (WALLS[kind] - camera.y) / rays[..., 1], np.inf)
        side = np.full_like(wall, np.inf)
        if kind == "room":
            side = np.where(np.abs(rays[..., 0]) > 1e-4, (np.copysign(SIDES, rays[..., 0]) - camera.x) / rays[..., 0], np.inf)
    return (np.where(distance > NEAR, distance, np.inf) for distance in (ground, wall, side))


def _blend(base, mask, colour):
    """Lay a BGR colour over `base` by a mask 0 to 1."""
    return base + np.float32(mask)[..., None] * (np.float32(colour) - base)


def _street(texture, x, y, rng):
    """Paving, a road with a dashed line and a crossing behind it, paving again in front of the shops."""
    near, far = rng.uniform(8.5, 10.0), rng.uniform(13.8, 14.8)
    warm = rng.uniform(-12, 12)
    slab = rng.choice([0.5, 0.6, 0.9])
    tone = texture.tone(x / slab, y / slab)[..., :1] * 16 - 8
    paving = np.float32([158 - warm, 160, 162 + warm]) + tone + 10 * texture.grain(x, y, 7.0)[..., None]
    joint = ((x / slab % 1) < 0.035) | ((y / slab % 1) < 0.045)
    paving = _blend(paving, joint * 0.5, (90, 92, 95))
    road = np.float32([92, 92, 94]) + 14 * texture.grain(x, y, 3.0)[..., None] + 10 * texture.grain(x, y, 19.0)[..., None]
    middle = (near + far) / 2
    road = _blend(road, ((np.abs(y - middle) < 0.07) & (x % 3 < 1.6)) * 0.75, (215, 220, 222))
    zebra = rng.uniform(-5, 5)
    road = _blend(road, ((np.abs(x - zebra) < 1.5) & ((y * 1.1) % 1 < 0.5)) * 0.8, (218, 220, 222))
    curb = (np.abs(y - near) < 0.12) | (np.abs(y - far) < 0.12)
    return _blend(np.where(((y > near) & (y < far))[..., None], road, paving), curb * 0.8, (178, 180, 182))


def _shops(texture, x, z, rng):
    """Shop fronts of 5 metres with windows and doors, signs above, then plaster and rows of windows."""
    shop = x / 5 + rng.uniform(0, 10)
    tone, across = texture.tone(shop, 0 * z), shop % 1
    wall = np.float32([120, 135, 150]) + 60 * (tone - 0.4) + 10 * texture.grain(x, z, 4.0)[..., None]
    brick = ((z / 0.16 % 1) < 0.14) | (((x / 0.4 + np.floor(z / 0.16) * 0.5) % 1) < 0.06)
    wall = _blend(wall, brick * 0.25 * (tone[..., 0] > 0.4), (150, 160, 165))
    glass = np.float32([74, 70, 62]) + 26 * texture.grain(x + z, z, 9.0)[..., None] + 12 * np.clip(z, 0, 3)[..., None]
    goods = texture.tone(x * 2.2, z * 2.5 + 7) * 90 + 30
    glass = np.where(((z > 0.5) & (z < 1.7) & (texture.tone(x * 2.2, z * 2.5)[..., 0] > 0.55))[..., None], goods * 0.75, glass)
    window, door = (np.abs(across - 0.42) < 0.32) & (z > 0.45) & (z < 2.7), (np.abs(across - 0.86) < 0.09) & (z > 0.05) & (z < 2.4)
    pane = window & ((across * 6 % 1) > 0.04)
    front = np.where((pane | door)[..., None], glass, wall)
    front = _blend(front, (window & ~pane) * 0.9, (60, 58, 56))
    sign = (z > 2.85) & (z < 3.45) & (np.abs(across - 0.5) < 0.44)
    front = np.where(sign[..., None], texture.tone(shop, 0 * z + 9) * 170 + 40, front)
    upper = (z > 4) & (np.abs(x / 2.1 % 1 - 0.5) < 0.25) & (np.abs(z / 2.9 % 1 - 0.65) < 0.26)
    return np.where(upper[..., None], glass * 0.9 + 20, front)


def _tiles(texture, x, y, rng):
    tile = rng.choice([0.4, 0.5, 0.8])
    base = np.float32([150, 158, 165]) + rng.uniform(-45, 30) + np.float32(rng.uniform(-14, 14, 3))
    check = ((np.floor(x / tile) + np.floor(y / tile)) % 2)[..., None] * rng.choice([0.0, 18.0, 40.0])
    floor = base - check + 5 * texture.tone(x / tile, y / tile)[..., :1] + 6 * texture.grain(x, y, 5.0)[..., None]
    return _blend(floor, (((x / tile % 1) < 0.03) | ((y / tile % 1) < 0.04)) * 0.4, (95, 95, 95))


def _room_wall(texture, x, z, rng):
    """A wall with a skirting, shelves full of goods in places, a door and pictures."""
    base = np.float32([175, 182, 188]) + np.float32(rng.uniform(-35, 25, 3))
    wall = base + 5 * texture.grain(x, z, 6.0)[..., None] - 14 * (z < 1.1)[..., None]
    shelf = (texture.tone(x / 2.6, 0 * z)[..., 1] > 0.45) & (z > 0.15) & (z < 2.1)
    goods = texture.tone(x * 5, z * 2.5)[..., :1] * 60 + texture.tone(x * 1.7, np.floor(z * 2.5) * 3.0) * 110 + 30
    rack = np.where((z * 2.5 % 1 < 0.14)[..., None], np.float32([120, 122, 125]), goods)
    wall = np.where(shelf[..., None], rack, wall)
    door = (np.abs(x % 9 - 4.5) < 0.55) & (z < 2.1)
    wall = np.where(door[..., None], np.float32([70, 88, 112]) + 4 * texture.grain(x, z, 1.0)[..., None], wall)
    picture = ~shelf & ~door & (np.abs(x / 1.9 % 1 - 0.5) < 0.2) & (np.abs(z - 1.8) < 0.3)
    wall = np.where(picture[..., None], texture.tone(x / 1.9, 0 * z + 3) * 160 + 40, wall)
    return _blend(wall, (z < 0.1) * 0.8, (80, 82, 84))


def _furnish(kind, camera, light, image, depth, floor, rng):
    """The things that stand there, drawn fine like the rest: their edges are smooth and stay what is behind people."""
    things = (_street_things if kind == "street" else _room_things)(rng)
    canvas = Canvas(replace(camera, size=tuple(side * FINE for side in camera.size)), image, depth)
    empty = canvas.depth.copy()
    cast_shadows(canvas.image, floor, canvas.camera, things, [thing.end for thing in things if thing.end[2] < 0.3], light)
    strengths = [float(light.strength(*thing.begin[:2])) for thing in things]
    canvas.draw(things, light, strengths, [0] * len(things))
    image = cv2.resize(np.clip(canvas.image, 0, 255), camera.size, interpolation=cv2.INTER_AREA)
    floor = cv2.resize((floor & (canvas.depth == empty)).astype(np.float32), camera.size, interpolation=cv2.INTER_AREA)
    return image, canvas.depth[FINE // 2 :: FINE, FINE // 2 :: FINE].copy(), floor


def _upright(x, y, top, bottom, radius, colour, width=0.0):
    half = np.array([[width, 0, 0], [width, 0, 0]]) if width else None
    return Solid(np.array([x, y, top]), np.array([x, y, bottom]), (radius, radius), paint(colour), half)


def _street_things(rng):
    things = []
    for x in np.arange(-11, 12, 11.0) + rng.uniform(-5.5, 5.5):
        things += [_upright(x, 8.2, 5.5, 0.1, 0.045, (70, 74, 72)), _upright(x, 8.2, 0.5, 0.1, 0.08, (62, 66, 64))]
    for x in rng.choice([-9.5, -8.0, 8.0, 9.5], rng.integers(0, 3), replace=False) + rng.uniform(-0.5, 0.5):
        things += _car(x, 13.4, tuple(rng.choice([(60, 60, 170), (190, 190, 190), (60, 58, 56), (150, 100, 50), (225, 225, 225)])))
    for x in rng.uniform(-7, 7, 1):
        things.append(_upright(x, rng.uniform(7.6, 8.4), 0.85, 0.15, 0.22, (64, 84, 58)))
    for x in rng.uniform(-8, 8, 2):
        things += _tree(x, 15.6, rng)
    return things


def _car(x, y, colour):
    """A parked car from the side: body, cabin of dark glass, roof, wheels, lamps."""
    for lane in (0.45, -0.45):
        yield _upright(x, y + lane, 0.72, 0.48, 0.22, colour, 1.85)
        yield _upright(x + 0.1, y + lane, 1.2, 0.95, 0.18, (66, 60, 54), 0.95)
    yield _upright(x + 0.1, y, 1.38, 1.34, 0.07, colour, 0.85)
    for wheel in (-1.25, 1.25):
        yield _upright(x + wheel, y - 0.62, 0.34, 0.32, 0.31, (34, 34, 36))
        yield _upright(x + wheel, y - 0.8, 0.34, 0.32, 0.17, (140, 140, 142))
    yield _upright(x - 1.95, y - 0.5, 0.74, 0.68, 0.09, (200, 225, 235))


def _tree(x, y, rng):
    yield _upright(x, y, 2.6, 0.1, 0.13, (50, 68, 84))
    for _ in range(14):
        green = rng.uniform(0.75, 1.2)
        place = rng.normal(0, 0.55, 2)
        yield _upright(
            x + place[0], y + 0.4 * place[1], 3.4 + place[1], 3.2 + place[1], rng.uniform(0.3, 0.55), (48 * green, 104 * green, 74 * green)
        )


def _room_things(rng):
    things = []
    wood = tuple(np.array([90, 128, 165]) * rng.uniform(0.6, 1.1))
    for x, y in zip(rng.choice([-5.2, -3.6, 3.6, 5.2], 2, replace=False), rng.uniform(6.5, 10, 2), strict=True):
        things += [_upright(x, y, 0.76, 0.72, 0.04, wood, 0.7), _upright(x, y + 0.5, 0.76, 0.72, 0.04, wood, 0.7)]
        things += [_upright(x + leg, y + deep, 0.7, 0.05, 0.03, (60, 60, 62)) for leg in (-0.65, 0.65) for deep in (0, 0.5)]
        things += [
            _upright(x + 0.3, y - 0.6, 0.9, 0.5, 0.05, (60, 66, 120), 0.18),
            _upright(x + 0.3, y - 0.6, 0.45, 0.4, 0.06, (60, 66, 120), 0.2),
        ]
    things += [_upright(rng.uniform(-6, 6), 11.4, 0.95, 0.2, 0.2, wood, 1.3)]
    things += [_upright(rng.choice([-6.5, 6.5]), 11.0, 1.9, 0.2, 0.25, (40, 46, 150), 0.4)]
    return things
