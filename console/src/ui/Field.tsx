import { type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes, useId } from "react";
import { classes } from "@/ui/classes";

const BOX =
  "w-full rounded-md border border-line-strong/60 bg-surface px-3 text-sm placeholder:text-muted aria-invalid:border-danger disabled:opacity-60";

/** A label, what it is for, its input, and what is wrong with it: joined for screen readers by one id. */
export function Field(props: {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  className?: string;
  children: (ids: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ReactNode;
}) {
  const id = useId();
  const said = [props.hint ? `${id}-hint` : "", props.error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div className={classes("grid content-start gap-1.5", props.className)}>
      <label htmlFor={id} className="text-sm font-medium">
        {props.label}
      </label>
      {props.children({ id, "aria-describedby": said || undefined, "aria-invalid": props.error !== undefined })}
      {props.hint && (
        <p id={`${id}-hint`} className="text-[13px] text-muted">
          {props.hint}
        </p>
      )}
      {props.error && (
        <p id={`${id}-error`} role="alert" className="text-[13px] text-danger">
          {props.error}
        </p>
      )}
    </div>
  );
}

export function Input({ className, ...rest }: InputHTMLAttributes<HTMLInputElement>) {
  return <input className={classes(BOX, "h-9", className)} {...rest} />;
}

export function Textarea({ className, ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return <textarea className={classes(BOX, "min-h-24 py-2 leading-relaxed", className)} {...rest} />;
}
