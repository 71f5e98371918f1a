"""What is left over in an answer of the conversation around it: templates, labels, instructions, and refusals."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files

from taxonomy_tools.generate.wording import MOST_CHARACTERS, words_of
from taxonomy_tools.text import shorten

_ECHO = 10
"""Words in a row that are the prompt's own: as many do not come together by chance."""

# The tokens that divide a conversation, as the templates of common models spell them. None stands in ordinary text.
_TOKENS = (
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|start_of_role|>",
    "<|end_of_role|>",
    "<|end|>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "<|return|>",
    "<|channel|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "[end of text]",
    "<think>",
    "</think>",
)
# What a model says of itself, or instead of an answer, wherever it stands.
_SELF = re.compile(
    r"\bas an? (?:ai|artificial intelligence|large language|ai language|language)(?: (?:language )?model| assistant)\b"
    r"|\b(?:i am|i'm) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bas an ai\b"
    r"|\bmy (?:knowledge cutoff|training data (?:ends|only goes|goes up))\b"
    r"|\bin (?:the style|the format) of the seed examples\b"
)
# With what a refusal begins: later in a text, all of this is what people say.
_REFUSAL = re.compile(
    r"(?:(?:i(?:'m| am) )?(?:so |very |really )?sorry,? (?:but |however,? )?(?:as an ai,? )?"
    r"|unfortunately,? |i apologi[sz]e,? (?:but )?)?"
    r"(?:i (?:can't|cannot|can not|am unable to|am not able to|won't|will not|must decline to|do not feel comfortable)"
    r"|i'm (?:unable|not able) to)"
    r" (?:help|assist|answer|comply|fulfill?|provide|generate|create|write|do that|respond|continue|engage|support)"
)
# At the start of a line. Recipes have "Instructions:", and explanations "Example:": these are none.
_LABEL = re.compile(
    r"^[ \t]{0,4}(?:[*_#]{0,4}[ \t]?)"
    r"(?:(?:seed|new) example ?\d{0,4}|instruction"
    r"|question|response|answer|assistant|user|system|human)"
    r"[ \t]?[*_]{0,2}:",
    re.MULTILINE,
)
_SEED_LABEL = re.compile(r"\bseed example ?\d{0,4}:")
_FENCED_JSON = re.compile(r"```json\s{0,9}\{\s{0,9}\"(?:context|question|response)\"")
_KEY = re.compile(r"^\s{0,9}\{\s{0,9}\"(?:context|question|response)\"\s{0,9}:")
_SPACE = re.compile(r"[ \t]+")


class Leftovers:
    """Finds what does not belong into a sample; what the leaf's own texts hold belongs there."""

    def __init__(self, own: Iterable[str]) -> None:
        self._own: set[str] = set()
        self._own_phrases: set[int] = set()
        instructions = _instructions()
        for text in own:
            self._own.update(kind for kind, _ in _found(_folded(text)))
            self._own_phrases.update(start for start, _ in _echoes(text, instructions))

    def find(self, *texts: str) -> str:
        """What is left over in texts, in words ("says `as an ai language model`"); "" if nothing."""
        instructions = _instructions()
        for text in texts:
            for kind, told in _found(_folded(text)):
                if kind not in self._own:
                    return told
            for place, phrase in _echoes(text, instructions):
                if place not in self._own_phrases:
                    return f"repeats the prompt: `{shorten(phrase)}`"
        return ""


def _folded(text: str) -> str:
    return _SPACE.sub(" ", text[:MOST_CHARACTERS].casefold().replace("’", "'"))


def _found(text: str) -> Iterator[tuple[str, str]]:
    """Each thing that a folded text holds, by its kind, and in words."""
    for token in _TOKENS:
        if token in text:
            yield token, f"holds `{token}`"
    said = _SELF.search(text)
    if said is not None:
        yield "self", f"says `{shorten(said[0])}`"
    refused = _REFUSAL.match(text.lstrip())
    if refused is not None:
        yield "refusal", f"refuses: `{shorten(refused[0])}`"
    for kind, pattern in (("seed label", _SEED_LABEL), ("fence", _FENCED_JSON), ("key", _KEY)):
        held = pattern.search(text)
        if held is not None:
            yield kind, f"holds `{shorten(held[0].strip())}`"
    for label in _LABEL.findall(text):
        name = label.strip(" \t*_#:")
        yield f"label {name}", f"holds the label `{name}:`"


@lru_cache(maxsize=1)
def _instructions() -> dict[tuple[str, ...], int]:
    """Each ten words in a row of the prompts' own text, with where they first stand."""
    places: dict[tuple[str, ...], int] = {}
    folder = files("taxonomy_tools.generate") / "prompts"
    texts = (file for file in folder.iterdir() if file.name.endswith(".txt"))
    for file in sorted(texts, key=lambda file: file.name):
        for phrase in _phrases(file.read_text(encoding="utf-8")):
            places.setdefault(phrase, len(places))
    return places


def _phrases(text: str) -> Iterator[tuple[str, ...]]:
    words = words_of(text)
    return (words[start : start + _ECHO] for start in range(len(words) - _ECHO + 1))


def _echoes(text: str, instructions: dict[tuple[str, ...], int]) -> Iterator[tuple[int, str]]:
    for phrase in _phrases(text) if instructions else ():
        place = instructions.get(phrase)
        if place is not None:
            yield place, " ".join(phrase)
