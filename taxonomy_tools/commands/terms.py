"""What is in force for making samples: the option, else the configuration, else a default."""

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy_tools.beneath import beneath
from taxonomy_tools.commands.reporting import announce
from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.layout import in_taxonomy
from taxonomy_tools.plan import Plan, Selection
from taxonomy_tools.settle import Given

if TYPE_CHECKING:
    from taxonomy_tools.generate.preflight import Ready
    from taxonomy_tools.generate.settings import Model, Settings

_SAMPLES = 5
_OUTPUT_DIR = Path("generated")
_FORMATS = ("messages",)
_NUM_CTX = 8192
_HOST = "http://127.0.0.1:11434"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the user asked for; None where the configuration or a default is to say.

    `judge` is the name of the model that judges, "" for the model that writes. `hosts` are addresses of servers.
    `parallel` is the number of requests in flight at each, 0 for as many as keep it busy. `seconds` is a deadline.
    """

    selection: Selection
    given: Given
    model: str | None = None
    samples_per_leaf: int | None = None
    num_instructions: int | None = None
    hosts: tuple[str, ...] = ()
    parallel: int | None = None
    num_ctx: int | None = None
    temperature: float | None = None
    seed: int | None = None
    output_dir: Path | None = None
    formats: tuple[str, ...] = ()
    judge: str | None = None
    likeness: float | None = None
    max_attempts: int | None = None
    max_tokens_total: int | None = None
    seconds: float | None = None
    dry_run: bool = False
    pull: bool = False
    keep_going: bool = False
    online: bool = False
    quiet: bool = False
    jobs: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What is in force. `judge` is the name of the model that judges, None without one."""

    model: str
    judge: str | None
    hosts: tuple[str, ...]
    parallel: int | None
    output_dir: Path
    formats: tuple[str, ...]
    samples_per_leaf: int
    num_ctx: int | None
    temperature: float | None
    seed: int | None


def terms_of(wish: Wish, plan: Plan, environ: Mapping[str, str]) -> Terms:
    """What is in force for a plan. Of servers, OLLAMA_HOST comes before the configuration.

    Raises TaxonomyError if nothing names a model.
    """
    defaults = plan.settled.config.generate
    model = wish.model or defaults.model
    if not model:
        raise TaxonomyError(
            "no model is named.",
            Remedy("Name one:", "taxonomy generate --model NAME"),
            Remedy("Or in .taxonomy-tools.yaml:", "generate: {model: NAME}"),
        )
    judge = wish.judge
    if judge is None and defaults.judge:
        judge = defaults.judge if isinstance(defaults.judge, str) else ""
    named = environ.get("OLLAMA_HOST", "").strip()
    parallel = defaults.parallel if wish.parallel is None else wish.parallel
    return Terms(
        model=model,
        judge=None if judge is None else judge or model,
        hosts=wish.hosts or ((named,) if named else ()) or defaults.hosts or (_HOST,),
        parallel=parallel or None,
        output_dir=wish.output_dir or _configured_folder(plan) or _default_folder(plan),
        formats=wish.formats or _configured_formats(plan) or _FORMATS,
        samples_per_leaf=wish.samples_per_leaf or defaults.samples_per_leaf or _SAMPLES,
        num_ctx=wish.num_ctx or defaults.num_ctx,
        temperature=defaults.temperature if wish.temperature is None else wish.temperature,
        seed=defaults.seed if wish.seed is None else wish.seed,
    )


def _configured_folder(plan: Plan) -> Path | None:
    """The folder that the configuration names, from where the command is started.

    Raises TaxonomyError for one outside of the checkout: somebody else may have written that.
    """
    named = plan.settled.config.generate.output_dir
    if named is None:
        return None
    inside = posixpath.normpath(named)
    if inside.startswith(("/", "../")) or inside == os.pardir or Path(named).is_absolute():
        raise TaxonomyError(
            f"`generate.output_dir` leads out of the repository: {named}.",
            Remedy("Name such a folder with each call:", "--output-dir DIR"),
        )
    # Relative, so that no link on the way there is taken for one of the system's.
    return Path(os.path.relpath((plan.checkout or Path()) / inside))


def _default_folder(plan: Plan) -> Path:
    """A folder where the command is started; for somebody who stands among leaves, one beside all of them."""
    files = plan.settled.files
    if files is not None:
        root = files.top / files.folder
        inside = beneath(Path(), os.path.realpath(root))
        if inside and in_taxonomy(f"{inside}/", plan.settled.config.standards.taxonomy_folders):
            return Path(os.path.relpath(root / _OUTPUT_DIR))
    return _OUTPUT_DIR


def _configured_formats(plan: Plan) -> tuple[str, ...]:
    """The formats that the configuration names. Raises TaxonomyError for one that there is not."""
    text = plan.settled.config.generate.output_format
    if text is None:
        return ()
    from taxonomy_tools.generate.writers import WRITERS

    named = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if unknown := next((name for name in named if name not in WRITERS), None):
        raise TaxonomyError(
            f"`generate.output_format`: `{unknown}` is no format of samples: they are {', '.join(WRITERS)}."
        )
    return named


def settings_of(wish: Wish, terms: Terms, ready: "Ready | None") -> "Settings":
    """What is sent with each request. Without a server, by what the store remembers of the model.

    A context that is larger than what the model was made for is cut to that: a server would do so as well, and a prompt
    that was cut could not be told. Raises TaxonomyError if the store cannot be read.
    """
    from taxonomy_tools.generate.sample import DEFAULT_LIMITS
    from taxonomy_tools.generate.settings import Settings

    model, judge = (ready.model, ready.judge) if ready is not None else _remembered(terms)
    most = min((one.context_length for one in (model, judge) if one is not None and one.context_length), default=0)
    if terms.num_ctx is not None and 0 < most < terms.num_ctx:
        announce(f"Warning: a context of {terms.num_ctx:,} tokens is more than the model has: {most:,} are taken.")
    num_ctx = terms.num_ctx or _NUM_CTX
    basis = Settings(model=model, judge=judge)
    return replace(
        basis,
        num_ctx=min(num_ctx, most or num_ctx),
        temperature=basis.temperature if terms.temperature is None else terms.temperature,
        seed=basis.seed if terms.seed is None else terms.seed,
        max_attempts=wish.max_attempts or basis.max_attempts,
        limits=DEFAULT_LIMITS if wish.likeness is None else replace(DEFAULT_LIMITS, likeness=wish.likeness),
    )


def _remembered(terms: Terms) -> "tuple[Model, Model | None]":
    """The models as they were when they were last asked; of one that never was, the name."""
    from taxonomy_tools.generate.settings import Model
    from taxonomy_tools.generate.store import STORE_FILE, Store

    names = [terms.model, *([terms.judge] if terms.judge else [])]
    found = {name: Model(name=name, digest="") for name in names}
    if (terms.output_dir / STORE_FILE).exists():
        with Store(terms.output_dir / STORE_FILE, read_only=True) as store:
            found |= {name: model for name in names if (model := store.model(name)) is not None}
    return found[terms.model], found[terms.judge] if terms.judge else None
