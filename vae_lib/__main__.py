"""The command line: `python -m vae_lib train | evaluate | sample | data | assignment | mark`."""

import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import Generator
from tqdm import tqdm

from vae_lib import data, evaluate, figures, latent, recipes
from vae_lib.exercises import assignment, bank, marking
from vae_lib.models import VAE
from vae_lib.train import TrainingDiverged, binarized, mean_terms

RECIPE_HELP = "one of: " + ", ".join(recipes.RECIPES)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 1 where a file or a training failed, 2 for a senseless call."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except ValueError as error:
        parser.exit(2, f"{parser.prog}: error: {error}\n")
    except (OSError, TrainingDiverged) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    return 0


def _train(options: argparse.Namespace) -> None:
    names = list(recipes.RECIPES) if options.all else options.recipes
    if not names:
        raise ValueError("train: name at least one recipe, or --all")
    if options.out:
        _make_folder(options.out, "--out")  # before minutes of training
    for name in recipes.load_all(names):
        model, history = recipes.load(name)
        terms = f"held-out distortion {-history.held_out_log_likelihood[-1]:7.2f}"
        if isinstance(model, VAE):  # an autoencoder has no rate to pay, and no bound
            terms += f"  rate {history.held_out_kl[-1]:6.2f}  −ELBO {-history.held_out_elbo[-1]:7.2f}"
        tqdm.write(f"{name:16} {terms}  (nats)")  # beside a progress bar, print would tear it
        if options.out:
            _write_pictures(model, data.load(), options.out / name if len(names) > 1 else options.out)


def _write_pictures(model: torch.nn.Module, splits: data.Splits, folder: Path) -> None:
    _make_folder(folder, "--out")
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


