"""The help centre: our own articles, Markdown files in `articles/<language>/<slug>.md`, read once per process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt

from fenqi.plumbing.errors import NotFound

FOLDER = Path(__file__).parent / "articles"
LANGUAGES = ("zh", "en")


@dataclass(frozen=True, kw_only=True)
class Article:
    """One help article. `html` is made from our own files; nothing a visitor types gets into it."""

    slug: str
    title: str
    summary: str
    keywords: tuple[str, ...]
    related: tuple[str, ...]
    order: int
    text: str
    html: str


class ArticleMalformed(Exception):
    """A file lacks a heading line that every article has."""


def articles(language: str) -> list[Article]:
    """Every article in a language (`zh`, `en`), in the order of the help page."""
    return list(_read(_known(language)).values())


def article(slug: str, language: str) -> Article:
    """
    One article.

    Raises: NotFound.
    """
    found = _read(_known(language)).get(slug)
    if found is None:
        raise NotFound(_("没有这篇文章。"))
    return found


def related(to: Article, language: str) -> list[Article]:
    """The articles a reader of `to` needs next."""
    known = _read(_known(language))
    return [known[slug] for slug in to.related if slug in known]


def search(words: str, language: str) -> list[Article]:
    """Articles that hold every word asked for, best first: title before keywords before summary before text."""
    asked = [word for word in words.casefold().split() if word]
    if not asked:
        return []
    scored = [(_score(found, asked), found) for found in articles(language)]
    hits = [(score, found) for score, found in scored if score]
    return [found for score, found in sorted(hits, key=lambda hit: (-hit[0], hit[1].order))]


def _score(candidate: Article, asked: list[str]) -> int:
    places = (
        (8, candidate.title),
        (5, " ".join(candidate.keywords)),
        (3, candidate.summary),
        (1, candidate.text),
    )
    total = 0
    for word in asked:
        points = sum(weight for weight, place in places if word in place.casefold())
        if not points and not word.isascii() and len(word) > 2:
            points = _by_pairs(word, places)
        if not points:
            return 0
        total += points
    return total


def _by_pairs(word: str, places: tuple[tuple[int, str], ...]) -> int:
    """Chinese is written without spaces: 提前还款能省多少 is found by its pairs of characters, half of them at least."""
    pairs = [word[i : i + 2] for i in range(len(word) - 1)]
    best = [max((weight for weight, place in places if pair in place), default=0) for pair in pairs]
    return sum(best) if sum(1 for weight in best if weight) * 2 >= len(pairs) else 0


def _known(language: str) -> str:
    short = language[:2]
    return short if short in LANGUAGES else LANGUAGES[0]


@lru_cache(maxsize=len(LANGUAGES))
def _read(language: str) -> dict[str, Article]:
    found = [_parse(file) for file in sorted((FOLDER / language).glob("*.md"))]
    return {one.slug: one for one in sorted(found, key=lambda one: one.order)}


def _parse(file: Path) -> Article:
    head, _rule, body = file.read_text(encoding="utf-8").partition("\n---\n")
    facts = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    try:
        return Article(
            slug=file.stem,
            title=facts["title"],
            summary=facts["summary"],
            keywords=tuple(facts["keywords"].split(", ")),
            related=tuple(facts["related"].split(", ")),
            order=int(facts["order"]),
            text=body,
            html=MarkdownIt("commonmark", {"html": False}).enable("table").render(body),
        )
    except KeyError as e:
        raise ArticleMalformed(f"{file.name} lacks the line {e.args[0]}") from e
