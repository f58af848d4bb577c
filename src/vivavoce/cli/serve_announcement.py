"""What `vivavoce serve` prints when it is ready. Pure: the only place where the first key is ever shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Announcement:
    """`url`: where the server listens. `api_key`: the first key, only where it was made just now. `talk`: a command
    that tries it out. `another_key`: the command that makes a key; None where the operator brought one.
    """

    url: str
    api_key: str | None = field(repr=False)
    talk: str = field(repr=False)
    another_key: str | None

    @property
    def console(self) -> str:
        """The console's address; with the first key behind `#`, which browsers never send to a server."""
        return f"{self.url}/" if self.api_key is None else f"{self.url}/#key={quote(self.api_key, safe='')}"

    def as_json(self) -> str:
        """One line for programs."""
        told = {"ready": True, "url": self.url, "api_key": self.api_key, "console": self.console, "talk": self.talk}
        return json.dumps(told)

    def as_text(self) -> str:
        """For people."""
        lines = [
            "",
            f"vivavoce is ready on {self.url}",
            f"  realtime API (OpenAI's protocol): ws{self.url.removeprefix('http')}/v1/realtime",
            f"  state:                            {self.url}/readyz",
            "",
        ]
        if self.api_key is not None:
            lines += [f"  API key (shown only now, keep it): {self.api_key}", ""]
        elif self.another_key is not None:
            lines += [f"  The API key was shown when it was made; `{self.another_key}` makes another.", ""]
        opening = "Talk in the browser (the link lets you in, so keep it to yourself):"
        lines += [opening if self.api_key is not None else "Talk in the browser:", "", f"  {self.console}", ""]
        lines += ["Or here with the demo agent, a spoken question first:", "", f"  {self.talk}", ""]
        return "\n".join(lines)
