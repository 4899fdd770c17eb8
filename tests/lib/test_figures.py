"""What a figure shows, measured on its pixels and boxes; what it must leave alone."""

import math
from itertools import combinations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given as for_all
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from vae_lib import figures
from vae_lib.train import History

DEVICE = 2  # pixels of the picture for each pixel of the page


def pixels(figure: plt.Figure) -> np.ndarray:
    """The rendered figure: (height, width, 4) bytes."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).copy()


def tiles(n: int) -> torch.Tensor:
    """n different images of noise on 16 grey levels, (n, 784)."""
    return torch.randint(0, 16, (n, 784), generator=torch.Generator().manual_seed(n)) / 15


def history(epochs: int = 5, gap: float = 3.0) -> History:
    e = torch.arange(1.0, epochs + 1, dtype=torch.float64)
    return History(-90 - 80 / e, 25 - 5 / e, -90 - gap - 70 / e, 25 - 4 / e)


def plots() -> dict:
    """Each figure with inputs of its own, for what all figures promise."""
    x = torch.linspace(0, 1, 20)
    return {
        "digits": (
            figures.plot_digits,
            (tiles(6),),
            {"columns": 3, "row_labels": ["a", "b"], "column_labels": ["c", "d", "e"]},
        ),
        "lines": (
            figures.plot_lines,
            (x, {"one": x, "two": x**2}),
            {"xlabel": "z", "ylabel": "nats", "spreads": {"one": x / 10}, "markers": True},
        ),
        "lines, legend": (
            figures.plot_lines,
            (x, {"one": x, "two": x**2}),
            {"xlabel": "z", "ylabel": "nats", "legend": True},
        ),
        "lines, logarithmic": (
            figures.plot_lines,
            (x + 1, {"one": x + 1}),
            {"xlabel": "z", "ylabel": "nats", "log": "xy"},
        ),
        "history": (figures.plot_history, (history(),), {}),
        "history of one epoch": (figures.plot_history, (history(1),), {}),
        "latents": (figures.plot_latents, (torch.randn(50, 2), torch.arange(50) % 10), {"limit": 4}),
        "field": (figures.plot_field, (x, x[:7], x[:7, None] * x), {"xlabel": "a", "ylabel": "b", "label": "nats"}),
        "bars": (figures.plot_bars, ({"one": 1.0, "two": -2.0},), {"xlabel": "nats", "spreads": {"one": 0.5}}),
    }


@pytest.mark.parametrize("name", plots())
def test_a_figure_returns_its_axes_and_leaves_its_inputs_and_the_settings_alone(name):
    function, arguments, options = plots()[name]
    torch.manual_seed(0)
    copies = repr((arguments, options))
    settings, state, open_before = dict(mpl.rcParams), torch.get_rng_state(), len(plt.get_fignums())
    ax = function(*arguments, **options)
    assert isinstance(ax, Axes)
    assert repr((arguments, options)) == copies
    assert dict(mpl.rcParams) == settings
    assert torch.equal(torch.get_rng_state(), state)
    assert len(plt.get_fignums()) == open_before + 1
    pixels(ax.figure)  # and it can be drawn without a warning


def test_the_figure_of_axes_is_the_whole_one():
    figure = plt.figure()
    left, right = figure.subfigures(1, 2)
    assert figures.figure_of(left.subplots()) is figure
    assert figures.figure_of(right.subfigures(1, 2)[0].subplots()) is figure
    assert figures.figure_of(figure.add_axes((0, 0, 1, 1))) is figure
    plt.close(figure)


@pytest.mark.parametrize("name", plots())
def test_a_figure_has_no_background_and_its_words_are_in_the_house_ink(name):
    function, arguments, options = plots()[name]
    ax = function(*arguments, **options)
    assert ax.figure.get_facecolor()[3] == 0
    assert ax.patch.get_facecolor()[3] == 0
    assert ax.figure.dpi == DEVICE * 96
    for label in (ax.xaxis.label, ax.yaxis.label):
        assert to_rgb(label.get_color()) == to_rgb(figures.INK)


def test_settings_come_back_after_an_error_too():
    settings = dict(mpl.rcParams)
    seen = []

    def fail():
        with figures.style():
            seen.append(mpl.rcParams["text.color"])
            raise RuntimeError("planted")

    with pytest.raises(RuntimeError, match="planted"):
        fail()
    assert seen == [figures.INK]
    assert dict(mpl.rcParams) == settings


# Sheets of digits.


@for_all(st.integers(1, 23), st.integers(1, 9), st.integers(1, 3), st.integers(0, 5))
def test_every_tile_is_in_its_place_at_whole_number_enlargement(n, columns, scale, gap):
    images = tiles(n)
    ax = figures.plot_digits(images, columns=columns, scale=scale, gap=gap)
    picture = pixels(ax.figure)
    plt.close(ax.figure)
    factor, pitch = DEVICE * scale, 28 + gap
    rows = -(-n // columns)
    assert picture.shape[:2] == (factor * (rows * pitch - gap), factor * (columns * pitch - gap))
    expected = np.zeros(picture.shape, dtype=np.uint8)
    for k, image in enumerate(images.view(n, 28, 28)):
        top, left = factor * pitch * (k // columns), factor * pitch * (k % columns)
        grey = np.kron((image * 255).round().byte().numpy(), np.ones((factor, factor), dtype=np.uint8))
        expected[top : top + 28 * factor, left : left + 28 * factor] = np.dstack([grey] * 3 + [np.full_like(grey, 255)])
    np.testing.assert_allclose(picture[..., 3], expected[..., 3])  # gaps and missing tiles are clear
    inked = expected[..., 3] == 255
    np.testing.assert_allclose(picture[inked].astype(int), expected[inked].astype(int), atol=1)


def test_every_sheet_has_the_same_grey_scale():
    """A dim image stays dim: nothing is stretched to the sheet's own darkest and brightest."""
    picture = pixels(figures.plot_digits(torch.full((1, 784), 0.4), columns=1).figure)
    assert set(picture[..., 0].ravel().tolist()) == {102}
    picture = pixels(figures.plot_digits(torch.tensor([[-1.0] * 392 + [2.0] * 392]), columns=1).figure)
    assert set(picture[..., 0].ravel().tolist()) == {0, 255}  # a Gaussian mean may pass the ends


