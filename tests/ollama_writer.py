"""What the server that stands in for Ollama answers: plausible English, made from the prompt and a seed.

    Writer(seed="...", prompt="...").write(schema)

There is no model behind it. Only what comes with Python is used.
"""

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

Body = dict[str, Any]
Spoiled = Literal["refusal", "copy", "same", "invalid", "empty", "repeated", "looping", "script"]
_OPENERS = (
    "Why might Which How could What makes When would Where did Who described In what way Could To what extent "
    "Under which condition How often should Whether"
).split()
_ENGLISH = """
acorn actor alley almond amber anchor angle apple apron archer arrow artist ashes aspen atlas attic autumn badge baker
bamboo banner barley barn basin basket beacon beaver bell bench berry bishop blanket blossom border bottle boulder
branch brass bread breeze brick bridge bronze brook bucket builder butter button cabin cable candle canoe canvas
canyon captain carpet carrot castle cavern cedar cellar chain chalk chapel cherry chimney circle citrus clay cliff
clock clover coast cobalt column comet compass copper coral cotton cradle crater creek cricket crystal current curtain
daisy dancer dawn desert diamond doctor dolphin donkey dragon drawer drum dune eagle echo ember engine envelope
equator fabric falcon farmer feather fence ferry fiddle field finger flame flint flood flower flute fog forest fossil
fountain fox frost furnace galaxy garden garlic garnet gate geyser ginger glacier glove goose grain granite grape
gravel guitar gull hammer harbor harvest hawk hazel heather hedge helmet herald heron hill hinge honey hood horizon
horse hunter ice inlet iron island ivory ivy jacket jasper jewel journal jungle juniper kernel kettle key kite kitten
ladder lagoon lake lamp lantern larch lark lava leaf leather ledger lemon lens lilac linen lizard lobster locket loom
lumber magnet maple marble market marsh meadow melon mercury meteor mill miner mint mirror mist moat molasses monk
moon morning mosaic moss mountain museum mushroom needle nest nickel night nutmeg oak oasis oat ocean olive onion opal
orbit orchard orchid otter oven owl oyster paddle painter palace panther paper parade parsley pasture patrol pearl
pebble pepper piano pigeon pillow pilot pine planet plaster plateau plum pocket poem polar pollen pond porch potter
prairie prism puddle pumpkin pyramid quarry quartz quilt quiver rabbit radar raft rain rampart raven reef ribbon ridge
river robin rocket roof rope ruby saddle sailor salmon sand sapphire satin scarf school sculptor seed shadow shell
shepherd shield shore silver sketch sky sleigh slope smith smoke snow spark spice spider spindle spring spruce stable
star steam steel stone storm stove straw stream summer swan tailor teapot temple thistle thread thunder tide timber
tower trail trumpet tulip tunnel turtle umbrella urchin valley vault velvet vessel village vine violin volcano voyage
wagon walnut water weaver whale wheat wheel willow window winter wolf wool yarn zebra zinc absorb accept admire adopt
advance allow answer appear approach arrange arrive assemble attach attract avoid balance become begin belong borrow
bring build burn carry catch change choose climb collect combine compare connect contain cover create cross decide
deliver depend describe discover divide draw drift drive drop emerge enter escape examine expand explain explore
express fall fasten feed fill find float fold follow form gather give glow grow guard guide happen hold improve
increase inspire invite join keep kindle lead learn leave lift listen lower measure melt mend merge move notice
observe offer open order paint pass pause plant polish pour prefer prepare press produce protect pull push reach read
receive recover reduce reflect release remain remember remove repair replace reply return reveal ripen rise roll save
search seem separate serve settle shape share shelter shine show sing sink slide sort speak spread stay stretch strike
study supply support surround tell thicken touch trace trade travel turn unfold vary visit wander warm watch weave
whisper ancient bitter bold brave bright brittle broad busy calm careful clear clever cloudy coarse cold common crisp
curious damp dark deep distant dry eager early empty faint fair famous fast fierce fine firm flat fresh gentle giant
golden grand grey hardy heavy hidden hollow humble keen large late light little lively local lonely long loose loud
mellow mild modern narrow neat noble northern odd pale patient plain pleasant polite proud quick quiet rapid rare
ready rich ripe rough round rural rusty sharp short shy silent simple slender slow small smooth soft solid southern
steady steep stern still strong sturdy sudden sunny swift tall tender thick thin tidy tiny tough vast vivid weak
western white wide wild wise wooden young
""".split()
_FRAME = frozenset("json question response context answer example examples seed score reason task write text".split())
_OTHER_SCRIPT = (
    "река гора город книга слово зима весна море птица дерево облако дорога мост камень ветер огонь поле лес снег"
)


def resolved(schema: Body, root: Body) -> Body | None:
    """What a reference within the schema leads to; one that leads elsewhere is ignored without a word."""
    reference = str(schema.get("$ref", ""))
    if not reference.startswith("#"):
        return schema
    found: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


