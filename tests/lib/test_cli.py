"""The command line: what it prints, what it writes, and how it fails."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import terminal
import torch
from PIL import Image

from vae_lib import cli, commands, configs, data, evaluate, recipes, train
from vae_lib.latent import prior_quantiles
from vae_lib.models import ModelConfig
from vae_lib.recipes import Recipe
from vae_lib.train import TrainConfig, mean_terms

TRAIN = TrainConfig(epochs=1, batch_size=100)
TINY = {
    "tiny": Recipe(model=ModelConfig(hidden=(8,), latent=3), train=TRAIN),
    "tiny-ae": Recipe(model=ModelConfig(hidden=(8,), latent=3, variational=False), train=TRAIN),
    "tiny-1": Recipe(model=ModelConfig(hidden=(8,), latent=1), train=TRAIN),
    "tiny-binary": Recipe(model=ModelConfig(hidden=(8,), latent=2), train=TrainConfig(epochs=1, binarize="dynamic")),
    "tiny-gaussian": Recipe(model=ModelConfig(hidden=(8,), latent=2, likelihood="gaussian"), train=TRAIN),
}


@pytest.fixture(autouse=True)
def tiny(monkeypatch, small_splits, tmp_path):
    monkeypatch.setattr(configs, "RECIPES", TINY)
    monkeypatch.setattr(data, "load", lambda name=None: small_splits)
    monkeypatch.chdir(tmp_path)


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `python -m vae_lib ARGUMENTS`."""
    return terminal.run(capsys, cli, *arguments)


