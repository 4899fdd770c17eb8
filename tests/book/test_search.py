"""The site's search, asked in a browser from the site's folder: no server, and nothing asked of one."""

import json
import re
from pathlib import Path

import pytest
import small_book
from _ext.site.search import English
from browser import window
from playwright.sync_api import Browser

# what somebody asks, and the chapter that defines it
QUESTIONS = {
    "kl": "elbo",
    "elbo": "elbo",
    "ELBO": "elbo",
    "evidence lower bound": "elbo",
    "posterior collapse": "rate_distortion",
    "beta-vae": "rate_distortion",
    "β-VAE": "rate_distortion",
    "amortization": "latent_variable_models",
    "amortisation": "latent_variable_models",
    "reparameterization": "reparameterization",
    "reparametrisation": "reparameterization",
    "pca": "motivation",
    "iwae": "elbo",
    "fid": "autoencoder",
    "mnist": "mnist",
}
SPELT = [
    ("amortisation", "amortization"),
    ("binarised", "binarized"),
    ("analyse", "analyze"),
    ("neighbourhoods", "neighborhoods"),
    ("centres", "centers"),
    ("modelling", "modeling"),
    ("reparametrization", "reparameterisation"),
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_term_finds_the_chapter_that_defines_it_first(html: Path, chromium: Browser, question: str) -> None:
    with window(chromium) as (tab, faults):
        tab.goto(f"{(html / 'search.html').as_uri()}?q={question}")
        first = tab.locator("#search-results li a").first
        first.wait_for()
        assert re.sub(r"[?#].*", "", first.get_attribute("href")) == f"chapters/{QUESTIONS[question]}.html"
        assert tab.locator("#search-results li p").count() == 0  # no excerpt that reads as markup
    assert faults == []


@pytest.mark.parametrize(("one", "other"), SPELT)
def test_both_spellings_are_one_word(one: str, other: str) -> None:
    english = English({})
    assert english.stem(one) == english.stem(other)


def test_short_words_stay_what_they_are() -> None:
    english = English({})
    assert english.stem("four") != english.stem("for")


def test_the_page_stems_as_the_index_does(html: Path, chromium: Browser) -> None:
    words = [*(word for pair in SPELT for word in pair), "otherwise", "four"]
    english = English({})
    with window(chromium) as (tab, _):
        tab.goto((html / "search.html").as_uri())
        assert tab.evaluate("words => words.map(word => new Stemmer().stemWord(word))", words) == [
            english.stem(word) for word in words
        ]


def test_a_page_that_is_not_written_again_keeps_its_terms(tmp_path: Path) -> None:
    book = small_book.write(tmp_path, "_ext.site.origin", "_ext.site.search")
    words, index = book / "words.md", book / "_build" / "html" / "searchindex.js"
    (book / "page.md").write_text(f"{small_book.FRONT}# A page\n\n```{{index}} ! pear\n```\n\nOn pears.\n")
    for term in ("plum", "fig"):
        words.write_text(f"# Words\n\n```{{index}} ! {term}\n```\n\nOn fruit.\n")
        made = small_book.build(book)
        assert made.returncode == 0, made.stderr
        terms = re.search(r'"indexentries": (\{.*?\})', index.read_text(encoding="utf-8"))[1]
        assert set(json.loads(terms)) == {"pear", term}
