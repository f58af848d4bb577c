import { Check, CircleDashed } from "lucide-react";
import { useEquipment } from "@/api/equipment";
import type { components } from "@/api/schema";
import { Card, Loading } from "@/ui/Page";

type Capability = components["schemas"]["CapabilityObject"];

const NAMES: Record<string, string> = {
  web_search: "Web search",
  x_search: "Search on X",
  livekit: "LiveKit rooms",
  telephony: "Telephone",
};

/** Told in the table of models. */
const MODELS = ["language_model", "speech_to_text", "text_to_speech"];

/** What else is set up and what is not, with what the operator can do about it. */
export function Capabilities() {
  const capabilities = useEquipment();
  if (capabilities.isError && !capabilities.data) return null; // the card of models tells
  return (
    <Card title="Providers">
      {capabilities.isPending && <Loading rows={4} />}
      {capabilities.data && (
        <ul className="divide-y divide-line">
          {capabilities.data.data
            .filter(({ name }) => !MODELS.includes(name))
            .map((capability) => (
              <OneCapability key={capability.name} capability={capability} />
            ))}
        </ul>
      )}
    </Card>
  );
}

function OneCapability({ capability }: { capability: Capability }) {
  const { configured, provider, remedy, guide } = capability;
  const name = NAMES[capability.name] ?? capability.name.replaceAll("_", " ");
  return (
    <li className="flex items-start gap-3 py-2.5 text-sm first:pt-0 last:pb-0">
      {configured ? (
        <Check className="mt-0.5 size-4 shrink-0 text-success" aria-hidden />
      ) : (
        <CircleDashed className="mt-0.5 size-4 shrink-0 text-warning" aria-hidden />
      )}
      <div className="min-w-0">
        <p>
          <span className="font-medium">{name}</span>{" "}
          <span className="text-muted">
            {configured ? `by ${provider}` : (provider ?? (remedy ? "not set up" : "not in this version"))}
          </span>
        </p>
        {remedy && <p className="text-muted">To have it: {remedy}.</p>}
        {guide && (
          <p className="text-muted">
            Guide: <code className="font-mono text-[13px] break-all">docs/{guide}</code>
          </p>
        )}
      </div>
    </li>
  );
}
