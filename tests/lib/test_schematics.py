"""What all drawings promise, measured on what is drawn, and what the curves of some must be true to."""

import io
import re
from itertools import combinations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, Polygon
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal, kl_divergence

from vae_lib import schematics
from vae_lib.figures import COLOURS, INK
from vae_lib.schematics import _drawing, bounds, curves, densities, planes

DRAWINGS = {name: getattr(schematics, name) for name in schematics.__all__}
LABELS, POINTS, INCHES = 9, 9, 3.4  # at most; at least; at most, which on a phone is the width of the text


def saved(ax: Axes) -> str:
    """The drawing as the book's build saves it, SVG."""
    buffer = io.StringIO()
    ax.figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    return buffer.getvalue()


def strokes(ax: Axes) -> list[np.ndarray]:
    """Every line and outline that is seen, as places on the canvas not half a pixel apart: (N, 2) each."""
    seen = [patch for patch in ax.patches if patch.get_edgecolor()[3] > 0]
    paths = [artist.get_transform().transform_path(artist.get_path()) for artist in (*ax.lines, *seen)]
    ways = [way for path in paths for way in path.to_polygons(closed_only=False)]
    places = []
    for way in ways:
        along = np.concatenate([[0], np.hypot(*np.diff(way, axis=0).T).cumsum()])
        even = np.linspace(0, along[-1], int(2 * along[-1]) + 2)
        places.append(np.stack([np.interp(even, along, column) for column in way.T], 1))
    return places


def faults(ax: Axes) -> set[str]:
    """The promises of a schematic drawing that this one breaks."""
    ax.figure.canvas.draw()
    boxes, frame, marks = [text.get_window_extent() for text in ax.texts], ax.figure.bbox, np.concatenate(strokes(ax))
    svg = saved(ax)
    width = float(re.search(r'width="([\d.]+)pt"', svg)[1]) / 72
    checks = {
        "labels": len(boxes) > LABELS or len(ax.figure.axes) > 1 or ax.axison,
        "small type": any(text.get_size() < POINTS for text in ax.texts),
        "overlap": any(a.overlaps(b) for a, b in combinations(boxes, 2)),
        "cut off": not all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= frame.x1 and box.y1 <= frame.y1 for box in boxes)
        or (marks < -1).any()
        or (marks > frame.max + 1).any(),
        "struck through": any(box.contains(x, y) for box in boxes for x, y in marks),
        "wide": width > INCHES + 1e-6,
        "colour": not set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= {INK, COLOURS[0]},
    }
    return {name for name, broken in checks.items() if broken}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_keeps_its_promises(name):
    ax = DRAWINGS[name]()
    assert ax.texts
    assert faults(ax) == set()


