"""Densities and divergences against torch.distributions, and every complaint about bad input."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Independent, Normal
from torch.distributions import kl_divergence as torch_kl
from torch.testing import assert_close

from vae_lib.distributions import Bernoulli, DiagonalGaussian, kl_to_standard_normal, standard_normal

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
seeds = st.integers(0, 2**31)


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gaussian(shape: tuple[int, ...], seed: int) -> DiagonalGaussian:
    return DiagonalGaussian(randn(*shape, seed=seed), randn(*shape, seed=seed + 1))


def oracle(q: DiagonalGaussian) -> Normal:
    return Normal(q.mean, (0.5 * q.log_var).exp())


@given(shapes, seeds)
def test_gaussian_log_prob_agrees_with_torch(shape, seed):
    q, x = gaussian(shape, seed), 3 * randn(*shape, seed=seed + 2)
    assert_close(q.log_prob(x), Independent(oracle(q), 1).log_prob(x))


def test_gaussian_log_prob_broadcasts_over_samples():
    q, z = gaussian((5, 3), 0), randn(7, 5, 3, seed=2)
    assert_close(q.log_prob(z), torch.stack([q.log_prob(one) for one in z]))
    assert_close(standard_normal(3).log_prob(z.float()), Normal(0.0, 1.0).log_prob(z.float()).sum(-1))


def test_one_log_variance_for_all_pixels_is_counted_for_each_pixel():
    mean, x, log_var = randn(4, 6), randn(4, 6, seed=1), torch.tensor([-0.7], dtype=torch.float64)
    assert_close(DiagonalGaussian(mean, log_var).log_prob(x), Normal(mean, (0.5 * log_var).exp()).log_prob(x).sum(-1))


def test_log_variance_must_fit_the_mean():
    for log_var in (torch.zeros(4), torch.zeros(2, 3), torch.zeros(2, 1, 3)):
        with pytest.raises(ValueError, match=r"^log_var: shape .* does not fit mean's \(1, 3\)"):
            DiagonalGaussian(torch.zeros(1, 3), log_var)


def test_rsample_has_the_mean_and_spread_it_is_asked_for():
    q = gaussian((2, 3), 0)
    z = q.rsample(40_000, generator=torch.Generator().manual_seed(1))
    assert z.shape == (40_000, 2, 3)
    error = q.std / len(z) ** 0.5
    assert ((z.mean(0) - q.mean).abs() < 5 * error).all()
    assert ((z.std(0) - q.std).abs() < 5 * error / 2**0.5).all()  # a standard deviation's own standard error
    standard = ((z - q.mean) / q.std).flatten(1).T
    assert (torch.corrcoef(standard) - torch.eye(6)).abs().max() < 5 / len(z) ** 0.5


@pytest.mark.parametrize("samples", [None, 1, 4])
def test_gradient_reaches_mean_and_log_variance_through_rsample(samples):
    """z = mean + std * noise, so dz/dmean = 1 and dz/dlog_var = (z - mean) / 2 for the noise that was drawn."""
    q = DiagonalGaussian(randn(5, 3).requires_grad_(), randn(5, 3, seed=1).requires_grad_())
    z = q.rsample(samples, generator=torch.Generator().manual_seed(0))
    z.sum().backward()
    z = z.detach() if samples else z.detach()[None]
    assert z.shape[1:] == (5, 3)
    assert_close(q.mean.grad, torch.full((5, 3), float(len(z)), dtype=torch.float64))
    assert_close(q.log_var.grad, (0.5 * (z - q.mean.detach())).sum(0))


def test_sample_is_rsample_without_a_gradient():
    q = DiagonalGaussian(randn(5, 3).requires_grad_(), randn(5, 3, seed=1).requires_grad_())
    one, other = (draw(2, generator=torch.Generator().manual_seed(0)) for draw in (q.sample, q.rsample))
    assert torch.equal(one, other)
    assert other.requires_grad
    assert not one.requires_grad


def test_given_a_generator_draws_leave_the_global_one_alone():
    state = torch.get_rng_state()
    gaussian((2, 3), 0).rsample(4, generator=torch.Generator().manual_seed(0))
    Bernoulli(randn(2, 3)).sample(generator=torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), state)


@given(shapes, seeds)
def test_kl_agrees_with_torch(shape, seed):
    q = gaussian(shape, seed)
    assert_close(kl_to_standard_normal(q), torch_kl(oracle(q), Normal(torch.zeros(shape).double(), 1.0)))


@given(shapes, seeds)
def test_kl_is_positive_and_zero_only_between_equals(shape, seed):
    assert (kl_to_standard_normal(gaussian(shape, seed)) > 0).all()
    assert_close(kl_to_standard_normal(standard_normal(3)), torch.zeros(3))


def test_kl_is_the_mean_log_ratio_of_draws():
    q, p = gaussian((3,), 0), DiagonalGaussian(torch.zeros(3).double(), torch.zeros(3).double())
    z = q.sample(100_000, generator=torch.Generator().manual_seed(0))
    ratio = q.log_prob(z) - p.log_prob(z)
    assert abs(ratio.mean() - kl_to_standard_normal(q).sum()) < 5 * ratio.std() / len(z) ** 0.5


@given(shapes, seeds)
def test_bernoulli_log_prob_agrees_with_torch_on_binary_pixels(shape, seed):
    logits, x = 3 * randn(*shape, seed=seed), (randn(*shape, seed=seed + 1) > 0).double()
    assert_close(Bernoulli(logits).log_prob(x), Independent(TorchBernoulli(logits=logits), 1).log_prob(x))


def test_grey_pixels_weigh_the_two_binary_answers():
    logits, x = randn(4, 6), randn(4, 6, seed=1).sigmoid()
    p = Bernoulli(logits).mean
    assert_close(Bernoulli(logits).log_prob(x), (x * p.log() + (1 - x) * (1 - p).log()).sum(-1))


@pytest.mark.parametrize("logit", [-100.0, 100.0])
def test_certain_pixels_neither_overflow_nor_lose_the_gradient(logit):
    logits = torch.full((1, 2), logit, requires_grad=True)
    wrong = torch.full((1, 2), float(logit < 0))
    assert_close(Bernoulli(logits).log_prob(1 - wrong).detach(), torch.zeros(1))
    loss = Bernoulli(logits).log_prob(wrong)
    loss.backward()
    assert_close(loss.detach(), torch.tensor([-200.0]))
    assert_close(logits.grad, torch.full((1, 2), -logit / 100))  # each pixel pays a nat per unit of log-odds


def test_bernoulli_broadcasts_over_samples_from_either_side():
    logits, x = randn(7, 5, 3), (randn(5, 3, seed=1) > 0).double()
    assert_close(Bernoulli(logits).log_prob(x), torch.stack([Bernoulli(one).log_prob(x) for one in logits]))
    assert_close(Bernoulli(logits[0]).log_prob(x.expand(7, 5, 3)), Bernoulli(logits[0]).log_prob(x).expand(7, 5))


def test_bernoulli_draws_zeros_and_ones_with_its_mean():
    logits = torch.linspace(-3, 3, 7)
    drawn = Bernoulli(logits.expand(20_000, 7)).sample(generator=torch.Generator().manual_seed(0))
    p = 1 / (1 + (-logits).exp())
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert ((drawn.mean(0) - p).abs() < 5 * (p * (1 - p) / len(drawn)).sqrt()).all()


DENSITIES = [Bernoulli(torch.zeros(2, 3)), DiagonalGaussian(torch.zeros(2, 3), torch.zeros(2, 3))]


@pytest.mark.parametrize("density", DENSITIES, ids=["bernoulli", "gaussian"])
@pytest.mark.parametrize(
    ("x", "complaint"),
    [
        (torch.zeros(2, 4), r"^x: shape \(2, 4\), expected \(\.\.\., 3\)"),
        (torch.tensor(0.5), r"^x: shape \(\), expected \(\.\.\., 3\)"),
        (torch.zeros(2, 3, dtype=torch.int64), r"^x: dtype torch\.int64, expected floating point"),
        (torch.zeros(2, 3, dtype=torch.bool), r"^x: dtype torch\.bool, expected floating point"),
        (torch.zeros(0, 3), r"^x: an empty batch, shape \(0, 3\)"),
    ],
)
def test_log_prob_names_what_is_wrong_with_x(density, x, complaint):
    with pytest.raises(ValueError, match=complaint):
        density.log_prob(x)


@pytest.mark.parametrize("bad", [-0.01, 1.01, 255.0, float("nan"), float("inf"), -float("inf")])
def test_bernoulli_refuses_pixels_outside_the_unit_interval(bad):
    x = torch.full((2, 3), 0.5)
    x[1, 2] = bad
    with pytest.raises(ValueError, match=r"^x: values from .* to .*, expected \[0, 1\]"):
        Bernoulli(torch.zeros(2, 3)).log_prob(x)


def test_prior_is_the_standard_normal():
    z = randn(50, 4).float()
    assert_close(standard_normal(4).log_prob(z), Normal(0.0, 1.0).log_prob(z).sum(-1))
