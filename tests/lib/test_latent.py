"""Walks through a latent space, with a decoder that shows the latents themselves."""

import pytest
import torch
from hypothesis import given as for_all
from hypothesis import strategies as st
from scipy.stats import norm
from torch import nn
from torch.testing import assert_close

from vae_lib.latent import interpolate, manifold, prior_quantiles, traversal
from vae_lib.models import VAE, Decoder, ModelConfig


@pytest.fixture
def echo():
    """A model with four latents whose decoded mean is z."""
    return VAE(nn.Identity(), Decoder(nn.Identity(), latent=4, likelihood="gaussian"))


@for_all(st.integers(1, 60))
def test_prior_quantiles_stand_for_equal_shares_of_the_prior(n):
    """Cut halfway in probability between neighbours, each point has 1/n of the prior, and as much on either side."""
    shares = norm.cdf(prior_quantiles(n).double().numpy())
    assert shares * n == pytest.approx([i + 0.5 for i in range(n)], abs=1e-4)


def test_prior_quantiles_mirror_each_other():
    points = prior_quantiles(20)
    assert_close(points, -points.flip(0))
    assert (points.diff() > 0).all()


@pytest.mark.parametrize("axes", [(0, 1), (3, 1), (2, 0)])
def test_the_manifolds_first_axis_runs_right_and_its_second_upwards(echo, axes):
    n = 5
    z = manifold(echo, axes, n).view(n, n, 4)  # rows from the top, columns from the left
    right, up = axes
    for i in range(n):
        assert_close(z[i, :, right], prior_quantiles(n))
        assert_close(z[:, i, up], prior_quantiles(n).flip(0))
    others = [d for d in range(4) if d not in axes]
    assert not z[..., others].any()


@pytest.mark.parametrize("values", [[-1.0, 0.0, 5.0], [7.0]])
def test_a_traversal_changes_one_dimension_and_leaves_its_start_alone(echo, values):
    z = torch.tensor([1.0, 2.0, 3.0, 4.0])
    path = traversal(echo, z, 2, torch.tensor(values))
    assert path.tolist() == [[1.0, 2.0, value, 4.0] for value in values]
    assert z.tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("dimension", [-1, 4])
def test_a_traversal_along_no_dimension_is_refused(echo, dimension):
    with pytest.raises(ValueError, match=f"^dimension: {dimension}, expected 0 to 3"):
        traversal(echo, torch.zeros(4), dimension, torch.zeros(2))


@for_all(st.integers(2, 40), st.integers(0, 1000))
def test_interpolation_is_straight_even_and_ends_where_it_should(n, seed):
    start, end = torch.randn(2, 3, generator=torch.Generator().manual_seed(seed))
    path = interpolate(start, end, n)
    assert path.shape == (n, 3)
    assert torch.equal(path[0], start)
    assert torch.equal(path[-1], end)
    assert_close(path.diff(dim=0), ((end - start) / (n - 1)).expand(n - 1, 3), atol=1e-5, rtol=0)


@for_all(st.integers(2, 40), st.floats(0.1, 3.0), st.floats(0.5, 4.0))
def test_spherical_interpolation_turns_evenly_and_keeps_the_length(n, angle, length):
    """In the plane it is a rotation by equal steps."""
    turns = torch.linspace(0, angle, n) + 0.3
    arc = length * torch.stack([turns.cos(), turns.sin(), torch.zeros(n)], dim=-1)  # (n, 3)
    assert_close(interpolate(arc[0], arc[-1], n, spherical=True), arc, atol=1e-4, rtol=0)


@pytest.mark.parametrize("end", [[2.0, 4.0], [-1.0, -2.0], [0.0, 0.0], [1.0, 2.0]])
def test_where_there_is_no_arc_spherical_interpolation_is_straight(end):
    start, end = torch.tensor([1.0, 2.0]), torch.tensor(end)
    assert torch.equal(interpolate(start, end, 5, spherical=True), interpolate(start, end, 5))


@pytest.mark.parametrize("n", [1, 0])
def test_interpolation_needs_both_ends(n):
    with pytest.raises(ValueError, match=f"^n: {n}, expected at least 2"):
        interpolate(torch.zeros(2), torch.ones(2), n)


def test_walks_keep_no_gradient(echo):
    echo.decoder.network = nn.Linear(4, 4)
    assert not manifold(echo).requires_grad
    assert not traversal(echo, torch.zeros(4), 0, torch.zeros(2)).requires_grad


@pytest.mark.parametrize(("axes", "n"), [((0, 2), 3), ((-1, 0), 3), ((0,), 3), ((0, 1), 0)])
def test_a_manifold_along_no_dimensions_is_refused(axes, n):
    model = ModelConfig(hidden=(4,), latent=2).build()
    with pytest.raises(ValueError, match="^axes, n: .* expected two dimensions from 0 to 1"):
        manifold(model, axes, n)
