"""X3D and SlowFast as PyTorchVideo builds them, run by PyTorch with random weights.

    python -m venv torch_environment; torch_environment/bin/pip install torch==2.13.0 numpy pytorchvideo==0.1.5
    PYTHONPATH=.:tests torch_environment/bin/python tests/parity/pytorchvideo.py [FOLDER]

    ->  tests/golden/pytorchvideo.npz    of each network: names and shapes of its state dict, and float32 logits (400,)
        FOLDER/NAME.pyth                 its state dict as published, for: python import_weights.py --from pytorchvideo_NAME NAME.pyth …

The networks have their full width and depth; the clip is small, and odd at every stage.
"""

import sys
import types
from pathlib import Path

import numpy as np
import torch
from named_tensors import clip, kernel, values

GOLDEN = Path(__file__).parents[1] / "golden" / "pytorchvideo.npz"
FRAMES, SIZE = 16, 75
LAST = 3  # pixels that are left of 75

# Needed by networks that find people in the picture; without it, PyTorchVideo's module cannot be imported.
sys.modules["torchvision"], sys.modules["torchvision.ops"] = types.ModuleType("torchvision"), types.ModuleType("torchvision.ops")
sys.modules["torchvision.ops"].RoIAlign = None
sys.path.pop(0)  # this folder, where pytorchvideo.py would be this file

from pytorchvideo.models.slowfast import create_slowfast  # noqa: E402
from pytorchvideo.models.x3d import create_x3d  # noqa: E402


def x3d(channels):
    """X3D-S and X3D-M alike; without the softmax that PyTorchVideo puts before the mean over places."""
    return create_x3d(input_channel=channels, input_clip_length=FRAMES, input_crop_size=SIZE, head_activation=None)


def slowfast(channels, sparser, fusion_kernel):
    return create_slowfast(
        input_channels=(channels, channels),
        slowfast_fusion_conv_kernel_size=(fusion_kernel, 1, 1),
        slowfast_fusion_conv_stride=(sparser, 1, 1),
        head_pool_kernel_sizes=((FRAMES // sparser, LAST, LAST), (FRAMES, LAST, LAST)),
    )


def pathways(x, sparser):
    """What PyTorchVideo's examples call PackPathway: (1, C, T, H, W) -> [every `sparser`-th frame, all frames]."""
    return [x.index_select(2, torch.linspace(0, FRAMES - 1, FRAMES // sparser).long()), x]


# Name of our network: stream, PyTorchVideo's network, and what it takes.
CASES = {
    "x3d_m": ("rgb", x3d(3), lambda x: x),
    "slowfast_8x8": ("rgb", slowfast(3, 4, 7), lambda x: pathways(x, 4)),
    "slowfast_4x16": ("flow", slowfast(2, 8, 5), lambda x: pathways(x, 8)),
}


def fill(network):
    """Give every tensor of the state dict the values that follow from its name."""
    for name, tensor in network.state_dict().items():
        if tensor.ndim > 1:
            tensor.copy_(torch.from_numpy(kernel(name, tuple(tensor.shape), tensor[0].numel())))
        elif tensor.ndim:
            tensor.copy_(torch.from_numpy(values(name, tuple(tensor.shape))))
    return network.eval()


def in_range(pictures, stream):
    """uint8 (1, T, H, W, C) as the networks take it, (1, C, T, H, W) float32; flow has 128 where nothing moves."""
    x = (pictures / 255 - 0.45) / 0.225 if stream == "rgb" else (pictures - 128.0) / 127
    return torch.from_numpy(np.moveaxis(x.astype(np.float32), -1, 1).copy())


@torch.no_grad()
def main(folder):
    found = {}
    for name, (stream, network, inputs) in CASES.items():
        state = fill(network).state_dict()
        found[f"{name}/names"] = np.array(list(state))
        found[f"{name}/shapes"] = np.array([[*tensor.shape, *[0] * (5 - tensor.ndim)] for tensor in state.values()], np.int16)
        found[f"{name}/logits"] = network(inputs(in_range(clip(stream, FRAMES, SIZE), stream)))[0].numpy()
        if folder:
            torch.save({"model_state": state}, Path(folder) / f"{name}.pyth")
    np.savez_compressed(GOLDEN, **found)
    print(GOLDEN)


if __name__ == "__main__":
    main(*sys.argv[1:] or [None])
