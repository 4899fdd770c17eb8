"""Numbers about a trained model: likelihoods, active units, probes and sample quality. Nothing here trains a VAE."""

import math

import numpy as np
import torch
from torch import Generator, Tensor

from vae_lib.checks import check_count, check_kind, check_number, check_tensor
from vae_lib.distributions import DiagonalGaussian
from vae_lib.models import VAE, Autoencoder, check_images
from vae_lib.objectives import log_weights

DECODED_AT_ONCE = 2_000  # images; 6 MB for each of the few tensors of that size, which a processor's cache holds


@torch.no_grad()
def log_likelihood(model: VAE, x: Tensor, *, samples: int = 1_000, seed: int = 0) -> Tensor:
    """log p(x) estimated with `samples` importance samples from q(z|x): (N, X) -> (N,), in nats.

    The K-sample bound of Burda et al. (2016) with K = `samples`: never above log p(x) in expectation, and the closer
    the more samples. A normalised likelihood only where x is binary or the decoder Gaussian. Memory does not grow with
    N or `samples`. Derived in chapter 3. Raises ValueError for bad images or samples < 1.
    """
    check_count("samples", samples)
    generator = Generator(check_images(x).device).manual_seed(seed)
    estimates = []
    for batch in x.split(max(1, DECODED_AT_ONCE // samples)):
        total = torch.full((len(batch),), -math.inf, device=x.device)
        for start in range(0, samples, DECODED_AT_ONCE):
            chunk = min(DECODED_AT_ONCE, samples - start)
            weights = log_weights(model, batch, samples=chunk, generator=generator)  # (S, B)
            total = torch.logaddexp(total, weights.logsumexp(0))
        estimates.append(total - math.log(samples))
    return torch.cat(estimates)


@torch.no_grad()
def codes(model: VAE | Autoencoder, x: Tensor) -> Tensor:
    """Where the model puts each image: the posterior's mean, or the autoencoder's code: (N, X) -> (N, D)."""
    check_kind("model", model, VAE, Autoencoder)
    encoded = [model.encode(batch) for batch in check_images(x).split(5_000)]
    return torch.cat([part.mean if isinstance(part, DiagonalGaussian) else part for part in encoded])


def active_units(model: VAE, x: Tensor, *, threshold: float = 0.01) -> Tensor:
    """Which latent dimensions carry information about x: (D,), bool.

    A unit is active where its posterior mean varies over the data by more than `threshold` (a variance).
    Burda et al. (2016), section 5.2; used in chapter 6. Raises ValueError for fewer than two images.
    """
    check_kind("model", model, VAE)
    check_number("threshold", threshold)
    if len(check_images(x)) < 2:
        raise ValueError(f"x: {len(x)} image, expected at least 2: activity is a variance over them")
    if not threshold >= 0:
        raise ValueError(f"threshold: {threshold}, expected at least 0")
    return codes(model, x).var(0) > threshold


def linear_probe(train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor) -> float:
    """Test accuracy of a logistic regression from codes (N, D) to labels (N,): how plainly the classes lie there."""
    check_tensor("train", train)
    check_tensor("test", test)
    check_tensor("train_labels", train_labels, floating=False)
    check_tensor("test_labels", test_labels, floating=False)
    from sklearn.linear_model import LogisticRegression  # here: two seconds that other numbers need not pay
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, tol=1e-3))
    probe.fit(train.cpu().numpy(), train_labels.cpu().numpy())
    return float(probe.score(test.cpu().numpy(), test_labels.cpu().numpy()))


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Squared Fréchet distance between Gaussians fitted to two sets of features, (N, F) and (M, F).

    |mean_a − mean_b|² + tr(A + B − 2 (AB)^{1/2}), A and B their covariances: zero where first and second moments
    agree. On Inception features this is the FID (Heusel et al., 2017); chapter 7 uses principal components instead.
    """
    check_tensor("a", a)
    check_tensor("b", b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        shapes = f"{tuple(a.shape)} and {tuple(b.shape)}"
        raise ValueError(f"a, b: shapes {shapes}, expected (N, F) and (M, F) with N, M of at least 2")
    at_a, at_b = (given.cpu().double().numpy() for given in (a, b))
    covariance_a, covariance_b = np.atleast_2d(np.cov(at_a.T)), np.atleast_2d(np.cov(at_b.T))
    # tr (AB)^{1/2} is the sum of the roots of AB's eigenvalues, which are real and not negative, but for rounding.
    root_trace = np.sqrt(np.linalg.eigvals(covariance_a @ covariance_b).real.clip(0)).sum()
    shift = ((at_a.mean(0) - at_b.mean(0)) ** 2).sum()
    return float(shift + np.trace(covariance_a + covariance_b) - 2 * root_trace)
