"""How many things are done at a time: one for each core that the process may use, which may be fewer than there are."""

import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from _ext import execution

from vae_course.marking import mark
from vae_lib import recipes


class Asked(Exception):
    """For so many workers."""


@pytest.fixture
def one_core() -> Iterator[None]:
    """As under `taskset`, in a container or on a cluster."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


def build(tmp_path) -> None:
    config = SimpleNamespace(nb_execution_mode="cache", nb_execution_cache_path=tmp_path)
    execution.execute(
        SimpleNamespace(config=config), SimpleNamespace(config=config, page_states={}, found_docs=set()), []
    )


@pytest.mark.usefixtures("one_core", "tiny")
@pytest.mark.parametrize(
    ("module", "pool", "start"),
    [
        (execution, "ThreadPoolExecutor", build),
        (mark, "ThreadPoolExecutor", lambda _: mark._run_all([])),
        (recipes, "ProcessPoolExecutor", lambda _: list(recipes.load_all(["tiny", "tiny-ae"]))),
    ],
    ids=["pages", "notebooks to mark", "models"],
)
def test_one_core_gives_one_worker(monkeypatch, tmp_path, module, pool: str, start: Callable):
    def ask(workers: int, *_: object, **__: object) -> None:
        raise Asked(workers)

    monkeypatch.setattr(module, pool, ask)
    with pytest.raises(Asked) as asked:
        start(tmp_path)
    assert asked.value.args == (1,)