def test_labels_stand_beside_their_rows_and_above_their_columns():
    ax = figures.plot_digits(tiles(6), columns=3, row_labels=["first", "second"], column_labels=["x", "y", "z"])
    ax.figure.canvas.draw()
    boxes = {text.get_text(): text.get_window_extent() for text in ax.texts}
    sheet, pitch = ax.get_window_extent(), 30 * DEVICE * 2
    middle = 14 * DEVICE * 2
    for row, name in enumerate(["first", "second"]):
        assert boxes[name].x1 < sheet.x0
        assert (boxes[name].y0 + boxes[name].y1) / 2 == pytest.approx(sheet.y1 - row * pitch - middle, abs=6)
    for column, name in enumerate(["x", "y", "z"]):
        assert boxes[name].y0 > sheet.y1
        assert (boxes[name].x0 + boxes[name].x1) / 2 == pytest.approx(sheet.x0 + column * pitch + middle, abs=6)


@pytest.mark.parametrize("shape", [(784,), (0, 784), (3, 783), (3, 28, 28)])
def test_bad_images_are_named(shape):
    with pytest.raises(ValueError, match=r"^images: shape \(.*\), expected \(N, 784\) with N of at least 1"):
        figures.plot_digits(torch.zeros(shape), columns=2)


# Curves.


def overlap(boxes: list) -> bool:
    return any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def named(ax: Axes) -> dict:
    """The boxes of the labels at the curves' ends."""
    ax.figure.canvas.draw()
    return {text.get_text(): text.get_window_extent() for text in ax.texts}


