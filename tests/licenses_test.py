"""Which licences a text names, and which of them are not allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy_tools.licenses import Denied, Refusal, denied
from taxonomy_tools.standards import ALLOWED_LICENSES


def refused(text: str, allowed: tuple[str, ...] = ALLOWED_LICENSES) -> list[tuple[str, str, str]]:
    """Each licence that is not allowed: its identifier or else its text, why, and what may be meant."""
    return [(found.identifier or found.text, found.refusal.value, found.meant) for found in denied(text, allowed)]


@pytest.mark.parametrize(
    "text",
    [
        *ALLOWED_LICENSES,
        "cc-by-sa-4.0",
        "CC BY-SA 4.0",
        "CC BY SA 4",
        "CCBYSA4.0",
        "CC-BY-SA 4.0 International",
        "Creative Commons Attribution 4.0 International",
        "Creative Commons Attribution-ShareAlike 4.0 International License (CC BY-SA 4.0)",
        "Creative Commons Attribution Share Alike 4.0 International",
        "[CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/)",
        "https://creativecommons.org/licenses/by/4.0/legalcode",
        "https://creativecommons.org/publicdomain/zero/1.0/",
        "https://spdx.org/licenses/MIT.html",
        "https://www.apache.org/licenses/LICENSE-2.0",
        "CC0",
        "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication",
        "Creative Commons Zero v1.0 Universal",
        "Apache 2.0",
        "Apache License, Version 2.0",
        "the Apache License v2",
        "Apache License, Version 2.0 (Apache-2.0)",
        "ASL 2.0",
        "MIT License (MIT)",
        '"MIT"',
        "Licensed under the MIT license.",
        "CDLA Permissive 2.0",
        "Public domain",
        "in the public domain.",
        "CC-PDDC",
        "Public Domain (US Government work)",
        "Public domain in the United States",
        "Public domain in the U.S., published before 1929",
        "U.S. Government Work",
        "Work of the United States government",
        "Pre-1929 public domain",
        "Public domain, pre-1929 (US)",
        "CC-BY-SA-4.0 unless otherwise noted",
        "Except where otherwise noted, CC BY 4.0",
        "CC-BY-SA-4.0 licence, see LICENSE",
        "MIT License; see the LICENSE.md file.",
        "MIT - see LICENSE",
        "CC-BY-SA 4.0 (text), CC-BY 4.0 (images)",
        "CC-BY-SA 4.0 for text and images, MIT for code",
        "Text: CC BY-SA 4.0; code: MIT",
        "MIT (code) and CC-BY-4.0 (text/images)",
        "**MIT**",
        "MIT OR Apache License, Version 2.0",
        "MIT OR GPL-3.0-only",
        "gpl-3.0 or mit",
        "MIT/GPL-3.0-only",
        "MIT, Apache-2.0 and CC BY 4.0",
        "MIT AND (GPL-3.0-only OR Apache-2.0)",
        "Apache-2.0 WITH LLVM-exception",
        "Apache-2.0+",
    ],
)  # fmt: skip
def test_allowed(text: str) -> None:
    assert refused(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("CC BY-NC-SA 4.0", [("CC-BY-NC-SA-4.0", "other", "")], id="not for commerce"),
        pytest.param("CC-BY-ND-4.0", [("CC-BY-ND-4.0", "other", "")], id="without changes"),
        pytest.param("https://creativecommons.org/licenses/by-nc/4.0", [("CC-BY-NC-4.0", "other", "")], id="a link"),
        pytest.param("CC-BY-SA-3.0-DE", [("CC-BY-SA-3.0-DE", "other", "")], id="ported"),
        pytest.param("cc-by-sa-3.0", [("CC-BY-SA-3.0", "other", "")], id="older"),
        pytest.param("CC BY-SA", [("CC-BY-SA", "no version", "CC-BY-SA-4.0")], id="no version"),
        pytest.param("CC BY-NC", [("CC-BY-NC", "no version", "")], id="no version of what is not allowed"),
        pytest.param("Apache License", [("Apache License", "no version", "Apache-2.0")], id="no version of Apache"),
        pytest.param("CC-BY-SA-40", [("CC-BY-SA-40", "unknown", "CC-BY-SA-4.0")], id="a dot less"),
        pytest.param("CC BY-SA 4.0 and 3.0", [("3.0", "unknown", "")], id="two versions"),
        pytest.param("GPLv3", [("GPL-3.0-only", "other", "")], id="a common name"),
        pytest.param("unlicense", [("Unlicense", "other", "")], id="an identifier in lower case"),
        pytest.param("All Rights Reserved.", [("All Rights Reserved", "reserved", "")], id="reserved"),
        pytest.param("Wikipedia", [("Wikipedia", "unknown", "CC-BY-SA-4.0")], id="Wikipedia"),
        pytest.param("eulas", [("eulas", "unknown", "")], id="a word"),
        pytest.param("LLVM-exception", [("LLVM-exception", "unknown", "")], id="an exception alone"),
        pytest.param("LicenseRef-scancode-mit", [("LicenseRef-scancode-mit", "unknown", "")], id="not of SPDX"),
        pytest.param("MIT AND GPL-3.0-only", [("GPL-3.0-only", "other", "")], id="both are due"),
        pytest.param(
            "GPL-2.0-only OR eula", [("GPL-2.0-only", "other", ""), ("eula", "reserved", "")], id="neither is allowed"
        ),
        pytest.param("MIT, GFDL 1.3; MIT", [("GFDL-1.3-only", "other", "")], id="a list"),
        pytest.param("GPL-3.0-only WITH GCC-exception-3.1", [("GPL-3.0-only", "other", "")], id="with an exception"),
        pytest.param("CC-BY-SA 4.0 (text), CC-BY 3.0 (images)", [("CC-BY-3.0", "other", "")], id="one of two works"),
        pytest.param("MIT (code) and CC-BY-NC-4.0 (text)", [("CC-BY-NC-4.0", "other", "")], id="and of two others"),
        pytest.param("MIT for code, eula for text", [("eula", "reserved", "")], id="works in words"),
        pytest.param("GPL-3.0-only unless otherwise noted", [("GPL-3.0-only", "other", "")], id="a remark"),
        pytest.param("MIT unless noted CC-BY-NC-4.0", [("MIT unless noted CC-BY-NC-4.0", "unknown", "")], id="another"),
        pytest.param("see LICENSE", [("see LICENSE", "unknown", "")], id="a remark alone"),
        pytest.param("not public domain", [("not public domain", "unknown", "")], id="not in the public domain"),
        pytest.param("Government work", [("Government work", "unknown", "")], id="of some government"),
        pytest.param("MIT (non-commercial)", [("MIT (non-commercial)", "unknown", "")], id="brackets that limit"),
        pytest.param("ISC License", [("ISC", "other", "")], id="an identifier that is called a licence"),
        pytest.param("MIT AND (", [("MIT AND (", "unknown", "")], id="broken"),
        pytest.param("AND", [("AND", "unknown", "")], id="an operator alone"),
        pytest.param("", [("", "unknown", "")], id="nothing"),
        pytest.param("\ud800", [("\ud800", "unknown", "")], id="a lone surrogate"),
        pytest.param("(" * 1000, [("(" * 300, "unknown", "")], id="very long"),
    ],
)
def test_denied(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert refused(text) == expected


@pytest.mark.parametrize(
    ("text", "allowed", "expected"),
    [
        pytest.param("GPL-3.0-or-later", ("GPL-3.0-or-later",), [], id="what is allowed"),
        pytest.param("GPL-2.0-or-later", ("GPL-2.0-only",), [], id="one of several versions"),
        pytest.param("GPL-2.0-only", ("GPL-2.0-or-later",), [("GPL-2.0-only", "other", "")], id="only one of them"),
        pytest.param("Open Government Licence v3.0", ("OGL-UK-3.0",), [], id="by its name"),
        pytest.param("acme terms", ("Acme Terms",), [], id="one's own"),
        pytest.param("MIT", ("Apache-2.0",), [("MIT", "other", "")], id="not even MIT"),
        pytest.param("public domain", (), [], id="the public domain always"),
        pytest.param("Wikipedia", (), [("Wikipedia", "unknown", "")], id="nothing can be meant"),
    ],
)
def test_what_is_allowed_is_set(text: str, allowed: tuple[str, ...], expected: list[tuple[str, str, str]]) -> None:
    assert refused(text, allowed) == expected


@pytest.mark.parametrize(
    ("identifier", "commerce", "changes"),
    [
        ("CC-BY-NC-4.0", True, False),
        ("CC-BY-ND-4.0", False, True),
        ("CC-BY-NC-ND-4.0", True, True),
        ("CC-BY-NC-SA", True, False),
        ("CC-BY-SA-3.0", False, False),
    ],
)
def test_what_creative_commons_forbids(identifier: str, commerce: bool, changes: bool) -> None:
    found = Denied(text="", identifier=identifier, refusal=Refusal.OTHER)
    assert (found.non_commercial, found.no_derivatives) == (commerce, changes)


WORDS = st.sampled_from(
    [
        "MIT",
        "GPL-3.0-only",
        "AND",
        "or",
        "WITH",
        "(",
        ")",
        "(text)",
        "see LICENSE",
        "CC",
        "BY",
        "4.0",
        "LLVM-exception",
        "/",
        ",",
        "x",
        "share",
    ]
)


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=40))
def test_nothing_raises(text: str) -> None:
    for found in denied(text, ALLOWED_LICENSES):
        assert len(found.text) <= 300


@given(
    st.text(alphabet="()MITANDORWH, ", max_size=400)
    | st.integers(0, 140).map(lambda depth: "(" * depth + "MIT" + ")" * depth)
)
def test_brackets_do_not_raise(text: str) -> None:
    denied(text, ALLOWED_LICENSES)
