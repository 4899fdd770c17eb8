"""The live figures' Python side: what a cell emits in the book and in a notebook, and what each figure refuses."""

import base64
import io
import json
import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import anywidget
import ipywidgets
import matplotlib.pyplot as plt
import nbclient
import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.distributions import Normal
from torch.testing import assert_close
from traitlets import TraitError

from vae_lib import figures, live
from vae_lib.live import script
from vae_lib.models import ModelConfig
from vae_lib.worlds import CurveWorld

PLANE = ModelConfig(hidden=(16,), latent=2)
CODES = torch.tensor([[0.5, -0.5], [1.0, 2.0], [-1.234, 0.0]])
LABELS = torch.tensor([0, 1, 1])
IMAGES = torch.rand(12, 784, generator=torch.Generator().manual_seed(0))
CLASSES = torch.tensor([7, 2, 7, 2, 2, 0, 7, 7, 0, 2, 2, 2])


@pytest.fixture
def in_page(monkeypatch):
    monkeypatch.setenv("VAE_LIB_LIVE", "page")


def latent_plane() -> live.LatentPlane:
    return live.LatentPlane(PLANE.build(), CODES, LABELS)


def latent_sliders() -> live.LatentSliders:
    return live.LatentSliders(ModelConfig(hidden=(16,), latent=5).build(), IMAGES)


def rate_distortion() -> live.RateDistortion:
    config = ModelConfig(hidden=(16,), latent=3)
    return live.RateDistortion({3.0: config.build(seed=1), 0.5: config.build(seed=2), 1.0: config.build()}, IMAGES)


def linked_planes(**changes: object) -> live.LinkedPlanes:
    given = {"ae": replace(PLANE, variational=False).build(), "vae": PLANE.build(), "x": IMAGES, "labels": CLASSES}
    return live.LinkedPlanes(**given | changes)


def interpolation(**changes: object) -> live.Interpolation:
    model = ModelConfig(hidden=(16,), latent=3).build()
    return live.Interpolation(**{"model": model, "images": IMAGES, "labels": CLASSES, "ends": (2, 5)} | changes)


def draw_digit(**changes: object) -> live.DrawDigit:
    return live.DrawDigit(**{"model": PLANE.build(), "images": IMAGES, "labels": CLASSES} | changes)


def exact_posterior() -> live.ExactPosterior:
    return live.ExactPosterior(CurveWorld(), torch.tensor([[1.0, 0.1], [9.0, 0.0], [0.0, 1.234]]))


def elbo_explorer() -> live.ElboExplorer:
    return live.ElboExplorer()


def reparameterization() -> live.Reparameterization:
    return live.Reparameterization(torch.tensor([0.5, -1.0, 0.257]), a=-0.5)


FIGURES = [
    interpolation,
    draw_digit,
    latent_plane,
    latent_sliders,
    rate_distortion,
    linked_planes,
    exact_posterior,
    elbo_explorer,
    reparameterization,
]


def bundle(figure: live.figure.LiveFigure) -> dict:
    return figure._repr_mimebundle_()[0]


def state(html: str) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)[1])


@pytest.mark.parametrize("make", FIGURES)
def test_the_page_gets_data_and_a_picture_and_no_widget(make, in_page):
    figure = make()
    data = bundle(figure)
    assert figure.comm is None
    assert set(data) == {"text/plain", "image/svg+xml", "text/html"}
    assert state(data["text/html"])["kind"] == figure.kind
    drawing = ElementTree.fromstring(data["image/svg+xml"])
    assert [node.tag for node in drawing.iter() if node.tag.endswith(("}path", "}image"))]


@pytest.mark.parametrize("make", FIGURES)
def test_two_builds_of_one_page_have_the_same_drawing(make, in_page):
    with plt.rc_context({"svg.hashsalt": "as in the book's build"}):
        assert bundle(make())["image/svg+xml"] == bundle(make())["image/svg+xml"]


