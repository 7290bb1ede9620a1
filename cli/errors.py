"""The exceptions of the command line itself; the other rooms have their own."""


class UsageError(Exception):
    """The arguments do not make a command."""


class WorkFailed(Exception):
    """The command could not finish, through no fault of the user's; the message says why."""
