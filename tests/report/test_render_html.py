"""The page as a file: it stands alone, escapes everything, and reads well without sight of it."""

import base64
import dataclasses
import itertools
import re
from html.parser import HTMLParser

import pytest

from precept_stats.report.blocks import Column, Heading, Report, Table, TableRow
from precept_stats.report.figures import draw
from precept_stats.report.format import p_text
from precept_stats.report.notebook import BANNER, result_html, results_html
from precept_stats.report.render_html import reflows, render_html
from precept_stats.report.story import story
from precept_stats.report.tables import great_table

from .builder import REASON, plan, results


class Outline(HTMLParser):
    """Tags with attributes in order, and the ids that were seen."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def named(self, *names):
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def page():
    return render_html(story(plan(), results(synthetic=True)))


def test_the_page_asks_for_nothing(page):
    outline = Outline(page)
    assert not outline.named("script", "iframe", "object", "embed", "form", "base", "audio", "video")
    links = [a[name] for a in (a for _, a in outline.tags) for name in ("src", "href", "srcset") if name in a]
    assert all(link.startswith(("data:image/svg+xml;base64,", "#")) or link == "data:," for link in links)
    assert "url(" not in page
    assert "@import" not in page
    assert not [a for _, a in outline.tags if any(name.startswith("on") for name in a)]
    policy = next(
        a["content"] for a in outline.named("meta") if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_figures_ask_for_nothing_either(page):
    drawings = [base64.b64decode(found).decode() for found in re.findall(r"svg\+xml;base64,([\w+/=]+)", page)]
    assert len(drawings) == 8
    assert all(svg.startswith("<svg") for svg in drawings)
    for svg in drawings:
        assert "<script" not in svg
        assert not re.findall(r'(?:href|src)="(?!#)[^"]*"', svg)
        assert "SYNTHETIC DATA" in svg


def test_one_title_and_headings_without_gaps(page):
    levels = [int(tag[1]) for tag, _ in Outline(page).tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_language_landmarks_and_unique_ids(page):
    outline = Outline(page)
    assert outline.named("html") == [{"lang": "en-GB"}]
    assert len(outline.named("main")) == len(outline.named("header")) == len(outline.named("h1")) == 1
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [a["href"][1:] for a in outline.named("a")]
    assert set(targets) <= set(ids)
    labelled = [a["aria-labelledby"] for _, a in outline.tags if "aria-labelledby" in a]
    assert set(labelled) <= set(ids)


def test_every_picture_has_words(page):
    pictures = Outline(page).named("img")
    assert len(pictures) == 4
    assert all(len(picture["alt"]) > 60 for picture in pictures)
    assert page.count("Data behind this figure") == 4


def test_everything_is_escaped(page):
    assert "<usual>" not in page
    assert "Talk &amp; text against &lt;usual&gt; care" in page
    assert "Age &lt;group&gt;" in page
    assert "is &lt;empty&gt;" in page
    drawings = "".join(base64.b64decode(f).decode() for f in re.findall(r"svg\+xml;base64,([\w+/=]+)", page))
    assert "<empty>" not in drawings
    assert "&lt;empty&gt;" in drawings


def test_the_same_report_gives_the_same_bytes(page):
    assert render_html(story(plan(), results(synthetic=True))) == page


def test_markup_in_any_text_stays_text():
    nasty = "<img src=x onerror=alert(1)>{{ 7 * 7 }}"
    table = Table("t", nasty, (Column(nasty, "left"), Column(nasty)), (TableRow((nasty, nasty)),), (nasty,))
    html = render_html(Report(nasty, nasty, (nasty,), (Heading(2, nasty), table)))
    assert "<img" not in html
    assert ">49" not in html
    assert "<img" not in great_table(table).as_raw_html()


@pytest.mark.parametrize("text", ["<b>{{x}}", "{{<b>}}", "{{{<b>}}}", "**b** `<b>`", "&lt;b&gt;<b>"])
def test_great_tables_lets_no_markup_through(text):
    rows = (TableRow((text,), "group"), TableRow((text, text)))
    table = Table("t", text, (Column(text, "left"), Column(text)), rows, (text,))
    assert "<b>" not in great_table(table).as_raw_html()


def test_wide_tables_are_stacked_on_a_telephone_and_small_ones_are_not():
    def table(columns, text):
        return Table("t", "", tuple(Column(str(n)) for n in range(columns)), (TableRow((text,) * columns),))

    assert reflows(table(10, "1"))
    assert reflows(table(4, "long " * 20))
    assert not reflows(table(3, "1"))
    assert not reflows(table(2, "long " * 20))


@pytest.mark.parametrize("narrow", [True, False])
def test_figures_fit_their_page_and_are_lettered_to_be_read(narrow):
    for figure in story(plan(), results()).figures:
        svg = draw(figure.data, narrow=narrow)
        width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
        shown = (358 if narrow else 768) / width
        sizes = [float(size) for size in re.findall(r"font[^;\"]* ([\d.]+)px", svg)]
        assert sizes
        assert min(sizes) * shown >= 10.5
        assert "<dc:date>" not in svg
        assert height < 4000


def test_every_great_table_can_be_made_and_says_what_it_is():
    report = story(plan(), results(synthetic=True))
    for table in (*report.tables, *(figure.behind for figure in report.figures)):
        shown = great_table(table).as_raw_html()
        assert f'id="{table.id}"' in shown
        assert "Synthetic data" in shown


def test_notebook_views_warn_escape_and_round():
    made = results(synthetic=True)
    page = results_html(made)
    assert page.count(BANNER) == 1
    assert "Synthetic data." in page
    assert "3.1" in page
    assert "not estimable" in page
    assert REASON.replace("<", "&lt;").replace(">", "&gt;") in page
    single = result_html(made.analyses[1])
    assert BANNER in single
    assert "Eton &lt;b&gt;" in single
    assert single == made.analyses[1]._repr_html_()
    assert page == made._repr_html_()


@pytest.mark.parametrize("measure", ["risk", "mean", "rate", "geometric_mean_risk", "geometric_mean_rate"])
def test_a_notebook_shows_no_p_value_of_an_arm_alone(measure):
    made = results().analyses[0]
    effect = made.estimates[0]
    alone = dataclasses.replace(effect, measure=measure, contrast="new")
    assert p_text(effect.p_value) in result_html(dataclasses.replace(made, estimates=(effect,)))
    assert p_text(effect.p_value) not in result_html(dataclasses.replace(made, estimates=(alone,)))
