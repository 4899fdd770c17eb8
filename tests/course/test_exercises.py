"""Every exercise checks itself: the reference passes, each classic mistake is told in its own sentence."""

import contextlib
import functools
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from pages import FIRST_CHAPTERS

from vae_course import check, grade, hint
from vae_course.bank import CHAPTERS, EXERCISES
from vae_course.bank.elbo import KL
from vae_course.checking.check import report_on
from vae_course.checking.exercise import Case, Exercise, case, observe
from vae_course.checking.report import judge

EACH = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
MISTAKES = [(exercise, wrong, sentence) for exercise in EXERCISES.values() for wrong, sentence in exercise.mistakes]
# What these say is wrong shows at some inputs alone; at the others the formula holds, and earns their marks.
HOLDS_ELSEWHERE = (
    "exp underflowed to zero",
    "A small number inside the logarithm",
    "With 2,000 pixels the exponential underflows",
    "A small number in theta makes",
    "With many seen pixels the exponentials underflow",
    "Near −1,000 the exponential underflows",
    "Your exponentials underflow near exp(−1,000)",
    "However the division is kept defined",
    "A small number added to the weights",
    "A small number under the root",
    "A small number in the denominator leaves",
    "A small number that keeps the logarithm finite",
    "Right on paper.",
    "PyTorch clamps the logarithm",
    "The formula is right, but exp(200)",
    "Right for pixels that are 0 or 1.",
    "The pixels are right, but",
)


@functools.cache
def looks_at(exercise):
    """For each case, which spoilt forms of the right answer it notices: first result, second result, no gradient."""

    def spoilt(change, parts=(0, 1)):
        def function(*arguments, **options):
            result = exercise.reference(*arguments, **options)
            if not isinstance(result, tuple):
                return change(result)
            return tuple(change(each) if i in parts else each for i, each in enumerate(result))

        return [bool(wrong) for _, wrong in judge(exercise, observe(function, exercise)).lines]

    def shifted(result):
        return ~result if result.dtype == torch.bool else result + 1

    return list(zip(spoilt(shifted, (0,)), spoilt(shifted, (1,)), spoilt(torch.Tensor.detach), strict=True))


@contextlib.contextmanager
def default_type(kind):
    before = torch.get_default_dtype()
    torch.set_default_dtype(kind)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def warnings_as_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@contextlib.contextmanager
def deterministic():
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


SETTINGS = {
    "float64": lambda: default_type(torch.float64),
    "float16": lambda: default_type(torch.float16),
    "no gradients": lambda: torch.set_grad_enabled(False),
    "no_grad": torch.no_grad,
    "inference": torch.inference_mode,
    "another device": lambda: torch.device("meta"),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "anomalies": lambda: torch.autograd.set_detect_anomaly(True),
    "deterministic": deterministic,
    "NumPy's errors": lambda: np.errstate(all="raise"),
    "warnings as errors": warnings_as_errors,
}


def named(name, function):
    function.__name__ = name
    return function


def by_formula(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)


class Formula(torch.nn.Module):
    def forward(self, mean, log_var):
        return by_formula(mean, log_var)


