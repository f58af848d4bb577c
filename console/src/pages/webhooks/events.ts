import type { components } from "@/api/schema";

export type Webhook = components["schemas"]["WebhookShown"];
export type EventType = NonNullable<components["schemas"]["WebhookToMake"]["events"]>[number];

export const EVENTS: { name: EventType; hint: string }[] = [
  { name: "session.started", hint: "a call begins" },
  { name: "session.ended", hint: "a call is over, with its length and why" },
  { name: "message.added", hint: "something was said or written" },
  { name: "agent.updated", hint: "an agent was changed or deleted" },
];
