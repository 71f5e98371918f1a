"""What goes into a run: the settings and the leaves, written down before anything is asked.

Their hash names the run's folder, so that the same command goes on where it was stopped and another one never mixes
with it. What is asked and judged comes from this file alone: a leaf that is edited while a run goes on changes nothing
in it.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO

from taxonomy_tools import __version__
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.generate.prompting import Passage, prompts_hash
from taxonomy_tools.generate.request import canonical
from taxonomy_tools.generate.sample import Limits
from taxonomy_tools.generate.settings import Model, Settings
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, QuestionAnswer, SeedExample, SourceDocument

INPUTS_FILE = "inputs.jsonl"
"""The file's name in the folder of its run."""
FORMAT = 1
_HASH_DIGITS = 12
_SHOWN = 5
"""Differences that a message names; more are counted."""
_BROKEN = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading JSON that is not ours ends with."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Which state of the taxonomy the leaves are from, as a comparison names it; "" where nothing was compared."""

    head: str = ""
    base: str = ""
    base_commit: str = ""
    start: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A leaf node with the number of samples that are wanted of it, and what else they may be about."""

    leaf: LeafNode
    samples: int
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    path: str
    samples: int
    offset: int


class Inputs:
    """The inputs of a run, read from its folder a leaf at a time. `len` is the number of leaves."""

    def __init__(self, folder: Path) -> None:
        """Read the inputs of a run. Raises TaxonomyError if there are none, or of another format."""
        self.folder = folder
        self._path = folder / INPUTS_FILE
        try:
            with self._path.open("rb") as file:
                header = json.loads(file.readline())
                if header.get("format") != FORMAT:
                    raise _other_format(self._path, header.get("format"))
                self.settings = _settings(header["settings"])
                self.origin = Origin(**header["origin"])
                self.prompts = str(header["prompts"])
                self.tool = str(header["tool"])
                self._places = tuple(_places(file))
        except OSError as error:
            raise TaxonomyError(
                f"{folder} is no run: cannot read {INPUTS_FILE} in it ({error.strerror or error}).",
                Remedy("Runs are the folders in the output folder:", "ls generated"),
            ) from error
        except _BROKEN as error:
            raise _damaged(self._path) from error

    @property
    def name(self) -> str:
        """The run's name: that of its folder."""
        return self.folder.name

    def __len__(self) -> int:
        """How many leaves there are."""
        return len(self._places)

    @property
    def samples(self) -> int:
        """How many samples are wanted, of all leaves together."""
        return sum(place.samples for place in self._places)

    def wanted(self) -> Iterator[tuple[str, int]]:
        """The path of each leaf, in order, with the number of samples that are wanted of it."""
        return ((place.path, place.samples) for place in self._places)

    def leaf(self, number: int) -> Wanted:
        """A leaf, by its number from 0. Raises TaxonomyError if the file cannot be read any more."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._places[number].offset)
                return _wanted(json.loads(file.readline()))
        except OSError as error:
            raise TaxonomyError(f"cannot read {self._path}: {error.strerror or error}.") from error
        except _BROKEN as error:
            raise _damaged(self._path) from error

    def leaves(self) -> Iterator[Wanted]:
        """All leaves, in order. Raises TaxonomyError as `leaf` does."""
        return (self.leaf(number) for number in range(len(self)))


def write(output_dir: Path, settings: Settings, origin: Origin, leaves: Iterable[Wanted]) -> Inputs:
    """Write the inputs of a run into its folder in the output folder, which both are made if they are not there.

    What is there already stays. Raises TaxonomyError if it cannot be written, and if the run's folder holds the inputs
    of another: what differs is said.
    """
    header = {
        "format": FORMAT,
        "tool": __version__,
        "prompts": prompts_hash(),
        "origin": asdict(origin),
        "settings": _without_none(asdict(settings)),
    }
    try:
        with NamedTemporaryFile(dir=output_dir, prefix=".inputs-", delete=False) as file:
            try:
                name = _write_lines(file, header, leaves)
                folder = output_dir / f"{_slug(settings.model.name)}-{name}"
                if folder.is_symlink():
                    raise TaxonomyError(f"{folder} is a symbolic link: runs are folders.", "Remove it.")
                folder.mkdir(exist_ok=True)
                _put(Path(file.name), folder / INPUTS_FILE)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(file.name)
    except OSError as error:
        raise TaxonomyError(
            f"cannot write into {output_dir}: {error.strerror or error}.",
            Remedy("Name a folder that can be written to:", "--output-dir DIR"),
        ) from error
    return Inputs(folder)


def _write_lines(file: Any, header: Mapping[str, object], leaves: Iterable[Wanted]) -> str:
    """Write all lines, and give the name that their bytes have."""
    digest = sha256()
    for value in chain([header], map(_spelled, leaves)):
        line = canonical(value) + b"\n"
        digest.update(line)
        file.write(line)
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()[:_HASH_DIGITS]


def _put(new: Path, place: Path) -> None:
    """Move a file of inputs to its place, unless the same stands there. Raises TaxonomyError if another does."""
    if not place.exists():
        new.replace(place)
    elif place.read_bytes() != new.read_bytes():
        raise TaxonomyError(
            f"{place.parent} holds a run with other settings: {_differences(place, new)}.",
            Remedy("Move it away, or name another folder:", "--output-dir DIR"),
        )


def _differences(there: Path, here: Path) -> str:
    """What two files of inputs differ in, in words."""
    try:
        old, new = _flat(there), _flat(here)
    except _BROKEN:
        return f"its {INPUTS_FILE} is damaged"
    differing = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    named = ", ".join(
        f"{key} is {_short(old.get(key))} there and {_short(new.get(key))} here" for key in differing[:_SHOWN]
    )
    return named + (f", and {len(differing) - _SHOWN:,} more" if len(differing) > _SHOWN else "")


def _flat(path: Path) -> dict[str, object]:
    """What a file of inputs sets, by dotted keys; of leaves, the blob and the number of samples."""
    flat: dict[str, object] = {}

    def add(prefix: str, value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                add(f"{prefix}.{key}" if prefix else str(key), inner)
        else:
            flat[prefix] = value

    with path.open("rb") as file:
        add("", json.loads(file.readline()))
        for line in file:
            value = json.loads(line)
            flat[f"{value['leaf']['path']}"] = f"{value['leaf']['blob'][:12]} ({value['samples']} samples)"
    return flat


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return f"`{text if len(text) <= 40 else f'{text[:39]}…'}`"


def _slug(name: str) -> str:
    """A model's name as a folder's name can hold it."""
    return _UNSAFE.sub("-", name).strip("-.")[:60] or "model"


def _places(file: BinaryIO) -> Iterator[_Place]:
    offset = file.tell()
    for line in file:
        value = json.loads(line)
        yield _Place(path=str(value["leaf"]["path"]), samples=int(value["samples"]), offset=offset)
        offset += len(line)


def _without_none(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return value


def _settings(value: Mapping[str, Any]) -> Settings:
    judge = value.get("judge")
    return Settings(
        **{
            **value,
            "model": Model(**value["model"]),
            "judge": None if judge is None else Model(**judge),
            "limits": Limits(**value["limits"]),
        }
    )


def _spelled(wanted: Wanted) -> dict[str, object]:
    leaf = asdict(wanted.leaf)
    leaf["kind"] = wanted.leaf.kind.value
    return {"leaf": leaf, "samples": wanted.samples, "passages": [asdict(passage) for passage in wanted.passages]}


def _wanted(value: Mapping[str, Any]) -> Wanted:
    leaf = value["leaf"]
    document = leaf["document"]
    return Wanted(
        leaf=LeafNode(
            **{
                **leaf,
                "kind": LeafKind(leaf["kind"]),
                "seed_examples": tuple(
                    SeedExample(
                        pairs=tuple(QuestionAnswer(**pair) for pair in seed["pairs"]), context=str(seed["context"])
                    )
                    for seed in leaf["seed_examples"]
                ),
                "document": None
                if document is None
                else SourceDocument(**{**document, "patterns": tuple(document["patterns"])}),
            }
        ),
        samples=int(value["samples"]),
        passages=tuple(Passage(**passage) for passage in value["passages"]),
    )


def _other_format(path: Path, found: object) -> TaxonomyError:
    return TaxonomyError(
        f"{path} is of format {_short(found)}, and this taxonomy-tools reads {FORMAT}.",
        "Take the taxonomy-tools that wrote it.",
    )


def _damaged(path: Path) -> TaxonomyError:
    return TaxonomyError(
        f"{path} is damaged.", Remedy("Move the folder away, and run the command again:", f"mv {path.parent} ...")
    )
