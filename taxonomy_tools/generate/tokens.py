"""How many tokens a text is, about: no two models agree, and the tokenizer of none is at hand.

The rule of thumb for English is four characters a token (OpenAI's help centre, "What are tokens and how to count
them?"). Byte-level tokenizers were trained on much less of other scripts, and cut them finer: an alphabet of two bytes
a letter in UTF-8 (Greek, Cyrillic, Hebrew, Arabic) is taken for two letters a token, and what has three bytes or four
(Chinese, Japanese, Korean, Thai, the scripts of India, emoji) for one token a character.
"""

import re

from taxonomy_tools.generate.request import Request

MESSAGE_TOKENS = 4
"""What a chat template puts around a message: its beginning and end, its role, and a line end."""
_ASCII_PER_TOKEN = 4
_TWO_BYTES_PER_TOKEN = 2
_TWO_BYTES = re.compile("[\x80-\u07ff]")
_MORE_BYTES = re.compile("[\u0800-\U0010ffff]")


def estimate_tokens(text: str) -> int:
    """The tokens of a text, about: 0 only for an empty one. Two texts apart have at least as many as together."""
    if text.isascii():
        return -(-len(text) // _ASCII_PER_TOKEN)
    two, more = (sum(map(len, pattern.findall(text))) for pattern in (_TWO_BYTES, _MORE_BYTES))
    ascii_tokens = (len(text) - two - more) / _ASCII_PER_TOKEN
    return -int(-(ascii_tokens + two / _TWO_BYTES_PER_TOKEN + more) // 1)


def estimate(request: Request) -> int:
    """The tokens of a request's prompt, about. What holds the answer to its schema (`format`) is no part of it."""
    return sum(MESSAGE_TOKENS + estimate_tokens(message.content) for message in request.messages)
