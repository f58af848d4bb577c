import { CircleAlert, CloudOff, Inbox } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { ApiError } from "@/api/client";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";

/** A page's frame: its heading, what can be done on it, its content. The heading is the tab's title too. */
export function Page(props: { title: string; lead?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${props.title} · vivavoce`;
  }, [props.title]);
  return (
    <div className="mx-auto grid w-full max-w-6xl grid-cols-1 gap-5 p-4 sm:p-6">
      <header className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h1 className="line-clamp-2 text-2xl break-words font-semibold tracking-tight">{props.title}</h1>
          {props.lead && <div className="mt-1 text-sm text-muted">{props.lead}</div>}
        </div>
        {props.actions && <div className="flex flex-wrap items-center gap-2">{props.actions}</div>}
      </header>
      {props.children}
    </div>
  );
}

export function Card({ className, children, title }: { className?: string; children: ReactNode; title?: string }) {
  return (
    <section className={classes("rounded-xl border border-line bg-surface p-4 sm:p-5", className)}>
      {title && <h2 className="mb-3 text-base font-semibold">{title}</h2>}
      {children}
    </section>
  );
}

type Tone = "neutral" | "accent" | "success" | "warning" | "danger";
const TONES: Record<Tone, string> = {
  neutral: "bg-sunken text-muted",
  accent: "bg-accent-soft text-accent",
  success: "bg-success-soft text-success",
  warning: "bg-warning-soft text-warning",
  danger: "bg-danger-soft text-danger",
};

export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={classes("inline-flex items-center rounded-full px-2 py-0.5 text-xs font-medium", TONES[tone])}>
      {children}
    </span>
  );
}

/** Nothing here yet, and what to do about it. */
export function Empty(props: { title: string; children?: ReactNode; action?: ReactNode; icon?: ReactNode }) {
  return (
    <div className="grid justify-items-center gap-2 rounded-xl border border-dashed border-line-strong/50 px-6 py-14 text-center">
      <div className="text-muted [&_svg]:size-8">{props.icon ?? <Inbox aria-hidden />}</div>
      <h2 className="text-base font-semibold">{props.title}</h2>
      {props.children && <div className="max-w-prose text-sm text-muted">{props.children}</div>}
      {props.action && <div className="mt-2">{props.action}</div>}
    </div>
  );
}

/** Still loading: the shape of what comes. */
export function Loading({ rows = 4, label = "Loading" }: { rows?: number; label?: string }) {
  return (
    <div role="status" aria-label={label} className="grid gap-2">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="h-12 animate-pulse rounded-lg bg-sunken" />
      ))}
    </div>
  );
}

const READY_ASKED_MS = 2_000;

/** What went wrong, in the server's words, and the way to try again. What is merely loading is asked for again by itself. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const isLoading = error instanceof ApiError && error.code === "not_ready";
  const again = useRef(onRetry);
  again.current = onRetry;
  useEffect(() => {
    if (!isLoading) return undefined;
    const timer = setTimeout(() => again.current?.(), READY_ASKED_MS);
    return () => clearTimeout(timer);
  }, [isLoading, error]);
  const offline = !navigator.onLine || (error instanceof ApiError && error.status === 0);
  const said = error instanceof Error ? error.message : "Something went wrong.";
  return (
    <div role="alert" className="flex flex-wrap items-center gap-3 rounded-xl border border-danger/40 bg-danger-soft p-4">
      <div className="text-danger [&_svg]:size-5">{offline ? <CloudOff aria-hidden /> : <CircleAlert aria-hidden />}</div>
      <p className="min-w-0 flex-1 text-sm break-words">
        {offline ? "The server cannot be reached. Is it running, and is this device online?" : said}
        {isLoading && onRetry && " This page asks again by itself."}
      </p>
      {onRetry && (
        <Button size="small" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
