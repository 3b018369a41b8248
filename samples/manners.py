"""What a camera does to a picture: noise, blur, grey, few pixels, coarse compression, a stamp. Each maps an image to an image."""

import cv2
import numpy as np

TILE = 64  # pixels that the noise's cut-out moves by at most


class Noise:
    """Adds sensor noise of `strength` grey levels, a different cut-out of it in every frame."""

    def __init__(self, strength, size, rng):
        noise = rng.normal(0, strength, (size[1] + TILE, size[0] + TILE, 3)) + rng.normal(0, strength, (size[1] + TILE, size[0] + TILE, 1))
        self._noise, self._rng = np.clip(np.round(noise / np.sqrt(2)), -127, 127).astype(np.int16), rng

    def __call__(self, image):
        x, y = self._rng.integers(0, TILE, 2)
        return cv2.add(image, self._noise[y : y + image.shape[0], x : x + image.shape[1]], dtype=cv2.CV_8U)


def blur(image):
    """Out of focus: a Gaussian of one pixel in 400."""
    return cv2.GaussianBlur(image, (0, 0), image.shape[1] / 400)


def grey(image):
    """Without colour, as infrared and old cameras give it."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def lowres(image):
    """Of two fifths of the pixels each way, enlarged."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (width * 2 // 5, height * 2 // 5), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def compressed(image):
    """With the 8-pixel blocks and smeared colours of JPEG at quality 14."""
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 14])[1], cv2.IMREAD_COLOR)


def stamped(image):
    """With a camera's name in a corner."""
    scale = image.shape[1] / 900
    for colour, thick in (((0, 0, 0), 3), ((235, 235, 235), 1)):
        cv2.putText(
            image, "CAM 02", (image.shape[1] // 40, image.shape[0] // 14), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thick, cv2.LINE_AA
        )
    return image


PLAIN = {"lowres": lowres, "blur": blur, "grey": grey, "compressed": compressed, "stamped": stamped}
ORDER = ("lowres", "blur", "noise", "night", "grey", "compressed", "stamped")  # as in a camera: lens, sensor, processing, encoder
SENSOR_NOISE, NOISE, NIGHT_NOISE = 1.2, 9.0, 6.0  # grey levels


def chain(names, size, rng):
    """One function image -> image for manners by name, in the camera's order; a little noise is always there."""
    strength = max([SENSOR_NOISE] + [{"noise": NOISE, "night": NIGHT_NOISE}.get(name, 0) for name in names])
    noise = Noise(strength, size, rng)
    early = [PLAIN[name] for name in ORDER[:2] if name in names]
    late = [PLAIN[name] for name in ORDER[4:] if name in names]

    def apply(image):
        for step in (*early, noise, *late):
            image = step(image)
        return image

    return apply
