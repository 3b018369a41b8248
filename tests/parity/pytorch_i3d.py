"""I3D with the state dict of pytorch-i3d, run by PyTorch with random weights.

    python -m venv torch_environment; torch_environment/bin/pip install torch==2.13.0 numpy
    PYTHONPATH=.:tests torch_environment/bin/python tests/parity/pytorch_i3d.py [FILE.pt]

    ->  tests/golden/pytorch_i3d.npz    float32 logits (400,) of the colour network and of the flow network
        FILE.pt                         the colour network's state dict, for: python import_weights.py --from pytorch_i3d FILE.pt …

It is written after the published names, shapes and padding rule alone (github.com/piergiaj/pytorch-i3d, pytorch_i3d.py): what
the import makes of the same weights must give the same logits. Batch norms get scales that are not 1, other than in the published
files, because fine-tuned ones have such.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from named_tensors import clip, kernel, values
from torch import nn

GOLDEN = Path(__file__).parents[1] / "golden" / "pytorch_i3d.npz"
FRAMES, SIZE = 17, 75  # odd at every stage, where the two frameworks would pad differently

# Block: channels in; filters of b0, b1a, b1b, b2a, b2b, b3b.
BLOCKS = {
    "3b": (192, 64, 96, 128, 16, 32, 32),
    "3c": (256, 128, 128, 192, 32, 96, 64),
    "4b": (480, 192, 96, 208, 16, 48, 64),
    "4c": (512, 160, 112, 224, 24, 64, 64),
    "4d": (512, 128, 128, 256, 24, 64, 64),
    "4e": (512, 112, 144, 288, 32, 64, 64),
    "4f": (528, 256, 160, 320, 32, 128, 128),
    "5b": (832, 256, 160, 320, 32, 128, 128),
    "5c": (832, 384, 192, 384, 48, 128, 128),
}


def padded(x, sides, strides):
    """`x` with zeros around as TensorFlow's "same" puts them: as many behind as in front, an odd one behind."""
    amounts = []
    for length, side, stride in zip(x.shape[:1:-1], sides[::-1], strides[::-1], strict=True):
        total = max((-(-length // stride) - 1) * stride + side - length, 0)
        amounts += [total // 2, total - total // 2]
    return nn.functional.pad(x, amounts)


def pool(x, sides, strides):
    """Max pooling; zeros around are as good as nothing there, as everything comes out of ReLU."""
    return nn.functional.max_pool3d(padded(x, sides, strides), sides, strides)


class Unit(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs, outputs, side, stride=1):
        super().__init__()
        self.side, self.stride = (side,) * 3, (stride,) * 3
        self.conv3d = nn.Conv3d(inputs, outputs, side, stride, bias=False)
        self.bn = nn.BatchNorm3d(outputs, eps=1e-3)

    def forward(self, x):
        return torch.relu(self.bn(self.conv3d(padded(x, self.side, self.stride))))


class Block(nn.Module):
    """Four branches side by side."""

    def __init__(self, inputs, b0, b1a, b1b, b2a, b2b, b3b):
        super().__init__()
        self.b0 = Unit(inputs, b0, 1)
        self.b1a, self.b1b = Unit(inputs, b1a, 1), Unit(b1a, b1b, 3)
        self.b2a, self.b2b = Unit(inputs, b2a, 1), Unit(b2a, b2b, 3)
        self.b3b = Unit(inputs, b3b, 1)

    def forward(self, x):
        around = self.b3b(pool(x, (3, 3, 3), (1, 1, 1)))
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), around], 1)


class Classifier(nn.Module):
    """What the published network calls logits: a convolution with bias."""

    def __init__(self, classes):
        super().__init__()
        self.conv3d = nn.Conv3d(1024, classes, 1)

    def forward(self, x):
        return self.conv3d(x)


class I3D(nn.Module):
    """(B, C, T, H, W) in -1 … 1 -> logits (B, 400), averaged over time."""

    def __init__(self, channels):
        super().__init__()
        self.Conv3d_1a_7x7 = Unit(channels, 64, 7, 2)
        self.Conv3d_2b_1x1 = Unit(64, 64, 1)
        self.Conv3d_2c_3x3 = Unit(64, 192, 3)
        for block, sides in BLOCKS.items():
            self.add_module(f"Mixed_{block}", Block(*sides))
        self.logits = Classifier(400)

    def forward(self, x):
        x = pool(self.Conv3d_1a_7x7(x), (1, 3, 3), (1, 2, 2))
        x = pool(self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x)), (1, 3, 3), (1, 2, 2))
        for block in BLOCKS:
            if block == "4b":
                x = pool(x, (3, 3, 3), (2, 2, 2))
            if block == "5b":
                x = pool(x, (2, 2, 2), (2, 2, 2))
            x = self.get_submodule(f"Mixed_{block}")(x)
        x = nn.functional.avg_pool3d(x, (2, *x.shape[3:]), 1)  # 7×7 are left of 224×224
        return self.logits(x).mean((2, 3, 4))


def fill(network):
    """Give every tensor of the state dict the values that follow from its name."""
    for name, tensor in network.state_dict().items():
        if tensor.ndim == 5:
            tensor.copy_(torch.from_numpy(kernel(name, tuple(tensor.shape), tensor[0].numel())))
        elif tensor.ndim:
            tensor.copy_(torch.from_numpy(values(name, tuple(tensor.shape))))
    return network.eval()


def in_range(pictures, stream):
    """uint8 (1, T, H, W, C) as the published program takes it, (1, C, T, H, W) float32; flow has 128 where nothing moves."""
    x = pictures / 127.5 - 1 if stream == "rgb" else (pictures - 128.0) / 127
    return torch.from_numpy(np.moveaxis(x.astype(np.float32), -1, 1).copy())


if __name__ == "__main__":
    found = {}
    with torch.no_grad():
        for stream, channels in (("rgb", 3), ("flow", 2)):
            network = fill(I3D(channels))
            found[stream] = network(in_range(clip(stream, FRAMES, SIZE), stream))[0].numpy()
            if stream == "rgb" and len(sys.argv) > 1:
                torch.save(network.state_dict(), sys.argv[1])
    np.savez(GOLDEN, **found)
    print(GOLDEN)
