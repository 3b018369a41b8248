"""A pose network of no weights, for tests: the joints lie about the brightest place of the picture, in a fixed figure."""

import json

import numpy as np

from common.pose_layouts import LAYOUTS

SIZE = 32
FIGURE = [(i % 5 - 2, i // 5 - 2) for i in range(17)]  # x, y of each joint from the brightest place, in pixels of the input


def write_network(folder, batches=True):
    """Write the network as heatmaps.xml, with its description, and return its path. Without `batches` it takes one crop at a time."""
    import openvino
    from openvino import opset13 as op

    count = -1 if batches else 1
    crops = op.parameter([count, SIZE, SIZE, 3], np.float32, name="crops")
    grey = op.unsqueeze(op.reduce_mean(crops, np.array([3])), np.array([1]))
    maps = op.concat([op.roll(grey, np.array([y, x]), np.array([2, 3])) for x, y in FIGURE], 1)
    path = folder / "heatmaps.xml"
    openvino.save_model(openvino.Model([maps], [crops]), path, compress_to_fp16=False)
    description = {"size": SIZE, "layout": "coco17", "output": "heatmaps", "scale": [1 / 255] * 3}
    path.with_suffix(".json").write_text(json.dumps(description), encoding="utf-8")
    return path


def spot(x, y, size=SIZE):
    """A black (size, size, 3) uint8 picture with one white pixel."""
    picture = np.zeros((size, size, 3), np.uint8)
    picture[y, x] = 255
    return picture


def joints(x, y):
    """(17, 2) where the network sees the joints of a white pixel at x, y."""
    assert len(LAYOUTS["coco17"].names) == len(FIGURE)
    return np.array([(x + 0.5 + dx, y + 0.5 + dy) for dx, dy in FIGURE], np.float32)
