"""What is the reader's own is called so whatever its form and name; what is the library's is found under any name.

Each answer runs as cells do in a notebook. All compute the right numbers, so that only honesty can tell them apart.
"""

import functools
import statistics
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from vae_course import grade
from vae_course.bank import EXERCISES
from vae_course.bank.elbo import KL
from vae_course.checking.check import report_on
from vae_course.checking.honesty import borrowed

pytestmark = [  # PyTorch would rather have nothing scripted or traced; readers do it
    pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]

PREAMBLE = """
import functools
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

def formula(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)

def pair(mean, log_var):
    return Normal(mean, (0.5 * log_var).exp()), Normal(0.0, 1.0)

def by_torch(mean, log_var):
    return kl_divergence(*pair(mean, log_var)).sum(-1)
"""
BY_TORCH = "kl_divergence(*pair(mean, log_var)).sum(-1)"

OWN = {
    "a function": "def my_kl(mean, log_var): return formula(mean, log_var)",
    "a lambda": "my_kl = lambda mean, log_var: formula(mean, log_var)",
    "a partial": "my_kl = functools.partial(lambda half, m, v: 2 * half * formula(m, v), 0.5)",
    "an object that is called": """
class KL:
    def __call__(self, mean, log_var): return formula(mean, log_var)
my_kl = KL()""",
    "a module": """
class KL(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
    def forward(self, mean, log_var): return self.scale * formula(mean, log_var)
my_kl = KL()""",
    "a module inside another": """
class Inner(nn.Module):
    def forward(self, mean, log_var): return formula(mean, log_var)
class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
    def forward(self, *both): return self.inner(*both)
my_kl = Outer()""",
    "a module as a class": """
class my_kl(nn.Module):
    def forward(self, mean, log_var): return formula(mean, log_var)""",
    "a bound method": """
class Model:
    def kl_divergence(self, mean, log_var): return formula(mean, log_var)
my_kl = Model().kl_divergence""",
    "a class method": """
class Model:
    @classmethod
    def kl(cls, mean, log_var): return formula(mean, log_var)
my_kl = Model.kl""",
    "a static method": """
class Model:
    kl = staticmethod(formula)
my_kl = Model.kl""",
    "a step with a gradient of its own": """
class KL(torch.autograd.Function):
    @staticmethod
    def forward(context, mean, log_var): return formula(mean, log_var)
my_kl = KL.apply""",
    "a decorator that does not say what it decorates": """
def loud(function):
    def louder(*arguments): return function(*arguments)
    return louder
my_kl = loud(formula)""",
    "a decorator of torch's": "my_kl = torch.no_grad()(formula)",
    "for one example, and vmap": "my_kl = torch.vmap(formula)",
    "vectorised by numpy": """
def one(m, v): return 0.5 * (m**2 + np.exp(v) - 1 - v)
each = np.vectorize(one)
def my_kl(mean, log_var): return torch.from_numpy(each(mean.numpy(), log_var.numpy())).sum(-1).float()""",
    "traced": "my_kl = torch.jit.trace(formula, (torch.ones(2, 3), torch.ones(2, 3)))",
    "a helper with the library's name": """
def kl_divergence(mean, log_var): return formula(mean, log_var)
def my_kl(mean, log_var): return kl_divergence(mean, log_var)""",
    "a local helper with the library's name": """
def my_kl(mean, log_var):
    def kl_divergence(): return formula(mean, log_var)
    return kl_divergence()""",
    "a variable with the library's name": """
def my_kl(mean, log_var):
    kl_divergence = formula(mean, log_var)
    return kl_divergence""",
    "a class with the library's name": """
class kl_divergence:
    def __init__(self, *both): self.value = formula(*both)
def my_kl(mean, log_var): return kl_divergence(mean, log_var).value""",
    "methods with the library's names": """
class Gaussian:
    def __init__(self, *both): self.both = both
    def kl_divergence(self): return formula(*self.both)
    kl_to_standard_normal = kl_divergence
def my_kl(mean, log_var): return Gaussian(mean, log_var).kl_to_standard_normal()""",
    "an attribute with the library's name": """
class Result: pass
def my_kl(mean, log_var):
    result = Result()
    result.kl_divergence = formula(mean, log_var)
    return result.kl_divergence""",
    "an assert against torch's": f"""
def my_kl(mean, log_var):
    mine = formula(mean, log_var)
    assert torch.allclose(mine, {BY_TORCH}, atol=1e-5)
    return mine""",
    "an assert against what a variable holds": f"""
def my_kl(mean, log_var):
    mine, theirs = formula(mean, log_var), {BY_TORCH}
    assert (mine - theirs).abs().max() < 1e-4, theirs
    return mine""",
    "an assert in a helper": """
def compare(mine, mean, log_var): assert torch.allclose(mine, by_torch(mean, log_var), atol=1e-5)
def my_kl(mean, log_var):
    mine = formula(mean, log_var)
    compare(mine, mean, log_var)
    return mine""",
    "assert_close": f"""
torch.testing.assert_close(torch.ones(1), torch.ones(1))  # the first call imports for seconds
def my_kl(mean, log_var):
    mine = formula(mean, log_var)
    torch.testing.assert_close(mine, {BY_TORCH})
    np.testing.assert_allclose(mine.numpy(), ({BY_TORCH}).numpy(), rtol=1e-4)
    return mine""",
    "a print beside torch's": f"""
def my_kl(mean, log_var):
    print("torch says", ({BY_TORCH}).mean().item())
    return formula(mean, log_var)""",
    "torch's imported and left alone": """
from torch.distributions.kl import kl_divergence as kl
def my_kl(mean, log_var, check=kl): return formula(mean, log_var)""",
    "a check of itself": """
from vae_course import check as verify
def my_kl(mean, log_var): return formula(mean, log_var)
def again(): verify(my_kl)
my_kl.again = again""",
}

