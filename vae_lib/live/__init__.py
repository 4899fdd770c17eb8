"""Interactive figures that work in the built page without a kernel, and in a notebook as ipywidgets."""

from vae_lib.live.drawing import DrawDigit
from vae_lib.live.latent import Interpolation, LatentPlane, LatentSliders
from vae_lib.live.linked import LinkedPlanes
from vae_lib.live.rate_distortion import RateDistortion
from vae_lib.live.worlds import ElboExplorer, ExactPosterior, Reparameterization

__all__ = [
    "DrawDigit",
    "ElboExplorer",
    "ExactPosterior",
    "Interpolation",
    "LatentPlane",
    "LatentSliders",
    "LinkedPlanes",
    "RateDistortion",
    "Reparameterization",
]
