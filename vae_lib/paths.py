"""Where things lie, as the environment says:

VAE_LIB_CACHE     where downloads and trained models are kept           default: the user's cache folder
VAE_LIB_DATA      the folder that holds (or will hold) MNIST/raw        default: <cache>/data
VAE_LIB_DATASET   which data to use: a name of DATASETS, or a folder    default: auto
"""

import os
from pathlib import Path

import platformdirs

DATASETS = ("auto", "mnist", "fashion", "synthetic")


def cache_dir() -> Path:
    """Where downloads and trained models are kept."""
    return Path(os.environ.get("VAE_LIB_CACHE") or platformdirs.user_cache_dir("vae_lib")).expanduser().absolute()


def data_root() -> Path:
    """The folder in which torchvision.datasets.MNIST puts the files, and finds them."""
    return Path(os.environ.get("VAE_LIB_DATA") or cache_dir() / "data").expanduser().absolute()


def dataset(name: str | Path | None = None) -> str | Path:
    """Which data are meant, by that name or else by the environment: one of DATASETS, or a folder's absolute path.

    A folder that is called as one of DATASETS is meant by "./mnist". Raises ValueError for anything else.
    """
    argument, wanted = "dataset", name
    if name is None:
        argument, wanted = "VAE_LIB_DATASET", os.environ.get("VAE_LIB_DATASET") or "auto"
    if wanted in DATASETS:
        return wanted
    if isinstance(wanted, Path) or (isinstance(wanted, str) and wanted):
        folder = Path(os.path.expanduser(wanted)).absolute()
        if folder.is_dir():
            return folder
    expected = f"{', '.join(map(repr, DATASETS))} or a folder that is there"
    raise ValueError(f"{argument}: {str(wanted)!r}, expected {expected}")


def dataset_name(folder: Path) -> str:
    """What data of one's own are called: as their folder, but never as any of DATASETS, and so that it can be shown."""
    name = folder.name if folder.name not in DATASETS else f"{folder.parent.name}/{folder.name}"
    return os.fsencode(name or folder).decode(errors="replace")
