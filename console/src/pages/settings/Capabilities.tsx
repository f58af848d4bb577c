import { useQuery } from "@tanstack/react-query";
import { Check, CircleDashed } from "lucide-react";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Card, Failure, Loading } from "@/ui/Page";

type Capability = components["schemas"]["CapabilityObject"];

const NAMES: Record<string, string> = {
  language_model: "Language model",
  speech_to_text: "Speech to text",
  text_to_speech: "Text to speech",
  web_search: "Web search",
  x_search: "Search on X",
  livekit: "LiveKit rooms",
  telephony: "Telephone",
};

/** What is set up and what is not, with what the operator can do about it. */
export function Capabilities() {
  const capabilities = useQuery({ queryKey: ["capabilities"], queryFn: () => data(api.GET("/v1/capabilities")) });
  return (
    <Card title="What it can do">
      {capabilities.isPending && <Loading rows={6} />}
      {capabilities.isError && <Failure error={capabilities.error} onRetry={() => capabilities.refetch()} />}
      {capabilities.data && (
        <ul className="divide-y divide-line">
          {capabilities.data.data.map((capability) => (
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
