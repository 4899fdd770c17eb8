"""The bounds where the truth is known: linear-Gaussian models exactly, one latent dimension by quadrature."""

from functools import partial

import pytest
import torch
from hypothesis import given as for_all
from hypothesis import strategies as st
from torch.distributions import Normal
from torch.distributions import kl_divergence as torch_kl
from torch.testing import assert_close

from vae_lib.distributions import DiagonalGaussian
from vae_lib.models import PIXELS, VAE, Autoencoder, Decoder, ModelConfig, mlp
from vae_lib.objectives import Elbo, elbo, iwae_bound, log_weights, reconstruction

ROUNDING = {"atol": 5e-3, "rtol": 0}  # float32 sums of 784 terms, some 1,200 nats in all


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def mean_and_error(values: torch.Tensor) -> tuple[float, float]:
    return values.mean().item(), values.std().item() / len(values) ** 0.5


@pytest.mark.parametrize("seed", [0, 1])
def test_with_the_exact_posterior_every_sample_of_the_elbo_is_log_p(known, seed):
    """p(x|z) p(z) / q(z|x) is then the same for all z; only the KL's expectation makes one sample differ."""
    weights = log_weights(known.exact(), known.x, samples=20, generator=seeded(seed))
    assert_close(weights, known.log_p.expand(20, 4), **ROUNDING)


def test_with_the_exact_posterior_the_elbo_is_log_p(known):
    for row, log_p in enumerate(known.log_p):
        x = known.x[row].expand(4_000, -1)
        mean, error = mean_and_error(elbo(known.exact(), x, generator=seeded(row)).value.detach())
        assert abs(mean - log_p) < 4 * error + 0.005
        assert error < 0.02


@for_all(st.floats(-1, 1), st.floats(0.5, 1.6), st.integers(0, 3))
def test_the_elbo_falls_short_of_log_p_by_the_kl_to_the_posterior(known, shift, widen, row):
    x = known.x[row].expand(2_000, -1)
    value = elbo(known.wrong(row, shift=shift, widen=widen), x, generator=seeded()).value.detach()
    mean, error = mean_and_error(value)
    gap = known.gap(shift=shift, widen=widen)
    assert abs(known.log_p[row] - mean - gap) < 5 * error + 0.005
    if gap > 5 * error + 0.005:
        assert mean < known.log_p[row]


def test_a_wrong_posterior_leaves_a_strict_gap(known):
    x = known.x[0].expand(5_000, -1)
    mean, error = mean_and_error(elbo(known.wrong(0), x, generator=seeded()).value.detach())
    assert mean + 10 * error < known.log_p[0]


def test_the_k_sample_bound_rises_with_k_towards_log_p(known):
    model, log_p = known.wrong(0, shift=0.7, widen=1.5), known.log_p[0].item()
    x = known.x[0].expand(1_500, -1)
    sizes, bounds = (1, 2, 5, 20), []
    for k in sizes:
        bounds.append(mean_and_error(iwae_bound(model, x, samples=k, generator=seeded(k)).detach()))
    for (low, low_error), (high, high_error) in zip(bounds, bounds[1:], strict=False):
        assert low + 4 * (low_error + high_error) < high
    assert all(mean < log_p + 4 * error + 0.005 for mean, error in bounds)
    mean, error = mean_and_error(iwae_bound(model, x[:20], samples=2_000, generator=seeded()).detach())
    assert log_p - 0.02 < mean < log_p + 4 * error + 0.005
    assert abs(bounds[0][0] - (log_p - known.gap(shift=0.7, widen=1.5))) < 5 * bounds[0][1] + 0.005


def test_importance_weights_average_to_p(known):
    """E_q[p(x, z) / q(z|x)] = p(x), whatever q."""
    weights = log_weights(known.wrong(1, widen=1.3), known.x[1:2], samples=20_000, generator=seeded()).detach()
    assert weights.shape == (20_000, 1)
    mean, error = mean_and_error((weights[:, 0] - known.log_p[1]).exp())
    assert abs(mean - 1) < 5 * error + 0.005