class Writer:
    """Writes answers: the same from the same seed, clearly different ones from different seeds.

    The words are those of `prompt`, of the question it has written, and of a vocabulary. A response takes most of its
    words from the context that it wrote before, else from the longest paragraph of the prompt.
    """

    def __init__(self, *, seed: str, prompt: str) -> None:
        self.prompt = prompt
        self.random = random.Random(seed)
        passage = max(re.split(r"\n\s*\n|\\n\\n", prompt), key=len)
        self._passage = _content_words(passage)
        self._all = _content_words(prompt)
        self._question: list[str] = []
        self._made: Callable[[str], str] = self._text

    def write(self, schema: Body | None) -> str:
        """An answer that fits the schema: its properties in alphabetical order. None: plain text, {}: any object."""
        if schema is None:
            return self._made("text")
        value = self._value(schema, schema, "") if schema else {"answer": self._made("answer")}
        return json.dumps(value, ensure_ascii=False)

    def _value(self, schema: Body, root: Body, name: str) -> Any:
        schema = resolved(schema, root) or {}
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                return self._value(self.random.choice(schema[key]), root, name)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        makers: dict[str, Callable[[], Any]] = {
            "object": lambda: {
                key: self._value(inner, root, key) for key, inner in sorted(schema.get("properties", {}).items())
            },
            "array": lambda: [self._value(schema.get("items", {}), root, name) for _ in range(self._length(schema))],
            "integer": lambda: self.random.randint(*self._bounds(schema)),
            "number": lambda: round(self.random.uniform(*self._bounds(schema)), 2),
            "boolean": lambda: self.random.random() < 0.5,
            "null": lambda: None,
            "string": lambda: self._fitting(self._made(name), schema),
        }
        return makers[kind if isinstance(kind, str) else self.random.choice(kind)]()

    def _length(self, schema: Body) -> int:
        least = schema.get("minItems", 1)
        return self.random.randint(least, max(least, schema.get("maxItems", least + 2)))

    @staticmethod
    def _bounds(schema: Body) -> tuple[int, int]:
        least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        most = schema.get("maximum", schema.get("exclusiveMaximum", least + 101) - 1)
        return least, max(least, most)

    @staticmethod
    def _fitting(text: str, schema: Body) -> str:
        most = schema.get("maxLength", len(text))
        if len(text) > most:
            text = text[:most].rpartition(" ")[0] or text[:most]
        return text.ljust(schema.get("minLength", 0), ".")

    def _text(self, name: str) -> str:
        if name == "question":
            self._question = self._mixed(16, (self._all, 0.3))
            return f"{self.random.choice(_OPENERS)} {' '.join(self._question)}?"
        if name == "context":
            words = self._mixed(60, (self._all, 0.2))
            self._passage = words
            return self._sentences(words)
        return self._sentences(self._mixed(28, (self._passage, 0.5), (self._question, 0.3)))

    def _mixed(self, length: int, *sources: tuple[Sequence[str], float]) -> list[str]:
        """Words in a random order: of each source the share it has, as far as it goes; the others of the vocabulary."""
        length += self.random.randrange(length // 2)
        words: list[str] = []
        for source, share in sources:
            words += self.random.sample(source, min(len(source), round(length * share)))
        words += self.random.sample(_ENGLISH, max(0, length - len(words)))
        self.random.shuffle(words)
        return words

    def _sentences(self, words: Sequence[str]) -> str:
        sentences = []
        rest = list(words)
        while rest:
            size = len(rest) if len(rest) < 12 else self.random.randint(6, 10)
            sentences.append(f"{' '.join(rest[:size]).capitalize()}.")
            rest = rest[size:]
        return " ".join(sentences)

    def spoiled(self, schema: Body | None, text: Callable[[str], str]) -> str:
        """An answer of the right shape in which each text is another, made from the name of its property."""
        self._made = text
        return self.write(schema)

    def shown(self, name: str) -> str:
        """What the prompt shows as a property of this name, else its first line."""
        label = rf"\b{re.escape(name)}\b[\">*]*\s*[:>=]\s*\"?(?P<text>[^\s\"<][^\"<\n]*)"
        found = re.search(label, self.prompt, re.IGNORECASE) if name else None
        return found["text"].strip() if found else self.prompt.strip().partition("\n")[0]


def _content_words(text: str) -> list[str]:
    found = dict.fromkeys(word.lower() for word in re.findall(r"[^\W\d_]{4,}", text))
    return [word for word in found if word not in _FRAME]


SPOILED: Mapping[str, Callable[[Writer, Body | None], str]] = {
    "refusal": lambda writer, schema: writer.spoiled(
        schema, lambda _: "I'm sorry, but as an AI language model I cannot help with that request."
    ),
    "copy": lambda writer, schema: writer.spoiled(schema, writer.shown),
    "invalid": lambda writer, schema: f"Here you are: {writer.write(schema)}",
    "empty": lambda writer, schema: writer.spoiled(schema, lambda _: ""),
    "repeated": lambda writer, schema: writer.spoiled(schema, lambda _: "The river runs to the sea. " * 20),
    "looping": lambda writer, schema: writer.spoiled(schema, lambda _: "ha " * 60),
    "script": lambda writer, schema: writer.spoiled(
        schema, lambda _: " ".join(writer.random.sample(_OTHER_SCRIPT.split(), 15))
    ),
}
