"""The GitHub Action: what stands between a runner and `taxonomy diff`.

`install` makes the environment that all else runs in, `event` and `clone` see to it that the checkout holds what the
comparison needs, `run` calls the one engine, and `outputs` hands on what came of it.
"""