def test_log_weights_are_joint_minus_posterior_at_the_drawn_latents(digits):
    model, x = ModelConfig(hidden=(8,), latent=3).build(), digits[:5].round()
    mean, log_var = model.encoder(x).chunk(2, -1)
    z = mean + (0.5 * log_var).exp() * torch.randn(6, 5, 3, generator=seeded())
    probability = model.decoder.network(z.flatten(0, 1)).sigmoid().view(6, 5, PIXELS)
    log_joint = torch.where(x == 1, probability, 1 - probability).log().sum(-1) + Normal(0.0, 1.0).log_prob(z).sum(-1)
    expected = log_joint - Normal(mean, (0.5 * log_var).exp()).log_prob(z).sum(-1)
    assert_close(log_weights(model, x, samples=6, generator=seeded()), expected, atol=1e-3, rtol=0)


def test_terms_of_the_elbo_agree_with_torch_at_the_drawn_latent(digits):
    model, x = ModelConfig(hidden=(8,), latent=3).build(), digits[:5].round()
    terms = elbo(model, x, generator=seeded())
    mean, log_var = model.encoder(x).chunk(2, -1)
    q = Normal(mean, (0.5 * log_var).exp())
    z = mean + q.stddev * torch.randn(5, 3, generator=seeded())
    assert_close(
        terms.log_likelihood, torch.distributions.Bernoulli(logits=model.decoder.network(z)).log_prob(x).sum(-1)
    )
    assert_close(terms.kl_terms, torch_kl(q, Normal(torch.zeros(3), 1.0)))


def test_the_elbo_is_the_likelihood_minus_the_sum_of_its_kl_terms():
    terms = Elbo(torch.tensor([-5.0, -7.0]), torch.tensor([[1.0, 2.0], [0.5, 0.0]]))
    assert terms.kl.tolist() == [3.0, 0.5]
    assert terms.value.tolist() == [-8.0, -7.5]


