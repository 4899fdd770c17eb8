"""Walks through a latent space: what to decode when one wants to see it. Used in chapters 5 to 8."""

from numbers import Integral

import torch
from torch import Tensor

from vae_lib.checks import check_count, check_device, check_kind, check_tensor, told
from vae_lib.models import VAE, Autoencoder

# The sine of the least angle along which an arc is taken, the same in js/gaussian.js. Between codes nearer to one
# direction it is the straight line to six digits; of nearly opposite ones float32 does not know which way it turns.
LEAST_ARC = 1e-3


def prior_quantiles(n: int) -> Tensor:
    """n points that cut the standard normal into equal shares: (n,). Where a picture of a latent plane should look."""
    check_count("n", n)
    return torch.special.ndtri((torch.arange(n) + 0.5) / n)


@torch.no_grad()
def manifold(model: VAE | Autoencoder, axes: tuple[int, int] = (0, 1), n: int = 20) -> Tensor:
    """Decoded means over an n by n grid of prior quantiles along two latent dimensions, the others 0: (n * n, X).

    The first axis runs to the right, the second upwards. Raises ValueError for other axes, and for n below 1.
    """
    check_kind("model", model, VAE, Autoencoder)
    two = isinstance(axes, tuple | list) and len(axes) == 2 and all(axis in range(model.latent) for axis in axes)
    if not (two and isinstance(n, Integral) and n >= 1):
        came = axes if isinstance(axes, tuple | list) else told(axes)
        raise ValueError(
            f"axes, n: {came} and {told(n)}, expected two dimensions from 0 to {model.latent - 1} and n above 0"
        )
    quantiles = prior_quantiles(n)
    z = torch.zeros(n, n, model.latent, device=model.device)
    z[..., axes[0]] = quantiles.to(z.device)
    z[..., axes[1]] = quantiles.flip(0).unsqueeze(-1).to(z.device)
    return model.decode(z).mean.flatten(0, 1)


@torch.no_grad()
def traversal(model: VAE | Autoencoder, z: Tensor, dimension: int, values: Tensor) -> Tensor:
    """Decoded means along one latent dimension of z (D,), the others held: values (T,) -> (T, X)."""
    check_kind("model", model, VAE, Autoencoder)
    check_tensor("z", z)
    check_tensor("values", values, floating=False)
    if z.shape != (model.latent,):
        raise ValueError(f"z: shape {tuple(z.shape)}, expected ({model.latent},): one code")
    if values.ndim != 1:
        raise ValueError(f"values: shape {tuple(values.shape)}, expected (T,)")
    if not isinstance(dimension, Integral) or dimension not in range(model.latent):
        raise ValueError(f"dimension: {told(dimension)}, expected 0 to {model.latent - 1}")
    path = z.repeat(len(values), 1)  # (T, D)
    path[:, dimension] = values.to(z.device)  # a number each: it may come from anywhere
    return model.decode(path).mean


def interpolate(start: Tensor, end: Tensor, n: int, *, spherical: bool = False) -> Tensor:
    """n points on the way between two codes, ends included: (D,), (D,) -> (n, D).

    The way is the straight line, or with `spherical` the arc on which direction turns evenly (White, 2016): where both
    codes are equally long, so are all points between. Codes on one line through the origin get the straight line.
    """
    check_count("n", n, least=2)
    check_tensor("start", start)
    check_tensor("end", end)
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"start, end: shapes {tuple(start.shape)} and {tuple(end.shape)}, expected (D,) twice")
    check_device("end", end, start.device)
    share = torch.linspace(0, 1, n, dtype=start.dtype, device=start.device).unsqueeze(-1)  # (n, 1)
    from_unit, to_unit = start / start.norm(), end / end.norm()  # NaN at the origin
    # Not the arc cosine: near one direction and its opposite it has half the digits.
    angle = 2 * torch.atan2((from_unit - to_unit).norm(), (from_unit + to_unit).norm())
    if not (spherical and angle.sin() > LEAST_ARC):
        return (1 - share) * start + share * end
    return (((1 - share) * angle).sin() * start + (share * angle).sin() * end) / angle.sin()