def _make_folder(folder: Path, option: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise OSError(f"{option}: a file is in the way of the folder {str(folder)!r}") from None


def _picture_file(path: Path, option: str) -> Path:
    """The file that an option names, in a folder that is there; a name without an ending gets ".png"."""
    if path.is_dir():
        raise ValueError(f"{option}: {path} is a folder, expected a file")
    _make_folder(path.parent, option)
    return path if path.suffix else path.with_suffix(".png")


def _save(ax: plt.Axes, path: Path) -> None:
    """Write a figure, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        ax.figure.savefig(part, format=path.suffix[1:], bbox_inches="tight", facecolor="black")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
        plt.close(ax.figure)
    print(f"wrote {path}")


def _evaluate(options: argparse.Namespace) -> None:
    if not 1 <= options.images <= 10_000:
        raise ValueError(f"--images: {options.images}, expected 1 to 10000")
    if options.samples < 1:
        raise ValueError(f"--samples: {options.samples}, expected at least 1")
    recipe = recipes.get(options.recipe)
    splits = data.load()
    model, _ = recipes.load(options.recipe)
    test = binarized(splits.test.images, recipe.train)
    log_likelihood, kl = mean_terms(model, test)
    normalised = recipe.train.binarize != "none" or recipe.model.likelihood == "gaussian"
    seen = "grey levels" if recipe.train.binarize == "none" else "binarised once"
    print(f"{options.recipe} on {len(test):,} {splits.name} test digits, {seen}, in nats")
    if not normalised:
        print("(cross-entropy on grey levels: a bound for binarised digits, no likelihood of grey ones)")
    print(f"distortion          {-log_likelihood:8.2f}")
    if isinstance(model, VAE):
        print(f"rate                {kl:8.2f}\n−ELBO               {kl - log_likelihood:8.2f}")
        estimates = evaluate.log_likelihood(model, test[: options.images], samples=options.samples)
        error = estimates.std() / len(estimates) ** 0.5
        print(
            f"{'−log p(x)' if normalised else '−K-sample bound':15}     {-estimates.mean():8.2f} ± {error:.2f}"
            f"   ({options.samples} importance samples on the first {len(estimates):,})"
        )
        active = evaluate.active_units(model, binarized(splits.validation.images, recipe.train))
        print(f"active units        {active.sum():5d} of {model.latent}")
    train = splits.train[:10_000]
    train_codes = evaluate.codes(model, binarized(train.images, recipe.train))
    accuracy = evaluate.linear_probe(train_codes, train.labels, evaluate.codes(model, test), splits.test.labels)
    print(f"linear probe        {100 * accuracy:7.1f} %")


def _sample(options: argparse.Namespace) -> None:
    if options.n < 1:
        raise ValueError(f"-n: {options.n}, expected at least 1")
    if not recipes.get(options.recipe).model.variational:
        raise ValueError(f"recipe: {options.recipe!r} is an autoencoder, which has no prior to sample from")
    out = _picture_file(options.out, "--out")
    model, _ = recipes.load(options.recipe)
    generator = Generator().manual_seed(options.seed)
    decoded = model.sample(options.n, generator=generator)
    images = decoded.sample(generator=generator) if options.draw else decoded.mean
    columns = min(options.n, max(1, round(options.n**0.5)))
    _save(figures.plot_digits(images, columns=columns), out)


def _data(options: argparse.Namespace) -> None:
    sheet = _picture_file(options.sheet, "--sheet") if options.sheet else None
    splits = data.load()
    sizes = ", ".join(f"{len(getattr(splits, part)):,} {part}" for part in ("train", "validation", "test"))
    print(f"{splits.name}: {sizes}")
    if splits.name == "mnist":
        print(f"read from {data.data_root() / 'MNIST' / 'raw'}, all four files match their checksums")
    print(f"trained models are kept in {data.cache_dir() / 'recipes'}")
    if sheet:
        digits = splits.train[:2_000]
        rows = torch.stack([digits.images[digits.labels == digit][:12] for digit in range(10)])  # (10, 12, 784)
        _save(figures.plot_digits(rows.flatten(0, 1), columns=12), sheet)


def _assignment(options: argparse.Namespace) -> None:
    for kind in assignment.KINDS:
        if folder := getattr(options, kind):
            for path in assignment.write(options.chapters, kind, folder, force=options.force):
                print(f"wrote {path}")


def _mark(options: argparse.Namespace) -> None:
    told = marking.mark(options.submissions, options.out, options.chapters, force=options.force)
    for line in told:  # a file's name need not be text that the terminal can show
        print(line.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding))
    print(f"wrote {options.out / 'grades.csv'}, and beside it a page of feedback for each student")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vae_lib",
        description="Train, evaluate and sample the book's variational autoencoders; hand out and mark its exercises.",
        epilog="Where things are: VAE_LIB_DATA (the folder that holds MNIST/raw), VAE_LIB_CACHE (trained models), "
        "VAE_LIB_DATASET (auto, mnist or synthetic), VAE_LIB_MODELS (an address to fetch trained models from).",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train recipes, and write pictures of what they learned")
    train.add_argument("recipes", nargs="*", metavar="RECIPE", help=RECIPE_HELP)
    train.add_argument("--all", action="store_true", help="every recipe the book uses")
    train.add_argument(
        "-o", "--out", type=Path, metavar="DIR",
        help="write samples.png (8 x 8), reconstructions.png and manifold.png (20 x 20) there",
    )  # fmt: skip
    train.set_defaults(run=_train)

    evaluation = commands.add_parser("evaluate", help="held-out ELBO, log p(x), active units and probe accuracy")
    evaluation.add_argument("recipe", metavar="RECIPE", help=RECIPE_HELP)
    evaluation.add_argument("--samples", type=int, default=100, help="importance samples for each image (default: 100)")
    evaluation.add_argument("--images", type=int, default=1_000, help="test images for log p(x) (default: 1000)")
    evaluation.set_defaults(run=_evaluate)

    sample = commands.add_parser("sample", help="a sheet of digits drawn from the prior")
    sample.add_argument("recipe", metavar="RECIPE", help=RECIPE_HELP)
    sample.add_argument("-n", type=int, default=64, help="how many (default: 64)")
    sample.add_argument("--seed", type=int, default=0, help="default: 0")
    sample.add_argument("--draw", action="store_true", help="draw the pixels from p(x|z) instead of showing its mean")
    sample.add_argument(
        "-o", "--out", type=Path, default=Path("samples.png"), metavar="FILE", help="default: samples.png"
    )
    sample.set_defaults(run=_sample)

    digits = commands.add_parser("data", help="which digits are in use, from where, and whether they are whole")
    digits.add_argument("--sheet", type=Path, metavar="FILE", help="write a contact sheet, a row for each class")
    digits.set_defaults(run=_data)

    chapters = ", ".join(bank.CHAPTERS)
    hand_out = commands.add_parser("assignment", help="notebooks of a chapter's exercises, for a class")
    hand_out.add_argument("chapters", nargs="+", metavar="CHAPTER", help=f"one of: {chapters}")
    kinds = hand_out.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--student", type=Path, metavar="DIR", help="stubs and checks; no solution anywhere in the file")
    kinds.add_argument(
        "--teacher", type=Path, metavar="DIR", help="with the solutions, and the mistakes that check names"
    )
    kinds.add_argument("--nbgrader", type=Path, metavar="DIR", help="a course folder for nbgrader")
    hand_out.add_argument(
        "--force", action="store_true", help="write over notebooks that are there, with all that is in them"
    )
    hand_out.set_defaults(run=_assignment)

    marker = commands.add_parser(
        "mark", help="mark submitted notebooks; runs their code, so read the teaching guide first"
    )
    marker.add_argument(
        "submissions",
        type=Path,
        metavar="SUBMISSIONS",
        help="NAME.ipynb or NAME/*.ipynb for each student, or what Moodle or Canvas names so",
    )
    marker.add_argument(
        "-o", "--out", type=Path, required=True, metavar="DIR",
        help="grades.csv and NAME.html go there; in a table of the same class the rows of these students are updated",
    )  # fmt: skip
    marker.add_argument("--force", action="store_true", help="replace a table that is there, whatever it is")
    marker.add_argument(
        "--chapters",
        nargs="+",
        metavar="CHAPTER",
        help="whose exercises count (default: those found in the submissions)",
    )
    marker.set_defaults(run=_mark)
    return parser


if __name__ == "__main__":
    sys.exit(main())