@pytest.fixture(scope="module")
def curved(digits):
    """A model with one latent dimension, a decoder that bends, and one binary image: integrals over z are sums."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = mlp(1, 16, PIXELS)
    network[2].weight.data *= 0.5  # gentle enough for Monte Carlo and the grid to settle
    return Decoder(network, latent=1, likelihood="bernoulli"), digits[:1].round()


def quadrature(decoder: Decoder, x: torch.Tensor, q: Normal) -> tuple[float, float]:
    """The ELBO and log p(x), with the integrals over z written out on a grid."""
    z = torch.linspace(-8, 8, 4_001, dtype=torch.float64)
    step = z[1] - z[0]
    with torch.no_grad():
        log_likelihood = decoder(z.float()[:, None]).log_prob(x).double()
    log_prior, log_q = Normal(0.0, 1.0).log_prob(z), q.log_prob(z)
    bound = (log_q.exp() * (log_likelihood + log_prior - log_q)).sum() * step
    return bound.item(), (torch.logsumexp(log_likelihood + log_prior, 0) + step.log()).item()


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (-0.8, 0.3), (0.5, 0.6)])
def test_the_mean_elbo_is_the_integral_that_quadrature_gives(curved, given, mean, std):
    decoder, x = curved
    model = VAE(given(torch.tensor([mean, 2 * torch.tensor(std).log()])), decoder)
    bound, log_p = quadrature(decoder, x, Normal(torch.tensor(mean).double(), std))
    estimate, error = mean_and_error(elbo(model, x.expand(20_000, -1), generator=seeded()).value.detach())
    assert abs(estimate - bound) < 5 * error + 0.005
    assert estimate < log_p
    assert error < 0.3  # otherwise the line above would say little


def test_the_k_sample_bound_finds_what_quadrature_finds(curved, given):
    decoder, x = curved
    model = VAE(given(torch.tensor([0.0, 0.0])), decoder)
    _, log_p = quadrature(decoder, x, Normal(torch.tensor(0.0).double(), 1.0))
    estimates = iwae_bound(model, x.expand(10, -1), samples=2_000, generator=seeded()).detach()
    assert abs(estimates.mean() - log_p) < 0.3
    assert estimates.std() < 0.5


def score_function_gradients(model: VAE, x: torch.Tensor, codes: torch.Tensor) -> tuple[torch.Tensor]:
    """(log p(x|z) - baseline) grad log q(z) - grad KL for each row: REINFORCE, with no gradient through z."""
    q = DiagonalGaussian(*codes.chunk(2, -1))
    normal = Normal(q.mean, q.std)
    z = normal.sample()
    with torch.no_grad():
        reward = model.decode(z).log_prob(x)
        other = model.decode(normal.sample()).log_prob(x)  # an independent draw: the baseline adds no bias
    surrogate = (reward - other) * normal.log_prob(z).sum(-1) - torch_kl(normal, Normal(0.0, 1.0)).sum(-1)
    return torch.autograd.grad(surrogate.sum(), codes)


def test_pathwise_and_score_function_gradients_agree_with_the_exact_one(known, given):
    """The ELBO is log p(x) - KL(q || posterior), so its gradient in q's parameters is known in closed form."""
    rows, batch = 40_000, 1_000
    codes = known.wrong(0, shift=0.6, widen=1.4).encoder.codes
    mean, log_var = codes.chunk(2)
    ratio = (log_var - known.posterior_log_var).exp()
    exact = torch.cat([-(mean - known.posterior_mean[0]) / known.posterior_log_var.exp(), -0.5 * (ratio - 1)])

    codes = codes.repeat(batch, 1).requires_grad_()
    model, x, generator = known.vae(given(codes)), known.x[0].expand(batch, -1), seeded()
    pathwise, one_sample, score = [], [], []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(rows // batch):
            pathwise += torch.autograd.grad(elbo(model, x, generator=generator).value.sum(), codes)
            one_sample += torch.autograd.grad(iwae_bound(model, x, samples=1, generator=generator).sum(), codes)
            score += score_function_gradients(model, x, codes)
    pathwise, one_sample, score = torch.cat(pathwise), torch.cat(one_sample), torch.cat(score)
    for gradients in (pathwise, one_sample, score):  # (rows, 2D), one estimate a row
        error = gradients.std(0) / rows**0.5
        assert ((gradients.mean(0) - exact).abs() < 5 * error + 1e-3).all()
        assert (error < 0.2 * exact.abs()).all()
    assert (pathwise.var(0) < score.var(0)).all()  # the reason for the reparameterisation


def test_an_autoencoder_pays_no_kl_and_is_scored_at_its_code(digits):
    model, x = ModelConfig(hidden=(8,), latent=3, variational=False).build(), digits[:5]
    assert isinstance(model, Autoencoder)
    terms = reconstruction(model, x)
    p = model.decoder.network(model.encoder(x)).sigmoid()
    assert terms.kl_terms.shape == (5, 3)
    assert not terms.kl_terms.any()
    assert_close(terms.value, (x * p.log() + (1 - x) * (1 - p).log()).sum(-1), atol=1e-3, rtol=0)


@pytest.mark.parametrize("samples", [0, -1])
def test_too_few_samples_are_named(digits, samples):
    with pytest.raises(ValueError, match=f"^samples: {samples}, expected at least 1"):
        iwae_bound(ModelConfig(hidden=(8,)).build(), digits[:2], samples=samples)


def test_a_model_of_the_other_kind_is_named(digits):
    vae, autoencoder = (ModelConfig(hidden=(4,), latent=2, variational=kind).build() for kind in (True, False))
    for bound in (elbo, partial(log_weights, samples=2), partial(iwae_bound, samples=2)):
        with pytest.raises(ValueError, match="^model: Autoencoder, expected VAE"):
            bound(autoencoder, digits)
    with pytest.raises(ValueError, match="^model: VAE, expected Autoencoder"):
        reconstruction(vae, digits)
