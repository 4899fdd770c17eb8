"""The book's schematic drawings, one style, as a lecturer draws them: each function takes nothing and returns Axes.

Lines and type are in the page's ink, and one accent says where to look. What is a curve is computed from its formula.
"""

from vae_lib.schematics.curves import jensen_chord, rate_distortion_plane, two_attempts, water_filling
from vae_lib.schematics.models import generative_story, gradient_paths, vae
from vae_lib.schematics.planes import chord_and_arc, codes_and_clouds, posterior_clouds, ppca_ellipse

__all__ = [
    "chord_and_arc",
    "codes_and_clouds",
    "generative_story",
    "gradient_paths",
    "jensen_chord",
    "posterior_clouds",
    "ppca_ellipse",
    "rate_distortion_plane",
    "two_attempts",
    "vae",
    "water_filling",
]
