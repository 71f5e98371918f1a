"""What is asked: from a leaf node to requests, each of which is a pure function of the leaf, the settings and a number.

A server's cache holds the longest beginning that prompts have in common. So what is the same for all leaves of a kind
comes first, then what is the same for a leaf, and what was drawn for the request last.

What is drawn is decided by rendezvous hashing (Thaler and Ravishankar 1998, "Using name-based mappings to increase hit
rates"): of all candidates those with the highest hash of leaf, number and their own content. An edit of one candidate
thus changes only the requests that it leaves or enters, and the order of the file says nothing.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Any

from taxonomy_tools.generate.request import Message, Request, canonical
from taxonomy_tools.generate.sample import Sample
from taxonomy_tools.generate.settings import Settings
from taxonomy_tools.generate.tokens import MESSAGE_TOKENS, estimate_tokens
from taxonomy_tools.layout import LeafKind
from taxonomy_tools.leaf import LeafNode, SeedExample

SHOWN = 3
"""Seed examples in a request for a skill, if there are as many and they fit."""
_SCORES = (1, 2, 3, 4, 5)
_SEED_BITS = 31  # what every server takes for a seed
_PROPERTIES: Mapping[LeafKind, tuple[str, ...]] = {
    # Servers emit properties in alphabetical order: this is theirs, and the one in which a sample is best thought up.
    LeafKind.FREEFORM_SKILL: ("question", "response"),
    LeafKind.GROUNDED_SKILL: ("context", "question", "response"),
    LeafKind.KNOWLEDGE: ("question", "response"),
}
_SYSTEM: Mapping[LeafKind, str] = {
    LeafKind.FREEFORM_SKILL: "freeform-skill.system.txt",
    LeafKind.GROUNDED_SKILL: "grounded-skill.system.txt",
    LeafKind.KNOWLEDGE: "knowledge.system.txt",
}
# JSON keeps a text within its quotes and on its line. Not so for what JSON does not escape: what ends a line all the
# same, and what is no text in UTF-8; and servers take the control tokens of chat templates for what they look like.
_UNSAFE = re.compile(
    "[\x7f-\x9f\u2028\u2029\ud800-\udfff]"
    r"|<(?=[|｜]|</?SYS>>|/?(?:s|bos|eos|unk|pad|mask|start_of_turn|end_of_turn|start_of_image|think|tool_call)>)"
    r"|\[(?=/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT)\])"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A text that a sample of knowledge is to be about, and where it is from ("docs/birds.md, part 3")."""

    text: str
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """A request for a sample, and what went into it.

    `index` is its number in the leaf, from 0, and `shown` are the places of the seed examples in it, from 0 and in the
    order in which they are shown. `passage` is the text that the sample is to be about, and `origin` where that is
    from; both are "" for skills.
    """

    index: int
    request: Request
    shown: tuple[int, ...]
    passage: str
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    """What can be drawn: a seed example, by its place in the leaf, or a passage. `lines` is how examples show it."""

    digest: bytes
    lines: str = ""
    seed: int = -1
    passage: Passage | None = None

    @property
    def tokens(self) -> int:
        return estimate_tokens(self.lines) + 1


