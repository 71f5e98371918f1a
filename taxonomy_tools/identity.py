"""Who the contributor is on GitHub, as far as this machine can tell without asking anybody."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from taxonomy_tools.git import Settings
from taxonomy_tools.rules.bad_username import is_user

_HOSTS_BYTES = 64 * 1024
# The address that GitHub gives to those who keep theirs private: 583231+octocat@users.noreply.github.com.
_NO_REPLY = re.compile(r"(?:\d+\+)?([A-Za-z0-9_-]+)@users\.noreply\.github\.com", re.IGNORECASE)
# Of the hosts that `gh` knows only this name is read: the other lines may be tokens.
_GH_USER = re.compile(
    r"^github\.com:[ \t]*\n(?:[ \t]+.*\n)*?[ \t]+user:[ \t]*[\"']?([A-Za-z0-9_-]+)[\"']?[ \t]*$", re.MULTILINE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A name on GitHub, and where it was found."""

    user: str
    origin: str


def github_user(settings: Settings, environ: Mapping[str, str]) -> Identity | None:
    """The contributor's GitHub user name: the first that is one, of those in Git's config, here and in `gh`'s."""
    return next((found for found in _candidates(settings, environ) if is_user(found.user)), None)


def _candidates(settings: Settings, environ: Mapping[str, str]) -> Iterator[Identity]:
    yield Identity(user=settings.last("github.user") or "", origin="github.user in Git's config")
    yield Identity(user=environ.get("GITHUB_USER", ""), origin="GITHUB_USER")  # which GitHub's codespaces set
    address = _NO_REPLY.fullmatch((settings.last("user.email") or "").strip())
    yield Identity(user=address[1] if address else "", origin="user.email in Git's config")
    yield Identity(user=_user_of_gh(environ), origin="the GitHub CLI's config")
    yield Identity(user=settings.last("user.name") or "", origin="user.name in Git's config")


def _user_of_gh(environ: Mapping[str, str]) -> str:
    """The user of github.com that `gh auth login` has noted, `""` if there is none."""
    folder = environ.get("GH_CONFIG_DIR")
    if not folder:
        home = environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
        folder = os.path.join(home, "gh")
    try:
        with (Path(folder) / "hosts.yml").open("rb") as file:
            text = file.read(_HOSTS_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return ""
    found = _GH_USER.search(text)
    return found[1] if found else ""