@pytest.mark.parametrize("make", FIGURES)
def test_a_notebook_gets_a_widget_and_a_picture_and_no_html(make):
    data = bundle(make())
    assert set(data) == {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"}


def test_a_figure_without_a_view_shows_its_picture(monkeypatch):
    """For such a widget anywidget has no bundle at all."""
    figure = live.ElboExplorer()
    monkeypatch.setattr(type(figure), "_view_name", None)
    data, metadata = figure._repr_mimebundle_()
    assert (set(data), metadata) == ({"text/plain", "image/png"}, {})


@pytest.mark.parametrize("make", FIGURES)
@pytest.mark.parametrize("host", ["page", "notebook"])
def test_an_output_holds_its_picture_once(make, host, monkeypatch):
    monkeypatch.setenv("VAE_LIB_LIVE", host)
    data = bundle(make())
    (picture,) = (data[form] for form in ("image/png", "image/svg+xml") if form in data)
    assert json.dumps(list(data.values())).count(json.dumps(picture[-2_000:])[1:-1]) == 1


@pytest.mark.parametrize("make", FIGURES)
def test_the_front_end_knows_the_kind(make):
    assert f"function {make().kind}(" in script.page_script()


@pytest.mark.parametrize("make", FIGURES)
def test_the_page_holds_the_state_that_the_widget_would_send(make, in_page):
    figure = make()
    html = bundle(figure)["text/html"]
    sent = figure.get_state()
    for name, value in state(html).items():
        if name != "networks":
            assert value == sent[name], name


@pytest.mark.parametrize("make", FIGURES)
def test_weights_in_the_page_are_those_of_the_widget(make, in_page):
    figure = make()
    html = bundle(figure)["text/html"]
    weights = dict(re.findall(r'class="live-weights" data-id="(\w+)">([^<]*)<', html))
    named = {name: base64.b64decode(weights[identity]) for name, identity in state(html)["networks"].items()}
    assert named == figure.networks


@pytest.mark.parametrize("make", FIGURES)
def test_showing_a_figure_leaves_no_other_figure_behind(make, in_page):
    before = plt.get_fignums(), plt.isinteractive()
    bundle(make())
    assert (plt.get_fignums(), plt.isinteractive()) == before


def test_equal_weights_have_one_name_and_others_another(in_page):
    names = [state(bundle(figure)["text/html"])["networks"]["decoder"] for figure in (latent_plane(), latent_plane())]
    other = live.LatentPlane(PLANE.build(seed=1), CODES, LABELS)
    assert names[0] == names[1] != state(bundle(other)["text/html"])["networks"]["decoder"]


def test_a_label_cannot_end_the_element_it_stands_in(in_page):
    figure = latent_plane()
    figure.label = 'a "<script>" </script> & more'
    assert state(bundle(figure)["text/html"])["label"] == figure.label


def test_traits_are_read_set_observed_and_linked():
    first, second = latent_plane(), latent_plane()
    seen = []
    first.observe(lambda change: seen.append(change["new"]), "z")
    ipywidgets.link((first, "z"), (second, "z"))
    second.z = [1.0, -2.0]
    assert first.z == [1.0, -2.0] and seen == [[1.0, -2.0]]


def test_codes_are_sent_with_two_decimals_and_not_more_than_a_thousand():
    assert latent_plane().codes == [[0.5, -0.5], [1.0, 2.0], [-1.23, 0.0]]
    many = live.LatentPlane(PLANE.build(), torch.zeros(1_500, 2), torch.zeros(1_500, dtype=torch.long))
    assert len(many.codes) == len(many.labels) == 1_000


def test_sliders_stand_in_the_order_of_activity():
    figure = latent_sliders()
    means = figure.model.encode(IMAGES).mean
    variances = means.var(0)[figure.order]
    assert (variances[1:] <= variances[:-1]).all()
    assert figure.z == pytest.approx(means[0].tolist(), abs=0.006)


def digits_of(sheet: str, columns: int) -> Tensor:
    """The images in a figure's sheet, (N, 784)."""
    grey = np.array(Image.open(io.BytesIO(base64.b64decode(sheet.removeprefix("data:image/png;base64,")))))
    assert grey.ndim == 2 and grey.dtype == np.uint8
    tiles = torch.from_numpy(grey).unflatten(0, (-1, 28)).unflatten(2, (columns, 28))  # (rows, 28, columns, 28)
    return tiles.transpose(1, 2).flatten(0, 1).flatten(1) / 255


def test_rate_and_distortion_are_those_of_the_models_in_the_order_of_beta():
    config = ModelConfig(hidden=(16,), latent=3)
    figure = rate_distortion()
    assert figure.betas == [0.5, 1.0, 3.0] and figure.betas[figure.index] == 1.0
    for i, seed in enumerate((2, 0, 1)):
        model = config.build(seed=seed)
        q = model.encode(IMAGES)
        kl = torch.distributions.kl_divergence(Normal(q.mean, q.std), Normal(0.0, 1.0)).mean(0)
        assert figure.kl[i] == pytest.approx(kl.sort(descending=True).values.tolist(), abs=0.006)
        assert figure.rates[i] == pytest.approx(kl.sum().item(), abs=0.006)
        z = q.sample(generator=torch.Generator().manual_seed(0))
        distortion = F.binary_cross_entropy_with_logits(model.decoder.network(z), IMAGES, reduction="sum") / len(IMAGES)
        assert figure.distortions[i] == pytest.approx(distortion.item(), abs=0.006)


def test_a_collapsed_dimension_has_no_bar_and_is_not_active():
    model = ModelConfig(hidden=(16,), latent=3).build()
    for parameters in (model.encoder[-1].weight, model.encoder[-1].bias):
        parameters.data[[1, 4]] = 0.0  # mean and log-variance of the second dimension: its posterior is the prior
    model.encoder[-1].weight.data[[0, 2]] *= 10  # the others' means vary
    figure = live.RateDistortion({1.0: model}, IMAGES)
    assert figure.kl[0][2] == 0.0 < figure.kl[0][1]
    assert figure.active == [[True, True, False]]


def test_the_sheet_holds_inputs_then_reconstructions_and_samples_of_each_model():
    figure = rate_distortion()
    shown = digits_of(figure.sheet, columns=4)
    assert shown.shape == (8 + 3 * 16, 784)
    assert_close(shown[:8], IMAGES[:8], atol=0.01, rtol=0)  # 64 levels of grey
    model = ModelConfig(hidden=(16,), latent=3).build(seed=1)  # of β = 3, the last
    generator = torch.Generator().manual_seed(0)
    q = model.encode(IMAGES[:8])
    z = torch.cat([q.mean + q.std * torch.randn(8, 3, generator=generator), torch.randn(8, 3, generator=generator)])
    assert_close(shown[-16:], model.decoder.network(z).sigmoid(), atol=0.01, rtol=0)


def test_each_plane_has_a_frame_of_its_own_codes_and_the_first_image_of_each_class():
    figure = linked_planes()
    ae, vae = replace(PLANE, variational=False).build(), PLANE.build()
    for name, codes in (("ae", ae.encode(IMAGES)), ("vae", vae.encode(IMAGES).mean)):
        assert_close(torch.tensor(figure.codes[name]), codes.detach(), atol=0.006, rtol=0)
        (left, right), (bottom, top) = figure.limits[name]
        outside = (codes < torch.tensor([left, bottom])) | (codes > torch.tensor([right, top]))
        assert outside.float().mean() < 0.2 and left < right and bottom < top  # of 12 codes, the outermost
    assert figure.examples == [5, 1, 0] and [CLASSES[i] for i in figure.examples] == [0, 2, 7]
    assert (figure.z_ae, figure.z_vae) == (figure.codes["ae"][5], figure.codes["vae"][5])
    assert_close(digits_of(figure.sheet, columns=1), IMAGES[[5, 1, 0]], atol=0.01, rtol=0)


def test_an_interpolation_sends_the_codes_and_the_images_of_its_digits():
    figure = interpolation()
    assert_close(torch.tensor(figure.codes), figure.model.encode(IMAGES).mean, atol=0.006, rtol=0)
    bytes_of = [torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8) for text in figure.images]
    assert_close(torch.stack(bytes_of) / 255, IMAGES, atol=0.5 / 255, rtol=1e-5)
    assert (figure.labels, figure.ends, figure.t, figure.spherical) == (CLASSES.tolist(), [2, 5], 0.0, False)


