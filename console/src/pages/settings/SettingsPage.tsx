import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { key } from "@/api/key";
import { type Theme, applyTheme, chosenTheme } from "@/app/theme";
import { Capabilities } from "@/pages/settings/Capabilities";
import { Models } from "@/pages/settings/Models";
import { Recordings } from "@/pages/settings/Recordings";
import { Secrets } from "@/pages/settings/Secrets";
import { ServerState } from "@/pages/settings/ServerState";
import { Button } from "@/ui/Button";
import { deletions } from "@/ui/deletions";
import { Confirm } from "@/ui/Dialog";
import { Card, Page } from "@/ui/Page";

const THEMES: { value: Theme; label: string }[] = [
  { value: "system", label: "As the system has it" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

/** What the server can do, the secrets of tools, and what this browser remembers. */
export function SettingsPage() {
  return (
    <Page title="Settings" lead="What this server can do, what it would take to do more, and what this browser keeps.">
      <Models />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="grid gap-4">
          <ServerState />
          <Capabilities />
          <Recordings />
        </div>
        <div className="grid gap-4">
          <Browser />
          <Secrets />
        </div>
      </div>
    </Page>
  );
}

function Browser() {
  const [theme, setTheme] = useState(chosenTheme());
  const [leaving, setLeaving] = useState(false);
  const navigate = useNavigate();
  return (
    <Card title="This browser">
      <fieldset className="mb-4 grid gap-2">
        <legend className="mb-1 text-sm font-medium">Theme</legend>
        {THEMES.map(({ value, label }) => (
          <label key={value} className="flex items-center gap-2.5 text-sm">
            <input
              type="radio"
              name="theme"
              className="size-4 accent-(--accent)"
              checked={theme === value}
              onChange={() => {
                setTheme(value);
                applyTheme(value);
              }}
            />
            {label}
          </label>
        ))}
      </fieldset>
      <div className="grid justify-items-start gap-2 border-t border-line pt-4">
        <p className="text-sm text-muted">
          This browser keeps the API key that it was given. Forget it when the machine is not yours.
        </p>
        <Button onClick={() => setLeaving(true)}>Forget the key</Button>
      </div>
      <Confirm
        open={leaving}
        onClose={() => setLeaving(false)}
        title="Forget the key?"
        description="You need the key to come back, and the server cannot show it again. The key itself goes on working."
        action="Forget it"
        onConfirm={async () => {
          await deletions.finishAll(); // they need the key
          await navigate({ to: "/agents" });
          key.forget();
        }}
      />
    </Card>
  );
}