def sheet(path: Path, rows: int, columns: int, gap: int) -> np.ndarray:
    """The tiles of a sheet (rows, columns, 28, 28) in a PNG, after checking that each pixel is drawn as 4 by 4."""
    picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert (picture[..., 0] == picture[..., 1]).all()
    assert (picture[..., 0] == picture[..., 2]).all()
    height, width = (4 * (n * (28 + gap) - gap) for n in (rows, columns))
    # The sheet stands in the middle, in a black frame of the same width all around.
    frames = [have - want for have, want in zip(picture.shape, (height, width), strict=False)]
    frame = frames[0] // 2
    assert frames == [2 * frame, 2 * frame]
    assert 0 <= frame <= 20
    inside = picture[frame : frame + height, frame : frame + width, 0]
    assert inside.sum() == picture[..., 0].sum()
    blocks = inside.reshape(height // 4, 4, width // 4, 4)
    assert (blocks == blocks[:, :1, :, :1]).all()
    padded = np.pad(blocks[:, 0, :, 0], ((0, gap), (0, gap))).reshape(rows, 28 + gap, columns, 28 + gap)
    assert not padded[:, 28:].any()
    assert not padded[:, :, :, 28:].any()
    return padded[:, :28, :, :28].swapaxes(1, 2)


def assert_shows(tiles: np.ndarray, images: torch.Tensor) -> None:
    expected = (images.clamp(0, 1) * 255).view(-1, 28, 28).numpy()
    np.testing.assert_allclose(tiles.reshape(-1, 28, 28), expected, atol=2)  # matplotlib rounds twice


def test_train_says_what_came_of_it_and_says_it_again(capsys):
    code, out, err = run(capsys, "train", "tiny")
    assert (code, err) == (0, "")
    _, history = recipes.load("tiny")
    assert out.startswith("tiny ")
    assert f"−ELBO {-history.held_out_elbo[-1].item():7.2f}  (nats)" in out
    assert f"rate {history.held_out_kl[-1].item():6.2f}" in out
    assert run(capsys, "train", "tiny")[1] == out


def test_train_all_takes_every_recipe(capsys):
    for name in TINY:  # one by one: workers of a pool would not know the recipes of this test
        recipes.load(name)
    code, out, _ = run(capsys, "train", "--all")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(TINY)


@pytest.mark.parametrize("name", ["tiny", "tiny-gaussian"])
def test_train_writes_pictures_of_what_was_learned(capsys, tmp_path, small_splits, name):
    code, out, _ = run(capsys, "train", name, "--out", "pictures/here")
    folder = tmp_path / "pictures" / "here"
    files = ("reconstructions.png", "samples.png", "manifold.png")
    assert code == 0
    assert {path.name for path in folder.iterdir()} == set(files)
    for file in files:
        assert f"wrote {Path('pictures/here') / file}\n" in out

    model, _ = recipes.load(name)
    x = small_splits.test.images[:10]
    reconstructed = model.decode(model.encode(x).mean).mean
    assert_shows(sheet(folder / "reconstructions.png", 2, 10, 2), torch.cat([x, reconstructed]))
    z = torch.randn(64, model.latent, generator=torch.Generator().manual_seed(0))
    assert_shows(sheet(folder / "samples.png", 8, 8, 2), model.decode(z).mean)
    right, up = model.encode(small_splits.validation.images).mean.var(0).topk(2).indices.sort().values
    z = torch.zeros(20, 20, model.latent)
    z[..., right], z[..., up] = prior_quantiles(20), prior_quantiles(20).flip(0)[:, None]
    assert_shows(sheet(folder / "manifold.png", 20, 20, 0), model.decode(z.view(400, -1)).mean)


def test_train_writes_each_of_several_recipes_into_its_folder(capsys, tmp_path):
    for name in ("tiny-ae", "tiny-1"):  # one by one: workers of a pool would not know the recipes of this test
        recipes.load(name)
    code, out, _ = run(capsys, "train", "tiny-ae", "tiny-1", "-o", "out")
    assert code == 0
    assert [path.name for path in (tmp_path / "out" / "tiny-ae").iterdir()] == ["reconstructions.png"]
    assert "samples.png and manifold.png are left out" in out
    assert len(list((tmp_path / "out" / "tiny-1").iterdir())) == 3  # one latent dimension has a picture too


def test_all_names_are_checked_before_the_first_training(capsys, monkeypatch):
    monkeypatch.setattr(train, "fit", None)
    code, out, err = run(capsys, "train", "tiny", "huge")
    assert (code, out) == (2, "")
    assert "recipe: 'huge' is unknown, expected one of tiny, tiny-ae" in err


def number(out: str, name: str) -> float:
    (line,) = (line for line in out.splitlines() if line.startswith(name))
    return float(line.removeprefix(name).split()[0])


def test_evaluate_prints_the_numbers_that_the_library_gives(capsys, small_splits):
    code, out, _ = run(capsys, "evaluate", "tiny", "--samples", "7", "--images", "20")
    assert code == 0
    model, _ = recipes.load("tiny")
    log_likelihood, kl = mean_terms(model, small_splits.test.images)
    assert number(out, "distortion") == pytest.approx(-log_likelihood, abs=0.005)
    assert number(out, "rate") == pytest.approx(kl, abs=0.005)
    assert number(out, "−ELBO") == pytest.approx(kl - log_likelihood, abs=0.005)
    estimates = evaluate.log_likelihood(model, small_splits.test.images[:20], samples=7)
    assert number(out, "−K-sample bound") == pytest.approx(-estimates.mean().item(), abs=0.006)
    assert f"± {estimates.std().item() / 20**0.5:.2f}" in out
    assert "7 importance samples on the first 20" in out
    active = evaluate.codes(model, small_splits.validation.images).var(0) > 0.01
    assert number(out, "active units") == active.sum()
    assert f"{active.sum()} of 3" in out
    assert "no likelihood of grey" in out
    codes = [evaluate.codes(model, part.images) for part in (small_splits.train, small_splits.test)]
    accuracy = evaluate.linear_probe(codes[0], small_splits.train.labels, codes[1], small_splits.test.labels)
    assert number(out, "linear probe") == pytest.approx(100 * accuracy, abs=0.06)


def test_evaluate_shows_a_model_the_binary_images_it_was_trained_for(capsys, small_splits):
    _, out, _ = run(capsys, "evaluate", "tiny-binary")
    model, _ = recipes.load("tiny-binary")
    test = small_splits.test.images
    binary, grey = (mean_terms(model, x)[0] for x in (data.binarize_static(test), test))
    assert number(out, "distortion") == pytest.approx(-binary, abs=0.005) != pytest.approx(-grey, abs=0.1)
    assert "binarised once" in out.splitlines()[0]
    assert "−log p(x)" in out


def test_evaluate_leaves_out_what_an_autoencoder_has_not(capsys):
    code, out, _ = run(capsys, "evaluate", "tiny-ae")
    assert code == 0
    assert [line.split("  ")[0] for line in out.splitlines()[2:]] == ["distortion", "linear probe"]


@pytest.mark.parametrize(("n", "rows", "columns"), [(1, 1, 1), (6, 3, 2), (64, 8, 8), (12, 4, 3)])
def test_sample_writes_a_sheet_of_prior_samples(capsys, tmp_path, n, rows, columns):
    code, out, _ = run(capsys, "sample", "tiny", "-n", str(n), "--seed", "3", "-o", "deep/down/s.png")
    assert code == 0
    assert out.endswith(f"wrote {Path('deep/down/s.png')}\n")
    model, _ = recipes.load("tiny")
    z = torch.randn(n, 3, generator=torch.Generator().manual_seed(3))
    assert_shows(sheet(tmp_path / "deep/down/s.png", rows, columns, 2), model.decode(z).mean)


def test_an_autoencoder_is_not_drawn_from_however_it_is_asked_for(tmp_path):
    with pytest.raises(ValueError, match="recipe: 'tiny-ae' is an autoencoder"):
        commands.draw("tiny-ae", None, tmp_path / "s.png", n=1, seed=0, pixels=False)
    assert not (tmp_path / "s.png").exists()


def test_sample_draws_pixels_when_asked(capsys, tmp_path):
    run(capsys, "sample", "tiny", "-n", "4", "--draw")
    tiles = sheet(tmp_path / "samples.png", 2, 2, 2)
    assert set(np.unique(tiles)) == {0, 255}
    model, _ = recipes.load("tiny")
    mean = model.sample(4, generator=torch.Generator().manual_seed(0)).mean
    assert tiles.mean() / 255 == pytest.approx(mean.mean().item(), abs=5 * 0.5 / (4 * 784) ** 0.5)


def test_data_says_what_is_read_and_where_models_are_kept(capsys, cache):
    code, out, _ = run(capsys, "data")
    assert code == 0
    assert out.splitlines() == [
        "synthetic: 300 train, 100 validation, 150 test",
        f"trained models are kept in {cache / 'recipes'}",
    ]


def test_data_says_where_mnist_was_read(capsys, mnist, monkeypatch, tmp_path):
    monkeypatch.setattr(data, "load", lambda name=None: mnist)
    monkeypatch.setenv("VAE_LIB_DATA", str(tmp_path))
    _, out, _ = run(capsys, "data", "--sheet", "in/sheet.png")
    assert out.startswith("mnist: 55,000 train, 5,000 validation, 10,000 test\n")
    assert f"read from {tmp_path / 'MNIST' / 'raw'}, all four files match their checksums" in out
    tiles = sheet(tmp_path / "in" / "sheet.png", 10, 12, 2)
    for digit, row in enumerate(tiles):
        own = mnist.train.images[mnist.train.labels == digit][:12]
        assert_shows(row, own)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "COMMAND"),
        (["paint"], "paint"),
        (["train"], "name at least one recipe"),
        (["train", "huge"], "'huge'"),
        (["train", "tiny", "--fast"], "--fast"),
        (["evaluate"], "RECIPE"),
        (["evaluate", "huge"], "'huge'"),
        (["evaluate", "tiny", "--samples", "0"], "samples"),
        (["evaluate", "tiny", "--samples", "many"], "--samples"),
        (["evaluate", "tiny", "--images", "0"], "--images"),
        (["evaluate", "tiny", "--images", "10001"], "--images"),
        (["sample", "huge"], "'huge'"),
        (["sample", "tiny", "-n", "0"], "-n"),
        (["sample", "tiny-ae"], "'tiny-ae' is an autoencoder"),
        (["sample", "tiny", "-o", "picture.xyz"], "xyz"),
        (["sample", "tiny", "-o", "."], "--out: . is a folder"),
        (["sample", "tiny", "-o", "s.jpgg"], "--out: s.jpgg ends in '.jpgg', expected one of"),
        (["sample", "tiny", "--seed", "99999999999999999999"], "--seed: 99999999999999999999"),
        (["data", "--sheet", "."], "--sheet: . is a folder"),
        (["data", "--sheet", "s.jpgg"], "--sheet: s.jpgg ends in '.jpgg', expected one of"),
        (["data", "--paint"], "--paint"),
        (
            ["data", "--dataset", "misspelt"],
            "dataset: 'misspelt', expected 'auto', 'mnist', 'fashion', 'synthetic' or a",
        ),
        (["train", "tiny", "--dataset", "misspelt"], "dataset: 'misspelt'"),
        (["evaluate", "tiny", "--dataset", ""], "dataset: ''"),
        (["sample", "tiny", "--dataset", "misspelt/too"], "dataset: 'misspelt/too'"),
    ],
)
def test_a_call_that_makes_no_sense_exits_2_and_names_what_is_wrong(capsys, arguments, named):
    terminal.assert_senseless(capsys, cli, arguments, named)