@pytest.mark.parametrize("trait", [{"t": 1.01}, {"t": -0.01}, {"ends": [1]}])
def test_an_interpolation_cannot_be_sent_beyond_its_ends(trait):
    figure = interpolation()
    with pytest.raises(TraitError):
        figure.set_trait(*trait.popitem())


NO_NUMBER = [math.nan, math.inf, -math.inf, 10**400, "1", None, True, [1.0]]
NO_PLACE = [[0.0], [0.0, 0.0, 0.0], [], "ab", None, 1.0, *([0.0, one] for one in NO_NUMBER)]
NOT_ALLOWED = [
    (latent_plane, "z", NO_PLACE),
    (latent_sliders, "z", [[0.0] * 4, [0.0] * 6, [0.0] * 4 + [math.nan], [], None]),
    (latent_sliders, "start", [[0.0] * 4, [0.0] * 6, [0.0] * 4 + [math.inf], "abcde"]),
    (interpolation, "t", [-0.01, 1.01, *NO_NUMBER]),
    (interpolation, "ends", [[0, 99], [-1, 0], [0], [0, 1, 2], [0, 1.0], [0, True], [0, "1"], None]),
    (interpolation, "spherical", [1, 0, None, "yes"]),
    (rate_distortion, "index", [-1, 3, 99, 1.0, *NO_NUMBER]),
    (draw_digit, "image", [[0.0] * 783, [0.0] * 785, *([0.0] * 783 + [one] for one in (-0.01, 1.01, *NO_NUMBER))]),
    (draw_digit, "seed", [-1, 0.5, 2**53, *NO_NUMBER]),
    (linked_planes, "z_ae", NO_PLACE),
    (linked_planes, "z_vae", NO_PLACE),
    (exact_posterior, "x", NO_PLACE),
    (elbo_explorer, "mean", NO_NUMBER),
    (elbo_explorer, "std", [0.0, -1.0, 0.049, *NO_NUMBER]),
    (elbo_explorer, "world", [-1, 2, 0.0, *NO_NUMBER]),
    (reparameterization, "mean", NO_NUMBER),
    (reparameterization, "std", [0.0, -1.0, 0.049, *NO_NUMBER]),
    (reparameterization, "noise", [[], [1.0], [1.0, math.nan], "ab", None, 1.0]),
    (latent_plane, "label", [None, 3, ["a"]]),
]