FROM_THE_LIBRARY = {
    "a call": "def my_kl(mean, log_var): return by_torch(mean, log_var)",
    "a full name": f"def my_kl(mean, log_var): return torch.distributions.{BY_TORCH}",
    "an import inside": f"""
def my_kl(mean, log_var):
    from torch.distributions.kl import kl_divergence
    return {BY_TORCH}""",
    "an alias": "divergence = kl_divergence\ndef my_kl(m, v): return divergence(*pair(m, v)).sum(-1)",
    "a default": "def my_kl(m, v, f=kl_divergence): return f(*pair(m, v)).sum(-1)",
    "a closure": """
def make(f):
    return lambda m, v: f(*pair(m, v)).sum(-1)
my_kl = make(kl_divergence)""",
    "a dictionary": """
TOOLS = {"kl": kl_divergence}
def my_kl(m, v): return TOOLS["kl"](*pair(m, v)).sum(-1)""",
    "a partial inside": """
to_prior = functools.partial(kl_divergence, q=Normal(0.0, 1.0))
def my_kl(m, v): return to_prior(pair(m, v)[0]).sum(-1)""",
    "an attribute of an own module": """
class KL(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = kl_divergence
    def forward(self, m, v): return self.f(*pair(m, v)).sum(-1)
my_kl = KL()""",
    "a name looked up": """
def my_kl(m, v): return getattr(torch.distributions, "kl_" + "divergence")(*pair(m, v)).sum(-1)""",
    "a decorator": "@torch.no_grad()\ndef my_kl(mean, log_var): return by_torch(mean, log_var)",
    "a row at a time, into a tensor": """
def my_kl(mean, log_var):
    out = torch.zeros(len(mean))
    for i in range(len(mean)):
        out[i] = by_torch(mean[i], log_var[i])
    return out""",
    "a row at a time, into a list of numbers": """
def my_kl(mean, log_var): return torch.tensor([by_torch(m, v).item() for m, v in zip(mean, log_var)])""",
    "copied": "def my_kl(mean, log_var): return torch.zeros(len(mean)).copy_(by_torch(mean, log_var))",
    "by way of numpy": "def my_kl(mean, log_var): return torch.tensor(by_torch(mean, log_var).numpy())",
    "the book's": """
from vae_lib.distributions import DiagonalGaussian, kl_to_standard_normal
def my_kl(mean, log_var): return kl_to_standard_normal(DiagonalGaussian(mean, log_var)).sum(-1)""",
    "in an assert and in the answer": f"""
def my_kl(mean, log_var):
    theirs = {BY_TORCH}
    assert torch.allclose(formula(mean, log_var), theirs, atol=1e-5)
    return theirs""",
    "under an own name, beside one with torch's": """
theirs = kl_divergence
def kl_divergence(m, v): return theirs(*pair(m, v)).sum(-1)
def my_kl(mean, log_var): return kl_divergence(mean, log_var)""",
}

