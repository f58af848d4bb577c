import { Check, ChevronDown } from "lucide-react";
import { Select as RadixSelect, Slider as RadixSlider, Switch as RadixSwitch } from "radix-ui";
import { type ReactNode, useId } from "react";
import { classes } from "@/ui/classes";

export type Option = { value: string; label: string; hint?: string };

/** One of several. `id` and `aria-…` come from the `Field` around it. */
export function Select(props: {
  value: string;
  options: Option[];
  onChange: (value: string) => void;
  id?: string;
  label?: string;
  placeholder?: string;
  disabled?: boolean;
  className?: string;
  "aria-describedby"?: string | undefined;
  "aria-invalid"?: boolean;
}) {
  return (
    <RadixSelect.Root value={props.value} onValueChange={props.onChange} disabled={props.disabled ?? false}>
      <RadixSelect.Trigger
        id={props.id}
        aria-label={props.label}
        aria-describedby={props["aria-describedby"]}
        aria-invalid={props["aria-invalid"]}
        className={classes(
          "flex h-9 w-full items-center justify-between gap-2 rounded-md border border-line-strong/60 bg-surface px-3 text-left text-sm disabled:opacity-60",
          props.className,
        )}
      >
        <RadixSelect.Value placeholder={props.placeholder ?? "Choose"} />
        <RadixSelect.Icon>
          <ChevronDown className="size-4 text-muted" aria-hidden />
        </RadixSelect.Icon>
      </RadixSelect.Trigger>
      <RadixSelect.Portal>
        <RadixSelect.Content
          position="popper"
          sideOffset={4}
          className="z-50 max-h-80 min-w-(--radix-select-trigger-width) overflow-hidden rounded-md border border-line bg-raised shadow-lg"
        >
          <RadixSelect.Viewport className="p-1">
            {props.options.map((option) => (
              <RadixSelect.Item
                key={option.value}
                value={option.value}
                className="relative flex flex-col rounded px-2 py-1.5 pr-8 text-sm outline-none select-none data-highlighted:bg-accent-soft"
              >
                <RadixSelect.ItemText>{option.label}</RadixSelect.ItemText>
                {option.hint && <span className="text-xs text-muted">{option.hint}</span>}
                <RadixSelect.ItemIndicator className="absolute top-2 right-2">
                  <Check className="size-4" aria-hidden />
                </RadixSelect.ItemIndicator>
              </RadixSelect.Item>
            ))}
          </RadixSelect.Viewport>
        </RadixSelect.Content>
      </RadixSelect.Portal>
    </RadixSelect.Root>
  );
}

/** On or off, with its words beside it. */
export function Switch(props: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: string;
  hint?: ReactNode;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div className="flex items-start justify-between gap-4">
      <div>
        <label htmlFor={id} className="text-sm font-medium">
          {props.label}
        </label>
        {props.hint && (
          <p id={`${id}-hint`} className="text-[13px] text-muted">
            {props.hint}
          </p>
        )}
      </div>
      <RadixSwitch.Root
        id={id}
        checked={props.checked}
        onCheckedChange={props.onChange}
        disabled={props.disabled ?? false}
        aria-describedby={props.hint ? `${id}-hint` : undefined}
        className="mt-0.5 h-5.5 w-10 shrink-0 rounded-full border border-line-strong bg-sunken p-0.5 transition-colors data-[state=checked]:border-accent data-[state=checked]:bg-accent disabled:opacity-60"
      >
        <RadixSwitch.Thumb className="block size-4 rounded-full bg-line-strong transition-transform data-[state=checked]:translate-x-4.5 data-[state=checked]:bg-on-accent" />
      </RadixSwitch.Root>
    </div>
  );
}

/** A number on a scale, shown beside its name. */
export function Slider(props: {
  label: string;
  value: number;
  minimum: number;
  maximum: number;
  step: number;
  shown: (value: number) => string;
  onChange: (value: number) => void;
  hint?: string;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div className="grid gap-2">
      <div className="flex items-baseline justify-between gap-3 text-sm">
        <span id={id} className="font-medium">
          {props.label}
        </span>
        <output className="text-muted tabular-nums">{props.shown(props.value)}</output>
      </div>
      <RadixSlider.Root
        value={[props.value]}
        min={props.minimum}
        max={props.maximum}
        step={props.step}
        disabled={props.disabled ?? false}
        onValueChange={([value]) => value !== undefined && props.onChange(value)}
        className="relative flex h-5 w-full touch-none items-center select-none data-disabled:opacity-60"
      >
        <RadixSlider.Track className="relative h-1.5 grow rounded-full bg-line">
          <RadixSlider.Range className="absolute h-full rounded-full bg-accent" />
        </RadixSlider.Track>
        <RadixSlider.Thumb
          aria-labelledby={id}
          aria-valuetext={props.shown(props.value)}
          className="block size-4.5 rounded-full border-2 border-accent bg-surface"
        />
      </RadixSlider.Root>
      {props.hint && <p className="text-[13px] text-muted">{props.hint}</p>}
    </div>
  );
}
