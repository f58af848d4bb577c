import { Copy } from "lucide-react";
import { toast } from "sonner";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";

/** Copies a text. Browsers allow it over https or on localhost only; elsewhere it says what to do. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast.success("Copied");
    } catch {
      toast.error("The browser does not let this page copy. Select the text and copy it yourself.");
    }
  };
  return (
    <Button onClick={copy}>
      <Copy aria-hidden />
      {label}
    </Button>
  );
}

/** Shows what is never shown again, until the person says that it is copied. */
export function ShownOnce(props: { secret: string | null; title: string; description: string; onClose: () => void }) {
  return (
    <Dialog open={props.secret !== null} onClose={props.onClose} title={props.title} description={props.description}>
      <div className="grid gap-4">
        <code className="rounded-lg bg-sunken p-3 font-mono text-sm break-all">{props.secret}</code>
        <div className="flex justify-end gap-2">
          <CopyButton text={props.secret ?? ""} />
          <Button kind="primary" onClick={props.onClose}>
            Done
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
