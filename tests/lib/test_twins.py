"""What is written once in Python and once in JavaScript comes to the same: node is asked, on inputs drawn at random."""

import json
import re
import subprocess

import matplotlib as mpl
import numpy as np
import pytest
import torch
from test_live_js import node, unpacked
from torch import Generator, Tensor
from torch.distributions import Normal
from torch.testing import assert_close

from vae_lib import figures, labels, latent, worlds
from vae_lib.live import script, sprite
from vae_lib.live.weights import pack
from vae_lib.live.worlds import LIMIT
from vae_lib.models import mlp

# Reads {module, code, given} and answers with what `code`, a function, makes of the module and the given values.
ASK = """
import { readFileSync } from "node:fs";
const { module, code, given } = JSON.parse(readFileSync(0, "utf8"));
const answer = (0, eval)(`(${code})`)(await import(module), given);
console.log(JSON.stringify(answer, (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value)));
"""


def ask(module: str, code: str, given: object = None) -> object:
    """What the function `code` of (module, given) returns in node."""
    question = {"module": (script.FOLDER / f"{module}.js").as_uri(), "code": code, "given": given}
    result = subprocess.run(
        [node(), "--input-type=module", "-e", ASK],
        input=json.dumps(question, default=Tensor.tolist), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def same(theirs: object, ours: Tensor, tolerance: float = 1e-9) -> None:
    assert_close(torch.tensor(theirs, dtype=torch.float64), ours.double(), atol=tolerance, rtol=tolerance)


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=Generator().manual_seed(seed))


def ends(kind: str) -> Tensor:
    """Pairs of codes (N, 2, 5): of any directions, or at a small angle, or at nearly two right angles."""
    a, b = randn(2, 24, 5, seed=1)
    if kind == "any":
        return torch.stack([a, b], 1)
    if kind == "the origin":
        return torch.stack([a, 0 * a], 1)
    across = b - (a * b).sum(-1, keepdim=True) / (a * a).sum(-1, keepdim=True) * a
    across = across / across.norm(dim=-1, keepdim=True) * a.norm(dim=-1, keepdim=True)
    # Above and below both thresholds that were once in use, and in one line.
    angles = torch.tensor([0, 1e-8, 1e-5, 1e-4, 5e-4, 9e-4, 1.1e-3, 2e-3, 1e-2, 0.1, 0.5, 1.0]).double().repeat(2)
    sign = -1 if kind == "opposite" else 1
    turned = sign * angles.cos()[:, None] * a + angles.sin()[:, None] * across
    return torch.stack([a, 1.7 * turned], 1)


@pytest.mark.parametrize("spherical", [False, True])
@pytest.mark.parametrize("kind", ["any", "nearly one direction", "opposite", "the origin"])
def test_the_way_between_two_codes(kind: str, spherical: bool):
    pairs = ends(kind)
    theirs = ask(
        "gaussian",
        "({ interpolate }, { pairs, spherical }) => pairs.map(([a, b]) =>"
        " [0, 1, 2, 3, 4].map((i) => interpolate(a, b, i / 4, spherical)))",
        {"pairs": pairs, "spherical": spherical},
    )
    ours = torch.stack([latent.interpolate(start, end, 5, spherical=spherical) for start, end in pairs])
    same(theirs, ours, 1e-6)


@pytest.mark.parametrize("kind", ["any", "nearly one direction", "opposite"])
def test_the_way_between_two_codes_is_one_in_single_precision_too(kind: str):
    """What a picture decodes (float32) is what the page decodes (float64), to less than a figure shows."""
    for pair in ends(kind):
        double, single = (
            latent.interpolate(*pair.to(dtype), 5, spherical=True) for dtype in (pair.dtype, torch.float32)
        )
        assert_close(single.double(), double, atol=1e-3, rtol=1e-3)


def test_gaussian_log_densities():
    x, mean = 3 * randn(2, 200)
    std = randn(200, seed=2).exp()
    theirs = ask(
        "gaussian", "({ logNormal }, rows) => rows.map((row) => logNormal(...row))", torch.stack([x, mean, std], 1)
    )
    same(theirs, Normal(mean, std).log_prob(x))


def test_log_sums_of_exponentials():
    values = 300 * randn(50, 7)
    same(ask("gaussian", "({ logSumExp }, rows) => rows.map(logSumExp)", values), values.logsumexp(-1))


@pytest.mark.parametrize("noise", [0.02, 0.15, 0.4])
def test_the_curved_world_and_its_integrals(noise: float):
    """The page's grid is coarser; densities are compared where both have a point."""
    world, x = (
        worlds.CurveWorld(noise),
        LIMIT * (2 * torch.rand(6, 2, generator=Generator().manual_seed(3)).double() - 1),
    )
    theirs = ask(
        "worlds",
        "({ grid, curve, curveWorld, posterior }, { x, noise }) =>"
        " ({ points: grid(noise), curve: grid(noise).map(curve),"
        " all: x.map((one) => ({ joint: grid(noise).map(curveWorld(one, noise)),"
        " ...posterior(curveWorld(one, noise), grid(noise)) })) })",
        {"x": x, "noise": noise},
    )
    points = torch.tensor(theirs["points"], dtype=torch.float64)
    assert points[0] == world.grid[0] and points[-1] == world.grid[-1]
    same(theirs["curve"], world.curve(points))
    same([one["joint"] for one in theirs["all"]], world.log_joint(x.unsqueeze(1), points))
    same([one["logMarginal"] for one in theirs["all"]], world.log_marginal(x), 1e-6)
    density = (world.log_joint(x.unsqueeze(1), points) - world.log_marginal(x).unsqueeze(1)).exp()
    same([one["density"] for one in theirs["all"]], density, 1e-6)


