"""What PyTorch computes for the recurrent part of LRCN, with random weights: the golden file that the tests compare with.

    python -m venv torch; torch/bin/pip install torch numpy
    torch/bin/python tests/parity/pytorch_lrcn.py

    ->  tests/golden/pytorch_lrcn.npz   embeddings (B, T, D), probabilities (B, C) and every tensor of the network by its PyTorch name

Small widths, or the file would take megabytes; nothing in the computation depends on them.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "pytorch_lrcn.npz"
BATCH, FRAMES, EMBEDDING, LATENT, HIDDEN, CLASSES = 4, 5, 24, 16, 12, 7


class Head(nn.Module):
    """Linear layer, two bidirectional LSTM layers, classifier on the last step."""

    def __init__(self):
        super().__init__()
        self.latent = nn.Linear(EMBEDDING, LATENT)
        self.lstm = nn.LSTM(LATENT, HIDDEN, num_layers=2, bidirectional=True, batch_first=True)
        self.logits = nn.Linear(2 * HIDDEN, CLASSES)

    def forward(self, x):
        steps, _ = self.lstm(self.latent(x))
        return self.logits(steps[:, -1]).softmax(dim=-1)


def main():
    torch.manual_seed(0)
    head = Head()
    for parameter in head.parameters():
        nn.init.normal_(parameter, std=0.5)
    embeddings = torch.randn(BATCH, FRAMES, EMBEDDING)
    with torch.no_grad():
        probabilities = head(embeddings)
    weights = {name: tensor.numpy() for name, tensor in head.state_dict().items()}
    GOLDEN.parent.mkdir(exist_ok=True)
    np.savez_compressed(GOLDEN, embeddings=embeddings.numpy(), probabilities=probabilities.numpy(), **weights)
    print(f"{GOLDEN}, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
