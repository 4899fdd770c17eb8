"""Somebody's own pictures, all the way: a folder of PNGs, a model of them, numbers, sheets, and a page that says so."""

import os
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
import small_book
import terminal
from _ext import execution
from own_images import draw, write_pngs

from vae_lib import cli, configs, data, paths, recipes

NAME = "leaves & <i>twigs"  # in HTML's own signs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Sixty pictures of three classes, and a cache of the test's own."""
    for seed, name in enumerate(("ash", "birch", "cedar")):
        write_pngs(tmp_path / NAME / name, draw(20, seed=seed))
    for name in ("VAE_LIB_DATASET", "VAE_LIB_MODELS", "PYTHONOPTIMIZE"):
        monkeypatch.setenv(name, "")  # put back after the test
    monkeypatch.setenv("VAE_LIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VAE_LIB_DATA", str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / NAME


def test_own_pictures_from_the_command_line_to_the_page(folder, tmp_path, monkeypatch, capsys):
    def vae_lib(*arguments: str) -> list[str]:
        code, out, err = terminal.run(capsys, cli, *arguments)
        assert (code, err) == (0, "")
        return out.splitlines()

    def trained() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / "cache").rglob("*.safetensors")}

    monkeypatch.setenv("TQDM_DISABLE", "1")
    described = vae_lib("data", "--dataset", str(folder), "--sheet", "sheet.png")
    assert described[:3] == [
        f"{NAME}: 48 train, 6 validation, 6 test",
        "classes: 0 ash, 1 birch, 2 cedar",
        f"read from {folder}",
    ]
    assert plt.imread("sheet.png").shape[0] > 4 * (3 * 30 - 2)  # a row for each class
    vae_lib("train", "vae-2", "--data", str(folder), "-o", "pictures")
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == set(cli.PICTURES)
    first = trained()
    assert len(first) == 1

    monkeypatch.setenv("VAE_LIB_DATASET", NAME)  # the same data by another way, and relative
    said = vae_lib("evaluate", "vae-2", "--samples", "5")
    assert said[0] == f"vae-2 on 6 {NAME} test images, grey levels, in nats"
    assert said[-1].startswith("linear probe")
    vae_lib("sample", "vae-2", "-n", "4", "-o", "drawn.png")
    assert plt.imread("drawn.png").shape[1] >= 4 * (2 * 30 - 2)
    assert trained() == first

    monkeypatch.setenv("VAE_LIB_DATASET", str(folder))
    book = small_book.write(tmp_path, "_ext.execution", "_ext.site.origin")
    result = small_book.build(book)
    assert result.returncode == 0, result.stderr
    for name in ("page", "words"):
        banner = small_book.page(book, name).select_one(".bd-header-announcement").get_text()
        assert "built without MNIST" in banner
        assert f"from the images of «{NAME}»" in banner


@pytest.mark.parametrize(
    ("name", "banner"),
    [
        ("mnist", ""),
        ("fashion", "comes from Fashion-MNIST,"),
        ("synthetic", "comes from synthetic digits,"),
        ("runes", "comes from the images of «runes»,"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_pages_assert_of_mnist_alone_and_name_all_other_data(folder, tmp_path, monkeypatch, small_splits, name, banner):
    monkeypatch.setattr(data, "load", lambda wanted=None: data.Splits(name, *list(vars(small_splits).values())[1:]))
    for variable in ("IPYTHONDIR", "MATPLOTLIBRC", "TQDM_DISABLE", "PYTHONPATH", "OMP_NUM_THREADS"):
        monkeypatch.setenv(variable, os.environ.get(variable, ""))
    monkeypatch.setenv("VAE_LIB_DATASET", NAME if name == "runes" else "auto" if name == "synthetic" else name)
    app = SimpleNamespace(outdir=str(tmp_path / "_build" / "html"), connect=lambda *arguments: None)
    config = SimpleNamespace(nb_execution_mode="off", html_theme_options={})
    execution.prepare(app, config)
    assert banner in config.html_theme_options.get("announcement", "")
    assert bool(config.html_theme_options) == bool(banner)
    assert os.environ["PYTHONOPTIMIZE"] == ("1" if banner else "")
    assert os.environ["VAE_LIB_DATASET"] == (str(folder) if name == "runes" else name)  # which a chapter's kernel finds


def test_a_name_that_means_nothing_stops_the_build_and_says_what_may_be_meant(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_LIB_DATASET", "misspelt")
    app = SimpleNamespace(outdir=str(tmp_path / "_build" / "html"), connect=lambda *arguments: None)
    with pytest.raises(execution.ExtensionError, match="VAE_LIB_DATASET: 'misspelt', expected 'auto', .*or a folder"):
        execution.prepare(app, SimpleNamespace())


def test_a_recipe_names_its_data_and_a_call_may_name_others(folder, tmp_path, monkeypatch):
    """The data, not their name, are what a checkpoint is found by."""
    write_pngs(tmp_path / "others" / "a", draw(20, seed=9))
    tiny = configs.Recipe(model=configs.ModelConfig(hidden=(4,), latent=2), train=configs.TrainConfig(epochs=1))
    named = configs.replace(tiny, dataset=str(folder))
    monkeypatch.setattr(configs, "RECIPES", {"tiny": tiny, "named": named})
    monkeypatch.setenv("VAE_LIB_DATASET", "others")
    assert (recipes.splits("tiny").name, recipes.splits("named").name) == ("others", NAME)
    assert recipes.splits("named", "others").name == "others"
    assert named.summary == f"{tiny.summary}, on {folder}"
    recipes.load("tiny", dataset=folder)
    recipes.load("named")
    (one,), (other,) = (list(paths.cache_dir().rglob(f"{name}-*.safetensors")) for name in ("tiny", "named"))
    assert one.stem.removeprefix("tiny") == other.stem.removeprefix("named")
    recipes.load("tiny")
    assert len(list(paths.cache_dir().rglob("tiny-*.safetensors"))) == 2


def test_models_trained_side_by_side_learn_from_the_data_of_the_call(folder, monkeypatch):
    tiny = configs.Recipe(model=configs.ModelConfig(hidden=(4,), latent=2), train=configs.TrainConfig(epochs=1))
    again = configs.replace(tiny, train=configs.replace(tiny.train, seed=1))
    for name, recipe in (("tiny-a", tiny), ("tiny-b", again)):
        monkeypatch.setitem(configs.RECIPES, name, recipe)
    monkeypatch.setenv("VAE_LIB_DATASET", "synthetic")  # which would be drawn for minutes, or differ
    assert sorted(recipes.load_all(["tiny-a", "tiny-b"], dataset=folder)) == ["tiny-a", "tiny-b"]
    for name in ("tiny-a", "tiny-b"):
        assert recipes.checkpoint_path(name, data.load(folder)).exists()
