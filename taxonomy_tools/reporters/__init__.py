"""The formats that a report is written in: one module a format, and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from taxonomy_tools.reporters.base import Appearance, Reporter, ReporterFactory, stream, write
from taxonomy_tools.reporters.json import JsonReporter
from taxonomy_tools.reporters.jsonl import JsonLinesReporter
from taxonomy_tools.reporters.text import TextReporter, wants_color

__all__ = ["REPORTERS", "Appearance", "Reporter", "ReporterFactory", "stream", "wants_color", "write"]

REPORTERS: Mapping[str, ReporterFactory] = MappingProxyType(
    {
        "text": TextReporter,
        "json": JsonReporter,
        "jsonl": JsonLinesReporter,
    }
)