class TestBank:
    @EACH
    def test_the_reference_is_correct(self, exercise):
        seen = observe(exercise.reference, exercise)
        assert {each.kind for each in seen} <= {"value", "sequence"}
        assert judge(exercise, seen).state == "correct"

    @pytest.mark.parametrize(
        ("exercise", "wrong", "sentence"), MISTAKES, ids=[f"{e.name}-{i}" for i, (e, *_) in enumerate(MISTAKES)]
    )
    def test_each_mistake_gets_its_sentence_and_no_other(self, exercise, wrong, sentence):
        report = judge(exercise, observe(wrong, exercise))
        assert (report.state, report.lesson) == ("not yet", sentence), (
            "a mistake differs from the reference in some case, and from each mistake before it that says another thing"
        )
        assert report.score < 1
        others = {other for _, other in exercise.mistakes} - {sentence}
        assert not any(other in str(report) for other in others)

    @pytest.mark.parametrize(
        ("exercise", "wrong", "sentence"), MISTAKES, ids=[f"{e.name}-{i}" for i, (e, *_) in enumerate(MISTAKES)]
    )
    def test_a_mistake_earns_nothing_by_luck(self, exercise, wrong, sentence):
        """It is wrong in every case that looks at what it gets wrong."""
        report = judge(exercise, observe(wrong, exercise))
        fails = [bool(said) for _, said in report.lines]
        if not sentence.startswith(HOLDS_ELSEWHERE):
            seen_wrong = {kind for kind, failed in zip(looks_at(exercise), fails, strict=True) if failed}
            assert fails == [kind in seen_wrong for kind in looks_at(exercise)], (
                f"choose the cases so that the mistake fails in each that looks at what it gets wrong; or, if its "
                f"formula does hold in some, put how its sentence begins into HOLDS_ELSEWHERE\n{report}"
            )

    @pytest.mark.parametrize("beginning", HOLDS_ELSEWHERE)
    def test_a_formula_that_holds_elsewhere_does(self, beginning):
        tried = [(e, wrong) for e, wrong, sentence in MISTAKES if sentence.startswith(beginning)]
        assert 0 < max(judge(e, observe(wrong, e)).score for e, wrong in tried) < 1

    @EACH
    def test_a_stub_is_not_attempted_and_earns_nothing(self, exercise):
        def stub(*_, **__):
            raise NotImplementedError

        report = report_on(stub, exercise)
        assert report.state == "not attempted"
        assert report.score == 0

    @EACH
    @pytest.mark.parametrize(
        "value", [None, 0.0, 1.0, float("nan"), "half", (), torch.zeros(()), torch.ones(1)], ids=str
    )
    def test_a_constant_earns_nothing(self, exercise, value):
        assert report_on(lambda *_, **__: value, exercise).score == 0

    @EACH
    @pytest.mark.parametrize("fill", [0.0, 1.0, float("nan")])
    def test_the_right_shape_alone_earns_nothing(self, exercise, fill):
        def filled(*arguments, **options):
            right = exercise.reference(*arguments, **options)
            return torch.full_like(right, fill) if isinstance(right, torch.Tensor) else fill

        assert judge(exercise, observe(filled, exercise)).score == 0

    @EACH
    def test_has_what_a_reader_needs(self, exercise):
        where = f"vae_course/bank/{exercise.chapter}.py, {exercise.name}:"
        assert exercise.name.startswith("my_"), f"{where} name the function my_…, so that it hides no library's"
        assert exercise.cases, f"{where} without a case every answer is right; add one"
        assert exercise.hints, f"{where} a reader who is stuck asks for a hint; write one"
        assert exercise.mistakes, f"{where} give the mistake that you expect, and what you would say of it"
        assert exercise.points >= 1, f"{where} say how many points it is worth, a whole number from 1"
        assert isinstance(exercise.points, int), f"{where} points are a whole number; cases share it"

    @pytest.mark.parametrize("name", [name for name, each in EXERCISES.items() if each.chapter in FIRST_CHAPTERS])
    def test_the_first_chapters_have_more(self, name):
        exercise = EXERCISES[name]
        assert len(exercise.hints) >= 2
        assert len({sentence for _, sentence in exercise.mistakes}) >= 4
        assert 2 <= exercise.points <= 5

    def test_every_chapter_has_some(self):
        assert {exercise.chapter for exercise in EXERCISES.values()} == set(CHAPTERS)


