"""Where things lie, as the environment says:

VAE_LIB_CACHE     where downloads and trained models are kept           default: the user's cache folder
VAE_LIB_DATA      the folder that holds (or will hold) MNIST/raw        default: <cache>/data
"""

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """Where downloads and trained models are kept."""
    return Path(os.environ.get("VAE_LIB_CACHE") or platformdirs.user_cache_dir("vae_lib")).expanduser().absolute()


def data_root() -> Path:
    """The folder in which torchvision.datasets.MNIST puts the files, and finds them."""
    return Path(os.environ.get("VAE_LIB_DATA") or cache_dir() / "data").expanduser().absolute()
