"""The page in a browser: no overflow on a telephone or a screen, no request, every picture named."""

import itertools
import json
import shutil
from pathlib import Path

import pytest

import precept_stats as ps
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story

from .builder import plan, results
from .wedge import Ward, wedge_plan, wedge_results

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver on the path; .ci/run installs Debian's"
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (390, 1280)

OVERFLOWING = """
const wide = document.documentElement.clientWidth;
return [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.skip') && !e.closest('thead') && e.getBoundingClientRect().right > wide + 1)
  .map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 60));
"""
SCROLLING = """
return [...document.querySelectorAll('.table-wrap')].filter(e => e.scrollWidth > e.clientWidth)
  .map(e => e.querySelector('table').id + ' ' + e.scrollWidth + ' > ' + e.clientWidth);
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module", params=["none", "nhs_counts_v1"])
def opened(request, browser, tmp_path_factory):
    page: Path = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text(render_html(story(plan(request.param), results(synthetic=True))), encoding="utf-8")
    browser.get(page.as_uri())
    return browser, page.as_uri()


@pytest.fixture(scope="module", params=["achievement_awards", "esp_vs_ssp"])
def shipped(request, browser, tmp_path_factory):
    loaded = ps.read_plan(ps.shipped("analysis_plans") / f"{request.param}.yaml")
    page: Path = tmp_path_factory.mktemp("shipped") / f"{request.param}.html"
    page.write_text(render_html(story(loaded, ps.run(loaded))), encoding="utf-8")
    return browser, page.as_uri()


def wide_wedge():
    """A wedge with long names and many periods' worth of clusters, to fill figures and tables."""
    return tuple(
        Ward(f"A ward with quite a long name, number {place}", 1 + place % 4, ((9 + place, 88),) * 4)
        for place in range(24)
    )


@pytest.fixture(scope="module", params=["none", "nhs_counts_v1"])
def wedge(request, browser, tmp_path_factory):
    page: Path = tmp_path_factory.mktemp("wedge") / "report.html"
    made = story(wedge_plan(request.param), wedge_results(wide_wedge()))
    page.write_text(render_html(made), encoding="utf-8")
    return browser, page.as_uri()


def sized(browser, width):
    settings = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", settings)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    return browser


def test_no_request_leaves_the_file(opened):
    browser, address = opened
    sent = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            sent.append(message["params"]["request"]["url"])
    outside = [url for url in sent if not url.startswith(("data:", "file:", "about:", "chrome:"))]
    assert not outside
    assert {url for url in sent if url.startswith("file:")} <= {address}
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows(opened, width):
    browser = sized(opened[0], width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(OVERFLOWING) == []
    assert browser.execute_script(SCROLLING) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows_in_the_shipped_reports(shipped, width):
    shipped[0].get(shipped[1])
    browser = sized(shipped[0], width)
    assert browser.execute_script("return [...document.querySelectorAll('details')].every(d => d.open)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(OVERFLOWING) == []
    assert browser.execute_script(SCROLLING) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows_in_the_report_of_a_wedge(wedge, width):
    wedge[0].get(wedge[1])
    browser = sized(wedge[0], width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(OVERFLOWING) == []
    assert browser.execute_script(SCROLLING) == []
    pictures = "return [...document.images].map(i => i.complete && i.naturalWidth > 0 && i.alt.length > 60)"
    assert set(browser.execute_script(pictures)) == {True}


@pytest.mark.parametrize("width", WIDTHS)
def test_every_picture_is_drawn_and_named(opened, width):
    browser = sized(opened[0], width)
    pictures = browser.execute_script(
        "return [...document.images].map(i => [i.complete, i.naturalWidth, i.alt, i.currentSrc.length])"
    )
    assert len(pictures) == browser.execute_script("return document.querySelectorAll('figure').length")
    assert len(pictures) >= 3
    assert all(complete and natural > 0 and alt for complete, natural, alt, _ in pictures)


def test_a_telephone_is_given_the_narrow_figures(opened):
    sources = []
    for width in WIDTHS:
        browser = sized(opened[0], width)
        sources.append(browser.execute_script("return [...document.images].map(i => i.currentSrc)"))
    assert all(narrow != wide for narrow, wide in zip(*sources, strict=True))


def test_headings_are_in_order(opened):
    levels = opened[0].execute_script(
        "return [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_the_lettering_of_the_page_can_be_read_on_a_telephone(opened):
    browser = sized(opened[0], 390)
    smallest = browser.execute_script(
        "return Math.min(...[...document.querySelectorAll('p,td,th,dd,dt,li,figcaption,summary')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 13