def own_traits(figure: live.figure.LiveFigure) -> set[str]:
    names = set(figure.trait_names(sync=True)) - set(anywidget.AnyWidget.class_trait_names())
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize(("make", "name", "values"), NOT_ALLOWED)
def test_a_trait_that_python_sets_wrongly_stays_and_nothing_is_sent(make, name, values):
    figure, sent = make(), []
    before = figure.get_state()
    figure.observe(sent.append)
    for value in values:
        for error in (ValueError, TraitError):  # it is both
            with pytest.raises(error, match=f"^{name}: .*, expected "):
                setattr(figure, name, value)
        with pytest.raises(ValueError, match=f"^{name}: "), figure.hold_trait_notifications():
            setattr(figure, name, value)
    assert figure.get_state() == before and sent == []


@pytest.mark.parametrize("make", FIGURES)
def test_every_trait_can_be_set_and_is_checked_or_is_fixed(make):
    figure = make()
    tried = {name for other, name, _ in NOT_ALLOWED if other is make} | {"label"}
    before = figure.get_state()
    for name in own_traits(figure):
        value = getattr(figure, name)
        if name in tried:
            setattr(figure, name, value)
        else:
            for other in (value, -1, [math.nan], None):
                with pytest.raises(ValueError, match=f"^{name}: .*, expected what its figure was made with"):
                    setattr(figure, name, other)
    assert figure.get_state() == before


def test_numbers_of_numpy_and_whole_ones_are_taken_for_what_they_are():
    figure = latent_plane()
    figure.z = (np.float32(0.5), 2)
    assert figure.z == [0.5, 2.0] and [type(value) for value in figure.z] == [float, float]
    figure = rate_distortion()
    figure.index = np.int64(2)
    assert figure.index == 2 and type(figure.index) is int