class Prompter:
    """Makes the requests of one leaf node."""

    def __init__(self, leaf: LeafNode, settings: Settings, *, passages: Sequence[Passage] = ()) -> None:
        self._leaf = leaf
        self._settings = settings
        self._key = leaf.path.encode(errors="surrogatepass") + b"\0"
        self._description = _line(_described(leaf))
        self._format = canonical(answer_schema(leaf.kind)).decode()
        self._seeds = _distinct(_seed_candidates(leaf))
        self._passages = _distinct(_passage_candidates(leaf, passages))

    def prompt(self, index: int) -> Prompt:
        """The request with this number, from 0."""
        if self._leaf.kind is LeafKind.KNOWLEDGE:
            return self._knowledge_prompt(index)
        shown = self._fitting(self._drawn(self._seeds, index)[:SHOWN])
        return self._prompt(index, shown, self._skill_user(shown))

    def judge(self, sample: Sample, prompt: Prompt) -> Request:
        """What a judge is asked about a sample that came of a prompt. There must be one in the settings."""
        model = self._settings.judge
        assert model is not None
        shown = {seed.seed: seed for seed in self._seeds}
        user = _filled(
            "judge-knowledge.user.txt" if prompt.passage else "judge-skill.user.txt",
            leaf=self._description,
            examples="\n".join(shown[seed].lines for seed in prompt.shown if seed in shown),
            passage=_line({"passage": prompt.passage}),
            sample=_line(_spelled("" if prompt.passage else sample.context, sample.question, sample.response)),
        )
        return Request(
            model=model.name,
            digest=model.digest,
            messages=_messages("judge.system.txt", user),
            format=canonical(judge_schema()).decode(),
            # The most likely verdict, not one of several.
            options=self._options(prompt.index, "judge") | {"temperature": 0.0},
        )

    def too_long(self) -> str:
        """What cannot fit into a request, in words; "" if all fits."""
        room = _room(self._settings)
        fixed = self._fixed_tokens()
        if fixed > room:
            return f"the instructions and the leaf's description take {self._reckoned(fixed)}"
        for candidate in self._seeds if self._leaf.kind is not LeafKind.KNOWLEDGE else self._passages:
            tokens = fixed + self._knowledge_tokens(candidate)
            if tokens > room:
                origin = _origin(candidate)
                return f"{origin} is too long: with the instructions it takes {self._reckoned(tokens)}"
        return ""

    def _knowledge_prompt(self, index: int) -> Prompt:
        (drawn, *_) = self._drawn(self._passages, index)
        assert drawn.passage is not None
        if drawn.seed >= 0:
            examples, template = drawn, "knowledge.user.txt"
        else:
            examples, template = self._drawn(self._seeds, index)[0], "document.user.txt"
        user = _filled(
            template,
            leaf=self._description,
            passage=_line({"passage": drawn.passage.text}),
            examples=examples.lines,
        )
        return self._prompt(index, [examples], user, drawn.passage)

    def _skill_user(self, shown: Iterable[_Candidate]) -> str:
        return _filled("skill.user.txt", leaf=self._description, examples="\n".join(seed.lines for seed in shown))

    def _prompt(self, index: int, shown: Sequence[_Candidate], user: str, passage: Passage | None = None) -> Prompt:
        request = Request(
            model=self._settings.model.name,
            digest=self._settings.model.digest,
            messages=_messages(_SYSTEM[self._leaf.kind], user),
            format=self._format,
            options=self._options(index),
        )
        return Prompt(
            index=index,
            request=request,
            shown=tuple(seed.seed for seed in shown),
            passage="" if passage is None else passage.text,
            origin="" if passage is None else passage.origin,
        )

    def _options(self, index: int, *purpose: str) -> dict[str, int | float]:
        drawn = sha256(canonical([self._settings.seed, self._leaf.path, index, *purpose])).digest()
        return {
            "num_ctx": self._settings.num_ctx,
            "num_predict": self._settings.num_predict,
            "seed": int.from_bytes(drawn[:4], "big") >> (32 - _SEED_BITS),
            "temperature": float(self._settings.temperature),
        }

    def _drawn(self, candidates: Iterable[_Candidate], index: int) -> list[_Candidate]:
        """The candidates, those that come first for the request with this number first."""
        key = self._key + b"%d\0" % index
        return sorted(candidates, key=lambda candidate: sha256(key + candidate.digest).digest())

    def _fitting(self, seeds: list[_Candidate]) -> list[_Candidate]:
        """The first of the seed examples, as many as fit, but at least one."""
        left = _room(self._settings) - self._fixed_tokens()
        for count in range(len(seeds), 1, -1):
            if sum(seed.tokens for seed in seeds[:count]) <= left:
                return seeds[:count]
        return seeds[:1]

    def _fixed_tokens(self) -> int:
        """What every request has: instructions, the template, and the leaf's description."""
        template = "skill.user.txt" if self._leaf.kind is not LeafKind.KNOWLEDGE else "knowledge.user.txt"
        texts = (_text(_SYSTEM[self._leaf.kind]), _text(template), self._description)
        return 2 * MESSAGE_TOKENS + sum(map(estimate_tokens, texts))

    def _knowledge_tokens(self, candidate: _Candidate) -> int:
        """What a candidate brings into a request: a passage of a document the longest examples there are, too."""
        if candidate.passage is None:
            return candidate.tokens
        passage = estimate_tokens(_line({"passage": candidate.passage.text}))
        return passage + (candidate.tokens if candidate.seed >= 0 else max(seed.tokens for seed in self._seeds))

    def _reckoned(self, tokens: int) -> str:
        most, room = self._settings.num_ctx, _room(self._settings)
        return f"about {tokens:,} tokens, and a context of {most:,} has room for {room:,} beside the answer"


