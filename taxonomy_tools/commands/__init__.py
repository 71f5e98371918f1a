"""The subcommands, a module each: plain arguments in, an exit code out."""
