import { TriangleAlert } from "lucide-react";
import { type EquippedModel, pullCommand } from "@/api/equipment";
import { CopyButton } from "@/ui/Copy";

/** Says which models a server lacks, and the command that brings them; nothing where it lacks none. */
export function MissingModels({ models }: { models: EquippedModel[] }) {
  if (models.length === 0) return null;
  const command = pullCommand(models);
  return (
    <div role="alert" className="grid gap-2.5 rounded-xl bg-warning-soft p-4 text-sm text-warning">
      <p className="flex items-start gap-2.5 font-medium">
        <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
        {models.length === 1 ? `The model ${models[0]?.name} is missing.` : `${models.length} models are missing.`} No
        call can begin without {models.length === 1 ? "it" : "them"}.
      </p>
      <p>Run this on the server's machine, then start the server again:</p>
      <div className="flex flex-wrap items-center gap-2">
        <code className="min-w-0 rounded-md bg-surface px-2.5 py-1.5 font-mono text-[13px] break-words text-text">
          {command}
        </code>
        <CopyButton text={command} />
      </div>
    </div>
  );
}
