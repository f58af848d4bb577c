import { Link, Outlet } from "@tanstack/react-router";
import { AudioLines, BarChart3, Bot, KeyRound, Menu, Moon, Phone, Settings, Sun, Webhook, X } from "lucide-react";
import { useEffect, useState } from "react";
import { OfflineBanner } from "@/app/OfflineBanner";
import { applyTheme, chosenTheme } from "@/app/theme";
import { Button } from "@/ui/Button";

const PLACES = [
  { to: "/agents", label: "Voice agents", icon: Bot },
  { to: "/sessions", label: "Sessions", icon: AudioLines },
  { to: "/phone-numbers", label: "Phone numbers", icon: Phone },
  { to: "/api-keys", label: "API keys", icon: KeyRound },
  { to: "/webhooks", label: "Webhooks", icon: Webhook },
  { to: "/usage", label: "Usage", icon: BarChart3 },
  { to: "/settings", label: "Settings", icon: Settings },
] as const;

/** The frame around every page: where one can go, and the theme. On a phone the places fold behind a button. */
export function Shell() {
  const [open, setOpen] = useState(false);
  return (
    <div className="flex min-h-dvh flex-col md:flex-row">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded focus:bg-surface focus:p-2"
      >
        Skip to the content
      </a>
      <header className="flex items-center justify-between border-b border-line bg-surface px-4 py-2.5 md:hidden">
        <Brand />
        <Button kind="quiet" size="icon" aria-expanded={open} aria-controls="places" onClick={() => setOpen(!open)}>
          {open ? <X aria-hidden /> : <Menu aria-hidden />}
          <span className="sr-only">{open ? "Close the menu" : "Open the menu"}</span>
        </Button>
      </header>
      <nav
        id="places"
        aria-label="Main"
        className={`${open ? "flex" : "hidden"} w-full flex-col gap-1 border-line bg-surface p-3 max-md:border-b md:sticky md:top-0 md:flex md:h-dvh md:w-56 md:border-r`}
      >
        <div className="mb-3 px-2 pt-1 max-md:hidden">
          <Brand />
        </div>
        {PLACES.map(({ to, label, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            onClick={() => setOpen(false)}
            className="flex items-center gap-2.5 rounded-md px-2.5 py-2 text-sm text-muted hover:bg-sunken hover:text-text"
            activeProps={{ className: "bg-accent-soft !text-accent font-medium" }}
          >
            <Icon className="size-4.5" aria-hidden />
            {label}
          </Link>
        ))}
        <div className="mt-auto flex items-center justify-between gap-2 px-1 pt-3">
          <span className="grid gap-1 text-[13px] text-muted">
            <Link to="/welcome" onClick={() => setOpen(false)} className="underline-offset-2 hover:underline">
              First steps
            </Link>
            <a href="/docs" className="underline-offset-2 hover:underline">
              API reference
            </a>
          </span>
          <ThemeButton />
        </div>
      </nav>
      <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
        <Outlet />
      </main>
      <OfflineBanner />
    </div>
  );
}

function Brand() {
  return (
    <Link to="/agents" className="flex items-center gap-2 font-semibold tracking-tight">
      <svg viewBox="0 0 32 32" className="size-7" aria-hidden>
        <rect width="32" height="32" rx="8" className="fill-accent" />
        <path
          d="M7 16v0M11 11v10M16 7v18M21 11v10M25 16v0"
          className="stroke-on-accent"
          strokeWidth="2.6"
          strokeLinecap="round"
        />
      </svg>
      vivavoce
    </Link>
  );
}

function ThemeButton() {
  const [theme, setTheme] = useState(chosenTheme());
  useEffect(() => applyTheme(theme), [theme]);
  const isDark = document.documentElement.dataset.theme === "dark";
  return (
    <Button
      kind="quiet"
      size="icon"
      aria-label={isDark ? "Use the light theme" : "Use the dark theme"}
      onClick={() => setTheme(isDark ? "light" : "dark")}
    >
      {isDark ? <Sun aria-hidden /> : <Moon aria-hidden />}
    </Button>
  );
}
