import { type FormEvent, type ReactNode, useState, useSyncExternalStore } from "react";
import { key } from "@/api/key";
import { Button } from "@/ui/Button";
import { Field, Input } from "@/ui/Field";

/** Asks for an API key where there is none, or where the server refused the one there was. */
export function KeyGate({ children }: { children: ReactNode }) {
  const known = useSyncExternalStore(key.subscribe, key.get);
  return known ? children : <AskForKey />;
}

function AskForKey() {
  const [value, setValue] = useState("");
  const [remember, setRemember] = useState(true);
  const refused = key.complaint !== null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (value.trim()) key.set(value.trim(), remember);
  };
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <form
        onSubmit={submit}
        className="grid w-full max-w-md gap-5 rounded-2xl border border-line bg-surface p-6 shadow-sm"
      >
        <div>
          <h1 className="text-xl font-semibold">{refused ? "The server does not take this key" : "Welcome to vivavoce"}</h1>
          <p className="mt-1 text-sm text-muted">
            {refused
              ? "It has expired, was revoked, or was never one of this server's. Enter another one to go on where you were."
              : "The server printed an API key and a link to this page when it was first started. Open that link, or paste the key here."}
          </p>
        </div>
        <Field
          label="API key"
          error={key.complaint ?? undefined}
          hint={
            <>
              Lost it? Make another on the server's machine: <code className="font-mono">vivavoce keys create console</code>
            </>
          }
        >
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="current-password"
              value={value}
              onChange={(event) => setValue(event.target.value)}
              placeholder="vv_…"
            />
          )}
        </Field>
        <label className="flex items-center gap-2 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-(--accent)"
            checked={remember}
            onChange={(event) => setRemember(event.target.checked)}
          />
          Remember it in this browser
        </label>
        <Button type="submit" kind="primary" size="large" disabled={!value.trim()}>
          Continue
        </Button>
      </form>
    </main>
  );
}
