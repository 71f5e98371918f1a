"""`taxonomy schema`: prints a JSON Schema, for editors and other tools."""

import json

import click

from taxonomy_tools import schemas
from taxonomy_tools.errors import TaxonomyError

_FORMATS = {
    "report": "what `--output-format json` and jsonl write",
    "config": "what can stand in .taxonomy-tools.yaml",
    "baseline": "what `taxonomy check --write-baseline` writes",
    "manifest": "what `taxonomy generate` writes of a run",
}
_FORMAT_VERSION = 1


def run(kind: str | None, version: int | None) -> int:
    """Print the schema of a kind, the newest without a version; without a kind, list what there is.

    Raises TaxonomyError if there is no such schema.
    """
    if kind is None:
        for name in schemas.KINDS:
            click.echo(f"{name:<22} versions {', '.join(str(number) for number in schemas.versions(name))}")
        for name, what in _FORMATS.items():
            click.echo(f"{name:<22} version {_FORMAT_VERSION}: {what}")
        return 0
    # Plain ASCII, so that it is the same document whatever standard output can encode.
    click.echo(json.dumps(_load(kind, version), indent=2))
    return 0


def _load(kind: str, version: int | None) -> object:
    if kind not in _FORMATS:
        return schemas.load(kind, max(schemas.versions(kind), default=0) if version is None else version)
    if version not in (None, _FORMAT_VERSION):
        raise TaxonomyError(
            f"There is no version {version} of the {kind} schema.", f"Versions that there are: {_FORMAT_VERSION}"
        )
    return schemas.load_format(kind)
