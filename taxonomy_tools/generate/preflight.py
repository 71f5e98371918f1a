"""What is looked at before anything is asked: the servers, and the models there, which must be the same everywhere."""

import asyncio
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from difflib import get_close_matches

from taxonomy_tools.errors import Remedy, TaxonomyError
from taxonomy_tools.generate.ollama import Ollama, Progress
from taxonomy_tools.generate.settings import Model
from taxonomy_tools.probe import Server

_CAN_CHAT = "completion"
_LISTED = 20
"""Models that an error names at most."""
_SHOWN = 100
_SHORT_DIGEST = 12
_LONGEST_CONTEXT = 1 << 31


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """What was found. `servers` are those that answer, in the order in which they were named.

    `warnings` are lines for the user, which hold what servers say.
    """

    servers: tuple[Server, ...]
    model: Model
    judge: Model | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A server that answers, and the way to ask it more."""

    asked: Ollama
    server: Server


async def prepare(
    hosts: Sequence[str],
    model: str,
    *,
    judge: str | None = None,
    pull: Progress | None = None,
) -> Ready:
    """Look at the servers, and at the models there; with `pull`, have a model downloaded that a server does not have.

    `pull` is told how the download goes on. A server that does not answer is a warning as long as another does.

    Raises:
        TaxonomyError: no server answers, one does not have a model, two have different ones of that name, or the model
            cannot answer.

    """
    if not hosts:
        raise TaxonomyError("no Ollama server is named.", Remedy("Name one:", "--host http://127.0.0.1:11434"))
    async with AsyncExitStack() as stack:
        servers = {server.address: server for server in (Ollama(host) for host in hosts)}
        asked = [await stack.enter_async_context(server) for server in servers.values()]
        looks = await asyncio.gather(*(one.look() for one in asked), return_exceptions=True)
        found, warnings = [], []
        for one, look in zip(asked, looks, strict=True):
            if isinstance(look, Server):
                found.append(_Found(asked=one, server=look))
            elif isinstance(look, TaxonomyError):
                warnings.append(f"{look.message.rstrip('.')}; it is left out until it answers.")
            else:
                raise look
        if not found:
            raise _nobody([look for look in looks if isinstance(look, TaxonomyError)])
        models = []
        for name in dict.fromkeys([model] if judge is None else [model, judge]):
            found = [await _with_model(one, name, pull) for one in found]
            models.append(await _agreed(found, name))
        warnings += [warning for one in found for warning in _doubts(one.server, models)]
        return Ready(
            servers=tuple(one.server for one in found),
            model=models[0],
            judge=None if judge is None else models[-1],
            warnings=tuple(warnings),
        )


def _nobody(errors: Sequence[TaxonomyError]) -> TaxonomyError:
    """What to say when no server answers: with one, its own words."""
    if len(errors) == 1:
        return errors[0]
    reasons = " ".join(error.message for error in errors)
    return TaxonomyError(f"none of {len(errors)} Ollama servers answers. {reasons}", *errors[0].remedies)


async def _with_model(found: _Found, name: str, pull: Progress | None) -> _Found:
    """A server that has a model, downloaded if need be. Raises TaxonomyError."""
    if found.server.model(name) is None and pull is not None:
        await found.asked.pull(name, pull)
        found = replace(found, server=await found.asked.look())
    if found.server.model(name) is None:
        raise _missing(found.server, name)
    return found


def _missing(server: Server, name: str) -> TaxonomyError:
    names = sorted({model.name for model in server.models})
    short = {one.removesuffix(":latest"): one.removesuffix(":latest") for one in names}
    close = get_close_matches(name[:_SHOWN], short, n=1)
    meant = f" Did you mean `{_cut(close[0])}`?" if close else ""
    listed = ", ".join(f"`{_cut(one)}`" for one in names[:_LISTED]) or "no model at all"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return TaxonomyError(
        f"{server.address} has no model `{name}`, it has {listed}{more}.{meant}",
        _download(server, name),
        "Or give --pull.",
    )


def _download(server: Server, name: str) -> Remedy:
    where = "" if server.local else f"OLLAMA_HOST={shlex.quote(server.address)} "
    return Remedy("Download it:", f"{where}ollama pull {shlex.quote(name)}")


async def _agreed(found: Sequence[_Found], name: str) -> Model:
    """The model of a name, which must be the same on all servers, and one that answers. Raises TaxonomyError."""
    digests = {one.server.address: model.digest for one in found if (model := one.server.model(name)) is not None}
    if len(set(digests.values())) > 1:
        each = ", ".join(f"{digest[:_SHORT_DIGEST]} at {address}" for address, digest in digests.items())
        raise TaxonomyError(
            f"`{name}` is not the same model on all servers: {each}.",
            Remedy("Bring them to the same state, on each:", f"ollama pull {name}"),
            "Or name only the servers on which it is the same.",
        )
    told = await asyncio.gather(*(one.asked.show(name) for one in found))
    for one, answer in zip(found, told, strict=True):
        _check_abilities(one.server, name, answer)
    lengths = [length for answer in told if (length := _context_length(answer))]
    return Model(name=name, digest=next(iter(digests.values())), context_length=min(lengths) if lengths else 0)


def _check_abilities(server: Server, name: str, told: dict[str, object]) -> None:
    """Raise TaxonomyError for a model that cannot answer. Servers before 0.6.4 do not say what models can."""
    able = told.get("capabilities")
    if not isinstance(able, list) or not able or _CAN_CHAT in able:
        return
    can = ", ".join(_cut(one) for one in able[:_LISTED] if isinstance(one, str))
    others = [
        model.name for model in server.models if model.name.removesuffix(":latest") != name.removesuffix(":latest")
    ]
    remedy = f"Take another that is there: {', '.join(f'`{_cut(one)}`' for one in sorted(others)[:_LISTED])}."
    raise TaxonomyError(
        f"`{name}` at {server.address} writes no text, it can only do this: {can}.",
        remedy if others else Remedy("Get a model that writes:", "ollama pull NAME"),
    )


def _context_length(told: dict[str, object]) -> int:
    """How many tokens of context a model was made for; 0 if that is not told. The key begins with its architecture."""
    info = told.get("model_info")
    if not isinstance(info, dict):
        return 0
    architecture = info.get("general.architecture")
    length = info.get(f"{architecture}.context_length")
    if not isinstance(length, int):
        length = next((info[key] for key in info if isinstance(key, str) and key.endswith(".context_length")), 0)
    return length if isinstance(length, int) and 0 < length < _LONGEST_CONTEXT else 0


def _doubts(server: Server, models: Iterable[Model]) -> Iterator[str]:
    """What does not keep a run from starting, but the user should know."""
    if not server.local and not server.encrypted:
        yield f"seed examples go to {server.address} unencrypted, and whoever reaches that server can use it."
    for model in models:
        loaded = server.model(model.name)
        share = None if loaded is None else loaded.gpu_share
        if share is not None and share < 1:
            yield f"only {share:.0%} of `{model.name}` is on the GPU at {server.address}: the rest is slow."


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