def too_long(leaf: LeafNode, settings: Settings, passages: Sequence[Passage] = ()) -> str:
    """What of a leaf cannot fit into a request, with the estimated tokens, in words; "" if all fits.

    Where single seed examples fit but not several of them, fewer are shown.
    """
    return Prompter(leaf, settings, passages=passages).too_long()


def answer_schema(kind: LeafKind) -> dict[str, Any]:
    """The JSON Schema of an answer: an object of texts.

    None has a `maxLength`: more than about 2000 crashes the runner of Ollama. What is too long is rejected later.
    """
    properties = _PROPERTIES[kind]
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in properties},
        "required": list(properties),
        "additionalProperties": False,
    }


def judge_schema() -> dict[str, Any]:
    """The JSON Schema of what a judge answers: first the reason, then a score from 1 to 5.

    An enumeration, as servers ignore the bounds of numbers.
    """
    return {
        "type": "object",
        "properties": {"reason": {"type": "string"}, "score": {"type": "integer", "enum": list(_SCORES)}},
        "required": ["reason", "score"],
        "additionalProperties": False,
    }


@cache
def prompts_hash() -> str:
    """64 hexadecimal digits: the SHA-256 of all prompt files, with their names."""
    names = sorted(entry.name for entry in _folder().iterdir() if entry.name.endswith(".txt"))
    return sha256(canonical({name: _text(name) for name in names})).hexdigest()


# --- the prompt files


def _folder() -> Any:
    return files("taxonomy_tools.generate") / "prompts"


@cache
def _text(name: str) -> str:
    """A prompt file. A checkout with CRLF asks the same as any other."""
    text: str = _folder().joinpath(name).read_bytes().decode()
    return text.replace("\r\n", "\n").rstrip("\n")


def _filled(name: str, **values: str) -> str:
    """A prompt file with its placeholders filled, in one pass: a `$` in a value stays what it is."""
    return Template(_text(name)).substitute(values)


def _messages(system: str, user: str) -> tuple[Message, ...]:
    return (Message(role="system", content=_text(system)), Message(role="user", content=user))


# --- what is drawn, and how it is shown


def _seed_candidates(leaf: LeafNode) -> Iterator[_Candidate]:
    """The seed examples, as examples show them. Of a grounded skill, those without a context show no example of it."""
    for place, seed in enumerate(leaf.seed_examples):
        if leaf.kind is LeafKind.GROUNDED_SKILL and not seed.context:
            continue
        context = seed.context if leaf.kind is LeafKind.GROUNDED_SKILL else ""
        lines = (_line(_spelled(context, pair.question, pair.answer)) for pair in seed.pairs)
        yield _Candidate(digest=_digest(seed), lines="\n".join(lines), seed=place)


def _passage_candidates(leaf: LeafNode, passages: Iterable[Passage]) -> Iterator[_Candidate]:
    """What a sample of knowledge can be about: the contexts of the seed examples, and passages of documents."""
    for candidate in _seed_candidates(leaf):
        passage = Passage(text=leaf.seed_examples[candidate.seed].context, origin=f"seed example {candidate.seed + 1}")
        yield _Candidate(digest=candidate.digest, lines=candidate.lines, seed=candidate.seed, passage=passage)
    for passage in passages:
        yield _Candidate(digest=sha256(canonical(passage.text)).digest(), passage=passage)


def _distinct(candidates: Iterable[_Candidate]) -> tuple[_Candidate, ...]:
    """The candidates; of those that say the same, the first."""
    found: dict[bytes, _Candidate] = {}
    for candidate in candidates:
        found.setdefault(candidate.digest, candidate)
    return tuple(found.values())


def _digest(seed: SeedExample) -> bytes:
    return sha256(canonical(asdict(seed))).digest()


def _described(leaf: LeafNode) -> dict[str, str]:
    """What is said of a leaf: its folder, as taxonomies say much by that, and what its document says of it."""
    described = {"path": leaf.path, "domain": leaf.domain, "description": leaf.description}
    return {key: value for key, value in described.items() if value}


def _spelled(context: str, question: str, response: str) -> dict[str, str]:
    """An example in the form that an answer has."""
    pair = {"question": question, "response": response}
    return {"context": context, **pair} if context else pair


def _line(value: Mapping[str, str]) -> str:
    """Texts as JSON on one line, which they cannot leave and in which they are no control tokens."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _origin(candidate: _Candidate) -> str:
    return f"seed example {candidate.seed + 1}" if candidate.passage is None else candidate.passage.origin


def _room(settings: Settings) -> int:
    """The tokens that a prompt may have: what the answer leaves of the context, and at least half of it."""
    return settings.num_ctx - min(settings.num_predict, settings.num_ctx // 2)