class TestCheck:
    def test_says_that_an_answer_is_right(self, capsys):
        check(named("my_kl", by_formula))
        assert capsys.readouterr().out.startswith("my_kl: correct.")

    def test_names_the_mistake_where_it_is_a_classic_one(self, capsys):
        def my_kl(mean, log_var):
            return -by_formula(mean, log_var)

        check(my_kl)
        assert "negative of the right one" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (lambda m, v: None, "is a `return` missing?"),
            (lambda m, v: "half", "Expected a tensor of shape (4,), got str."),
            (lambda m, v: (m, v), "got 2 results"),
            (lambda m, v: m[:, :1], "Expected a tensor of shape (4,), got a tensor of shape (4, 1)"),
            (lambda m, v: 3.0, "got one number"),
            (lambda m, v: 0 * by_formula(m, v) / 0, "NaN or infinity"),
            (lambda m, v: 1.1 * by_formula(m, v), "The form is right, the numbers are not: yours is"),
            (lambda m, v: m.nope, "Your function raised AttributeError"),
            (lambda m: m, "Your function raised TypeError"),
            (lambda m, v: by_formula(m, v).to(torch.complex64), "torch.complex64"),
            (lambda m, v: sys.exit(0), "SystemExit"),
        ],
    )
    def test_says_what_is_wrong_with_any_other(self, answer, said):
        assert said in str(report_on(answer, KL))

    def test_says_what_is_wrong_with_results_of_another_form_within_a_sequence(self):
        def pair(x):
            return x.sum(), x

        exercise = Exercise(reference=pair, points=2, cases=(case("for three", torch.ones(3)),), mistakes=(), hints=())
        said = str(judge(exercise, observe(lambda x: (x, x.sum()), exercise)))
        assert "Expected 2 results (one number, a tensor of shape (3,)), got 2 results (a tensor" in said

    def test_stops_a_loop_that_never_ends(self, monkeypatch):
        monkeypatch.setattr("vae_course.checking.exercise.SECONDS", 0.2)

        def my_kl(mean, log_var):
            while True:
                pass

        assert "loop that never ends" in str(report_on(my_kl, KL))

    def test_hides_what_the_function_prints_and_keeps_the_random_state(self, capsys):
        def my_kl(mean, log_var):
            print("noise", torch.rand(1))
            print("noise", file=sys.stderr)
            return by_formula(mean, log_var)

        before = torch.get_rng_state()
        report_on(my_kl, KL)
        assert torch.equal(torch.get_rng_state(), before)
        assert capsys.readouterr() == ("", "")

    def test_gives_each_case_its_own_arguments(self):
        def my_kl(mean, log_var):
            result = by_formula(mean, log_var)
            mean.zero_()
            return result

        assert [report_on(my_kl, KL).state for _ in range(2)] == ["correct"] * 2

    def test_a_mistake_that_explains_only_some_of_the_failures_is_not_named(self):
        def answer(mean, log_var):
            return -by_formula(mean, log_var) if len(mean) > 1 else by_formula(mean, log_var) + 1

        assert report_on(answer, KL).lesson == ""

    def test_a_mistake_that_would_fail_in_more_cases_is_not_named(self):
        exercise = EXERCISES["my_rate_split"]

        def one_sign_wrong(z, mean, log_var):
            told, rest = exercise.reference(z, mean, log_var)
            return -told, rest

        assert judge(exercise, observe(one_sign_wrong, exercise)).lesson == ""

    @pytest.mark.parametrize("result", [torch.ones(2, 3), 1.0, (1.0,), (1.0, 2.0, 3.0)], ids=str)
    def test_says_so_where_two_results_are_expected_and_others_come(self, result):
        said = str(report_on(lambda v, s: result, EXERCISES["my_water_filling"]))
        assert "What your function returned cannot be used here. TypeError: two results are expected" in said

    def test_a_not_implemented_error_from_elsewhere_is_an_error(self):
        normal = torch.distributions.Normal(0.0, 1.0)
        mixture = torch.distributions.MixtureSameFamily(
            torch.distributions.Categorical(torch.ones(2)), torch.distributions.Normal(torch.zeros(2), 1.0)
        )
        assert "Your function raised NotImplementedError" in str(report_on(lambda m, v: mixture.entropy(), KL))
        assert report_on(lambda m, v: normal.entropy().to("meta"), KL).state == "not yet"

    def test_an_exception_that_cannot_say_what_it_is_does_no_harm(self):
        class MuteError(Exception):
            def __str__(self):
                raise RuntimeError

        def my_kl(mean, log_var):
            raise MuteError

        assert "Your function raised MuteError" in str(report_on(my_kl, KL))

    def test_a_long_list_of_results_is_cut_short(self):
        assert "got 40 results (one number, one number, one number, …)" in str(report_on(lambda m, v: [0.0] * 40, KL))
        assert "got 1 result (one number)" in str(report_on(lambda m, v: (0.0,), KL))

    def test_numbers_of_numpy_are_numbers(self):
        report = report_on(lambda kl, a: kl.detach().mean(0).clamp(min=a).sum().numpy()[()], EXERCISES["my_free_bits"])
        assert report.lesson.startswith("No gradient comes through")

    @EACH
    @pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
    def test_the_settings_of_a_notebook_do_not_matter(self, exercise, setting):
        with setting():
            seen = observe(exercise.reference, exercise)
            report = judge(exercise, seen)
        assert {each.kind for each in seen} <= {"value", "sequence"}
        assert report.state == "correct"
        assert seen == observe(exercise.reference, exercise)

    @pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
    def test_nor_do_they_where_the_answer_is_wrong(self, setting):
        exercise = EXERCISES["my_free_bits"]
        with setting():
            said = [judge(exercise, observe(wrong, exercise)).lesson for wrong, _ in exercise.mistakes]
        assert said == [sentence for _, sentence in exercise.mistakes]

    def test_settings_are_as_before_afterwards(self):
        with default_type(torch.float64), torch.inference_mode(), torch.device("meta"), np.errstate(all="raise"):
            report_on(by_formula, KL)
            assert torch.get_default_dtype() == torch.float64
            assert (torch.is_inference_mode_enabled(), torch.is_grad_enabled()) == (True, False)
            assert torch.empty(1).device.type == "meta"
            assert np.geterr()["divide"] == "raise"

    @pytest.mark.parametrize(
        "setting",
        [
            "torch.set_default_dtype(torch.float64)",
            "mode = torch.inference_mode(); mode.__enter__()",
            "torch.set_grad_enabled(False)",
            "torch.set_default_device('meta')",
        ],
    )
    def test_nor_does_what_was_set_before_the_package_was_imported(self, setting):
        code = (
            f"import torch\n{setting}\nfrom vae_course import check\n"
            "def my_free_bits(kl, a): return kl.mean(0).clamp(min=a).sum()\n"
            "check(my_free_bits)\ndef my_free_bits(kl, a): return kl.detach().mean(0).clamp(min=a).sum()\n"
            "check(my_free_bits)\n"
            "def my_bernoulli_log_prob(l, x): return (x * l - torch.nn.functional.softplus(l)).sum(-1)\n"
            "check(my_bernoulli_log_prob)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.count("correct.") == 2
        assert "No gradient comes through" in done.stdout

    def test_strict_makes_an_error_of_anything_but_correct(self, monkeypatch):
        monkeypatch.setenv("VAE_LIB_EXERCISES", "strict")
        check(named("my_kl", lambda m, v: by_formula(m, v)))
        with pytest.raises(AssertionError, match="my_kl: not yet"):
            check(named("my_kl", lambda m, v: -by_formula(m, v)))

    def test_reads_well_as_html(self):
        page = report_on(named("my_kl", lambda m, v: m < 0), KL)._repr_html_()
        assert "<strong>my_kl: not yet.</strong>" in page
        assert "<script" not in page
        hostile = report_on(named("my_kl", lambda m, v: exec("raise ValueError('<b>')")), KL)._repr_html_()
        assert "<b>" not in hostile
        assert "&lt;b&gt;" in hostile

    @pytest.mark.parametrize("wrong", [3, "my_kl", None])
    def test_wants_a_function(self, wrong):
        with pytest.raises(ValueError, match="function: .*expected the function that you wrote"):
            check(wrong)

    @pytest.mark.parametrize("ask", [check, hint])
    def test_an_unknown_name_brings_the_nearest_one(self, ask):
        with pytest.raises(ValueError, match="no exercise is called 'my_lk'; did you mean my_kl"):
            ask(named("my_lk", lambda: None))
        with pytest.raises(ValueError, match="the exercises are .*my_kl"):
            ask(named("qqqqqq", lambda: None))

    @pytest.mark.parametrize("ask", [check, hint])
    @pytest.mark.parametrize(
        "make",
        [
            lambda: lambda mean, log_var: by_formula(mean, log_var),
            lambda: functools.partial(by_formula),
            Formula,
            lambda: Formula().forward,
            lambda: by_formula,
        ],
        ids=["lambda", "partial", "object", "method", "function of another name"],
    )
    def test_the_variable_that_holds_it_gives_what_has_no_name_its_exercise(self, ask, make, capsys):
        my_kl = make()
        ask(my_kl)
        exec("ask(my_kl)", {"ask": ask, "my_kl": my_kl})  # as in a notebook, where it is global
        said = capsys.readouterr().out
        assert said.count("my_kl: correct." if ask is check else KL.hints[0]) == 2

    @pytest.mark.parametrize("ask", [check, hint])
    def test_what_has_no_name_and_no_variable_is_asked_for_one(self, ask):
        with pytest.raises(ValueError, match=r"a lambda has no name of its own; write your function with def, or"):
            ask(lambda mean, log_var: mean)
        with pytest.raises(ValueError, match=r"this Formula has no name of its own; .* as in my_kl ="):
            ask(Formula())
        unknown = Formula()
        with pytest.raises(ValueError, match="this Formula has no name"):
            ask(unknown)

    def test_of_two_variables_the_functions_name_decides(self, capsys):
        def my_kl(mean, log_var):
            return by_formula(mean, log_var)

        my_free_bits = my_kl
        check(my_free_bits)
        assert capsys.readouterr().out.startswith("my_kl: correct.")
        my_kl = my_free_bits = Formula()
        with pytest.raises(ValueError, match="it is my_kl and my_free_bits here; check cannot tell which"):
            check(my_kl)

    def test_works_in_a_plain_interpreter_without_a_word_on_stderr(self):
        code = "from vae_course import check\ndef my_kl(mean, log_var): raise NotImplementedError\ncheck(my_kl)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("my_kl: not attempted.")
        assert done.stderr == ""


class TestHint:
    def test_gives_one_after_the_other(self, capsys):
        hint(named("my_kl", by_formula))
        hint(named("my_kl", by_formula), 2)
        first, second = capsys.readouterr().out.splitlines()
        assert first == f"Hint 1 of {len(KL.hints)}: {KL.hints[0]}"
        assert second.endswith(KL.hints[1])

    @pytest.mark.parametrize("number", [0, 4, -1, "1", 1.0, None])
    def test_beyond_the_last_there_is_none(self, number):
        with pytest.raises(ValueError, match=f"number: {number!r}, expected 1 to 3 for my_kl"):
            hint(named("my_kl", by_formula), number)


class TestGrade:
    def test_gives_points_for_the_share_of_cases_that_are_right(self, capsys):
        assert grade("my_kl", {"my_kl": by_formula}) == KL.points
        assert grade("my_iwae_bound", {"my_iwae_bound": lambda w: w.exp().mean(0).log()}) == 2  # of 3 cases
        assert grade("my_kl", {}) == 0
        assert "my_kl is not defined" in capsys.readouterr().out

    def test_wants_the_name_of_an_exercise_and_a_namespace(self):
        with pytest.raises(ValueError, match="no exercise is called 'my_lk'; did you mean my_kl"):
            grade("my_lk", {})
        with pytest.raises(ValueError, match="name: function, expected the name"):
            grade(by_formula, {})
        with pytest.raises(ValueError, match="namespace: NoneType"):
            grade("my_kl", None)


def test_a_case_may_look_at_more_than_the_result():
    def reference(mean):
        return 2 * mean

    def gradient(function):
        mean = torch.ones(3, requires_grad=True)
        function(mean).sum().backward()
        return mean.grad

    exercise = Exercise(
        reference=reference,
        points=2,
        cases=(case("doubles", torch.arange(3.0)), Case("with the gradient", gradient)),
        mistakes=((lambda mean: 2 * mean.detach(), "detach cuts the gradient."),),
        hints=(),
    )
    assert judge(exercise, observe(reference, exercise)).state == "correct"
    report = judge(exercise, observe(lambda mean: 2 * mean.detach(), exercise))
    assert report.lesson == "detach cuts the gradient."
    assert report.score == 0.5
