"""The book's schematic drawings, one style, as a lecturer draws them: each function takes nothing and returns Axes.

Lines and type are in the page's ink, and one accent says where to look. What is a curve is computed from its formula.
"""

from vae_lib.schematics.bounds import em_round, two_gaps
from vae_lib.schematics.curves import (
    jensen_chord,
    one_bowl,
    price_bracket,
    rate_distortion_plane,
    two_attempts,
    water_filling,
)
from vae_lib.schematics.densities import aimed_samples, jump_crossing
from vae_lib.schematics.models import generative_story, gradient_paths, one_exchange, vae
from vae_lib.schematics.planes import chord_and_arc, codes_and_clouds, posterior_clouds, ppca_ellipse

__all__ = [
    "aimed_samples",
    "chord_and_arc",
    "codes_and_clouds",
    "em_round",
    "generative_story",
    "gradient_paths",
    "jensen_chord",
    "jump_crossing",
    "one_bowl",
    "one_exchange",
    "posterior_clouds",
    "ppca_ellipse",
    "price_bracket",
    "rate_distortion_plane",
    "two_attempts",
    "two_gaps",
    "vae",
    "water_filling",
]
