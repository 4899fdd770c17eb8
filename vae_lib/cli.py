"""The command line: `python -m vae_lib train | evaluate | sample | data`.

Here stands what can be said at once: help, and what is wrong with a call. What needs torch, which takes seconds to
import, is imported by the command that needs it.
"""

import argparse
import tempfile
from pathlib import Path

from vae_lib import configs, paths

PICTURES = ("reconstructions.png", "samples.png", "manifold.png")

VARIABLES = """\
where things are:
  VAE_LIB_DATA     the folder that holds MNIST/raw and FashionMNIST/raw
  VAE_LIB_CACHE    the folder of the trained models
  VAE_LIB_DATASET  auto (MNIST, or else synthetic digits), mnist, fashion, synthetic, or a folder of your own images
  VAE_LIB_MODELS   an address to fetch trained models from"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    1 where a file or a training failed, 2 for a senseless call, 130 after an interrupt.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except ValueError as error:
        parser.exit(2, f"{parser.prog}: error: {error}\n")
    except OSError as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    except ArithmeticError as error:
        from vae_lib.train import TrainingDiverged  # imported before, if one was raised

        if not isinstance(error, TrainingDiverged):
            raise
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    except KeyboardInterrupt:
        parser.exit(
            130, f"{parser.prog}: interrupted; what was trained before is kept, run the same command again to go on\n"
        )
    return 0


def _train(options: argparse.Namespace) -> None:
    names = list(configs.RECIPES) if options.all else list(dict.fromkeys(options.recipes))
    if not names:
        raise ValueError("train: name at least one recipe, or --all")
    for name in names:
        configs.get(name)
    dataset = _dataset(options)
    folders = []
    if options.out:
        folders = [options.out / name for name in names] if len(names) > 1 else [options.out]
        for folder in folders:
            for picture in PICTURES:
                _picture_file(folder / picture, "--out")
    from vae_lib import commands

    commands.train(names, folders, dataset)


def _evaluate(options: argparse.Namespace) -> None:
    configs.get(options.recipe)
    dataset = _dataset(options)
    if not 1 <= options.images <= 10_000:
        raise ValueError(f"--images: {options.images}, expected 1 to 10000")
    if options.samples < 1:
        raise ValueError(f"--samples: {options.samples}, expected at least 1")
    from vae_lib import commands

    commands.measure(options.recipe, dataset, samples=options.samples, images=options.images)


def _sample(options: argparse.Namespace) -> None:
    if options.n < 1:
        raise ValueError(f"-n: {options.n}, expected at least 1")
    if not -(2**63) <= options.seed < 2**64:
        raise ValueError(f"--seed: {options.seed}, expected a number of at most 64 bits")
    if not configs.get(options.recipe).model.variational:
        raise ValueError(f"recipe: {options.recipe!r} is an autoencoder, which has no prior to sample from")
    dataset = _dataset(options)
    file = _picture_file(options.out, "--out")
    from vae_lib import commands

    commands.draw(options.recipe, dataset, file, n=options.n, seed=options.seed, pixels=options.draw)


def _data(options: argparse.Namespace) -> None:
    dataset = _dataset(options)
    sheet = _picture_file(options.sheet, "--sheet") if options.sheet else None
    from vae_lib import commands

    commands.describe_data(dataset, sheet)


def _dataset(options: argparse.Namespace) -> str | Path | None:
    """What --dataset means; None without it. A bad one, or a bad VAE_LIB_DATASET, is refused before anything begins."""
    found = paths.dataset(options.dataset)
    return None if options.dataset is None else found


def _picture_file(path: Path, option: str) -> Path:
    """The file that an option names, made sure of before minutes of training: it can be written, and as what it says.

    A name without an ending gets ".png".
    """
    if path.is_dir():
        raise ValueError(f"{option}: {path} is a folder, expected a file")
    path = path if path.suffix else path.with_suffix(".png")
    if path.suffix != ".png":
        from matplotlib.backend_bases import FigureCanvasBase  # here: it takes a second

        endings = sorted(FigureCanvasBase.get_supported_filetypes())
        if path.suffix[1:].lower() not in endings:
            raise ValueError(f"{option}: {path} ends in {path.suffix!r}, expected one of .{', .'.join(endings)}")
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (FileExistsError, NotADirectoryError):
        raise OSError(f"{option}: a file is in the way of the folder {str(folder)!r}") from None
    except OSError as error:
        raise OSError(f"{option}: the folder {str(folder)!r} cannot be written ({error.strerror})") from None
    return path


def _parser() -> argparse.ArgumentParser:
    recipes = "recipes:\n" + "\n".join(f"  {name:16} {recipe.summary}" for name, recipe in configs.RECIPES.items())
    listing = {"epilog": recipes, "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser(
        prog="python -m vae_lib",
        description="Train, evaluate and sample the book's variational autoencoders.",
        epilog=f"{recipes}\n\n{VARIABLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument(
        "--dataset", metavar="DATA",
        help="mnist, fashion, synthetic, or a folder of your own images: idx files that are called as MNIST's, or PNGs "
        "of 28 x 28 pixels in a folder for each class (default: VAE_LIB_DATASET)",
    )  # fmt: skip

    train = commands.add_parser(
        "train", help="train recipes, and write pictures of what they learned", parents=[data], **listing
    )
    train.add_argument("recipes", nargs="*", metavar="RECIPE", help="one of those below")
    train.add_argument("--all", action="store_true", help="every recipe the book uses")
    train.add_argument(
        "-o", "--out", type=Path, metavar="DIR",
        help="write samples.png (8 x 8), reconstructions.png and manifold.png (20 x 20) there",
    )  # fmt: skip
    train.set_defaults(run=_train)

    evaluation = commands.add_parser(
        "evaluate", help="held-out ELBO, log p(x), active units and probe accuracy", parents=[data], **listing
    )
    evaluation.add_argument("recipe", metavar="RECIPE", help="one of those below")
    evaluation.add_argument("--samples", type=int, default=100, help="importance samples for each image (default: 100)")
    evaluation.add_argument("--images", type=int, default=1_000, help="test images for log p(x) (default: 1000)")
    evaluation.set_defaults(run=_evaluate)

    sample = commands.add_parser("sample", help="a sheet of images drawn from the prior", parents=[data], **listing)
    sample.add_argument("recipe", metavar="RECIPE", help="one of those below")
    sample.add_argument("-n", type=int, default=64, help="how many (default: 64)")
    sample.add_argument("--seed", type=int, default=0, help="default: 0")
    sample.add_argument("--draw", action="store_true", help="draw the pixels from p(x|z) instead of showing its mean")
    sample.add_argument(
        "-o", "--out", type=Path, default=Path("samples.png"), metavar="FILE", help="default: samples.png"
    )
    sample.set_defaults(run=_sample)

    digits = commands.add_parser(
        "data", help="which images are in use, from where, and whether they are whole", parents=[data]
    )
    digits.add_argument("--sheet", type=Path, metavar="FILE", help="write a contact sheet, a row for each class")
    digits.set_defaults(run=_data)
    return parser