@for_all(st.lists(st.floats(-10, 10), min_size=1, max_size=5), st.sampled_from(["", "y", "x", "xy"]))
def test_names_at_the_ends_of_curves_do_not_overlap_whatever_the_curves(ends, log):
    x = np.linspace(1, 5, 10)
    curves = {f"curve {i}": np.exp(end * x / 5) if "y" in log else end * x for i, end in enumerate(ends)}
    ax = figures.plot_lines(x, curves, xlabel="x", ylabel="y", log=log)
    boxes = named(ax)
    plt.close(ax.figure)
    assert boxes.keys() == curves.keys()
    # A line's box has a pixel or two of air around its letters, which may touch.
    assert not overlap([box.shrunk_to_aspect(box.height / box.width).padded(-1) for box in boxes.values()])


@pytest.mark.parametrize("log", ["", "y"])
def test_a_curve_with_room_has_its_name_at_its_end_after_a_dash_of_its_colour(log):
    x = np.linspace(1, 5, 10)
    curves = {"low": x, "middle": 5 * x**2, "high": 40 * x**2}
    ax = figures.plot_lines(x, curves, xlabel="x", ylabel="y", log=log)
    for name, box in named(ax).items():
        end = ax.transData.transform((x[-1], curves[name][-1]))
        assert (box.y0 + box.y1) / 2 == pytest.approx(end[1], abs=0.3 * box.height)
        assert 0 < box.x0 - end[0] < 3 * box.height
    for line, text in zip(
        ax.lines, sorted(ax.texts, key=lambda text: list(curves).index(text.get_text())), strict=True
    ):
        assert to_rgb(line.get_color()) == to_rgb(text.arrow_patch.get_edgecolor())
        assert text.get_color() == figures.INK  # the page's text colour, which reads in both themes; the palette is 3:1


def test_a_curve_that_breaks_off_is_named_where_it_ends():
    x = np.arange(5.0)
    ax = figures.plot_lines(x, {"short": [1, 2, 3, np.nan, np.nan], "long": [5, 6, 7, 8, 9]}, xlabel="x", ylabel="y")
    boxes = named(ax)
    assert 0 < boxes["short"].x0 - ax.transData.transform((2, 3))[0] < 40
    assert 0 < boxes["long"].x0 - ax.transData.transform((4, 9))[0] < 40


def test_a_spread_is_shaded_around_its_curve_only():
    x = np.arange(4.0)
    ax = figures.plot_lines(x, {"a": x, "b": 3 * x}, xlabel="x", ylabel="y", spreads={"a": [0.5] * 4})
    (shade,) = ax.collections
    vertices = shade.get_paths()[0].vertices
    for place in x:
        heights = vertices[vertices[:, 0] == place, 1]
        assert (heights.min(), heights.max()) == (place - 0.5, place + 0.5)


def test_a_legend_takes_the_place_of_the_names():
    x = np.arange(4.0)
    ax = figures.plot_lines(x, {"a": x, "b": x}, xlabel="x", ylabel="y", legend=True)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert not ax.texts


@pytest.mark.parametrize(
    ("log", "scales"), [("", ("linear", "linear")), ("x", ("log", "linear")), ("xy", ("log", "log"))]
)
def test_axes_are_named_and_scaled_as_asked(log, scales):
    ax = figures.plot_lines([1, 2, 3], {"a": [1, 2, 3]}, xlabel="beta", ylabel="rate (nats)", log=log)
    assert (ax.get_xscale(), ax.get_yscale()) == scales
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("beta", "rate (nats)")


def test_axes_that_are_given_are_drawn_on():
    _, (left, right) = plt.subplots(1, 2)
    assert figures.plot_lines([1, 2], {"a": [1, 2]}, xlabel="x", ylabel="y", ax=right) is right
    assert right.lines
    assert not left.lines
    assert figures.plot_latents(torch.randn(20, 2), torch.arange(20) % 10, ax=left) is left