@pytest.mark.parametrize(
    "error", [OSError("a full disk"), train.TrainingDiverged("nan"), FileNotFoundError("no MNIST")]
)
@pytest.mark.parametrize("command", ["train", "evaluate", "sample"])
def test_a_failing_file_or_training_exits_1_with_its_sentence(capsys, monkeypatch, error, command):
    def fail(name, **options):
        raise error

    monkeypatch.setattr(recipes, "load", fail)
    code, _, err = run(capsys, command, "tiny")
    assert (code, err) == (1, f"python -m vae_lib: error: {error}\n")


def test_a_folder_that_cannot_be_written_exits_1_and_is_named(capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for arguments in ("train tiny -o file", "sample tiny -o file/s.png", "data --sheet file/s.png"):
        code, _, err = run(capsys, *arguments.split())
        assert code == 1
        assert "'file'" in err
        assert "Traceback" not in err


def test_what_cannot_end_well_is_refused_before_any_training(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(recipes, "load", lambda name, **options: pytest.fail("trained"))
    monkeypatch.setattr(recipes, "load_all", lambda names, **options: pytest.fail("trained"))
    monkeypatch.setattr(data, "load", lambda name=None: pytest.fail("read"))
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "out" / "samples.png").mkdir(parents=True)
    (tmp_path / "several").mkdir()
    (tmp_path / "several" / "tiny-1").write_text("in the way")
    for arguments in (
        "sample tiny-ae",
        "sample tiny -o .",
        "sample tiny -o file/s.png",
        "sample tiny -o s.jpgg",
        "sample tiny -o new/s.jpgg",
        "sample huge -o new/s.png",
        "sample tiny -o /proc/s.png",
        "sample tiny --seed 99999999999999999999",
        "train tiny -o file",
        "train tiny -o /proc",
        "train tiny -o out",
        "train tiny tiny-1 -o several",
        "train tiny huge -o new",
        "data --sheet s.jpgg",
        "data --sheet /proc/s.png",
        "data --dataset misspelt",
        "train tiny --dataset file",
        "evaluate tiny --dataset misspelt",
        "sample tiny --dataset misspelt -o new/s.png",
    ):
        code, out, err = run(capsys, *arguments.split())
        assert code in (1, 2)
        assert err.startswith("python -m vae_lib: error: ")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("ending", ["jpg", "PNG", "pdf", "svg", "webp"])
def test_a_sheet_is_written_as_what_its_ending_says(capsys, tmp_path, ending):
    assert run(capsys, "sample", "tiny", "-n", "1", "-o", f"s.{ending}")[0] == 0
    begins = {"jpg": b"\xff\xd8", "PNG": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml", "webp": b"RIFF"}[ending]
    assert (tmp_path / f"s.{ending}").read_bytes().startswith(begins)


def test_one_image_has_no_standard_error(capsys, small_splits):
    code, out, _ = run(capsys, "evaluate", "tiny", "--samples", "5", "--images", "1")
    assert code == 0
    estimate = evaluate.log_likelihood(recipes.load("tiny")[0], small_splits.test.images[:1], samples=5)
    assert number(out, "−K-sample bound") == pytest.approx(-estimate.item(), abs=0.006)
    assert "nan" not in out
    assert "±" not in out
    assert "5 importance samples on the first image alone" in out
    assert "±" in run(capsys, "evaluate", "tiny", "--samples", "5", "--images", "2")[1]


def test_a_picture_is_written_whole_or_not_at_all(capsys, monkeypatch, tmp_path):
    (tmp_path / "s.png").write_text("the old one")

    def half(figure, file, **options):
        Path(file).write_text("half")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(plt.Figure, "savefig", half)
        assert run(capsys, "sample", "tiny", "-o", "s.png")[0] == 1
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["s.png"]
    assert (tmp_path / "s.png").read_text() == "the old one"
    code, out, _ = run(capsys, "sample", "tiny", "-o", "sheet")
    assert (code, out) == (0, "wrote sheet.png\n")
    assert (tmp_path / "sheet.png").exists()


def test_an_unexpected_error_is_not_dressed_as_a_mistake_of_the_callers(capsys, monkeypatch):
    def fail(name, **options):
        raise KeyError("a bug")

    monkeypatch.setattr(recipes, "load", fail)
    with pytest.raises(KeyError):
        cli.main(["train", "tiny"])


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (
            [],
            [
                "train",
                "evaluate",
                "sample",
                "data",
                "VAE_LIB_DATA",
                "VAE_LIB_CACHE",
                "VAE_LIB_DATASET",
                "VAE_LIB_MODELS",
            ],
        ),
        (
            ["train"],
            [
                "RECIPE",
                "--dataset",
                "--all",
                "--out",
                "samples.png",
                "reconstructions.png",
                "manifold.png",
                "tiny-binary",
            ],
        ),
        (["evaluate"], ["RECIPE", "--dataset", "--samples", "--images", "tiny-binary"]),
        (["sample"], ["RECIPE", "--dataset", "-n", "--seed", "--draw", "--out", "tiny-binary"]),
        (["data"], ["--sheet", "--dataset"]),
    ],
)
def test_help_mentions_every_option(capsys, command, options):
    terminal.assert_helps(capsys, cli, command, options)


