"""The Git and pre-commit hooks: one module a hook, each with `main(argv) -> int`.

The folder is installed as `taxonomy_tools.hooks`; pyproject.toml maps it, and names a console script for each hook.
"""
