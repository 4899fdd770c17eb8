"""Every number about a trained model, where the right number is known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given as for_all
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.testing import assert_close

from vae_lib import evaluate
from vae_lib.models import PIXELS, VAE, ModelConfig


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("at_once", [1, 7, 100, 16_000])
@pytest.mark.parametrize("samples", [1, 5, 30])
def test_log_likelihood_is_exact_with_the_exact_posterior_however_it_is_cut(known, monkeypatch, at_once, samples):
    """All weights are then equal, so that neither their number nor the chunks may show."""
    monkeypatch.setattr(evaluate, "DECODED_AT_ONCE", at_once)
    estimate = evaluate.log_likelihood(known.exact(), known.x, samples=samples)
    assert_close(estimate, known.log_p, atol=5e-3, rtol=0)


@pytest.mark.parametrize("at_once", [1, 4, 10, 64, 1_000])
def test_log_likelihood_uses_each_weight_once_however_it_is_cut(monkeypatch, digits, at_once):
    """Planted weights, no two alike: the estimate is their log-mean, whatever the chunks."""
    monkeypatch.setattr(evaluate, "DECODED_AT_ONCE", at_once)
    table = 5 * torch.randn(10, 6, generator=seeded())  # (S, N)
    given_out = [0] * 6

    def log_weights(model, x: Tensor, *, samples: int, generator) -> Tensor:
        assert samples * len(x) <= max(at_once, 1) or len(x) == 1
        columns = [torch.equal(image, row) for row in x for image in digits[:6]]
        parts = []
        for row in torch.tensor(columns).view(len(x), 6).long().argmax(1).tolist():
            parts.append(table[given_out[row] : given_out[row] + samples, row])
            given_out[row] += samples
        return torch.stack(parts, 1)

    monkeypatch.setattr(evaluate, "log_weights", log_weights)
    estimate = evaluate.log_likelihood(None, digits[:6], samples=10)
    assert given_out == [10] * 6
    assert_close(estimate, table.exp().mean(0).log())


def test_log_likelihood_comes_closer_to_log_p_with_more_samples_and_from_below(known):
    model, x = known.wrong(0, shift=0.7, widen=1.5), known.x[0].expand(500, -1)
    means, errors = [], []
    for samples in (1, 10, 100):
        estimates = evaluate.log_likelihood(model, x, samples=samples)
        means.append(estimates.mean().item())
        errors.append(estimates.std().item() / 500**0.5)
    log_p = known.log_p[0].item()
    assert means[0] + 4 * errors[0] < means[1] < means[2] < log_p + 4 * errors[2] + 0.005
    assert abs(means[0] - (log_p - known.gap(shift=0.7, widen=1.5))) < 5 * errors[0] + 0.005
    assert means[2] == pytest.approx(log_p, abs=0.05)


def test_log_likelihood_depends_on_its_seed_alone(known):
    model = known.wrong(0)
    state = torch.get_rng_state()
    first, again, other = (evaluate.log_likelihood(model, known.x, samples=3, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)
    assert not first.requires_grad


@pytest.mark.parametrize(("images", "samples"), [(3, 1_000), (300, 7), (300, 1), (1, 101)])
def test_no_more_is_decoded_at_once_than_the_limit_and_no_less_than_needed(monkeypatch, digits, images, samples):
    monkeypatch.setattr(evaluate, "DECODED_AT_ONCE", 100)
    model, decoded = ModelConfig(hidden=(4,), latent=2).build(), []

    def spy(z: Tensor):
        decoded.append(z.shape[:-1].numel())
        return VAE.decode(model, z)

    monkeypatch.setattr(model, "decode", spy)
    evaluate.log_likelihood(model, digits[:images], samples=samples)
    assert max(decoded) <= 100
    assert sum(decoded) == images * samples
    assert len(decoded) <= 2 * math.ceil(images * samples / 100) + images


@pytest.mark.parametrize("samples", [0, -5])
def test_too_few_samples_are_named_before_any_work(digits, samples):
    with pytest.raises(ValueError, match=f"^samples: {samples}, expected at least 1"):
        evaluate.log_likelihood(None, digits, samples=samples)


def test_codes_are_means_in_the_images_order_whatever_the_batch(digits):
    x = digits.repeat(20, 1)[:5_100]  # more than one batch
    for variational in (True, False):
        model = ModelConfig(hidden=(4,), latent=2, variational=variational).build()
        with torch.no_grad():
            expected = model.encoder(x)[:, :2]
        codes = evaluate.codes(model, x)
        assert codes.shape == (5_100, 2)
        assert not codes.requires_grad
        assert_close(codes, expected)


@pytest.fixture
def planted():
    """Posterior means that vary by 1, 0.09 and 0.001 (variances) and one that is large but the same for all images."""

    class Planted(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            signal = math.sqrt(12) * (x[:, :1] - 0.5)  # a uniform pixel, scaled to variance 1
            mean = torch.cat([signal, 0.3 * signal, 0.001**0.5 * signal, torch.full_like(signal, 5.0)], 1)
            return torch.cat([mean, torch.zeros_like(mean)], 1)

    return VAE(Planted(), ModelConfig(hidden=(4,), latent=4).build().decoder)


def test_active_units_are_those_whose_mean_varies_more_than_the_threshold(planted):
    x = torch.rand(2_000, PIXELS, generator=seeded())
    assert evaluate.active_units(planted, x).tolist() == [True, True, False, False]
    assert evaluate.active_units(planted, x, threshold=0.5).tolist() == [True, False, False, False]
    assert evaluate.active_units(planted, x, threshold=0.0005).tolist() == [True, True, True, False]


def clusters(n: int, spread: float, seed: int) -> tuple[Tensor, Tensor]:
    """Codes around ten corners of a cube, each a class."""
    generator = seeded(seed)
    labels = torch.arange(n) % 10
    corners = torch.tensor([[float(i >> bit & 1) for bit in range(4)] for i in range(10)])
    return corners[labels] + spread * torch.randn(n, 4, generator=generator), labels


def test_a_probe_reads_separable_codes_and_guesses_from_random_ones():
    accuracy = evaluate.linear_probe(*clusters(500, 0.03, 0), *clusters(300, 0.03, 1))
    assert accuracy == 1.0
    (codes, labels), (test, test_labels) = clusters(1_000, 0.03, 0), clusters(1_000, 0.03, 1)
    shuffled = labels[torch.randperm(1_000, generator=seeded())]
    assert evaluate.linear_probe(codes, shuffled, test, test_labels) < 0.1 + 5 * (0.1 * 0.9 / 10) ** 0.5
    noise = torch.randn(2, 1_000, 4, generator=seeded())
    assert evaluate.linear_probe(noise[0], labels, noise[1], test_labels) == pytest.approx(0.1, abs=0.05)


def test_a_probe_is_scored_on_test_codes_and_does_not_mind_their_scale():
    (codes, labels), (test, test_labels) = clusters(500, 0.03, 0), clusters(300, 0.03, 1)
    assert evaluate.linear_probe(codes, labels, test, (test_labels + 1) % 10) == 0.0
    scale = torch.tensor([1e-4, 1.0, 1e3, 1e4])
    assert evaluate.linear_probe(codes * scale, labels, test * scale, test_labels) == 1.0


def test_a_probe_is_linear():
    """Two classes as a ring around a disc: no straight line separates them."""
    angle = 2 * math.pi * torch.rand(1_000, generator=seeded())
    labels = torch.arange(1_000) % 2
    codes = (1.0 + labels)[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    assert evaluate.linear_probe(codes, labels, codes, labels) < 0.6


def with_moments(n: int, mean: Tensor, root: Tensor, seed: int) -> Tensor:
    """n points whose sample mean is exactly `mean` and whose sample covariance is root @ root.T."""
    z = torch.randn(n, len(mean), generator=seeded(seed), dtype=torch.float64)
    z = z - z.mean(0)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(z.T @ z / (n - 1)), z.T, upper=False).T
    return mean + white @ root.T


@for_all(st.integers(0, 1_000), st.integers(1, 5))
def test_frechet_distance_has_its_closed_form_for_aligned_gaussians(seed, features):
    """With diagonal covariances it is |difference of means|^2 + |difference of standard deviations|^2."""
    draws = torch.rand(4, features, generator=seeded(seed), dtype=torch.float64) + 0.1
    a, b = (with_moments(40, draws[i], draws[i + 1].diag(), seed + i) for i in (0, 2))
    expected = (draws[0] - draws[2]).square().sum() + (draws[1] - draws[3]).square().sum()
    assert evaluate.frechet_distance(a, b) == pytest.approx(expected.item(), abs=1e-6)


@for_all(st.integers(0, 1_000))
def test_frechet_distance_agrees_with_the_symmetric_root_and_is_symmetric(seed):
    """tr (AB)^(1/2) = tr (A^(1/2) B A^(1/2))^(1/2), whose argument is symmetric: eigenvalues give it."""
    roots = torch.randn(2, 3, 3, generator=seeded(seed), dtype=torch.float64)
    a, b = (with_moments(50, torch.zeros(3, dtype=torch.float64), root, seed) for root in roots)
    cov_a, cov_b = ((root @ root.T).numpy() for root in roots)
    values, vectors = np.linalg.eigh(cov_a)
    half = vectors * np.sqrt(values.clip(0)) @ vectors.T
    expected = np.trace(cov_a + cov_b) - 2 * np.sqrt(np.linalg.eigvalsh(half @ cov_b @ half).clip(0)).sum()
    assert evaluate.frechet_distance(a, b) == pytest.approx(expected, abs=1e-5)
    assert evaluate.frechet_distance(b, a) == pytest.approx(evaluate.frechet_distance(a, b), abs=1e-5)


def test_frechet_distance_of_a_set_to_itself_is_zero_and_to_a_moved_one_the_squared_move():
    a = torch.randn(200, 8, generator=seeded())
    assert evaluate.frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert evaluate.frechet_distance(a, a[torch.randperm(200, generator=seeded())]) == pytest.approx(0, abs=1e-9)
    assert evaluate.frechet_distance(a, a + torch.tensor([3.0] + [0.0] * 7)) == pytest.approx(9, rel=1e-5)


@pytest.mark.parametrize("flat", ["fewer points than features", "a feature that never varies", "a repeated feature"])
def test_frechet_distance_is_right_where_a_covariance_has_no_inverse(flat):
    a = torch.randn(60, 6, generator=seeded(), dtype=torch.float64)
    if flat == "fewer points than features":
        a = a[:4]
    elif flat == "a feature that never varies":
        a[:, 2] = 0.5
    else:
        a[:, 2] = a[:, 3]
    assert evaluate.frechet_distance(a, a) == pytest.approx(0, abs=1e-5)
    assert evaluate.frechet_distance(a, 3 * a) == pytest.approx(
        4 * (torch.cov(a.T).trace() + a.mean(0).square().sum()).item(), rel=1e-5
    )


@pytest.mark.parametrize(
    ("a", "b"), [((5, 3), (5, 4)), ((5,), (5,)), ((1, 3), (5, 3)), ((5, 3), (0, 3)), ((5, 3, 1), (5, 3, 1))]
)
def test_frechet_distance_names_bad_shapes(a, b):
    with pytest.raises(ValueError, match="^a, b: shapes .* expected"):
        evaluate.frechet_distance(torch.zeros(a), torch.zeros(b))


@pytest.mark.parametrize(
    ("variational", "images", "threshold", "named"),
    [
        (True, 1, 0.01, "x: 1 image, expected at least 2"),
        (True, 5, math.nan, "threshold: nan, expected at least 0"),
        (False, 5, 0.01, "model: Autoencoder, expected VAE"),
    ],
)
def test_active_units_name_bad_input(digits, variational, images, threshold, named):
    model = ModelConfig(hidden=(4,), latent=2, variational=variational).build()
    with pytest.raises(ValueError, match=f"^{named}"):
        evaluate.active_units(model, digits[:images], threshold=threshold)