LOSS_IS_OWN = {
    "a class with the loss's name": """
class BCEWithLogitsLoss(nn.Module):
    def forward(self, logits, x): return F.softplus(logits) - x * logits
loss = BCEWithLogitsLoss()
def my_bernoulli_log_prob(logits, x): return -loss(logits, x).sum(-1)""",
    "a distribution with a log_prob": """
class MyBernoulli:
    def __init__(self, logits): self.logits = logits
    def log_prob(self, x): return (x * self.logits - F.softplus(self.logits)).sum(-1)
def my_bernoulli_log_prob(logits, x): return MyBernoulli(logits=logits).log_prob(x)""",
    "a variable called log_prob": """
def my_bernoulli_log_prob(logits, x):
    log_prob = x * logits - F.softplus(logits)
    return log_prob.sum(-1)""",
    "a comparison with the loss": """
loss = nn.BCEWithLogitsLoss(reduction="none")
def my_bernoulli_log_prob(logits, x):
    log_prob = (x * logits - F.softplus(logits)).sum(-1)
    assert torch.allclose(log_prob, -loss(logits, x).sum(-1))
    assert torch.allclose(log_prob, -torch.binary_cross_entropy_with_logits(logits, x, reduction=0).sum(-1))
    return log_prob""",
}

LOSS_IS_TORCHS = {
    "an object": """
loss = nn.BCEWithLogitsLoss(reduction="none")
def my_bernoulli_log_prob(l, x): return -loss(l, x).sum(-1)""",
    "an object made inside": """
def my_bernoulli_log_prob(l, x): return -nn.BCEWithLogitsLoss(reduction="none")(l, x).sum(-1)""",
    "a default": "def my_bernoulli_log_prob(l, x, f=nn.BCEWithLogitsLoss(reduction='none')): return -f(l, x).sum(-1)",
    "a closure": """
def make():
    f = nn.BCEWithLogitsLoss(reduction="none")
    def inner(l, x): return -f(l, x).sum(-1)
    return inner
my_bernoulli_log_prob = make()""",
    "a part of an own module": """
class LogProb(nn.Module):
    def __init__(self):
        super().__init__()
        self.terms = nn.BCEWithLogitsLoss(reduction="none")
    def forward(self, l, x): return -self.terms(l, x).sum(-1)
my_bernoulli_log_prob = LogProb()""",
    "a class of its kind": """
class Loss(nn.BCEWithLogitsLoss):
    def forward(self, l, x): return -super().forward(l, x).sum(-1)
my_bernoulli_log_prob = Loss(reduction="none")""",
    "a partial": """
f = functools.partial(F.binary_cross_entropy_with_logits, reduction="none")
def my_bernoulli_log_prob(l, x): return -f(l, x).sum(-1)""",
    "its method": """
f = nn.BCEWithLogitsLoss(reduction="none").forward
def my_bernoulli_log_prob(l, x): return -f(l, x).sum(-1)""",
    "torch's own, below the functional one": """
def my_bernoulli_log_prob(l, x): return -torch.binary_cross_entropy_with_logits(l, x, reduction=0).sum(-1)""",
    "the functional one, imported inside": """
def my_bernoulli_log_prob(l, x):
    from torch.nn.functional import binary_cross_entropy_with_logits as f
    return -f(l, x, reduction="none").sum(-1)""",
    "a distribution": """
def my_bernoulli_log_prob(l, x): return Bernoulli(logits=l, validate_args=False).log_prob(x).sum(-1)""",
    "an own distribution over torch's": """
class Mine(Bernoulli):
    def log_prob(self, x): return super().log_prob(x).sum(-1)
def my_bernoulli_log_prob(l, x): return Mine(logits=l, validate_args=False).log_prob(x)""",
    "traced": """
def f(l, x): return -F.binary_cross_entropy_with_logits(l, x, reduction="none").sum(-1)
my_bernoulli_log_prob = torch.jit.trace(f, (torch.ones(2, 3), torch.ones(2, 3)))""",
    "traced, in a helper": """
def f(l, x): return F.binary_cross_entropy_with_logits(l, x, reduction="none")
terms = torch.jit.trace(f, (torch.ones(2, 3), torch.ones(2, 3)))
def my_bernoulli_log_prob(l, x): return -terms(l, x).sum(-1)""",
}


