"""What an answer says: whether the model came to its end, and the JSON that it was to write, read strictly."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taxonomy_tools.generate.prompting import answer_schema
from taxonomy_tools.generate.request import Answer
from taxonomy_tools.generate.sample import Reason, Rejection, Sample
from taxonomy_tools.generate.settings import Settings
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.rules.hidden_characters import hidden_stretches
from taxonomy_tools.text import shorten

_LONGEST = 1 << 20
"""Code points of an answer; no limit of words lets one through that is nearly as long."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What no text holds: control characters but tabs and line ends, and halves of a character."""
_BEST_SCORE = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a judge model says of a sample: a score from 0 to 1, and why."""

    score: float
    reason: str


class _Unreadable(ValueError):
    """An answer that is not what was asked for; its text says what it is instead."""


def unfinished(answer: Answer, settings: Settings) -> Rejection | None:
    """Why an answer is not the whole answer to the whole prompt.

    Ollama cuts a prompt that is longer than the context without a word and counts `num_ctx` tokens of it; when prompt
    and answer are longer together, it forgets the start of the prompt while it writes (FACTS, section 5). A server that
    cuts to half of the context cannot be told by its counts: what is sent is measured before.
    """
    if not answer.done:
        return _rejection(Reason.UNFINISHED, "the server stopped it")
    if answer.done_reason == "length":
        return _rejection(Reason.UNFINISHED, f"cut after {answer.answer_tokens:,} tokens")
    if answer.done_reason not in ("", "stop"):
        return _rejection(Reason.UNFINISHED, f"ended by `{shorten(answer.done_reason)}`")
    if answer.prompt_tokens >= settings.num_ctx:
        return _rejection(Reason.UNFINISHED, f"the prompt was cut to {settings.num_ctx:,} tokens")
    if answer.prompt_tokens + answer.answer_tokens > settings.num_ctx:
        return _rejection(Reason.UNFINISHED, f"prompt and answer are longer than {settings.num_ctx:,} tokens")
    return None


def read_sample(
    content: str, kind: LeafKind, *, passage: str = "", known: frozenset[str] = frozenset()
) -> Sample | Rejection:
    """The sample that an answer holds, or why it holds none.

    It is read as strictly as the schema says that went with the request: an object of exactly the texts of its kind. A
    character that nobody sees (TX510) is let through only if it is `known`: if the seed examples hold it, too. The
    context of knowledge is the passage that the prompt gave.
    """
    try:
        texts = _texts(_object(content), answer_schema(kind)["required"], known)
    except _Unreadable as error:
        return _rejection(Reason.INVALID, str(error))
    context = passage if kind is LeafKind.KNOWLEDGE else texts.get("context", "")
    return Sample(question=texts["question"], response=texts["response"], context=context)


def read_verdict(content: str) -> Verdict | Rejection:
    """What a judge model says, or why that is nothing: `reason`, a text, and `score`, a whole number from 1 to 5."""
    try:
        found = _object(content)
        _same_keys(found, ("reason", "score"))
        reason = _text(found, "reason")
        score = found["score"]
        # 4.0 is an integer to JSON Schema, and true is none.
        if isinstance(score, bool) or not isinstance(score, int | float) or score not in range(1, _BEST_SCORE + 1):
            raise _Unreadable(f"`score` must be a whole number from 1 to {_BEST_SCORE}")
    except _Unreadable as error:
        return _rejection(Reason.JUDGED, f"the judge's answer cannot be read: {error}")
    return Verdict(score=(score - 1) / (_BEST_SCORE - 1), reason=reason)


def hidden_characters(text: str) -> frozenset[str]:
    """The characters of a text that a reader does not see, and that have no use where they stand."""
    if text.isascii():
        return frozenset()
    return frozenset(character for *_, characters in hidden_stretches(text) for character in characters)


def _rejection(reason: Reason, detail: str) -> Rejection:
    return Rejection(reason=reason, detail=detail)


def _object(content: str) -> dict[str, Any]:
    """The JSON object that a text is. Raises _Unreadable for any other text, and for what JSON does not have."""
    if len(content) > _LONGEST:
        raise _Unreadable(f"it has {len(content):,} characters")
    try:
        found = json.loads(content, object_pairs_hook=_without_doubles, parse_constant=_no_number)
    except _Unreadable:
        raise
    except json.JSONDecodeError as error:
        raise _Unreadable(f"no JSON: {error.msg.lower()} at character {error.pos + 1:,}") from error
    except ValueError as error:  # a number of more digits than Python reads
        raise _Unreadable("a number is too long") from error
    except RecursionError as error:
        raise _Unreadable("it is nested too deep") from error
    if not isinstance(found, dict):
        raise _Unreadable("it must be an object")
    return found


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        double = next(key for index, (key, _) in enumerate(pairs) if key in {other for other, _ in pairs[:index]})
        raise _Unreadable(f"{_quoted(double)} is there twice")
    return found


def _no_number(name: str) -> Any:
    raise _Unreadable(f"`{name}` is no JSON")


def _texts(found: Mapping[str, Any], keys: Sequence[str], known: frozenset[str]) -> dict[str, str]:
    _same_keys(found, keys)
    return {key: _text(found, key, known) for key in keys}


def _same_keys(found: Mapping[str, Any], keys: Sequence[str]) -> None:
    for key in keys:
        if key not in found:
            raise _Unreadable(f"`{key}` is missing")
    for key in found:
        if key not in keys:
            raise _Unreadable(f"{_quoted(key)} is not asked for")


def _text(found: Mapping[str, Any], key: str, known: frozenset[str] = frozenset()) -> str:
    text = found[key]
    if not isinstance(text, str):
        raise _Unreadable(f"`{key}` must be text")
    control = _CONTROL.search(text)
    wrong = hidden_characters(text) - known if control is None else control[0]
    if wrong:
        raise _Unreadable(f"`{key}` holds the character U+{ord(min(wrong)):04X}")
    return text


def _quoted(key: str) -> str:
    """A key as a message shows it: short, and without what cannot be written."""
    return f"`{shorten(_CONTROL.sub('�', key), 40)}`"
