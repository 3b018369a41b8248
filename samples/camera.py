"""A pinhole camera over a flat ground."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

NEAR = 0.3  # metres; nothing nearer to the lens is drawn


@dataclass(frozen=True)
class Camera:
    """A camera that looks along y.

    `size` (width, height) pixels; `height` of the lens over the ground and `x`, `y` in metres; `pitch` degrees below the
    horizon, `yaw` degrees to the left; `angle` of view across the picture in degrees.
    """

    size: tuple = (640, 360)
    height: float = 3.0
    pitch: float = 14.0
    yaw: float = 0.0
    angle: float = 60.0
    x: float = 0.0
    y: float = 0.0

    @cached_property
    def focal(self):
        """Focal length in pixels."""
        return self.size[0] / 2 / np.tan(np.radians(self.angle) / 2)

    @cached_property
    def axes(self):
        """(3, 3) float64: right, down and forward of the camera in the world, as rows."""
        pitch, yaw = np.radians(self.pitch), np.radians(self.yaw)
        forward = np.array([-np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), -np.sin(pitch)])
        right = np.array([np.cos(yaw), np.sin(yaw), 0.0])
        return np.stack([right, np.cross(forward, right), forward])

    @cached_property
    def position(self):
        """(3,) the lens in the world, metres."""
        return np.array([self.x, self.y, self.height])

    def project(self, points):
        """World points (..., 3) in metres to (..., 3): picture x, y in pixels and depth in metres (at least `NEAR`)."""
        seen = (np.asarray(points, float) - self.position) @ self.axes.T
        depth = np.maximum(seen[..., 2], NEAR)
        out = np.empty_like(seen)
        out[..., 0] = seen[..., 0] / depth * self.focal + self.size[0] / 2
        out[..., 1] = seen[..., 1] / depth * self.focal + self.size[1] / 2
        out[..., 2] = depth
        return out

    def rays(self, scale=1):
        """(H, W, 3) float32 directions in the world of all pixels of the picture enlarged `scale` times; depth 1 each."""
        width, height = (side * scale for side in self.size)
        x = ((np.arange(width) + 0.5) / scale - self.size[0] / 2) / self.focal
        y = ((np.arange(height) + 0.5) / scale - self.size[1] / 2) / self.focal
        right, down, forward = self.axes.astype(np.float32)
        return x[None, :, None].astype(np.float32) * right + y[:, None, None].astype(np.float32) * down + forward