def test_what_the_front_end_sends_is_checked_as_well():
    """Of a drawing it sends the posterior, too, which Python may only read."""
    figure = draw_digit()
    figure.set_state({"mean": [1, -0.5], "std": [0.5, 1], "seed": 3})
    assert (figure.mean, figure.std, figure.seed) == ([1.0, -0.5], [0.5, 1.0], 3)
    with pytest.raises(TraitError, match="^std: -1 at place 0, expected a finite number from 0.0"):
        figure.set_state({"std": [-1, 1]})


def test_a_model_that_has_come_apart_is_refused_before_a_page_holds_no_json():
    model = PLANE.build()
    model.encoder[-1].bias.data[0] = math.nan
    with pytest.raises(ValueError, match="^images: NaN in some of them, expected grey levels"):
        live.RateDistortion({1.0: model}, IMAGES)
    with pytest.raises(ValueError, match="^network: not all of its weights"):
        draw_digit(model=model)


def test_a_drawing_begins_as_the_first_example_with_its_posterior():
    figure = draw_digit()
    assert torch.tensor(figure.image) == pytest.approx(IMAGES[0], abs=0.006)
    q = figure.model.encode(IMAGES)
    assert_close(torch.tensor(figure.mean), q.mean[0])
    assert_close(torch.tensor(figure.std), q.std[0])
    assert_close(torch.tensor(figure.codes), q.mean, atol=0.006, rtol=0)
    assert len(figure.examples) == 5 and figure.labels == CLASSES.tolist()


def test_what_was_drawn_can_be_encoded_as_it_is():
    """The front end sets 784 grey levels of two decimals; anything else is refused where it comes in."""
    figure = draw_digit()
    figure.image = [0.0] * 400 + [0.37] * 384
    assert figure.model.encode(torch.tensor([figure.image])).mean.shape == (1, 2)
    for wrong in ([0.0] * 783, [0.0] * 783 + [1.01], [0.0] * 783 + [-0.01]):
        with pytest.raises(TraitError):
            figure.image = wrong


def test_samples_outside_the_plane_are_not_sent():
    assert exact_posterior().samples == [[1.0, 0.1], [0.0, 1.23]]


def test_noise_and_widths_are_read_and_set_and_no_width_is_negative():
    figure = reparameterization()
    assert figure.noise == [0.5, -1.0, 0.26]
    figure.noise, figure.mean = [1.0, 2.0], -0.5
    assert figure.get_state()["noise"] == [1.0, 2.0]
    for figure in (reparameterization(), elbo_explorer()):
        with pytest.raises(TraitError, match="std"):
            figure.std = -1.0


@pytest.mark.parametrize(("make", "gap"), [(lambda: live.ElboExplorer(), 0.0), (lambda: live.ElboExplorer(1), 29.0)])
def test_the_explorers_picture_says_what_the_posteriors_moments_cost(make, gap):
    """By another way than the front end's: the first posterior is Gaussian, the second is none at all."""
    figure, grid = make(), CurveWorld().grid
    joint = figure.log_joint(grid).exp()
    p = joint / joint.sum()
    figure.mean = (p * grid).sum().item()
    figure.std = (p * (grid - figure.mean) ** 2).sum().sqrt().item()
    title = figure.picture().get_suptitle()
    assert float(title.split("gap ")[1].split()[0].replace("−", "-")) == pytest.approx(gap, abs=1)
    plt.close("all")


