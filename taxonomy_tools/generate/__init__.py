"""Sample data from seed examples: what a model on an Ollama server makes of a leaf node.

Nothing here depends on the order in which answers arrive. A request's name is the hash of its content, its answer goes
into a store before anything else happens to it, and answers are judged in the order of their requests: a run that was
killed goes on where it was, and ends with the same files.
"""
