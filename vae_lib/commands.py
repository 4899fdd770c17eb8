"""What the commands of `python -m vae_lib` do, once their arguments are known to make sense."""

from pathlib import Path

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from torch import Generator
from tqdm import tqdm

from vae_lib import data, evaluate, figures, latent, paths, recipes
from vae_lib.models import VAE, Autoencoder
from vae_lib.train import binarized, mean_terms

Dataset = str | Path | None  # what `recipes.load` takes: None leaves it to the recipe, or to the environment


def train(names: list[str], folders: list[Path], dataset: Dataset) -> None:
    """Train the recipes and print what came of each; with a folder for each, write pictures of what it learned."""
    for name in recipes.load_all(names, dataset=dataset):
        model, history = recipes.load(name, dataset=dataset)
        terms = f"held-out distortion {-history.held_out_log_likelihood[-1]:7.2f}"
        if isinstance(model, VAE):  # an autoencoder has no rate to pay, and no bound
            terms += f"  rate {history.held_out_kl[-1]:6.2f}  −ELBO {-history.held_out_elbo[-1]:7.2f}"
        tqdm.write(f"{name:16} {terms}  (nats)")  # beside a progress bar, print would tear it
        if folders:
            _write_pictures(model, recipes.splits(name, dataset), folders[names.index(name)])


def _write_pictures(model: VAE | Autoencoder, splits: data.Splits, folder: Path) -> None:
    x = splits.test.images[:10]
    reconstructed = model.decode(evaluate.codes(model, x)).mean
    _save(figures.plot_digits(torch.cat([x, reconstructed]), columns=10), folder / "reconstructions.png")
    if not isinstance(model, VAE):
        print("an autoencoder has no prior to sample from: samples.png and manifold.png are left out")
        return
    samples = model.sample(64, generator=Generator().manual_seed(0)).mean
    _save(figures.plot_digits(samples, columns=8), folder / "samples.png")
    most_active = evaluate.codes(model, splits.validation.images).var(0).argsort(descending=True)[:2].sort().values
    axes = tuple(most_active.tolist()) if model.latent > 1 else (0, 0)
    _save(figures.plot_digits(latent.manifold(model, axes), columns=20, gap=0), folder / "manifold.png")


def _save(ax: Axes, path: Path) -> None:
    """Write a figure, whole or not at all."""
    figure, part = figures.figure_of(ax), path.with_name(f".{path.name}.part")
    try:
        figure.savefig(part, format=path.suffix[1:], bbox_inches="tight", facecolor="black")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
        plt.close(figure)
    print(f"wrote {path}")


def measure(name: str, dataset: Dataset, *, samples: int, images: int) -> None:
    """Print the numbers of a recipe's model on test images."""
    recipe, splits = recipes.get(name), recipes.splits(name, dataset)
    model, _ = recipes.load(name, dataset=dataset)
    test = binarized(splits.test.images, recipe.train)
    log_likelihood, kl = mean_terms(model, test)
    normalised = recipe.train.binarize != "none" or recipe.model.likelihood == "gaussian"
    seen = "grey levels" if recipe.train.binarize == "none" else "binarised once"
    print(f"{name} on {len(test):,} {splits.name} test images, {seen}, in nats")
    if not normalised:
        print("(cross-entropy on grey levels: a bound for binarised images, no likelihood of grey ones)")
    print(f"distortion          {-log_likelihood:8.2f}")
    if isinstance(model, VAE):
        print(f"rate                {kl:8.2f}\n−ELBO               {kl - log_likelihood:8.2f}")
        estimates = evaluate.log_likelihood(model, test[:images], samples=samples)
        value, on = f"{-estimates.mean():8.2f}", "the first image alone, which has no standard error"
        if len(estimates) > 1:
            value, on = f"{value} ± {estimates.std() / len(estimates) ** 0.5:.2f}", f"the first {len(estimates):,}"
        label = "−log p(x)" if normalised else "−K-sample bound"
        print(f"{label:15}     {value}   ({samples} importance samples on {on})")
        active = evaluate.active_units(model, binarized(splits.validation.images, recipe.train))
        print(f"active units        {active.sum():5d} of {model.latent}")
    seen = splits.train[:10_000]
    if len(seen.labels.unique()) == 1:
        print("linear probe        left out: all images are of one class")
        return
    train_codes = evaluate.codes(model, binarized(seen.images, recipe.train))
    accuracy = evaluate.linear_probe(train_codes, seen.labels, evaluate.codes(model, test), splits.test.labels)
    print(f"linear probe        {100 * accuracy:7.1f} %")


def draw(name: str, dataset: Dataset, file: Path, *, n: int, seed: int, pixels: bool) -> None:
    """Write a sheet of n images decoded from prior draws: p(x|z)'s means, or pixels drawn from it.

    Raises ValueError for an autoencoder.
    """
    model, _ = recipes.load(name, dataset=dataset)
    if not isinstance(model, VAE):
        raise ValueError(f"recipe: {name!r} is an autoencoder, which has no prior to sample from")
    generator = Generator().manual_seed(seed)
    decoded = model.sample(n, generator=generator)
    images = decoded.sample(generator=generator) if pixels else decoded.mean
    columns = min(n, max(1, round(n**0.5)))
    _save(figures.plot_digits(images, columns=columns), file)


def describe_data(dataset: Dataset, sheet: Path | None) -> None:
    """Print which images are in use and where things are; write a sheet of them if a file is named."""
    splits = data.load(dataset)
    sizes = ", ".join(f"{len(getattr(splits, part)):,} {part}" for part in ("train", "validation", "test"))
    print(f"{splits.name}: {sizes}")
    if splits.classes != data.DIGITS:
        print(f"classes: {', '.join(f'{label} {name}' for label, name in enumerate(splits.classes))}")
    wanted, published = paths.dataset(dataset), {"mnist": "MNIST", "fashion": "FashionMNIST"}
    if isinstance(wanted, Path):
        print(f"read from {wanted}")
    elif splits.name in published:
        print(f"read from {paths.data_root() / published[splits.name] / 'raw'}, all four files match their checksums")
    print(f"trained models are kept in {paths.cache_dir() / 'recipes'}")
    if sheet:
        _save(_contact_sheet(splits), sheet)


def _contact_sheet(splits: data.Splits) -> Axes:
    """The first twelve training images of each class that has any, a row for each, named where the data have names."""
    train, there = splits.train, splits.train.labels.unique().tolist()
    rows = torch.zeros(len(there), 12, train.images.shape[1])
    for row, label in zip(rows, there, strict=True):
        first = (train.labels == label).nonzero()[:12, 0]
        row[: len(first)] = train.images[first]
    names = [splits.classes[label] for label in there] if splits.classes != data.DIGITS else ()
    return figures.plot_digits(rows.flatten(0, 1), columns=12, row_labels=names)
