"""The toy worlds' exact answers, against quadrature, torch.distributions, conditioning and scikit-learn."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example
from hypothesis import given as for_all
from hypothesis import strategies as st
from scipy.integrate import quad
from sklearn.decomposition import PCA
from torch.distributions import MultivariateNormal, Normal
from torch.testing import assert_close

from vae_lib.worlds import CurveWorld, ProbabilisticPCA


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Where a figure of this world looks: the disc of radius 2, as points (2,).
plane = st.builds(lambda r, a: [r * math.cos(a), r * math.sin(a)], st.floats(0, 2), st.floats(-math.pi, math.pi))


@example([0.0, 0.0])  # the curve's far end comes nearest here
@example([1.2, 1.6])
@for_all(plane)
def test_the_curves_marginal_is_the_integral_that_adaptive_quadrature_gives(x):
    def joint(z: float) -> float:
        first, second = (1 + 0.15 * z) * math.cos(1.4 * z), (1 + 0.15 * z) * math.sin(1.4 * z)
        square = ((x[0] - first) ** 2 + (x[1] - second) ** 2) / 0.15**2
        return math.exp(-0.5 * (z**2 + square)) / ((2 * math.pi) ** 1.5 * 0.15**2)

    pieces = (quad(joint, low, low + 1, epsabs=0, epsrel=1e-10)[0] for low in range(-10, 10))
    expected = math.log(math.fsum(pieces))
    assert CurveWorld().log_marginal(torch.tensor(x, dtype=torch.float64)).item() == pytest.approx(expected, abs=1e-4)


def integrals(noise: float, x: list[float]) -> tuple[float, float, float]:
    """log p(x), and the posterior's mean and standard deviation, by adaptive quadrature that is told where to look."""

    def log_joint(z):
        square = (x[0] - (1 + 0.15 * z) * np.cos(1.4 * z)) ** 2 + (x[1] - (1 + 0.15 * z) * np.sin(1.4 * z)) ** 2
        return -0.5 * (z**2 + square / noise**2) - 1.5 * math.log(2 * math.pi) - 2 * math.log(noise)

    z = np.linspace(-9, 9, 500_001)
    values = log_joint(z)
    highest = values.max()
    modes = z[1:-1][(values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:]) & (values[1:-1] > highest - 40)]
    around = [mode + sign * noise * 4**k for mode in modes for sign in (-1, 0, 1) for k in range(4)]
    places = sorted({*range(-9, 10), *(place for place in around if abs(place) < 9)})

    def expect(f):
        pieces = zip(places[:-1], places[1:], strict=True)
        return math.fsum(
            quad(lambda z: f(z) * math.exp(log_joint(z) - highest), low, high, epsabs=1e-15, epsrel=1e-10)[0]
            for low, high in pieces
        )

    total = expect(lambda z: 1)
    mean = expect(lambda z: z) / total
    return math.log(total) + highest, mean, math.sqrt(expect(lambda z: (z - mean) ** 2) / total)


NOISES = [0.4, 0.15, 0.1, 0.03, 0.029, 0.01, 0.003, 0.001, 0.0001]


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(
    "place",
    [
        ("on the curve", 0.3),
        ("on the curve", -1.7003),
        ("on the curve", 4.2),
        ("within", 0.7),
        ("without", -0.4),
        "apart",
    ],
    ids=str,
)
def test_however_small_the_noise_no_peak_falls_between_the_grids_points(noise, place):
    world = CurveWorld(noise)
    if place == "apart":  # where the two ends of the curve come together
        x = torch.tensor([-0.95, 0.0], dtype=torch.float64)
    else:
        off = {"on the curve": 0.0, "within": -1.0, "without": 1.5}[place[0]]  # noises, away from the origin
        x = world.curve(torch.tensor(place[1], dtype=torch.float64))
        x = x * (1 + off * noise / x.norm())
    log_marginal, mean, std = integrals(noise, x.tolist())
    assert world.log_marginal(x).item() == pytest.approx(log_marginal, abs=1e-7)
    z, density = world.grid, world.posterior(x)
    share = density * (z[1] - z[0])
    found = (share * z).sum()
    assert share.sum().item() == pytest.approx(1, abs=1e-8)
    assert found.item() == pytest.approx(mean, abs=1e-5 * std)
    assert (share * (z - found) ** 2).sum().sqrt().item() == pytest.approx(std, rel=1e-5)
    assert_close(density, (world.log_joint(x, z) - log_marginal).exp(), atol=0, rtol=1e-6)


def test_the_usual_world_has_the_grid_that_its_chapters_count():
    assert_close(CurveWorld().grid, torch.arange(-1_600, 1_601, dtype=torch.float64) / 200, atol=1e-14, rtol=0)


def test_a_noise_too_small_for_any_grid_is_refused_where_integrals_are_asked_for():
    world, x = CurveWorld(0.00009), torch.tensor([1.0, 0.0], dtype=torch.float64)
    assert world.log_joint(x, torch.tensor(0.0)).isfinite()
    for ask in (lambda: world.grid, lambda: world.log_marginal(x), lambda: world.posterior(x)):
        with pytest.raises(ValueError, match="^noise: 9e-05, expected at least 0.0001 for integrals over z"):
            ask()