def test_the_linear_world():
    x, z, noise = randn(30, seed=4), randn(30, seed=5), randn(30, seed=6).exp()
    rows = torch.stack([x, z, noise], 1)
    theirs = ask(
        "worlds",
        "({ linearWorld }, rows) => rows.map(([x, z, noise]) => linearWorld(x, noise)(z))",
        rows,
    )
    one = torch.ones(1, 1, dtype=torch.float64)
    ours = [
        worlds.ProbabilisticPCA(0 * one[0], one, width.item()).log_joint(place.view(1), cause.view(1))
        for place, cause, width in zip(x, z, noise, strict=True)
    ]
    same(theirs, torch.stack(ours))


@pytest.mark.parametrize("sizes", [(3, 4), (6, 9, 2), (10, 17, 8, 5)])
@pytest.mark.parametrize("output", ["none", "sigmoid"])
def test_a_networks_forward_pass(sizes: tuple[int, ...], output: str):
    """Of the numbers that its bytes stand for, so that nothing but the arithmetic can differ."""
    network, x = mlp(*sizes), randn(20, sizes[0], seed=7).float()
    packed = pack(network, x, output=output)
    theirs = ask(
        "mlp",
        "({ forward, unpack }, { bytes, x }) => { const layers = unpack(new DataView(Uint8Array.from(bytes).buffer));"
        " return x.map((row) => Array.from(forward(layers, row))); }",
        {"bytes": list(packed), "x": x},
    )
    values = x.double()
    for activation, bias, scale, rows in unpacked(packed):
        weight = np.sign(rows) * np.abs(rows / 127) ** 1.5 * scale[:, None]
        values = values @ torch.tensor(weight).T + torch.tensor(bias)
        values = values.relu() if activation == 1 else values.sigmoid() if activation == 2 else values
    same(theirs, values, 1e-5)


def test_images_as_text():
    images = torch.rand(3, 784, generator=Generator().manual_seed(0))
    theirs = ask("controls", "({ grey }, texts) => texts.map((text) => Array.from(grey(text)))", sprite.as_text(images))
    same(theirs, images, 0.5 / 255 + 1e-6)


def test_a_classs_name_stands_at_the_median_of_its_codes():
    """As `plot_latents` has it: of an even number, between the two in the middle."""
    lists = [randn(n, seed=n) for n in (1, 2, 3, 8, 9, 50)]
    theirs = ask("plane", "({ median }, lists) => lists.map(median)", lists)
    assert theirs == pytest.approx([float(np.median(values)) for values in lists])


@pytest.mark.parametrize("spread", [0.0, 5.0, 40.0])
def test_names_that_would_stand_on_each_other_stand_beside(spread: float):
    places, taken = 150 + spread * randn(10, 2, seed=8), 150 + spread * randn(1, 2, seed=9)
    theirs = ask(
        "labels",
        "({ apart }, { places, taken }) => apart(places, 19, [[9, 291], [9, 200]], taken)",
        {"places": places, "taken": taken},
    )
    ours = labels.apart(places.tolist(), 19, [(9, 291), (9, 200)], taken.tolist())
    same(theirs, torch.tensor(ours, dtype=torch.float64))


def test_the_ink_on_every_colour():
    shades = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in (255 * torch.rand(200, 3)).int().tolist()]
    theirs = ask("labels", "({ inkOn }, colours) => colours.map(inkOn)", shades)
    assert theirs == [labels.ink_on(mpl.colors.to_rgb(shade)) for shade in shades]


def test_colours():
    theirs = ask("controls", "({ COLOURS, CLASSES }) => ({ COLOURS, CLASSES })")
    assert theirs["COLOURS"] == list(figures.COLOURS)
    assert theirs["CLASSES"] == [mpl.colors.to_hex(mpl.colormaps["tab10"](k)) for k in range(10)]
    ax = figures.plot_latents(randn(20, 2), torch.arange(10).repeat(2))
    drawn = {text.get_text(): mpl.colors.to_hex(text.get_bbox_patch().get_facecolor()) for text in ax.texts}
    assert [drawn[str(k)] for k in range(10)] == theirs["CLASSES"]


def test_no_other_file_has_a_colour_of_its_own():
    """Of the house's colours the style sheet repeats some; the scripts take theirs from controls.js."""
    hues = {
        path: re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text()) for path in (script.CSS, *script.FOLDER.glob("*.js"))
    }
    assert set(hues.pop(script.CSS)) <= set(figures.COLOURS)
    assert [path.name for path, found in hues.items() if found] == ["controls.js"]
