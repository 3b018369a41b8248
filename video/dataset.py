"""Clips in batches, for Keras."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from tqdm import tqdm

from common.batches import Batches
from common.errors import InputError


class ClipDataset(Batches):
    """Batches of samples and one-hot labels: ({input name: (B, T, size, size, C) uint8}, (B, num_class) float32).

    The last batch holds what is left. Order and random changes follow from `seed`, the epoch and a sample's place in
    `examples` alone: neither `workers` nor stopping and starting again alters them.

    Args:
        examples: list of `video.lists.Example`.
        sampler: a `video.samples.Sampler`.
        num_class: number of classes.
        batch_size: samples of a batch.
        training: shuffle, and let the sampler change samples at random.
        seed: of order and changes.
        workers: threads that make batches; with 1 each batch is made when it is asked for.
        max_queue_size: batches made ahead.

    Attributes:
        labels: (N,) int, the class of every example, as listed.
        epoch: that of the next batch, from 0.
        failure: the InputError that ended an iteration, or None. Keras wraps what a thread raises in errors of its own.
    """

    def __init__(self, examples, sampler, num_class, batch_size, training=False, seed=0, workers=1, max_queue_size=10):
        # Threads, not processes: decoding, resizing and flow release Python's lock.
        super().__init__(workers=workers, use_multiprocessing=False, max_queue_size=max_queue_size)
        self.examples, self.sampler, self.num_class, self.batch_size = examples, sampler, num_class, batch_size
        self.training, self.seed, self.epoch = training, seed, 0
        self.labels = np.array([example.label for example in examples], int)
        self.failure = None
        self._lock, self._order = threading.Lock(), (None, None)

    def __len__(self):
        return -(-len(self.examples) // self.batch_size)

    def batch(self, index):
        chosen = self.order()[index * self.batch_size : (index + 1) * self.batch_size]
        try:
            samples = [self._sample(i) for i in chosen]
        except InputError as error:
            self.failure = error
            raise
        batch = {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
        return batch, np.eye(self.num_class, dtype=np.float32)[self.labels[chosen]]

    def start_epoch(self, epoch, logs=None):
        """Go to an epoch, from 0. It must be called before each: Keras ends epochs that it never began, so none are counted here."""
        self.epoch = epoch

    def order(self):
        """(N,) int, the positions in `examples` in the order of this epoch."""
        with self._lock:
            if self._order[0] != self.epoch:
                n = len(self.examples)
                order = np.random.default_rng([self.seed, self.epoch]).permutation(n) if self.training else np.arange(n)
                self._order = self.epoch, order
            return self._order[1]

    def _sample(self, i):
        example = self.examples[i]
        rng = np.random.default_rng([self.seed, self.epoch, i]) if self.training else None
        try:
            return self.sampler(example.path, rng)
        except InputError as error:
            raise InputError(f"{example.where}: {error}") from error


def prepare_flow(examples, sampler, workers):
    """Fill the flow cache of all `examples`, with `workers` threads and a progress bar."""
    paths = sorted({example.path for example in examples})
    with ThreadPoolExecutor(workers) as pool:
        for _ in tqdm(pool.map(sampler.flow_of, paths), f"optical flow ({sampler.flow})", len(paths), unit="clip"):
            pass