@pytest.mark.parametrize("noise", [0.1, 0.15, 0.4])
def test_the_curves_marginal_integrates_to_one_over_the_plane(noise):
    world = CurveWorld(noise)
    side = torch.arange(-3.5, 3.5, 0.1, dtype=torch.float64)  # steps of no more than the noise: smooth enough to sum
    x = torch.cartesian_prod(side, side)
    total = sum(world.log_marginal(part).exp().sum() for part in x.split(100)) * 0.1**2
    assert total.item() == pytest.approx(1, abs=1e-4)


@for_all(plane)
def test_the_curves_posterior_integrates_to_one_and_obeys_bayes_rule(x):
    world = CurveWorld()
    x = torch.tensor(x, dtype=torch.float64)
    density = world.posterior(x)
    assert density.shape == world.grid.shape
    assert torch.trapezoid(density, world.grid).item() == pytest.approx(1, abs=1e-5)
    # p(z|x) p(x) = p(z) p(x|z), the right-hand side written out.
    z = world.grid
    curve = torch.stack([(1 + 0.15 * z) * (1.4 * z).cos(), (1 + 0.15 * z) * (1.4 * z).sin()], -1)
    likelihood = (-((x - curve) ** 2).sum(-1) / (2 * 0.15**2)).exp() / (2 * math.pi * 0.15**2)
    prior = (-z * z / 2).exp() / math.sqrt(2 * math.pi)
    assert_close(density * world.log_marginal(x).exp(), prior * likelihood, atol=1e-12, rtol=1e-8)


def test_the_curves_marginal_is_the_mean_likelihood_of_prior_draws():
    world = CurveWorld()
    x = torch.tensor([[1.0, 0.0], [-0.5, 1.0], [0.3, -1.0]], dtype=torch.float64)
    z = torch.randn(100_000, 1, generator=seeded(), dtype=torch.float64)
    likelihood = world.log_likelihood(x, z).exp()  # (S, 3)
    error = likelihood.std(0) / len(z) ** 0.5
    assert ((likelihood.mean(0) - world.log_marginal(x).exp()).abs() < 5 * error).all()


def test_the_curves_samples_come_from_the_prior_and_lie_around_the_curve():
    world = CurveWorld()
    z, x = world.sample(20_000, generator=seeded())
    off = x - world.curve(z)
    assert abs(z.mean()) < 5 / len(z) ** 0.5
    assert abs(z.std() - 1) < 5 / (2 * len(z)) ** 0.5
    assert (off.std(0) - 0.15).abs().max() < 5 * 0.15 / (2 * len(z)) ** 0.5
    assert (off.mean(0).abs() < 5 * 0.15 / len(z) ** 0.5).all()
    assert abs(torch.corrcoef(off.T)[0, 1]) < 5 / len(z) ** 0.5
    again = world.sample(20_000, generator=seeded())
    assert torch.equal(again[0], z)
    assert torch.equal(again[1], x)


def test_some_points_of_the_plane_have_two_explanations():
    """The curve's ends come close near (-1, 0): there the posterior has two separate peaks."""
    density = CurveWorld().posterior(torch.tensor([-1.0, 0.0], dtype=torch.float64))
    tall = density.where(density > 0.01 * density.max(), 0)  # without the explanations that hardly count
    rises, falls = tall.diff()[:-1] > 0, tall.diff()[1:] <= 0
    peaks = (rises & falls).nonzero().flatten() + 1
    assert len(peaks) == 2
    assert tall[peaks[0] : peaks[1]].min() == 0
    assert density[peaks].min() > 0.5 * density[peaks].max()


