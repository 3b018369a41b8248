"""Random changes to training pictures that leave people what they are: scale, place, mirror, mosaic, colour, and what cameras do."""

import cv2
import numpy as np

GREY = 114  # fills what the picture leaves free
SCALE = (0.55, 1.6)  # size of a picture over the size that fits the input
MOSAIC_SCALE = (0.45, 1.3)  # of each of four, over the whole input
STRETCH = 1.2  # one side over the other, at most, either way
LEAST_INSIDE = 0.3  # of a box that must be left in the picture; of less nobody could tell what it is
LEAST_SIDE = 3.0  # pixels
GUESTS = 1  # objects of other pictures in a picture, at most
SURE_GUEST, LEAST_GUEST = 0.7, 24  # least confidence, and height in pixels, of an object that is taken into another picture
GUEST_HEIGHT = (0.12, 0.75)  # of the picture
ENOUGH = 0.6  # share of an object that shows, from which its label is as certain as without anything before it
INVERTED = 0.1  # share of pictures that become grey negatives: infrared cameras show people white


def draw(read, index, count, width, height, rng, mosaic):
    """One training picture: the one at `index`, or with probability `mosaic` four together, changed at random.

    Four pictures in one (YOLOv4, https://arxiv.org/abs/2004.10934) show four scenes in the time of one, and people smaller and
    in other company than where they were filmed.

    Args:
        read: function from an index below `count` to (image (H, W, 3) uint8 BGR, labels (N, 6)).
        rng: numpy Generator.

    Returns:
        (height, width, 3) uint8 RGB and labels (N, 6), fractions of it.
    """
    if rng.random() < mosaic:
        image, labels = _mosaic([read(index), *(read(int(i)) for i in rng.integers(0, count, 3))], width, height, rng)
    else:
        image, labels = place(*read(index), width, height, rng, SCALE, (width, height))
    for i in rng.integers(0, count, rng.integers(0, GUESTS + 1)):
        image, labels = paste(image, labels, *read(int(i)), rng)
    return cv2.cvtColor(colour(image, rng), cv2.COLOR_BGR2RGB), labels


def paste(image, labels, other, guests, rng):
    """Set one of the objects of another picture into this one, somewhere, in another size and light.

    Few recordings have few backgrounds, and a network would rather learn those by heart: people then appear where it never saw
    any. The cut-out fades towards its corners, so that it has no edges to learn (copy-paste, https://arxiv.org/abs/2012.07177,
    without the outlines that it needs). What it covers counts for less.

    Args:
        image, labels: as `place` returns them. other, guests: picture (H, W, 3) and labels (N, 6) to choose from.
    """
    rows, columns = other.shape[:2]
    height, width = image.shape[:2]
    sure = guests[(guests[:, 5] >= SURE_GUEST) & (guests[:, 4] * rows >= LEAST_GUEST) & (guests[:, 3] * columns >= LEAST_GUEST / 3)]
    if not len(sure):
        return image, labels
    guest = sure[rng.integers(len(sure))]
    left, top = (max(0, int(value)) for value in ((guest[1] - guest[3] / 2) * columns, (guest[2] - guest[4] / 2) * rows))
    cut = other[top : top + max(2, int(guest[4] * rows)), left : left + max(2, int(guest[3] * columns))]
    down = int(height * np.exp(rng.uniform(*np.log(GUEST_HEIGHT))))
    across = int(np.clip(down * cut.shape[1] / cut.shape[0] * (width / height) / (columns / rows), 3, width))
    cut = cv2.resize(cut, (across, down), interpolation=cv2.INTER_AREA).astype(np.float32)
    cut = (cut[:, ::-1] if rng.random() < 0.5 else cut) * np.float32(np.exp(rng.uniform(-0.4, 0.4)) * np.exp(rng.uniform(-0.15, 0.15, 3)))
    x, y = int(rng.integers(0, width - across + 1)), int(rng.integers(0, height - down + 1))
    image = image.copy()
    under = image[y : y + down, x : x + across]
    under[:] = np.clip(under + _fading(across, down) * (cut - under), 0, 255)
    box = np.float32([x / width, y / height, (x + across) / width, (y + down) / height])
    labels = _covered(labels, box)
    new = np.float32([[guest[0], (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1], guest[5]]])
    return image, np.concatenate([labels, new])


def _fading(across, down):
    """(down, across, 1) share of the cut-out: 1 in the middle, 0 in the corners."""
    x, y = np.linspace(-1, 1, across, dtype=np.float32), np.linspace(-1, 1, down, dtype=np.float32)[:, None]
    return np.clip((1.1 - np.abs(x) ** 2.5 - np.abs(y) ** 4) * 2, 0, 1)[..., None]