@pytest.mark.parametrize(
    "command", [[], ["train"], ["evaluate"], ["sample"]], ids=["itself", "train", "evaluate", "sample"]
)
def test_help_says_in_a_line_what_each_recipe_of_the_book_is(capsys, monkeypatch, command):
    monkeypatch.undo()
    lines = run(capsys, *command, "--help")[1].splitlines()
    for name, recipe in configs.RECIPES.items():
        assert f"  {name:16} {recipe.summary}" in lines
    assert configs.RECIPES["beta-3"].summary == "VAE 784-400-20, 10 epochs, beta 3.0"


def test_the_module_runs_as_a_program(tmp_path):
    """The real thing, with digits that need no file, in a cache of its own; the exit code reaches the shell."""
    source = Path(cli.__file__).parents[1]
    environment = os.environ | {
        "PYTHONPATH": str(source),
        "PYTHONDONTWRITEBYTECODE": "1",
        "VAE_LIB_DATASET": "nonsense",
    }
    command = [sys.executable, "-W", "error", "-m", "vae_lib", "data"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    problem = "VAE_LIB_DATASET: 'nonsense', expected 'auto', 'mnist', 'fashion', 'synthetic' or a folder that is there"
    assert result.stderr == f"python -m vae_lib: error: {problem}\n"
    assert list(tmp_path.iterdir()) == []


# Ctrl-C, and what is said without torch.


KEPT = "python -m vae_lib: interrupted; what was trained before is kept, run the same command again to go on\n"


@pytest.mark.usefixtures("mnist")
@pytest.mark.parametrize(
    "arguments",
    [["train", "vae-20", "vae-2"], ["train", "vae-20"], ["evaluate", "vae-20"], ["sample", "vae-20", "-o", "s.png"]],
    ids=["side by side", "alone", "evaluate", "sample"],
)
def test_an_interrupted_training_says_one_line_and_leaves_no_process_and_no_file(tmp_path, arguments):
    cache = tmp_path / "cache"
    environment = terminal.environment(VAE_LIB_CACHE=str(cache), VAE_LIB_DATASET="mnist", TQDM_DISABLE="1")
    command = [sys.executable, "-m", "vae_lib", *arguments]
    code, out, err = terminal.interrupt(command, environment, lambda: any(cache.rglob("vae-20-*.lock")))
    assert (code, out, err) == (130, "", KEPT)
    assert not any(cache.rglob("*.safetensors"))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--help", 0),
        ("train --help", 0),
        ("evaluate --help", 0),
        ("", 2),
        ("paint", 2),
        ("train", 2),
        ("train misspelt", 2),
        ("train vae-20 misspelt", 2),
        ("evaluate misspelt", 2),
        ("evaluate vae-20 --images 0", 2),
        ("sample misspelt", 2),
        ("sample ae-2", 2),
        ("data --dataset misspelt", 2),
        ("train vae-20 --dataset misspelt", 2),
    ],
)
def test_help_and_mistakes_are_answered_without_the_libraries_that_take_seconds(tmp_path, arguments, code):
    terminal.assert_quick(cli, arguments, code, tmp_path)