@pytest.mark.parametrize("world", [0, 1])
def test_the_explorers_picture_has_the_bar_that_ends_at_the_elbo(world):
    """From zero: log p(x), then the gap; it ends at the ELBO, or at the frame, with an arrow."""
    figure = live.ElboExplorer(world).picture()
    title = figure.get_suptitle().replace("−", "-")
    elbo, evidence = (float(number) for number in re.findall(r"-\d+\.\d+", title)[:2])
    evidence_bar, gap_bar = figure.axes[1].patches
    assert evidence_bar.get_x() == 0 and evidence_bar.get_width() == pytest.approx(evidence, abs=1e-3)
    assert gap_bar.get_x() == pytest.approx(evidence, abs=1e-3)
    low = figure.axes[1].get_xlim()[0]
    assert gap_bar.get_x() + gap_bar.get_width() == pytest.approx(max(elbo, low), abs=1e-3)
    assert [text.get_text().strip() for text in figure.axes[1].texts] == [
        "log p(x)",
        ("ELBO", "◂ ELBO")[int(elbo < low)],
    ]
    assert [text.get_color() for text in figure.axes[1].texts] == [figures.INK] * 2
    plt.close(figure)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: interpolation(images=IMAGES[:, :9]), r"x: shape \(12, 9\)"),
        (lambda: interpolation(labels=CLASSES[:11]), r"labels: shape \(11,\) for 12 images"),
        (lambda: interpolation(ends=(0, 12)), r"ends: \[0, 12\], expected two indices from 0 to 11"),
        (lambda: interpolation(ends=(-1, 3)), r"ends: \[-1, 3\], expected two indices from 0 to 11"),
        (lambda: interpolation(ends=(1, 2, 3)), r"ends: \(1, 2, 3\), expected a list of 2, each an integer"),
        (lambda: interpolation(ends=(0.5, 1)), "ends: 0.5 at place 0, expected an integer"),
        (lambda: draw_digit(limit=-1), "limit: -1, expected a positive number"),
        (lambda: draw_digit(limit=math.nan), "limit: nan, expected a positive number"),
        (lambda: draw_digit(model=replace(PLANE, latent=3).build()), "model: VAE with 3 latents"),
        (lambda: draw_digit(model=replace(PLANE, variational=False).build()), "model: Autoencoder with 2 latents"),
        (lambda: draw_digit(images=IMAGES[:, :9]), r"x: shape \(12, 9\)"),
        (lambda: draw_digit(labels=CLASSES[:11]), r"labels: shape \(11,\) for 12 images"),
        (lambda: live.ExactPosterior(CurveWorld(), CODES[:, :1]), r"samples: shape \(3, 1\)"),
        (
            lambda: live.ExactPosterior(CurveWorld(), CODES, [1.0]),
            r"x: \[1.0\], expected a list of 2, each a finite",
        ),
        (lambda: live.ExactPosterior(CurveWorld(), CODES, [0.0, math.nan]), "x: nan at place 1, expected a finite"),
        (lambda: live.ExactPosterior(CurveWorld(0.001), CODES), "noise: 0.001, expected a finite number from 0.01"),
        (lambda: live.ElboExplorer(-1), "world: -1, expected an integer from 0 to 1"),
        (lambda: live.ElboExplorer(True), "world: True, expected an integer from 0 to 1"),
        (lambda: live.ElboExplorer(2), "world: 2, expected an integer from 0 to 1"),
        (lambda: live.Reparameterization(torch.zeros(1), a=0.0), r"noise: shape \(1,\)"),
        (lambda: live.Reparameterization(torch.zeros(4, 2), a=0.0), r"noise: shape \(4, 2\)"),
        (lambda: live.Reparameterization(torch.tensor([0.1, math.nan]), a=0.0), "noise: nan at place 1"),
        (lambda: live.Reparameterization(torch.zeros(4), a=math.inf), "a: inf, expected a finite number"),
        (lambda: live.Reparameterization(torch.zeros(4), a="0"), "a: '0', expected a finite number"),
        (lambda: live.LatentPlane(ModelConfig(latent=3).build(), CODES, LABELS), "model: 3 latent dimensions"),
        (lambda: live.LatentPlane(PLANE.build(), CODES[:, :1], LABELS), r"codes: shape \(3, 1\)"),
        (lambda: live.LatentPlane(PLANE.build(), CODES, LABELS[:2]), "codes: .* for 2 labels"),
        (lambda: live.LatentPlane(PLANE.build(), CODES[:0], LABELS[:0]), r"codes: shape \(0, 2\)"),
        (lambda: live.LatentPlane(PLANE.build(), CODES * math.nan, LABELS), "codes: not all of them are finite"),
        (lambda: live.LatentPlane(PLANE.build(), CODES, LABELS + 10), "labels: .* expected integers from 0 to 9"),
        (lambda: live.LatentPlane(PLANE.build(), CODES, LABELS - 9), "labels: .* expected integers from 0 to 9"),
        (lambda: live.LatentPlane(PLANE.build(), CODES, LABELS / 2), "labels: torch.float32"),
        (lambda: live.LatentPlane(PLANE.build(), CODES, LABELS, limit=0), "limit: 0, expected a positive number"),
        (lambda: live.LatentPlane(PLANE.build(), CODES, LABELS, limit=math.inf), "limit: inf, expected a positive"),
        (lambda: live.LatentPlane(PLANE.build(), CODES, LABELS, limit="3"), "limit: '3', expected a positive number"),
        (lambda: live.LatentPlane(ModelConfig(latent=2, convolutional=True).build(), CODES, LABELS), "network"),
        (lambda: live.LatentSliders(PLANE.build(), IMAGES[:, :9]), r"x: shape \(12, 9\)"),
        (lambda: live.LatentSliders(PLANE.build(), IMAGES[:1]), "x: 1 image, expected at least 2"),
        (lambda: live.RateDistortion({}, IMAGES), "models: none"),
        (lambda: live.RateDistortion({1.0: replace(PLANE, variational=False).build()}, IMAGES), "models: .* β = 1.0"),
        (lambda: live.RateDistortion({1.0: PLANE.build(), 2.0: ModelConfig().build()}, IMAGES), r"models: \[2, 20\]"),
        (lambda: live.RateDistortion({0.0: PLANE.build()}, IMAGES), "models: β = 0.0"),
        (lambda: live.RateDistortion({1.0: PLANE.build()}, IMAGES[:7]), "x: 7 images, expected at least 8"),
        (lambda: live.RateDistortion({1.0: PLANE.build()}, IMAGES[:, :9]), r"x: shape \(12, 9\)"),
        (lambda: linked_planes(ae=PLANE.build()), "ae: VAE, expected Autoencoder"),
        (lambda: linked_planes(vae=replace(PLANE, variational=False).build()), "vae: Autoencoder, expected VAE"),
        (lambda: linked_planes(vae=replace(PLANE, latent=3).build()), "vae: 3 latent dimensions"),
        (lambda: linked_planes(x=IMAGES[:, :9]), r"x: shape \(12, 9\)"),
        (lambda: linked_planes(labels=CLASSES[:11]), r"labels: shape \(11,\) for 12 images"),
    ],
)
def test_what_cannot_be_shown_is_refused_at_the_cell(make, message, monkeypatch):
    monkeypatch.setattr(live.figure.LiveFigure, "open", lambda figure: pytest.fail("it was sent"))
    with pytest.raises(ValueError, match=message):
        make()


