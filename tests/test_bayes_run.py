"""Bayesian analyses through a whole run: draws beside the rows, chains kept, the gate, models compared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import precept_stats as ps
from precept_stats.cli import main
from precept_stats.evidence.draw_files import write_draws
from precept_stats.evidence.kept_chains import KeptChains
from precept_stats.inference.posterior_answers import StoredDraws
from precept_stats.inference.watching import Chain
from precept_stats.report.disclosure import gate_results
from precept_stats.values import Failure, Result
from tests.test_cli import PLAN, SCHEMA

pytest.importorskip("nutpie")

SHORT = "{kind: nuts, draws: 200, warmup: 150, chains: 2}"
LOOSE = "{kind: thresholds, rhat: 1.1, ess: 100}"
LEFT_OUT = "validation: {kind: leave_one_cluster_out}"
MODEL = f"{{kind: bayesian_hierarchical, sampler: {SHORT}, gate: {LOOSE}, {LEFT_OUT}}}"
BAYES = f"""\
  whole:
    based_on: primary
    purpose: sensitivity
    method: {MODEL}
    compared_with: other
  other:
    based_on: whole
    method: {{cells: {{kind: beta_binomial}}}}
    compared_with: whole
  strict:
    based_on: whole
    method: {{gate: {{kind: thresholds, ess: 100000}}}}
    compared_with: whole
    on_failure: [{{if: not_estimable, use: whole}}]
seed: 20261123
multiplicity:"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bayes")
    (made / "data_schemas").mkdir()
    (made / "data_schemas" / "people.yaml").write_text(SCHEMA)
    (made / "plan.yaml").write_text(PLAN.replace("multiplicity:", BAYES, 1))
    rng = np.random.default_rng(4)
    lines = [
        f"{cluster},{'new' if cluster % 2 else 'old'},{int(rng.random() < 0.4 + 0.02 * cluster)}"
        for cluster in range(1, 11)
        for _ in range(12 + cluster)
    ]
    (made / "people.csv").write_text("village,arm,well\n" + "\n".join(lines) + "\n")
    return made


@pytest.fixture(scope="module")
def results(folder: Path) -> ps.Results:
    return ps.run(folder / "plan.yaml")


def result(results: ps.Results, name: str) -> Result:
    found = results[name]
    assert isinstance(found, Result)
    return found


def stored(results: ps.Results, name: str = "whole") -> StoredDraws:
    draws = result(results, name).draws
    assert isinstance(draws, StoredDraws)
    return draws


def test_draws_are_written_as_a_tree_that_gives_the_rows_back(results: ps.Results, tmp_path: Path) -> None:
    import xarray
    from zarr.storage import ZipStore

    write_draws(results, tmp_path)
    assert {path.name for path in (tmp_path / "draws").iterdir()} == {"whole.zarr.zip", "other.zarr.zip"}
    with ZipStore(tmp_path / "draws" / "whole.zarr.zip", mode="r") as archive:
        tree = xarray.open_datatree(archive, engine="zarr", consolidated=False)
        assert set(tree.children) == {"posterior", "sample_stats", "log_prior", "log_likelihood"}
        assert dict(tree["posterior"].sizes) == {"chain": 2, "draw": 200, "parameter": 3}
        effect = tree["posterior"]["effect"].values
        pointwise = tree["log_likelihood"]["log_likelihood"]
        assert list(pointwise["cluster"].values) == [str(number) for number in range(1, 11)]
        assert np.array_equal(pointwise.values, stored(results).log_likelihood)
    assert float(np.median(effect)) == pytest.approx(result(results, "whole").estimate.value)


def test_the_same_draws_give_the_same_bytes(results: ps.Results, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_draws(results, tmp_path / name)
    one, two = ((tmp_path / name / "draws" / "whole.zarr.zip").read_bytes() for name in ("one", "two"))
    assert one == two


def test_draws_do_not_pass_a_disclosure_policy(results: ps.Results) -> None:
    gated = gate_results(results, "nhs_counts_v1")
    assert all(getattr(entry, "draws", None) is None for entry in gated)
    by_cluster = [
        row
        for row in gated.rows
        if row.context in ("validation", "predictive_check")
        and (row.group("cluster") or row.group("left_out"))
    ]
    assert by_cluster
    assert not any(isinstance(row.stat, float) for row in by_cluster)


def test_two_models_are_compared_and_the_comparison_turns_round(results: ps.Results) -> None:
    found = {}
    for name in ("whole", "other"):
        rows = [row for row in results[name].rows if row.group("compared_with")]
        found[name] = {row.stat_name: row.stat for row in rows}
        each = {
            row.group("left_out"): row.stat
            for row in results[name].rows
            if row.context == "validation" and row.stat_name == "elpd" and row.group("left_out")
        }
        found[name]["each"] = each
    ours, theirs = found["whole"], found["other"]
    differences = np.array([ours["each"][one] - theirs["each"][one] for one in ours["each"]])
    assert ours["elpd_difference"] == pytest.approx(differences.sum())
    assert ours["elpd_difference_se"] == pytest.approx(np.sqrt(10 * differences.var(ddof=1)))
    assert theirs["elpd_difference"] == pytest.approx(-ours["elpd_difference"])


def test_chains_that_do_not_pass_the_gate_fail_and_the_ladder_says_what_then(results: ps.Results) -> None:
    strict = results["strict"]
    assert isinstance(strict, Failure)
    assert "effective sample size" in strict.found
    said = [row.stat for row in strict.rows if row.context == "deviation"]
    assert any("fallback is analysis 'whole'" in str(text) for text in said)
    compared = [row for row in strict.rows if row.stat_name == "elpd_difference"]
    assert [row.stat for row in compared] == [None]
    assert "no prediction of left-out clusters" in compared[0].error


def test_an_interrupt_keeps_finished_chains_and_the_next_run_uses_them(
    folder: Path, results: ps.Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    out, keep = tmp_path / "out", KeptChains.keep
    kept = KeptChains.beside(out)

    def keep_one(self: KeptChains, key: str, chain: Chain) -> None:
        keep(self, key, chain)
        raise KeyboardInterrupt

    assert call(monkeypatch, "run", folder / "plan.yaml", "--out", out, keep=keep_one) == 130
    assert kept.count == 1
    assert not out.exists()
    assert "kept 1 finished chains" in capsys.readouterr().err
    assert call(monkeypatch, "run", folder / "plan.yaml", "--out", out, keep=keep) == 1
    assert not kept.folder.exists()
    assert list(out.rglob("whole.zarr.zip"))
    again = ps.read_json(out / "rows.json")
    assert again["whole"].estimate == result(results, "whole").estimate


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object, keep: object) -> int:
    """``precept`` in this process, with another way to keep chains; its exit code."""
    monkeypatch.setattr(KeptChains, "keep", keep)
    monkeypatch.setattr(sys, "argv", ["precept", *map(str, arguments)])
    with pytest.raises(SystemExit) as ending:
        main()
    return int(ending.value.code or 0)


def test_a_chain_that_was_spoilt_on_disk_is_sampled_again(tmp_path: Path) -> None:
    kept = KeptChains(tmp_path / "kept")
    chain = Chain(np.ones((3, 2)), np.zeros(3, bool), np.arange(3.0))
    kept.keep("key", chain)
    found = kept.find("key")
    assert found is not None
    assert np.array_equal(found.draws, chain.draws)
    (tmp_path / "kept" / "key.npz").write_bytes(b"spoilt")
    assert kept.find("key") is None
    assert kept.find("another") is None
