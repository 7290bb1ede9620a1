"""The command line: one file a group of subcommands.

Nothing here imports torch, numpy or Qt at module level, so that `--help` answers at once; each command
imports its room when it runs.
"""

VERSION = "0.1.0"
