# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Reviewing a result: from a zip file to a verdict
#
# A statistician fixes a plan, runs it and sends the results. A reviewer, who has never met them, wants to
# know four things: was the plan fixed before, does the result follow from it, was anything left out, and can
# the file be opened without harm. Here we are both, one after the other.
#
# The trial is real: achievement awards in Israeli schools
# (Angrist and Lavy 2009). The locks are made now, years after it ended, so they prove nothing about that
# trial; they show how it is done.

# %%
import re
import shutil
import tempfile
from pathlib import Path

import pandas as pd

import precept_stats as ps

pd.set_option("display.max_colwidth", None)
place = Path(tempfile.mkdtemp())
shutil.copytree(ps.shipped("analysis_plans"), place / "trial")
plan = place / "trial" / "achievement_awards.yaml"

# %% [markdown]
# ## 1. The statistician: lock, run, send
#
# A lock is refused while anything is open. Here, the plan does not say which version of its schema it means.

# %%
try:
    ps.lock(plan)
except ps.PlanError as refused:
    refused_because = str(refused)

refused_because.splitlines()[1].strip()

# %% [markdown]
# With the digest in the plan it can be locked, and signed with a key that never leaves the statistician's
# machine. The fingerprint goes to the registry together with the lock.

# %%
digest = re.search("[0-9a-f]{64}", refused_because)[0]
stated = plan.read_text(encoding="utf-8")
line = "schema: achievement_awards\n"
pinned = stated.replace(line, f"{line}    schema_sha256: {digest}\n", 1)
plan.write_text(pinned, encoding="utf-8")
public = ps.keygen(place / "statistician")
signers = ps.read_signers([place / "statistician"], ["The trial statistician"])
locked = ps.lock(plan, signers)
locked.name, locked.lock.kind, locked.lock.plan.version, [one.name for one in locked.lock.signatures]

# %% [markdown]
# A run writes a folder that stands alone: plan, lock, schema, rows, report, figures with their numbers, what
# software and which data (by their digests), and a manifest of every file, signed.

# %%
ps.run_bundle(ps.read_plan(plan), None, place / "results", ps.Writing(signers=signers))
sent = Path(shutil.make_archive(str(place / "results"), "zip", place / "results"))
sorted(path.name for path in (place / "results").iterdir())

# %% [markdown]
# ## 2. The reviewer: without data
#
# Nothing in the file is executed. This much takes seconds, and nothing is needed but the file.


# %%
def told(found):
    """Every check of a verification, as a table; keys are made anew whenever this notebook runs."""
    rows = [(check.level, check.name, check.outcome, "; ".join(check.found)) for check in found.checks]
    checks = pd.DataFrame(rows, columns=["level", "check", "outcome", "found"])
    checks["found"] = checks["found"].str.replace("key [0-9a-f]+", "key ", regex=True)
    return checks.set_index("level")


first = ps.verify(sent, ps.Against(level="L2"))
told(first)

# %%
first.verdict

# %% [markdown]
# *Passed with differences*: nothing is wrong, and there is something to know. Anybody could have signed. So
# the reviewer asks the registry for the fingerprint of the statistician's key, and compares.
#
# ## 3. With the key and the data
#
# The data came from their source, not with the results. Every analysis is run again, and every number
# compared within the tolerance of its class.

# %%
fingerprint = ps.key_fingerprint(public)
data = {"pupils": plan.parent / "data" / "achievement_awards" / "achievement_awards_girls2001.csv"}
second = ps.verify(sent, ps.Against(data=data, signers=(fingerprint,)))
told(second)

# %%
second.verdict

# %%
each = [(one.kind, one.digits, one.within) for one in second.compared]
numbers = pd.DataFrame(each, columns=["class", "digits", "within"]).groupby("class")
numbers.agg(numbers=("digits", "size"), within=("within", "sum"), fewest_digits=("digits", "min"))

# %% [markdown]
# ## 4. What a forger would do
#
# First, somebody who changes one digit of one row, and nothing else.

# %%
forged = place / "forged"
shutil.copytree(place / "results", forged)
rows = (forged / "rows.json").read_text(encoding="utf-8")
estimate = next(row for row in ps.read_json(forged / "rows.json").rows if row.context == "estimate")
(forged / "rows.json").write_text(
    rows.replace(str(estimate.stat), str(1.1 * estimate.stat)), encoding="utf-8"
)
(failed,) = ps.verify(forged, ps.Against(level="L0")).failed
failed.name, failed.found

# %% [markdown]
# Then somebody who knows this library: they leave out an analysis whose answer they do not like, from the
# plan too, and make the whole bundle again. Every file agrees with every other. They have to leave out the lock as
# well, since the plan is no longer the one that was locked, and they cannot sign.

# %%
shutil.rmtree(plan.with_suffix(".locks"))
text = plan.read_text(encoding="utf-8")
start, end = text.index("  size_weighted:"), text.index("multiplicity:")
shorter = plan.with_name("shorter.yaml")
shorter.write_text(text[:start] + text[end:], encoding="utf-8")
ps.run_bundle(ps.read_plan(shorter), None, place / "shorter")
third = ps.verify(place / "shorter", ps.Against(data=data, signers=(fingerprint,)))
third.verdict, {check.name: check.found for check in third.failed}

# %% [markdown]
# Without the fingerprint this bundle would pass, with two differences: *the plan was not locked*, *nobody
# signed*. That is the whole point of the two: a bundle can always be made to agree with itself, and only what
# the reviewer has from elsewhere can contradict it.
#
# In the tamper study (`docs/tampering.md`) a bundle was changed in more than three hundred ways, one at a
# time; each was found at the level that the guide for reviewers (`docs/verify.md`) claims.

# %%
shutil.rmtree(place)