def test_the_joined_script_has_no_import_or_export_left():
    assert not re.search(r"^\s*(import|export)", script.page_script(), re.MULTILINE)
    assert script.notebook_module().count("export default") == 1


@pytest.fixture
def joined(tmp_path, monkeypatch):
    """Joins the module `page` of these modules' texts, by name."""

    def join(**modules):
        for name, text in modules.items():
            (tmp_path / f"{name}.js").write_text(text)
        monkeypatch.setattr(script, "FOLDER", tmp_path)
        return script._join("page")

    return join


def test_a_name_defined_twice_is_refused(joined):
    other = "export function f() {\n  const inner = 1;\n}\nconst help = 2;\n"
    with pytest.raises(ValueError, match="help: defined at the top"):
        joined(page='import { f } from "./other.js";\nconst help = f;\n', other=other)


@pytest.mark.parametrize(
    "module",
    [
        "const A = 1, help = 2;",
        "export const A = 1, help = 2;",
        "let A, help;",
        "export let help = 1;",
        "var A = 1, help = 2;",
        "const A = [1, 2], B = { a: 1, b: 2 },\n  help = (a, b) => a + b;",
        'const A = ";", B = `,${[1, 2].map((i) => `${i}`)}`, C = /[,;"(/]/, help = 2; // one, two',
        "const A = 1\nconst help = 2",
        "const A = 1; const help = 2;",
        "const f = () => {\n  const a = 1, b = 2;\n}, help = 2;",
        "function f() {} function help() {}",
        "export async function help() {}",
        "function* help() {}",
        "function*help() {}",
        "/* one */ export const help = 1;",
        "const A = 1, // one\n  help = 2;",
        "const A = 1; class help {}",
    ],
)
def test_a_name_defined_twice_is_refused_however_it_is_declared(joined, module):
    with pytest.raises(ValueError, match=r"^help: defined at the top of more than one module"):
        joined(page='import { A } from "./other.js";\nconst help = A;\n', other=f"{module}\n")