def _covered(labels, box):
    """Labels with less confidence by the share of them that lies under `box`, tlbr; without those that hardly show."""
    half = labels[:, 3:5] / 2
    low, high = np.maximum(labels[:, 1:3] - half, box[:2]), np.minimum(labels[:, 1:3] + half, box[2:])
    seen = 1 - np.maximum(high - low, 0).prod(axis=1) / labels[:, 3:5].prod(axis=1)
    labels = labels.copy()
    labels[:, 5] *= np.minimum(1, seen / ENOUGH)
    return labels[seen >= LEAST_INSIDE]


def _mosaic(parts, width, height, rng):
    x, y = int(width * rng.uniform(0.3, 0.7)), int(height * rng.uniform(0.3, 0.7))
    image, labels = np.empty((height, width, 3), np.uint8), []
    corners = ((0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height))
    for part, (left, top, right, bottom) in zip(parts, corners, strict=True):
        tile, rows = place(*part, right - left, bottom - top, rng, MOSAIC_SCALE, (width, height))
        image[top:bottom, left:right] = tile
        size = np.float32([right - left, bottom - top])
        rows[:, 1:3] = (rows[:, 1:3] * size + (left, top)) / (width, height)
        rows[:, 3:5] = rows[:, 3:5] * size / (width, height)
        labels.append(rows)
    return image, np.concatenate(labels)


def place(image, labels, width, height, rng, scales, full):
    """Put a picture somewhere into a window of `width` × `height`, scaled, stretched and mirrored at random.

    `scales`: range of its size over `full` (width, height). Returns the window and the labels within it.
    """
    rows, columns = image.shape[:2]
    scale, stretch = np.exp(rng.uniform(*np.log(scales))), np.exp(rng.uniform(-1, 1) * np.log(STRETCH) / 2)
    across, down = full[0] * scale * stretch, full[1] * scale / stretch
    left, top = (room * rng.random() for room in (width - across, height - down))
    mirror = rng.random() < 0.5
    ahead = np.float32([[across / columns, 0, left], [0, down / rows, top]])
    if mirror:
        ahead[0] = -ahead[0, 0], 0, left + across
    inside = cv2.warpAffine(image, ahead, (width, height), flags=cv2.INTER_LINEAR, borderValue=(GREY,) * 3)
    labels = labels.copy()
    if mirror:
        labels[:, 1] = 1 - labels[:, 1]
    labels[:, 1:3] = labels[:, 1:3] * (across, down) + (left, top)
    labels[:, 3:5] *= (across, down)
    return inside, _cut(labels, width, height)


def _cut(labels, width, height):
    """Labels in pixels -> what of them lies in the window, as fractions of it."""
    size = np.float32([width, height])
    low, high = labels[:, 1:3] - labels[:, 3:5] / 2, labels[:, 1:3] + labels[:, 3:5] / 2
    low, high = np.clip(low, 0, size), np.clip(high, 0, size)
    left = high - low
    kept = (left.prod(axis=1) >= LEAST_INSIDE * labels[:, 3:5].prod(axis=1)) & (left.min(axis=1) >= LEAST_SIDE)
    return np.column_stack([labels[:, 0], (low + high) / 2 / size, left / size, labels[:, 5]])[kept].astype(np.float32)


def colour(image, rng):
    """Another light and another camera: gamma, contrast, gain per channel, saturation, negative, blur, few pixels, noise, JPEG."""
    table = np.linspace(0, 1, 256, dtype=np.float32)[:, None] ** np.exp(rng.uniform(-0.4, 0.4))
    gain = np.exp(rng.uniform(-0.25, 0.25)) * np.exp(rng.uniform(-0.1, 0.1, 3))
    table = (table - 0.5) * np.exp(rng.uniform(-0.3, 0.2)) + 0.5 + rng.uniform(-0.1, 0.1)
    image = cv2.LUT(image, np.clip(table * gain * 255, 0, 255).astype(np.uint8).reshape(256, 1, 3))
    keep = 0.0 if rng.random() < 0.15 else rng.uniform(0.4, 1.4)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    image = cv2.addWeighted(image, keep, grey, 1 - keep, 0)
    if rng.random() < INVERTED:
        image = 255 - grey
    for chance, change in ((0.15, _blur), (0.15, _few_pixels), (0.15, _noise), (0.2, _jpeg)):
        if rng.random() < chance:
            image = change(image, rng)
    return image


def _blur(image, rng):
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4))


def _few_pixels(image, rng):
    height, width = image.shape[:2]
    scale = rng.uniform(0.4, 0.9)
    small = cv2.resize(image, (max(1, int(width * scale)), max(1, int(height * scale))), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _noise(image, rng):
    noise = np.empty(image.shape, np.int16)
    cv2.setRNGSeed(int(rng.integers(1 << 30)))
    cv2.randn(noise, 0, rng.uniform(2, 14))
    return cv2.add(image, noise, dtype=cv2.CV_8U)


def _jpeg(image, rng):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 70))])[1], cv2.IMREAD_COLOR)
