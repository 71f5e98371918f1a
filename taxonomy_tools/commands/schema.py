"""`taxonomy schema`: prints a JSON Schema, for editors and other tools."""

import json

import click

from taxonomy_tools import schemas


def run(kind: str | None, version: int | None) -> int:
    """Print the schema of a kind, the newest without a version; without a kind, list what there is.

    Raises TaxonomyError if there is no such schema.
    """
    if kind is None:
        for name in schemas.KINDS:
            click.echo(f"{name:<22} versions {', '.join(str(number) for number in schemas.versions(name))}")
        return 0
    if version is None:
        version = max(schemas.versions(kind), default=0)
    click.echo(json.dumps(schemas.load(kind, version), indent=2, ensure_ascii=False))
    return 0