@pytest.mark.parametrize(
    "module",
    [
        "function f(help, A) {\n  const help = A;\n}\nif (f) {\n  const help = 2;\n}\nfor (const help of []) f();",
        "const A = f(1, help), B = (help, A) => help;",
        "const A = 'const help', B = \"// help\", C = `\n// const help\n`;",
        "const A = { const: 1 }.const, B = `let help;`, C = /let help;/;",
    ],
)
def test_a_name_within_a_function_a_text_or_a_comment_is_not_at_the_top(joined, module):
    page = 'import { f } from "./other.js";\nconst help = f;\n'
    assert joined(page=page, other=f"{module}\n") == f"{module}\n\nconst help = f;\n"


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("const { A, help } = f();", r"^page.js: «\{\} = f\(\)» at its top, expected one name"),
        ("export const [A, help] = f();", r"^page.js: «\[\] = f\(\)» at its top, expected one name"),
        ("const A = (1, help = 2;", "^page.js: its brackets do not match"),
        ("const A = 1), help = 2;", "^page.js: its brackets do not match"),
        ('import { a as b } from "./other.js";', "^page.js: «import "),
        ('import {\n  a,\n} from "./other.js";', "^page.js: «import "),
        ('import * as other from "./other.js";', "^page.js: «import "),
        ("const b = 1;\nexport { b };", "^page.js: «export "),
        ("export default function f() {}", "^page.js: «export "),
    ],
)
def test_what_the_joiner_cannot_read_is_refused(joined, module, message):
    with pytest.raises(ValueError, match=message):
        joined(page=f"{module}\n", other="export const a = 1;\n")


def test_modules_are_joined_after_what_they_import(joined):
    text = joined(
        page='import { b } from "./b.js";\nimport { a } from "./a.js";\nlog(a + b);\n',
        b='// why\nimport { a } from "./a.js";\nexport const b =\n  a;\n',
        a="export const a = 1;\n",
    )
    assert " ".join(text.split()) == "const a = 1; const b = a; log(a + b);"


def test_comments_are_left_out_and_nothing_else(joined):
    """Also with names in them that are defined elsewhere; what only looks like a comment stays."""
    page = (
        "// const help = 1;\nconst help = 2; // 2 / 1\n/* let help;\n   var help; */\n"
        "const A = 'a // b', B = /[/]\\/*/, C = `\n  // kept ${help}`, D = 4 / 2;\n"
    )
    kept = "const A = 'a // b', B = /[/]\\/*/, C = `\n  // kept ${help}`, D = 4 / 2;\n"
    assert joined(page=page) == f"\nconst help = 2; \n\n{kept}"


def test_a_comment_after_a_statement_is_no_regular_expression(joined):
    """Its «'» would begin a text, and hide what follows."""
    page = "/** @type {number} */\nconst A = 1;\n/** A's own. */\nconst B = (/** @type {string} */ c) => /[/*]/;\n"
    assert joined(page=page) == "\nconst A = 1;\n\nconst B = ( c) => /[/*]/;\n"


@pytest.mark.parametrize("place", ["page", ""])
def test_a_plot_after_a_live_figure_is_shown(monkeypatch, place):
    """In a kernel, where the live figure is the first to draw anything."""
    monkeypatch.setenv("VAE_LIB_LIVE", place)
    sources = (
        "from vae_lib import figures, live",
        "live.ElboExplorer()",
        "figures.plot_lines([0, 1], {'a': [0, 1]}, xlabel='x', ylabel='y');",
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.execute(notebook)
    assert ["image/png" in output.get("data", {}) for output in notebook.cells[-1].outputs] == [True]