@pytest.mark.parametrize("noise", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize(
    "build", [CurveWorld, lambda noise: ProbabilisticPCA(torch.zeros(3), torch.ones(3, 1), noise)], ids=["curve", "PCA"]
)
def test_a_world_without_noise_is_refused(build, noise):
    with pytest.raises(ValueError, match="^noise: .*, expected a positive number"):
        build(noise)


@pytest.fixture(scope="module")
def world():
    weight = torch.randn(5, 2, generator=seeded(), dtype=torch.float64)  # directions are not orthogonal
    return ProbabilisticPCA(torch.randn(5, generator=seeded(1), dtype=torch.float64), weight, 0.3)


def test_pcas_marginal_is_the_gaussian_with_the_full_covariance(world):
    x = torch.randn(20, 5, generator=seeded(2), dtype=torch.float64)
    covariance = world.weight @ world.weight.T + 0.09 * torch.eye(5, dtype=torch.float64)
    assert_close(world.marginal.log_prob(x), MultivariateNormal(world.mean, covariance).log_prob(x))


def test_pcas_posterior_is_the_joint_gaussian_conditioned_on_x(world):
    x = torch.randn(20, 5, generator=seeded(2), dtype=torch.float64)
    mean, covariance = world.posterior(x)
    inverse = torch.linalg.inv(world.weight @ world.weight.T + 0.09 * torch.eye(5, dtype=torch.float64))
    gain = world.weight.T @ inverse  # cov(z, x) cov(x, x)^-1
    assert_close(mean, (x - world.mean) @ gain.T)
    assert_close(covariance, torch.eye(2, dtype=torch.float64) - gain @ world.weight)


def test_pca_obeys_bayes_rule(world):
    z, x = world.sample(20, generator=seeded(3))
    mean, covariance = world.posterior(x)
    joint = Normal(0.0, 1.0).log_prob(z).sum(-1) + world.log_likelihood(x, z)
    assert_close(MultivariateNormal(mean, covariance).log_prob(z) + world.marginal.log_prob(x), joint)


def test_pcas_samples_have_the_moments_of_the_marginal_and_follow_their_latents(world):
    z, x = world.sample(50_000, generator=seeded())
    assert z.shape == (50_000, 2)
    assert world.latent == 2
    covariance = world.weight @ world.weight.T + 0.09 * torch.eye(5, dtype=torch.float64)
    error = covariance.diagonal().max() * 5 * (2 / len(x)) ** 0.5
    assert (torch.cov(x.T) - covariance).abs().max() < error
    assert (x.mean(0) - world.mean).abs().max() < 5 * (covariance.diagonal().max() / len(x)) ** 0.5
    assert (x - world.mean - z @ world.weight.T).std().item() == pytest.approx(0.3, rel=0.01)


@pytest.fixture(scope="module")
def cloud(world):
    return world.sample(500, generator=seeded(4))[1]


@pytest.mark.parametrize("latent", [1, 2, 4])
def test_pcas_fit_agrees_with_scikit_learn(cloud, latent):
    ours, theirs = ProbabilisticPCA.fit(cloud, latent), PCA(latent).fit(cloud.numpy())
    assert ours.noise**2 == pytest.approx(theirs.noise_variance_)
    assert_close(ours.mean, torch.from_numpy(theirs.mean_))
    assert ours.marginal.log_prob(cloud).mean().item() == pytest.approx(theirs.score(cloud.numpy()), abs=1e-9)
    directions = ours.weight / ours.weight.norm(dim=0)
    assert_close((directions.T @ torch.from_numpy(theirs.components_).T).abs(), torch.eye(latent, dtype=torch.float64))
    assert (ours.weight.norm(dim=0).diff() <= 0).all()  # the largest direction first


@for_all(st.integers(0, 2**31), st.sampled_from(["mean", "weight", "noise"]), st.floats(0.01, 0.3))
def test_no_perturbation_of_pcas_fit_is_more_likely(cloud, seed, part, size):
    fitted = ProbabilisticPCA.fit(cloud, 2)
    changed = {"mean": fitted.mean, "weight": fitted.weight, "noise": fitted.noise}
    if part == "noise":
        changed["noise"] *= 1 + size * (1 if seed % 2 else -1)
    else:
        step = torch.randn(changed[part].shape, generator=seeded(seed), dtype=torch.float64)
        if part == "weight":  # a step along a rotation of the latents changes nothing; take one that leaves the plane
            step -= fitted.weight @ torch.linalg.pinv(fitted.weight) @ step
        changed[part] = changed[part] + size * step
    likelihood, other = (w.marginal.log_prob(cloud).mean() for w in (fitted, ProbabilisticPCA(**changed)))
    assert other < likelihood


def test_rotating_the_latents_changes_no_density(cloud):
    fitted = ProbabilisticPCA.fit(cloud, 2)
    turn = torch.linalg.qr(torch.randn(2, 2, generator=seeded(), dtype=torch.float64))[0]
    turned = ProbabilisticPCA(fitted.mean, fitted.weight @ turn, fitted.noise)
    assert_close(turned.marginal.log_prob(cloud), fitted.marginal.log_prob(cloud))


@pytest.mark.parametrize(("shape", "latent"), [((500,), 1), ((500, 5), 0), ((500, 5), 5), ((2, 3, 4), 1)])
def test_pca_names_bad_input(shape, latent):
    with pytest.raises(ValueError, match=f"^x, latent: shape .* and {latent}, expected"):
        ProbabilisticPCA.fit(torch.zeros(shape), latent)


@pytest.mark.parametrize(
    "x",
    [
        torch.rand(1, 5),
        torch.full((9, 5), torch.nan),
        torch.zeros(9, 5, dtype=torch.long),
        torch.ones(9, 5),
        torch.rand(3, 50),
        torch.rand(9, 2, dtype=torch.float64) @ torch.rand(2, 50, dtype=torch.float64),
    ],
    ids=["one row", "NaN", "integers", "constant", "fewer rows than dimensions", "a plane"],
)
def test_pca_refuses_data_of_which_the_likelihood_has_no_maximum(x):
    with pytest.raises(ValueError, match="^x: "):
        ProbabilisticPCA.fit(x, 2)
