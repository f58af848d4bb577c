import { type VariantProps, cva } from "class-variance-authority";
import { LoaderCircle } from "lucide-react";
import { Slot } from "radix-ui";
import type { ButtonHTMLAttributes } from "react";
import { classes } from "@/ui/classes";

const look = cva(
  "inline-flex shrink-0 items-center justify-center gap-2 rounded-md text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0",
  {
    variants: {
      kind: {
        primary: "bg-accent text-on-accent hover:bg-accent-hover",
        secondary: "border border-line bg-surface hover:bg-sunken",
        quiet: "hover:bg-sunken text-text",
        danger: "bg-danger text-surface hover:opacity-90",
      },
      size: { normal: "h-9 px-3.5", small: "h-7.5 px-2.5 text-[13px]", large: "h-11 px-5 text-base", icon: "size-9" },
    },
    defaultVariants: { kind: "secondary", size: "normal" },
  },
);

type Props = ButtonHTMLAttributes<HTMLButtonElement> &
  VariantProps<typeof look> & {
    /** Render as the one child, for instance a link. */
    asChild?: boolean;
    /** Work is under way: a second click does nothing. */
    busy?: boolean;
  };

export function Button({ kind, size, asChild, busy, className, children, disabled, type, ...rest }: Props) {
  const looks = classes(look({ kind, size }), className);
  if (asChild) {
    return (
      <Slot.Root className={looks} {...rest}>
        {children}
      </Slot.Root>
    );
  }
  return (
    <button
      type={type ?? "button"}
      className={looks}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy && <LoaderCircle className="animate-spin" aria-hidden />}
      {children}
    </button>
  );
}