@pytest.mark.parametrize("gap", [0.0, 3.0, 60.0])
def test_a_history_shows_its_four_curves_each_named_at_its_end(gap):
    shown = history(gap=gap)
    left = figures.plot_history(shown)
    right = left.figure.axes[1]
    expected = {
        left: {"training": -shown.elbo, "held-out": -shown.held_out_elbo},
        right: {"distortion": -shown.held_out_log_likelihood, "rate": shown.held_out_kl},
    }
    for ax, curves in expected.items():
        boxes = named(ax)
        assert boxes.keys() == curves.keys()
        assert not overlap([box.padded(-1) for box in boxes.values()])
        ends = {name: ax.transData.transform((5, curve[-1].item()))[1] for name, curve in curves.items()}
        apart = abs(np.subtract(*ends.values()))
        for line, (name, curve) in zip(ax.lines, curves.items(), strict=True):
            assert line.get_xdata().tolist() == [1, 2, 3, 4, 5]
            assert line.get_ydata() == pytest.approx(curve.numpy())
            box = boxes[name]
            # A name gives way by a line and a half at most, and only where another is in its place.
            give = 0.3 if apart > 2 * box.height else 1.5
            assert (box.y0 + box.y1) / 2 == pytest.approx(ends[name], abs=give * box.height)
        assert "nats" in ax.get_ylabel()
        assert ax.get_xlabel() == "epoch"
    assert right.get_ylim()[0] == 0


def test_the_names_of_the_left_half_do_not_run_into_the_right_half():
    left = figures.plot_history(history())
    right = left.figure.axes[1]
    edge = right.get_tightbbox().x0
    assert all(box.x1 < edge for box in named(left).values())


# Planes and bars.


def test_each_class_has_its_points_in_a_colour_of_its_own_and_its_digit_at_the_median():
    labels = torch.arange(1_000) % 10
    points = torch.stack([labels.float(), -labels.float()], 1) + 0.1 * torch.randn(
        1_000, 2, generator=torch.Generator().manual_seed(0)
    )
    ax = figures.plot_latents(points, labels)
    assert len(ax.collections) == len(ax.texts) == 10
    for digit, (cloud, text) in enumerate(zip(ax.collections, ax.texts, strict=True)):
        own = points[labels == digit].numpy()
        np.testing.assert_allclose(cloud.get_offsets(), own)
        assert text.get_text() == str(digit)
        assert text.get_position() == pytest.approx(tuple(np.median(own, axis=0)))
    assert len({tuple(cloud.get_facecolor()[0][:3]) for cloud in ax.collections}) == 10
    assert ax.get_aspect() == 1


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("options", [{}, {"limit": 3}, {"frame": ((-20, 60), (-4, 3))}])
def test_no_digit_of_a_crowded_plane_stands_on_another_or_on_a_place_that_is_kept_clear(options, spread):
    draw = torch.Generator().manual_seed(0)
    points = torch.randn(200, 2, generator=draw) * (0.5 + spread)
    points[::10] += 2  # so that they have a frame, if they are given none
    clear = points.median(0).values
    with figures.style():
        figure, axes = plt.subplots(1, 2, layout="constrained")
        axes[0].set_title("a plane")
    ax = figures.plot_latents(points, torch.arange(200) % 10, ax=axes[0], clear=[clear.tolist()], **options)
    figure.canvas.draw()
    discs = [text.get_bbox_patch().get_window_extent() for text in ax.texts]
    centres = np.array([[(disc.x0 + disc.x1) / 2, (disc.y0 + disc.y1) / 2] for disc in discs])
    apart = np.linalg.norm(centres[:, None] - centres, axis=-1) + 1e9 * np.eye(10)
    assert apart.min() > discs[0].width
    assert np.linalg.norm(centres - ax.transData.transform(clear.tolist()), axis=-1).min() > discs[0].width / 2 + 3
    frame = ax.get_window_extent()
    assert all(frame.x0 < x < frame.x1 and frame.y0 < y < frame.y1 for x, y in centres)