def each(*tables):
    return [
        pytest.param(name, code, id=f"{name}: {words}")
        for name, table in zip(tables[::2], tables[1::2], strict=True)
        for words, code in table.items()
    ]


def run(code):
    notebook = {"__name__": "__main__"}
    exec(PREAMBLE, notebook)
    exec(code, notebook)
    return notebook


@pytest.mark.parametrize(("name", "code"), each("my_kl", OWN, "my_bernoulli_log_prob", LOSS_IS_OWN))
def test_ones_own_is_judged_by_its_numbers(name, code):
    report = report_on(run(code)[name], EXERCISES[name])
    assert report.state == "correct", str(report)


@pytest.mark.parametrize(("name", "code"), each("my_kl", FROM_THE_LIBRARY, "my_bernoulli_log_prob", LOSS_IS_TORCHS))
def test_the_librarys_is_found(name, code):
    report = report_on(run(code)[name], EXERCISES[name])
    assert report.score == 0
    assert "which is the answer itself: write it from its formula" in report.lesson


@pytest.mark.parametrize("answer", ["theirs(a, b)", "torch.tensor(theirs(a, b))"])
def test_a_plain_number_of_the_library_is_followed_too(answer):
    notebook = run(
        f"from vae_lib.evaluate import frechet_distance as theirs\ndef my_frechet_distance(a, b): return {answer}"
    )
    report = report_on(notebook["my_frechet_distance"], EXERCISES["my_frechet_distance"])
    assert "uses frechet_distance, which is the answer itself" in report.lesson


def test_and_may_be_compared_with():
    notebook = run("""
from vae_lib.evaluate import frechet_distance
def my_frechet_distance(a, b):
    root = torch.linalg.eigvals(torch.cov(a.T) @ torch.cov(b.T)).real.clamp(min=0).sqrt().sum()
    mine = (a.mean(0) - b.mean(0)).square().sum() + a.var(0).sum() + b.var(0).sum() - 2 * root
    assert abs(mine.item() - frechet_distance(a, b)) < 1e-2
    return mine""")
    report = report_on(notebook["my_frechet_distance"], EXERCISES["my_frechet_distance"])
    assert report.state == "correct", str(report)


def test_a_scripted_function_is_judged_like_any_other():
    own = torch.jit.script(scripted_formula)
    theirs = torch.jit.script(scripted_loss)
    assert report_on(own, KL).state == "correct"
    assert "uses binary_cross_entropy_with_logits" in str(report_on(theirs, EXERCISES["my_bernoulli_log_prob"]))
    module = torch.jit.script(Scripted())
    assert report_on(module, KL).state == "correct"


def scripted_formula(mean: torch.Tensor, log_var: torch.Tensor):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)


def scripted_loss(logits: torch.Tensor, x: torch.Tensor):
    return -torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


class Scripted(nn.Module):
    def forward(self, mean: torch.Tensor, log_var: torch.Tensor):
        return scripted_formula(mean, log_var)


@pytest.mark.parametrize(
    ("thing", "whose"),
    [
        (torch.distributions.kl_divergence, "torch's own kl_divergence"),
        (functools.partial(torch.distributions.kl_divergence, q=torch.distributions.Normal(0, 1)), "own kl_divergence"),
        (functools.partial(functools.partial(torch.exp)), "torch's own exp"),
        (nn.BCEWithLogitsLoss(reduction="none"), "torch's own BCEWithLogitsLoss"),
        (nn.BCEWithLogitsLoss, "torch's own BCEWithLogitsLoss"),
        (torch.distributions.Normal(0.0, 1.0).log_prob, "torch's own log_prob"),
        (torch.ones(3).sum, "torch's own sum"),
        (np.mean, "numpy's own mean"),
        (np.exp, "numpy's own exp"),
        (len, "Python's own len"),
        (statistics.mean, "Python's own mean"),
        (KL.reference, "the book's own my_kl"),
        (functools.partial(KL.reference), "the book's own my_kl"),
    ],
)
def test_what_is_simply_the_librarys_is_told_whose_it_is(thing, whose):
    assert f"{whose}: define the function yourself" in borrowed(thing)
    assert report_on(thing, KL).score == 0


