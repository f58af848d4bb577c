"""What the model is told of calls that have not simply come back with a result. Sentences, owned by nobody.

Each is true as it stands: a model that is told nothing makes a result up.
"""

from __future__ import annotations

STILL_RUNNING = "Still running: there is no result yet."
IN_BACKGROUND = "Running in the background: go on with the conversation. The result will be told here when it is there."
INTERRUPTED = "Cancelled: the caller spoke up before there was a result."
CALLED_OFF = "Cancelled: the reply that made the call was called off before there was a result."
GIVEN_UP = "Cancelled: the call ended before there was a result."
CONNECTION_BROKE = "Cancelled: the connection broke before there was a result. It is not known whether it was done."
NO_ANSWER = "Not approved: nobody answered the request for approval in time. It was not run."
ENOUGH = "Not run: there were too many rounds of tools in this turn already. Answer with what is known."


def not_approved(reason: str | None) -> str:
    """The client has said no."""
    return f"Not approved: {reason}. It was not run." if reason else "Not approved. It was not run."


def ask_the_caller(name: str, arguments: str) -> str:
    """The caller has to agree first."""
    return (
        f"Not run yet: the caller has to agree first. Say what {name} would do with {arguments}, and ask for a yes. "
        f"After the yes call {name} again with the same arguments."
    )


def unknown_tool(name: str, known: list[str]) -> str:
    return f"There is no tool '{name}'. There are: {', '.join(known) or 'none'}."


def result_is_there(names: list[str]) -> str:
    """Behind everything else in the prompt, when the agent speaks up with a result that has come late."""
    return f"There is now a result of {', '.join(names)}: tell the caller what matters of it, briefly."


def unavailable(failures: list[tuple[str, str]]) -> str:
    """Of sources that could not be opened: what each is called and why."""
    told = "; ".join(f"{label or 'a tool'} ({message})" for label, message in failures)
    return f"Not available in this call, so do not promise anything of it: {told}."