def test_a_plane_without_some_classes_shows_the_others():
    ax = figures.plot_latents(torch.randn(20, 2), torch.arange(20) % 3)
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2"]


def test_a_limit_fixes_the_window():
    ax = figures.plot_latents(torch.randn(20, 2), torch.arange(20) % 10, limit=3)
    assert ax.get_xlim() == ax.get_ylim() == (-3, 3)


@pytest.mark.parametrize(("points", "labels"), [((5, 3), 5), ((5,), 5), ((5, 2), 4)])
def test_bad_points_are_named(points, labels):
    with pytest.raises(ValueError, match=r"^points: shape \(.*\) for \d labels, expected \(N, 2\) and N labels"):
        figures.plot_latents(torch.zeros(points), torch.zeros(labels, dtype=torch.int64))


def test_a_field_is_brightest_where_its_value_is_largest():
    x, y = torch.linspace(-2, 2, 41), torch.linspace(0, 3, 31)
    values = -((x - 1) ** 2) - (y[:, None] - 2.5) ** 2
    ax = figures.plot_field(x, y, values, xlabel="a", ylabel="b", label="log density (nats)")
    picture = pixels(ax.figure)
    column, row = ax.transData.transform((1.0, 2.5))
    opposite = ax.transData.transform((-1.9, 0.1))

    def brightness(at: tuple[float, float]) -> int:
        return picture[picture.shape[0] - 1 - int(at[1]), int(at[0]), :3].astype(int).sum()

    assert brightness((column, row)) > brightness(opposite) + 200
    assert ax.figure.axes[1].get_ylabel() == "log density (nats)"


@pytest.mark.parametrize("backwards", [False, True])
def test_each_cell_of_a_field_is_drawn_around_its_place(backwards):
    """One cell that is brighter than all others: the bright pixels reach half a step from its place, and no further."""
    x, y = torch.linspace(-2, 3, 6), torch.linspace(0, 1.5, 4)
    if backwards:
        x = x.flip(0)
    for column, row in ((0, 0), (5, 3), (2, 1)):
        values = torch.zeros(4, 6)
        values[row, column] = 1
        ax = figures.plot_field(x, y, values, xlabel="a", ylabel="b", label="nats")
        ax.set(xlim=(-3, 4), ylim=(-1, 2.5))
        picture = pixels(ax.figure)[:, :, :3].astype(int)
        yellow = (picture[:, :, 0] > 200) & (picture[:, :, 2] < 80)  # viridis's largest value
        yellow[:, int(ax.bbox.x1) :] = False  # the colour bar
        rows, columns = np.nonzero(yellow)
        corners = np.array([[columns.min(), rows.max() + 1], [columns.max() + 1, rows.min()]], dtype=float)
        corners[:, 1] = picture.shape[0] - corners[:, 1]
        (left, bottom), (right, top) = ax.transData.inverted().transform(corners)
        drawn, place = [left, right, bottom, top], [float(x[column])] * 2 + [float(y[row])] * 2
        assert drawn == pytest.approx(
            [p + half for p, half in zip(place, (-0.5, 0.5, -0.25, 0.25), strict=True)], abs=0.03
        )
        plt.close(ax.figure)


@pytest.mark.parametrize(
    ("x", "y", "shape", "message"),
    [
        (torch.arange(3.0), torch.arange(4.0), (3, 4), r"^values: shape \(3, 4\), expected \(4, 3\)"),
        (
            torch.tensor([0.0, 1.0, 3.0]),
            torch.arange(4.0),
            (4, 3),
            r"^x: shape \(3,\), expected two or more",
        ),
        (torch.arange(3.0), torch.zeros(4), (4, 3), r"^y: shape \(4,\), expected two or more"),
        (torch.arange(3.0), torch.arange(1.0), (1, 3), r"^y: shape \(1,\), expected two or more"),
    ],
)
def test_a_field_whose_cells_have_no_place_is_refused(x, y, shape, message):
    before = plt.get_fignums()
    with pytest.raises(ValueError, match=message):
        figures.plot_field(x, y, torch.zeros(shape), xlabel="a", ylabel="b", label="nats")
    assert plt.get_fignums() == before


