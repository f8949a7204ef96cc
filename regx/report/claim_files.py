"""The figures of a tier's claims, each beside the verdict that it belongs to."""

from collections.abc import Collection, Mapping
from pathlib import Path

from regx.claims.registry import Registry
from regx.claims.results import ClaimResult, ResultsFolder
from regx.config import Tier
from regx.report.claim_evidence import gather
from regx.report.claim_figure import save_claim_figure

__all__ = ["save_figures"]


def save_figures(
    registry: Registry,
    judged: Mapping[str, ClaimResult],
    experiments: Collection[str],
    root: Path,
    tier: Tier,
    runs_dir: Path,
) -> None:
    """Draw the claims that rest on some experiments: results/<tier>/<experiment>/<claim>.svg.

    A claim of several settings has a figure for each, beside the numbers that it shows.

    A figure shows numbers and no verdict: it is a function of the results and the runs, and changes with
    nothing else. A claim without a number has none.

    Args:
        registry: All claims.
        judged: How they were judged, by id.
        experiments: Names of those whose figures are wanted, because their runs are complete.
        root: Folder of the results.
        tier: Of the results.
        runs_dir: Folder of the runs' folders.

    Raises:
        UsageError: If a file of the results is damaged.
        OSError: If a figure cannot be written.
    """
    for item in registry.empirical:
        for setting in registry.settings_of(item) if item.id in judged else ():
            wanted = setting.experiment in experiments
            parts = gather(setting, judged[item.id], root, tier, runs_dir) if wanted else []
            if parts:
                path = ResultsFolder.named(root, tier, setting.experiment).figure(setting.id)
                save_claim_figure(path, f"{setting.id}  {item.claim.says}", parts)
