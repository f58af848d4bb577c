import { X } from "lucide-react";
import { AlertDialog as RadixAlert, Dialog as RadixDialog } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { Button } from "@/ui/Button";

const SHADE = "fixed inset-0 z-40 bg-black/45";
const SHEET =
  "fixed inset-x-3 top-[6dvh] z-50 mx-auto max-h-[88dvh] overflow-y-auto rounded-xl border border-line bg-surface p-5 shadow-xl";

/**
 * For `onCloseAutoFocus`: gives the focus back to what opened the dialog; where that is gone, to the page's content. Radix
 * does so only for triggers of its own.
 */
function useFocusBack(open: boolean): (event: Event) => void {
  const opener = useRef<Element | null>(null);
  const was = useRef(false);
  // While rendering: afterwards the dialog has taken the focus.
  if (open && !was.current) opener.current = document.activeElement;
  was.current = open;
  return (event) => {
    event.preventDefault();
    const place = opener.current?.isConnected ? opener.current : document.getElementById("content");
    if (place instanceof HTMLElement) place.focus();
  };
}

export function Dialog(props: {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: string;
  wide?: boolean;
  children: ReactNode;
}) {
  const focusBack = useFocusBack(props.open);
  return (
    <RadixDialog.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className={SHADE} />
        <RadixDialog.Content
          className={`${SHEET} ${props.wide ? "max-w-3xl" : "max-w-lg"}`}
          onCloseAutoFocus={focusBack}
          {...(props.description ? {} : { "aria-describedby": undefined })}
        >
          <div className="mb-4 flex items-start justify-between gap-4">
            <div>
              <RadixDialog.Title className="text-lg font-semibold">{props.title}</RadixDialog.Title>
              {props.description && (
                <RadixDialog.Description className="text-sm text-muted">{props.description}</RadixDialog.Description>
              )}
            </div>
            <RadixDialog.Close asChild>
              <Button kind="quiet" size="icon" aria-label="Close">
                <X aria-hidden />
              </Button>
            </RadixDialog.Close>
          </div>
          {props.children}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

/** Asks before something is destroyed. What is lost belongs into `description`. */
export function Confirm(props: {
  open: boolean;
  onClose: () => void;
  title: string;
  description: string;
  action: string;
  /** What leaves everything as it is. */
  keep?: string;
  busy?: boolean;
  onConfirm: () => void;
}) {
  const focusBack = useFocusBack(props.open);
  return (
    <RadixAlert.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <RadixAlert.Portal>
        <RadixAlert.Overlay className={SHADE} />
        <RadixAlert.Content className={`${SHEET} max-w-md`} onCloseAutoFocus={focusBack}>
          <RadixAlert.Title className="text-lg font-semibold">{props.title}</RadixAlert.Title>
          <RadixAlert.Description className="mt-2 text-sm text-muted">{props.description}</RadixAlert.Description>
          <div className="mt-5 flex justify-end gap-2">
            <RadixAlert.Cancel asChild>
              <Button>{props.keep ?? "Keep it"}</Button>
            </RadixAlert.Cancel>
            <Button kind="danger" busy={props.busy ?? false} onClick={props.onConfirm}>
              {props.action}
            </Button>
          </div>
        </RadixAlert.Content>
      </RadixAlert.Portal>
    </RadixAlert.Root>
  );
}
