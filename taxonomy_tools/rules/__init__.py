"""The rules, in the order of their codes. A new one is a module here and a line below."""

from taxonomy_tools.rules import (
    abbreviated_commit,
    bad_username,
    empty_attribution,
    empty_file,
    empty_value,
    hidden_characters,
    implicit_type,
    incomplete_attribution,
    invalid_yaml,
    license_not_allowed,
    misnamed_leaf_file,
    missing_attribution,
    missing_key,
    not_a_mapping,
    not_a_regular_file,
    outside_taxonomy,
    repeated_item,
    schema_violation,
    too_complex,
    too_few_items,
    unknown_key,
    unmerged,
    unreadable_file,
    unsafe_pattern,
    unsafe_repository_url,
    unsupported_document_type,
    unsupported_version,
    wrong_type,
    yamllint,
)
from taxonomy_tools.rules.base import LeafRule, Rule

LEAF_RULES: tuple[LeafRule, ...] = (
    unreadable_file,
    invalid_yaml,
    not_a_mapping,
    empty_file,
    too_complex,
    not_a_regular_file,
    unmerged,
    misnamed_leaf_file,
    outside_taxonomy,
    yamllint,
    implicit_type,
    missing_key,
    unknown_key,
    wrong_type,
    too_few_items,
    empty_value,
    repeated_item,
    unsupported_version,
    schema_violation,
    missing_attribution,
    empty_attribution,
    incomplete_attribution,
    license_not_allowed,
    bad_username,
    hidden_characters,
    abbreviated_commit,
    unsafe_repository_url,
    unsafe_pattern,
    unsupported_document_type,
)
"""The rules that look at one leaf."""

_OTHERS: tuple[Rule, ...] = ()
"""The rules that look at more than a leaf: each is called by name where what it looks at is known."""

RULES: tuple[Rule, ...] = tuple(sorted((*LEAF_RULES, *_OTHERS), key=lambda rule: rule.CODE))
