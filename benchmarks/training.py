"""How fast training is, in one run: `python benchmarks/training.py`.

1. An epoch of `vae_lib.train.fit` for 784-400-20 at batch 128, against the time of its matrix products alone: those of
   the training batches, and those of the held-out images that `fit` evaluates at the end of each epoch.
2. The same model and epochs against a plain DataLoader + ToTensor loop, at equal held-out ELBO.

Both on one thread, as recipes are trained, and on as many as there are cores.
"""

import argparse
import statistics
import time

import joblib
import torch
from torch.utils.data import DataLoader, Subset

from vae_lib import data, paths
from vae_lib._torchvision import MNIST
from vae_lib.models import VAE, ModelConfig
from vae_lib.objectives import elbo
from vae_lib.train import TrainConfig, fit, mean_terms

CONFIG = ModelConfig(hidden=(400,), latent=20)
BATCH = 128


def matrix_products(images: int, held_out: int) -> float:
    """Seconds for one epoch's products: forward, weights' gradients, and inputs' gradients but the first layer's.

    Of the held-out images the forward products alone.
    """
    sizes = [(784, 400), (400, 40), (20, 400), (400, 784)]
    layers = [(torch.randn(BATCH, i), torch.randn(o, i), torch.randn(BATCH, o)) for i, o in sizes]
    start = time.perf_counter()
    for _ in range(-(-images // BATCH)):
        for first, (x, weight, gradient) in enumerate(layers):
            torch.matmul(x, weight.T)
            torch.matmul(gradient.T, x)
            if first:
                torch.matmul(gradient, weight)
    for i, o in sizes:
        weight = torch.randn(o, i)
        for x in torch.zeros(held_out, i).split(1_000):
            torch.matmul(x, weight.T)
    return time.perf_counter() - start


def ours(splits: data.Splits, epochs: int, seed: int) -> tuple[float, float]:
    """Seconds an epoch, and −ELBO on the validation split."""
    model = CONFIG.build(seed=seed)
    config = TrainConfig(epochs=epochs, batch_size=BATCH, seed=seed)
    start = time.perf_counter()
    history = fit(model, splits.train.images, splits.validation.images, config)
    return (time.perf_counter() - start) / epochs, -history.held_out_elbo[-1].item()


def usual(splits: data.Splits, epochs: int, seed: int) -> tuple[float, float]:
    """The same with torchvision's dataset, ToTensor and a DataLoader: the loop of most tutorials."""
    from torchvision.transforms import ToTensor

    order = torch.randperm(60_000, generator=torch.Generator().manual_seed(data.SPLIT_SEED))
    dataset = Subset(MNIST(paths.data_root(), transform=ToTensor()), order[data.VALIDATION :].tolist())
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True)
    model = CONFIG.build(seed=seed)
    assert isinstance(model, VAE)  # as CONFIG says
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    start = time.perf_counter()
    for _ in range(epochs):
        for images, _labels in loader:
            loss = -elbo(model, images.flatten(1)).value.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        mean_terms(model, splits.validation.images)  # `fit` measures the held-out terms each epoch: so does this loop
    seconds = (time.perf_counter() - start) / epochs
    log_likelihood, kl = mean_terms(model, splits.validation.images)
    return seconds, kl - log_likelihood


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3, help="the three are timed in turn, this often")
    arguments = parser.parse_args()
    splits = data.load()
    for threads in sorted({1, joblib.cpu_count()}):
        torch.set_num_threads(threads)
        report(splits, arguments.epochs, arguments.rounds)


def report(splits: data.Splits, epochs: int, rounds: int) -> None:
    """Time the three in turn, `rounds` times, and print the medians."""
    images, held_out = len(splits.train), len(splits.validation)
    ours(splits, 1, 0)  # warm up
    measured = [
        (matrix_products(images, held_out), *ours(splits, epochs, seed), *usual(splits, epochs, seed))
        for seed in range(rounds)
    ]
    products, fit_seconds, fit_loss, loop_seconds, loop_loss = map(statistics.median, zip(*measured, strict=True))
    threads = torch.get_num_threads()
    print(f"784-400-20, batch {BATCH}, {images:,} images, threads: {threads}, median of {rounds} rounds")
    print(f"matrix products alone  {products:6.2f} s an epoch")
    print(f"vae_lib.train.fit      {fit_seconds:6.2f} s an epoch   {fit_seconds / products:.2f} x the products")
    print(f"DataLoader + ToTensor  {loop_seconds:6.2f} s an epoch   {loop_seconds / fit_seconds:.2f} x fit")
    print(f"held-out −ELBO after {epochs} epochs: {fit_loss:.2f} against {loop_loss:.2f} nats\n")


if __name__ == "__main__":
    main()
