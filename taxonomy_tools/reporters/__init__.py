"""The formats that a report is written in: one module a format, and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from taxonomy_tools.reporters.base import Appearance, Reporter, ReporterFactory, stream, write
from taxonomy_tools.reporters.github import GitHubReporter
from taxonomy_tools.reporters.gitlab import GitLabReporter
from taxonomy_tools.reporters.json import JsonReporter
from taxonomy_tools.reporters.jsonl import JsonLinesReporter
from taxonomy_tools.reporters.junit import JUnitReporter
from taxonomy_tools.reporters.markdown import MarkdownReporter
from taxonomy_tools.reporters.sarif import SarifReporter
from taxonomy_tools.reporters.text import TextReporter, wants_color

__all__ = ["REPORTERS", "Appearance", "Reporter", "ReporterFactory", "stream", "wants_color", "write"]

REPORTERS: Mapping[str, ReporterFactory] = MappingProxyType(
    {
        "text": TextReporter,
        "json": JsonReporter,
        "jsonl": JsonLinesReporter,
        "github": GitHubReporter,
        "sarif": SarifReporter,
        "junit": JUnitReporter,
        "markdown": MarkdownReporter,
        "gitlab": GitLabReporter,
    }
)