def test_bars_are_as_long_as_their_values_with_the_number_beside_them_in_reading_order():
    values = {"VAE": 3.0, "AE": 1.25, "PCA": -0.5}
    ax = figures.plot_bars(values, xlabel="nats", spreads={"AE": 0.5}, form="{:.2f}")
    ax.figure.canvas.draw()
    assert [bar.get_width() for bar in ax.patches] == [3.0, 1.25, -0.5]
    assert [text.get_text() for text in ax.texts] == ["3.00", "1.25 ± 0.50", "-0.50"]
    heights = []
    for bar, text, name in zip(ax.patches, ax.texts, ax.get_yticklabels(), strict=True):
        box, mark = bar.get_window_extent(), text.get_window_extent()
        assert mark.x0 > box.x1
        assert box.y0 < (mark.y0 + mark.y1) / 2 < box.y1
        heights.append((box.y0, name.get_text()))
    assert [name for _, name in sorted(heights, reverse=True)] == list(values)  # the first on top


# Colours.


def linear_rgb(colour: str) -> np.ndarray:
    return np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)])


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    return float(linear_rgb(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_as_wcag_does():
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("#767676", "white") == pytest.approx(
        4.54, abs=0.01
    )  # the grey that guidelines quote as just enough


@pytest.mark.parametrize("page", ["#ffffff", "#121212"])
@pytest.mark.parametrize("colour", [figures.INK, *figures.COLOURS])
def test_ink_and_palette_can_be_seen_on_a_light_and_a_dark_page(colour, page):
    assert contrast(colour, page) >= 3


def test_the_digit_on_each_cloud_can_be_read():
    ax = figures.plot_latents(torch.randn(50, 2), torch.arange(50) % 10)
    contrasts = {
        text.get_text(): contrast(text.get_color(), text.get_bbox_patch().get_facecolor()) for text in ax.texts
    }
    assert {digit: round(value, 2) for digit, value in contrasts.items() if value < 4.5} == {}


# Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as an eye without one kind of cones sees it.
EYES = {
    "usual": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanope": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranope": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanope": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(linear: np.ndarray) -> np.ndarray:
    """CIELAB of a linear sRGB colour, where a distance of 1 can just be seen side by side."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ linear.clip(0, 1) / [0.9505, 1.0, 1.089])  # no colour here is dark enough for the line
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", EYES)
def test_colours_of_the_palette_are_told_apart_by_colour_blind_readers(eye):
    seen = {colour: lab(np.array(EYES[eye]) @ linear_rgb(colour)) for colour in figures.COLOURS}
    close = {(a, b): np.linalg.norm(seen[a] - seen[b]).round(1) for a, b in combinations(seen, 2)}
    assert {pair: distance for pair, distance in close.items() if distance < 10} == {}


def test_a_sheet_without_columns_and_a_curve_without_a_point_are_refused():
    with pytest.raises(ValueError, match="^columns: 0, expected at least 1"):
        figures.plot_digits(torch.rand(3, 784), columns=0)
    before = plt.get_fignums()
    with pytest.raises(ValueError, match="^curves: 'empty' has no finite point"):
        figures.plot_lines([0, 1], {"whole": [0, 1], "empty": [math.nan] * 2}, xlabel="x", ylabel="y")
    assert plt.get_fignums() == before


def test_of_more_than_ten_classes_the_eleventh_begins_the_colours_anew():
    """As in the live figures' plane, which names its classes, too."""
    points = torch.arange(24.0).view(12, 2)
    ax = figures.plot_latents(points, torch.arange(12))
    drawn = [tuple(cloud.get_facecolor()[0]) for cloud in ax.collections]
    assert drawn[10:] == drawn[:2]
    assert len(set(drawn)) == 10
    assert [text.get_text() for text in ax.texts] == [str(label) for label in range(12)]