def test_what_cannot_be_called_is_no_function(capsys):
    assert grade("my_kl", {"my_kl": 3}) == 0
    assert "This is of type int, and no function: define the function yourself." in capsys.readouterr().out


SOLUTION_READ = {
    "by an import inside": """
def my_kl(m, v):
    from vae_course.bank.elbo import my_kl as f
    return f(m, v)""",
    "by a helper": """
from vae_course.bank import EXERCISES
def helper(m, v): return EXERCISES["my_kl"].reference(m, v)
def my_kl(m, v): return helper(m, v)""",
    "by a default": """
from vae_course.bank import elbo
def my_kl(m, v, f=elbo.my_kl): return f(m, v)""",
    "by a closure": """
from vae_course.bank import elbo
def make(f): return lambda m, v: f(m, v)
my_kl = make(elbo.my_kl)""",
    "by a method": """
from vae_course.bank import elbo
class KL:
    def __call__(self, m, v): return elbo.my_kl(m, v)
my_kl = KL()""",
    "by an attribute": """
from vae_course.bank import elbo
class KL:
    def __init__(self): self.f = elbo.my_kl
    def __call__(self, m, v): return self.f(m, v)
my_kl = KL()""",
    "by the package's name": """
import vae_course as front
def my_kl(m, v): return front.bank.elbo.my_kl(m, v)""",
}


@pytest.mark.parametrize("code", SOLUTION_READ.values(), ids=SOLUTION_READ)
def test_the_solution_in_the_package_is_not_read(code):
    assert "reads the solution from the package" in borrowed(run(code)["my_kl"])


STUBS = {
    "function": "def my_kl(mean, log_var): raise NotImplementedError",
    "lambda over a helper": "def later(): raise NotImplementedError\nmy_kl = lambda m, v: later()",
    "module": "class KL(nn.Module):\n    def forward(self, m, v): raise NotImplementedError\nmy_kl = KL()",
    "class": "class my_kl(nn.Module):\n    def forward(self, m, v): raise NotImplementedError()",
    "method": "class KL:\n    def kl(self, m, v): raise NotImplementedError\nmy_kl = KL().kl",
    "partial": "def f(n, m, v): raise NotImplementedError\nmy_kl = functools.partial(f, 1)",
    "decorated": "@torch.no_grad()\ndef my_kl(m, v): raise NotImplementedError",
}


@pytest.mark.parametrize("code", STUBS.values(), ids=STUBS)
def test_a_stub_of_any_form_is_not_attempted(code):
    assert report_on(run(code)["my_kl"], KL).state == "not attempted"


def test_a_module_without_its_forward_is_an_error():
    module = run("class KL(nn.Module): pass\nmy_kl = KL()")["my_kl"]
    assert "Your function raised NotImplementedError: Module [KL] is missing" in str(report_on(module, KL))


def test_a_class_that_wants_arguments_says_so():
    report = report_on(run("class my_kl:\n    def __init__(self, size): pass")["my_kl"], KL)
    assert "missing 1 required positional argument: 'size'" in str(report)


def test_a_decorator_that_says_it_decorates_itself_does_no_harm():
    notebook = run("def my_kl(mean, log_var): return formula(mean, log_var)\nmy_kl.__wrapped__ = my_kl")
    assert report_on(notebook["my_kl"], KL).state == "correct"


def test_a_cached_function_is_ones_own():
    assert report_on(functools.lru_cache(run("")["formula"]), KL).state == "correct"


def test_the_watch_leaves_a_profiler_be():
    code = (
        "import sys\nfrom vae_course import check\n"
        "def note(*_): pass\n"
        "def my_kl(mean, log_var): return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)\n"
        "sys.setprofile(note)\ncheck(my_kl)\nassert sys.getprofile() is note\nsys.setprofile(None)\n"
        "import cProfile\ncProfile.Profile().runcall(check, my_kl)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.count("correct."), done.stderr) == (0, 2, "")
