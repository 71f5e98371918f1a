"""The language of a text, where langdetect is sure of it.

Why langdetect: of three that work without the network, it is 2.5 MB of pure Python under the Apache License, and the
same text always gives the same answer once its seed is set. py3langid needs numpy (75 MB), and lingua takes 96 MB. On
the 2,797 texts of 20 words and more in InstructLab's own leaves, it was sure of a wrong language once: in a list of
mail addresses, which are no words here.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

_SURE = 0.999
_POSSIBLE = 0.1
"""The probability from which on langdetect tells a language at all."""
_FEWEST_WORDS = 20
_LONGEST = 600
"""Code points: about a hundred words. More do not make it surer, and cost time."""
_WORD = re.compile(r"(?<!\S)[\"'(«„“]?[^\W\d_]{2,30}(?=[\s.,;:!?)\"'»”]|$)")
"""A word of letters: no address, no number, no code."""


class Languages:
    """The languages of a leaf's own texts: one, if langdetect is sure of it, and what else a text of them may be in."""

    def __init__(self, texts: Sequence[str]) -> None:
        together = _possible(" ".join(text[:_LONGEST] for text in _spread(texts)))
        self._own: frozenset[str] = frozenset()
        if together and together[0][1] >= _SURE:
            # A leaf may teach to translate: a language that only one of its texts is in belongs to it as well.
            alone = (_possible(text, fewest=3) for text in _spread(texts))
            self._own = frozenset(language for found in (together, *alone) for language, _ in found)

    def find(self, text: str) -> str:
        """Which other language a text is in, in words ("the language is `de`"); "" where that is not sure."""
        found = _possible(text) if self._own else ()
        if not found or found[0][1] < _SURE or found[0][0] in self._own:
            return ""
        return f"the language is `{found[0][0]}`"


def _spread(texts: Sequence[str], most: int = 12) -> Sequence[str]:
    """At most so many of the texts, from the first to the last."""
    return texts if len(texts) <= most else [texts[index * len(texts) // most] for index in range(most)]


def _possible(text: str, *, fewest: int = _FEWEST_WORDS) -> tuple[tuple[str, float], ...]:
    """The languages that a text may be in (ISO 639-1), the likeliest first; none where it says too little."""
    words = _WORD.findall(text[: 4 * _LONGEST])
    if len(words) < fewest or len(set(words)) < fewest // 2:
        return ()
    from langdetect.lang_detect_exception import LangDetectException

    detector = _detectors().create()
    detector.append(" ".join(words)[:_LONGEST])
    try:
        found = detector.get_probabilities()
    except LangDetectException:  # nothing in it that any of the languages has
        return ()
    return tuple((_base(language.lang), float(language.prob)) for language in found if language.prob >= _POSSIBLE)


def _base(language: str) -> str:
    """`zh` for `zh-cn`."""
    return str(language).split("-", 1)[0]


@lru_cache(maxsize=1)
def _detectors() -> Any:
    """What makes detectors, with the profiles of all languages in an order of their own: a folder has none."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    folder = sorted(Path(PROFILES_DIRECTORY).iterdir())
    factory.load_json_profile([path.read_text(encoding="utf-8") for path in folder if path.is_file()])
    factory.seed = 0
    return factory