PLANTED = {  # what is drawn beside a word and an arrow, and the promise that it breaks
    "a tenth label": (lambda ax: [ax.text(0.2 + 0.3 * i, 0.1, "i") for i in range(LABELS)], "labels"),
    "a second part": (lambda ax: ax.figure.add_axes((0, 0, 1, 0.1)).set_axis_off(), "labels"),
    "type of 8 points": (lambda ax: ax.text(0.4, 0.1, "small", size=8), "small type"),
    "words on words": (lambda ax: ax.text(1.7, 0.45, "words"), "overlap"),
    "words at the edge": (lambda ax: ax.text(0.2, -0.01, "words"), "cut off"),
    "a line through words": (lambda ax: ax.plot([0, 3], [0.5, 0.5], color=INK), "struck through"),
    "an arrow through words": (lambda ax: _drawing.arrow(ax, (1.6, 0.9), (1.6, 0.1), bend=0.02), "struck through"),
    "an outline through words": (lambda ax: ax.add_patch(Circle((1.6, 0.5), 0.1, color=INK)), "struck through"),
    "a line beyond the edge": (lambda ax: ax.plot([3, 3.3], [0.1, 0.1], color=INK), "cut off"),
    "a wide canvas": (lambda ax: ax.figure.set_figwidth(3.3), "wide"),
    "a second accent": (lambda ax: ax.plot([0, 0.1], [0.1, 0.1], color=COLOURS[1]), "colour"),
    "black": (lambda ax: ax.plot([0, 0.1], [0.1, 0.1], color="black"), "colour"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_promise_that_is_broken_is_seen(name):
    plant, broken = PLANTED[name]
    with _drawing.canvas(1.0) as ax:
        _drawing.label(ax, (1.6, 0.5), "words")
        _drawing.arrow(ax, (0.2, 0.5), (1.2, 0.5))
        assert faults(ax) == set()
        plant(ax)
    assert faults(ax) == {broken}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_the_same_each_time_and_leaves_the_settings_and_generators_alone(name):
    settings, state, open_before = dict(mpl.rcParams), torch.get_rng_state(), len(plt.get_fignums())
    numbers = repr(np.random.get_state())
    ax = DRAWINGS[name]()
    assert isinstance(ax, Axes)
    assert ax.figure.get_facecolor()[3] == 0
    assert len(plt.get_fignums()) == open_before + 1
    assert dict(mpl.rcParams) == settings
    assert torch.equal(torch.get_rng_state(), state)
    assert repr(np.random.get_state()) == numbers
    with mpl.rc_context({"svg.hashsalt": "as in the book's build"}):
        assert saved(ax) == saved(DRAWINGS[name]())


def lines(ax: Axes, points: int) -> list[np.ndarray]:
    """The lines through so many points, in the drawing's coordinates: (points, 2) each."""
    return [line.get_xydata() for line in ax.lines if len(line.get_xydata()) == points]


def test_jensens_chord_lies_below_the_logarithm_by_the_gap_that_is_marked():
    ax = schematics.jensen_chord()
    ((curve,), pairs) = lines(ax, 121), lines(ax, 2)
    np.testing.assert_allclose(curve[:, 1], np.log(curve[:, 0]))
    ((start, end),) = [pair for pair in pairs if np.ptp(pair[:, 0]) > 0]
    (gap,) = [pair for pair in pairs if np.ptp(pair[:, 0]) == 0 and np.ptp(pair[:, 1]) > 0.3]
    np.testing.assert_allclose([start[1], end[1]], np.log([start[0], end[0]]))
    share = np.linspace(0, 1, 50)[1:-1, None]
    x, chord = ((1 - share) * start + share * end).T
    assert (chord < np.log(x)).all()
    mean = (start + end) / 2
    np.testing.assert_allclose(gap, [mean, [mean[0], np.log(mean[0])]])


def points(ax: Axes) -> np.ndarray:
    """The places of all single dots: (N, 2)."""
    return np.concatenate([line.get_xydata() for line in ax.lines if line.get_marker() == "o"])


def test_a_round_of_em_climbs_a_bound_that_lies_below_the_likelihood_and_touches_it():
    ax = schematics.em_round()
    (curve,) = lines(ax, 121)
    parabola = max((line.get_xydata() for line in ax.lines if line.get_color() == COLOURS[0]), key=len)
    observed, theta = torch.from_numpy(bounds.OBSERVED), torch.from_numpy(curve[:, 0])
    kinds = Normal(torch.stack([torch.zeros_like(theta), theta], -1), 1.0)  # (121, 2)
    mixture = MixtureSameFamily(Categorical(torch.ones_like(kinds.mean)), kinds)
    oracle = mixture.log_prob(observed[:, None]).sum(0).numpy()
    np.testing.assert_allclose(curve[:, 1] - curve[0, 1], oracle - oracle[0])
    old, above, top = points(ax)
    below = np.interp(parabola[:, 0], *curve.T) - parabola[:, 1]
    assert below.min() > -1e-3
    np.testing.assert_allclose(np.interp(old[0], *curve.T), old[1], atol=5e-3)
    np.testing.assert_allclose(np.interp(old[0], *parabola.T), old[1], atol=5e-3)
    assert top[1] >= parabola[:, 1].max()
    assert old[1] < top[1] < above[1] < curve[:, 1].max()
    assert top[0] == above[0]
    np.testing.assert_allclose(np.interp(above[0], *curve.T), above[1], atol=5e-3)


def test_the_two_gaps_are_those_of_a_diagonal_gaussian_from_a_correlated_posterior():
    ax = schematics.two_gaps()
    (curve,) = lines(ax, 121)
    rho = bounds.CORRELATION
    posterior = MultivariateNormal(torch.zeros(2).double(), torch.tensor([[1.0, rho], [rho, 1.0]]).double())

    def divergence(mean: float, variances: tuple[float, float]) -> float:
        q = MultivariateNormal(torch.tensor([mean, 0.0]).double(), torch.tensor(variances).double().diag())
        return kl_divergence(q, posterior).item()

    best = (1 - rho**2, 1 - rho**2)
    np.testing.assert_allclose(curve[:, 1], [-divergence(mean, best) for mean in curve[:, 0]])
    for variances in ((1.1 * best[0], best[1]), (0.9 * best[0], best[1]), (0.9 * best[0], 1.1 * best[1])):
        assert divergence(0, variances) > divergence(0, best)
    star, encoder = points(ax)
    np.testing.assert_allclose([star[1], encoder[1]], [-divergence(at, best) for at in (0, encoder[0])])
    gaps = [pair[:, 1] for pair in lines(ax, 2) if pair[0, 0] == pair[1, 0]]
    np.testing.assert_allclose(gaps, [(star[1], 0), (encoder[1], star[1])])


def test_weights_are_even_where_samples_are_aimed_and_their_mean_is_right_wherever_they_are_drawn():
    posterior, prior, aimed = (
        Normal(law.mean, law.stdev) for law in (densities.POSTERIOR, densities.PRIOR, densities.AIMED)
    )
    ax = schematics.aimed_samples()
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    z = torch.tensor([line.get_xdata()[0] for line in dots])
    areas = torch.tensor([line.get_markersize() ** 2 for line in dots])
    blind, near = z[: densities.BLIND_SAMPLES], z[densities.BLIND_SAMPLES :]
    assert len(near) == densities.AIMED_SAMPLES < len(blind)
    oracle = torch.cat(
        [(posterior.log_prob(place) - law.log_prob(place)).exp() for place, law in ((blind, prior), (near, aimed))]
    )
    np.testing.assert_allclose(areas / areas.max(), oracle / oracle.max(), rtol=1e-4, atol=1e-6)
    shares = [(w.sum() ** 2 / (w**2).sum()).item() / len(w) for w in oracle.split([len(blind), len(near)])]
    assert shares[0] < 0.2 < 0.8 < shares[1]
    for law in (densities.PRIOR, densities.AIMED):
        np.testing.assert_allclose(densities.samples(law, 4001)[1].mean(), 1, rtol=1e-2)


def test_the_draws_that_cross_the_jump_are_what_the_mean_gains():
    ax = schematics.jump_crossing()
    before, after = lines(ax, 121)
    law = Normal(densities.LAW.mean, densities.LAW.stdev)
    np.testing.assert_allclose(before[:, 1], law.log_prob(torch.from_numpy(before[:, 0])).exp())
    moved = torch.from_numpy(after[:, 0]) - densities.STEP
    np.testing.assert_allclose(after[:, 1], law.log_prob(moved).exp())
    (strip,) = [patch.xy for patch in ax.patches if isinstance(patch, Polygon)]
    area = abs(np.sum(strip[:-1, 0] * strip[1:, 1] - strip[1:, 0] * strip[:-1, 1])) / 2
    above = [1 - Normal(mean, law.stddev).cdf(torch.tensor(0.0)) for mean in (law.mean, law.mean + densities.STEP)]
    np.testing.assert_allclose(area, above[1] - above[0], rtol=1e-3)
    for step in [pair for pair in lines(ax, 2) if pair[0, 1] == pair[1, 1] > 0]:
        assert (step[:, 0] <= 0).all() or (step[:, 0] >= 0).all()


def test_the_arc_keeps_the_codes_length_and_the_chord_does_not():
    ax = schematics.chord_and_arc()
    (origin,) = [line.get_xydata()[0] for line in ax.lines if len(line.get_xydata()) == 1]
    ways = {line.get_color(): line.get_xydata() - origin for line in ax.lines if len(line.get_xydata()) == 9}
    arc, chord = ways[COLOURS[0]], ways[INK]
    np.testing.assert_allclose(arc[[0, -1]], chord[[0, -1]])
    np.testing.assert_allclose(np.hypot(*arc.T), np.hypot(*arc[0]))
    np.testing.assert_allclose(np.diff(chord, axis=0), np.diff(chord, axis=0)[:1].repeat(8, 0), atol=1e-12)
    assert np.hypot(*chord[4]) < 0.8 * np.hypot(*chord[0])
    turns = np.diff(np.arctan2(*arc.T))
    np.testing.assert_allclose(turns, turns[0])
    for way in lines(ax, 121):  # the whole circle, and the arc's own line
        np.testing.assert_allclose(np.hypot(*(way - origin).T), np.hypot(*arc[0]))


def columns(ax: Axes, colour: str) -> np.ndarray:
    """Bottom and top of the columns of a colour, from left to right: (N, 2)."""
    shapes = [patch for patch in ax.patches if mpl.colors.to_hex(patch.get_edgecolor()) == colour]
    return np.array([(shape.xy[:, 1].min(), shape.xy[:, 1].max()) for shape in shapes])


def test_water_fills_each_column_to_one_level():
    ax = schematics.water_filling()
    errors, described = columns(ax, INK), columns(ax, COLOURS[0])
    (level,) = {line.get_ydata()[0] for line in ax.lines} - {0}
    kept = level < curves.VARIANCES
    assert 1 < kept.sum() < len(kept) - 1
    np.testing.assert_allclose(errors[kept], [[0, level]] * kept.sum())
    np.testing.assert_allclose(errors[~kept, 1], curves.VARIANCES[~kept])
    np.testing.assert_allclose(described, [(level, variance) for variance in curves.VARIANCES[kept]])


def test_water_filling_spends_its_nats_as_well_as_if_each_were_spent_where_it_helps_most():
    """The oracle knows no level: it gives a thousandth of a nat at a time to the direction with the largest error."""
    rates, errors = curves.water(curves.VARIANCES, curves.NOISE)
    kept = curves.VARIANCES > curves.NOISE
    np.testing.assert_allclose(rates.sum(), sum(0.5 * np.log(v / curves.NOISE) for v in curves.VARIANCES[kept]))
    greedy = np.zeros(len(curves.VARIANCES))
    for _ in range(round(rates.sum() * 1000)):
        greedy[np.argmax(curves.VARIANCES * np.exp(-2 * greedy))] += 1e-3
    np.testing.assert_allclose(greedy, rates, atol=2e-3)
    np.testing.assert_allclose(curves.VARIANCES * np.exp(-2 * greedy), errors, atol=5e-3)


def test_the_frontier_is_that_of_the_linear_model_and_stays_out_of_the_forbidden_half():
    ax = schematics.rate_distortion_plane()
    ((frontier,), pairs) = lines(ax, 121), lines(ax, 2)
    (best,) = [line.get_xydata()[0] for line in ax.lines if len(line.get_xydata()) == 1]
    (tangent,) = [pair for pair in pairs if np.allclose(pair.sum(1), best.sum())]
    (limit,) = [pair for pair in pairs if not np.allclose(pair.sum(1), best.sum())]
    entropy = Normal(0.0, torch.from_numpy(curves.VARIANCES).sqrt()).entropy().sum().item()
    np.testing.assert_allclose(limit.sum(1), entropy)
    model = Normal(0.0, torch.from_numpy(np.maximum(curves.VARIANCES, curves.NOISE)).sqrt())  # of the best weights
    surprise = (
        -model.log_prob(torch.zeros(len(curves.VARIANCES))).sum()
        + (torch.from_numpy(curves.VARIANCES) / model.variance).sum() / 2
    )
    np.testing.assert_allclose(best.sum(), surprise)
    assert best.sum() > entropy
    assert (frontier.sum(1) >= tangent[0].sum() - 1e-12).all()
    slopes = np.diff(frontier[:, 1]) / np.diff(frontier[:, 0])
    assert (np.diff(slopes) > 0).all()
    assert slopes[0] < -1 < slopes[-1]
    assert frontier[0, 0] == 0
    for level in (0.5, 1.0, 2.0):
        (r1, d1), (r2, d2) = curves.plane(0.999 * level), curves.plane(1.001 * level)
        np.testing.assert_allclose((d2 - d1) / (r2 - r1), -level / curves.NOISE, rtol=1e-4)


def test_each_of_two_optima_lies_above_the_others_line_and_their_chord_between_the_slopes():
    ax = schematics.price_bracket()
    first, second = points(ax)
    (chord,) = [pair for pair in lines(ax, 2) if np.array_equal(pair[0], second)]
    np.testing.assert_array_equal(chord[1], first)
    walls = [line.get_xydata() for line in ax.lines if line.get_color() == INK]
    frontier = np.array([curves.plane(level) for level in np.geomspace(0.1, 4, 2001)])
    slopes = []
    for wall, own, other in zip(walls, (second, first), (first, second), strict=True):
        ((x0, y0), (x1, y1)) = wall
        slope = (y1 - y0) / (x1 - x0)
        np.testing.assert_allclose(y0 + slope * (own[0] - x0), own[1])
        assert other[1] > y0 + slope * (other[0] - x0)
        np.testing.assert_allclose((frontier @ [-slope, 1]).min(), own @ [-slope, 1], rtol=1e-5)  # own is optimal
        slopes.append(slope)
    steep, flat = slopes
    assert steep < (second[1] - first[1]) / (second[0] - first[0]) < flat < 0


def test_over_the_log_variance_all_bowls_are_one():
    ax = schematics.one_bowl()
    ways = [line.get_xydata() for line in ax.lines]
    over_width, over_log = ways[::2], ways[1::2]
    bottoms = [way[way[:, 1].argmin(), 0] for way in over_width]
    inches = np.diff(bottoms) / np.diff(curves.BEST_WIDTHS)
    for way, bottom, best in zip(over_width, bottoms, curves.BEST_WIDTHS, strict=True):
        width = torch.from_numpy(best + (way[:, 0] - bottom) / inches)
        nats = kl_divergence(Normal(0.0, width), Normal(0.0, best)).numpy()
        np.testing.assert_allclose(np.ptp(nats) / np.ptp(way[:, 1]) * (way[:, 1] - way[:, 1].min()), nats, atol=2e-2)
    shift = over_log[1] - over_log[0]
    np.testing.assert_allclose(shift, [[shift[0, 0], 0]] * 121, atol=1e-12)
    assert shift[0, 0] > 0


def test_a_turn_of_the_latents_leaves_the_ellipse_and_moves_its_axes():
    ax = schematics.ppca_ellipse()
    shapes = [patch.xy for patch in ax.patches if isinstance(patch, Polygon)]
    shapes = [shape - (shape.min(0) + shape.max(0)) / 2 for shape in shapes]
    covariance = planes.WEIGHT @ planes.WEIGHT.T
    for circle, ellipse in (shapes[:2], shapes[2:]):
        np.testing.assert_allclose(np.hypot(*circle.T), 0.45)
        np.testing.assert_allclose(np.einsum("ni,ij,nj->n", ellipse, np.linalg.inv(covariance), ellipse), 1, rtol=2e-3)
    tips = [np.diff(patch._posA_posB, axis=0)[0] for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    axes = [np.array(tips)[[i, i + 2]].T for i in (1, 6)]  # in each row: circle, ellipse, circle, ellipse, W
    for matrix in axes:
        np.testing.assert_allclose(matrix @ matrix.T, covariance)
    assert np.abs(axes[0] - axes[1]).min() > 0.1


def test_the_aggregate_posterior_is_the_mixture_of_the_clouds_that_are_drawn():
    ax = schematics.posterior_clouds()
    clouds = [patch.xy for patch in ax.patches]
    means = np.array([(cloud.min(0) + cloud.max(0)) / 2 for cloud in clouds])
    widths = np.array([np.ptp(cloud, 0) / 4 for cloud in clouds])  # a ring is at two standard deviations
    (left, right) = lines(ax, 61)
    centre, scale = (left.min(0) + left.max(0)) / 2, np.ptp(left, 0) / 4
    posteriors = Independent(Normal(*map(torch.from_numpy, ((means - centre) / scale, widths / scale))), 1)
    oracle = MixtureSameFamily(Categorical(torch.ones(len(clouds))), posteriors)
    places = torch.randn(50, 2, generator=torch.Generator().manual_seed(0)).double()
    np.testing.assert_allclose(planes.aggregate(*places.numpy().T), oracle.log_prob(places).exp(), rtol=2e-2)
