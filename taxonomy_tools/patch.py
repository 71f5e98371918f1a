"""What changed in a file, as a patch that `git apply` takes.

Bytes in, bytes out: lines keep their ends, a last line without one is marked, and names are quoted as Git quotes them.
It takes a time that grows with the lines alone, so some repeated lines may be told as changed that are not.
"""

from collections.abc import Iterator, Sequence

from taxonomy_tools.lines import kept_lines

_CONTEXT = 3
_ESCAPES = {
    **{code: b"\\%03o" % code for code in (*range(32), *range(127, 256))},
    **{
        ord(sign): b"\\" + letter
        for sign, letter in zip('\a\b\t\n\v\f\r"\\', map(bytes, zip(b'abtnvfr"\\')), strict=True)
    },
}
_NO_END = b"\n\\ No newline at end of file\n"


def patch(old_path: bytes, new_path: bytes, before: bytes, after: bytes) -> bytes:
    """What makes `after`, at its path, of `before`; nothing where both are the same.

    Paths are relative to the folder in which the patch is to be applied: the top of the repository.
    """
    if before == after and old_path == new_path:
        return b""
    old, new = _quoted(b"a/" + old_path), _quoted(b"b/" + new_path)
    parts = [b"diff --git %s %s\n" % (old, new)]
    if old_path != new_path:
        parts.append(b"rename from %s\nrename to %s\n" % (_quoted(old_path), _quoted(new_path)))
    if before != after:
        parts.append(b"--- %s\n+++ %s\n" % (_ended(old), _ended(new)))
        parts += _hunks(_lines(before), _lines(after))
    return b"".join(parts)


def _lines(content: bytes) -> list[bytes]:
    """The lines with their ends: LF, and nothing else, ends a line in a patch."""
    lines = [line + b"\n" for line in content.split(b"\n")]
    last = lines.pop().removesuffix(b"\n")
    return [*lines, last] if last else lines


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    """The stretches that differ, with three lines around each; those that touch are one."""
    kept = kept_lines(old, new)
    group: list[tuple[int, int, int, int]] = []
    for stretch in _stretches(kept, len(old), len(new)):
        if group and stretch[0] - group[-1][1] > 2 * _CONTEXT:
            yield _hunk(group, old, new)
            group = []
        group.append(stretch)
    if group:
        yield _hunk(group, old, new)


def _stretches(kept: Sequence[tuple[int, int]], old: int, new: int) -> Iterator[tuple[int, int, int, int]]:
    """What lies between kept lines: from where to where in the old lines, and in the new ones."""
    one = other = 0
    for old_index, new_index in (*kept, (old, new)):
        if one < old_index or other < new_index:
            yield one, old_index, other, new_index
        one, other = old_index + 1, new_index + 1


def _hunk(group: Sequence[tuple[int, int, int, int]], old: Sequence[bytes], new: Sequence[bytes]) -> bytes:
    before = min(_CONTEXT, group[0][0])
    after = min(_CONTEXT, len(old) - group[-1][1])
    start, other_start = group[0][0] - before, group[0][2] - before
    end, other_end = group[-1][1] + after, group[-1][3] + after
    parts = [b"@@ -%s +%s @@\n" % (_range(start, end), _range(other_start, other_end))]
    place = start
    for one, one_end, other, other_end_ in group:
        parts += [_line(b" ", line) for line in old[place:one]]
        parts += [_line(b"-", line) for line in old[one:one_end]]
        parts += [_line(b"+", line) for line in new[other:other_end_]]
        place = one_end
    parts += [_line(b" ", line) for line in old[place:end]]
    return b"".join(parts)


def _range(start: int, end: int) -> bytes:
    """Lines from 1, and how many; none are told by the line before them."""
    return b"%d,%d" % (start + 1 if end > start else start, end - start)


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + _NO_END


def _quoted(path: bytes) -> bytes:
    """A name as Git writes it: in quotes, with escapes, where it holds more than plain characters."""
    escaped = b"".join(_ESCAPES.get(code, bytes([code])) for code in path)
    return path if escaped == path else b'"%s"' % escaped


def _ended(quoted: bytes) -> bytes:
    """The name of a header line: after one with spaces, a tab tells where it ends."""
    return quoted + b"\t" if b" " in quoted and not quoted.startswith(b'"') else quoted
