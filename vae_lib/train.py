"""Training: one configuration, one function, one history."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from vae_lib import data
from vae_lib.checks import check_kind, check_tensor
from vae_lib.configs import TrainConfig
from vae_lib.models import VAE, Autoencoder, check_fits, check_images
from vae_lib.objectives import Elbo, elbo, reconstruction
from vae_lib.progress import progress_bar


@dataclass(frozen=True)
class History:
    """Means over the data after each epoch, in nats: four tensors (E,).

    The training terms are averages over the epoch's batches, while the weights moved; the held-out ones are measured
    at its end. Early on, held-out is therefore better than training: the usual puzzle of the first epochs.
    """

    log_likelihood: Tensor
    kl: Tensor
    held_out_log_likelihood: Tensor
    held_out_kl: Tensor

    @property
    def elbo(self) -> Tensor:
        return self.log_likelihood - self.kl

    @property
    def held_out_elbo(self) -> Tensor:
        return self.held_out_log_likelihood - self.held_out_kl


class TrainingDiverged(ArithmeticError):
    """The loss became infinite or NaN."""


def fit(model: VAE | Autoencoder, train: Tensor, held_out: Tensor, config: TrainConfig, *, label: str = "") -> History:
    """Train `model` in place with Adam (Kingma and Ba, 2015) and return its history.

    train: (N, X) and held_out: (M, X), grey levels in [0, 1]; `config.binarize` says what the model sees of them. All
    is computed on the device where the model and they are, which decides what noise a seed gives; the history is read,
    and so on the CPU.
    A progress bar labelled `label` shows on a terminal and in a notebook. Raises ValueError for bad images and
    TrainingDiverged as soon as a loss is not finite. Built up line by line in chapter 5.
    """
    check_kind("model", model, VAE, Autoencoder)
    check_kind("config", config, TrainConfig)
    for name, images in (("train", train), ("held_out", held_out)):  # now, and not after an epoch
        check_fits(name, check_images(images), model)
    seen_held_out = binarized(held_out, config)
    if config.binarize == "static":
        train = data.binarize_static(train)
    device = train.device
    generator = Generator(device).manual_seed(config.seed)
    # Quicker; older ones, the last for Intel Macs, have it for CUDA alone.
    fused = device.type == "cuda" or (device.type == "cpu" and torch.__version__ >= "2.4")
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=fused)
    steps = math.ceil(len(train) / config.batch_size)
    rows = []
    with progress_bar(config.epochs * steps, label) as bar:
        for epoch in range(config.epochs):
            order = torch.randperm(len(train), generator=generator, device=device)
            totals = torch.zeros(2, dtype=torch.float64)
            for step, index in enumerate(order.split(config.batch_size)):
                x = train.index_select(0, index)  # (B, X); a quarter of the time of train[index]
                if config.binarize == "dynamic":
                    x = data.binarize(x, generator=generator)
                terms = objective(model, x, generator=generator)
                loss = _loss(terms, config.beta * _warmup(epoch + step / steps, config), config.free_bits)
                if not math.isfinite(loss.item()):
                    raise TrainingDiverged(
                        f"the loss is {loss.item()} at epoch {epoch + 1}, step {step + 1} of {steps}: "
                        f"learning_rate {config.learning_rate:g} may be too high"
                    )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                totals += _sums(terms)
                bar.update()
            rows.append([*(totals / len(train)).tolist(), *mean_terms(model, seen_held_out, seed=config.seed)])
            if not all(map(math.isfinite, rows[-1])):  # the epoch's last step has no later loss to show what it did
                raise TrainingDiverged(
                    f"the held-out terms are {rows[-1][2:]} after epoch {epoch + 1}: "
                    f"learning_rate {config.learning_rate:g} may be too high"
                )
            bar.set_postfix_str(f"−ELBO {rows[-1][3] - rows[-1][2]:.1f} nats held out")
    return History(*torch.tensor(rows, dtype=torch.float64).T.contiguous())


def objective(model: VAE | Autoencoder, x: Tensor, *, generator: Generator | None = None) -> Elbo:
    """The terms that `fit` maximises for this model: the ELBO's, or the autoencoder's reconstruction."""
    check_kind("model", model, VAE, Autoencoder)
    return elbo(model, x, generator=generator) if isinstance(model, VAE) else reconstruction(model, x)


def binarized(images: Tensor, config: TrainConfig) -> Tensor:
    """Images as a model trained under `config` is evaluated on them: grey, or one fixed draw of zeros and ones."""
    check_tensor("images", images)
    check_kind("config", config, TrainConfig)
    return images if config.binarize == "none" else data.binarize_static(images)


@torch.no_grad()
def mean_terms(model: VAE | Autoencoder, x: Tensor, *, seed: int = 0) -> tuple[float, float]:
    """Mean log-likelihood and mean KL over x (N, X), in nats, with one sample of z each, in bounded memory."""
    generator = Generator(check_images(x).device).manual_seed(seed)
    totals = torch.zeros(2, dtype=torch.float64)
    for batch in x.split(1_000):
        totals += _sums(objective(model, batch, generator=generator))
    return tuple((totals / len(x)).tolist())


def _sums(terms: Elbo) -> Tensor:
    """Both terms summed over the batch: (2,), on the CPU, where they are added up in double precision."""
    return torch.stack([terms.log_likelihood.detach().sum(), terms.kl.detach().sum()]).cpu()


def _warmup(epoch: float, config: TrainConfig) -> float:
    """The share of beta in force at a (fractional) epoch: from 0 to 1 over the first `warmup_epochs`."""
    return min(1.0, epoch / config.warmup_epochs) if config.warmup_epochs else 1.0


def _loss(terms: Elbo, beta: float, free_bits: float) -> Tensor:
    """What is minimised, in nats per example: −E[log p(x|z)] + beta * KL, the mean over the batch taken here alone."""
    kl = terms.kl_terms.mean(0).clamp(min=free_bits).sum() if free_bits else terms.kl.mean()
    return beta * kl - terms.log_likelihood.mean()
