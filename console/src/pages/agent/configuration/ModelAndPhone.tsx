import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { useEquipment } from "@/api/equipment";
import { useDraft } from "@/pages/agent/draft";
import { Select } from "@/ui/Choice";
import { Field } from "@/ui/Field";
import { Card } from "@/ui/Page";

const SERVERS_OWN = "server";

/** Which model answers, and the number that the agent is called at. */
export function ModelAndPhone() {
  const { agent, draft, change, wrong } = useDraft();
  const named = draft.model ?? agent.model;
  const provider = useEquipment().data?.data.find(({ name }) => name === "language_model")?.provider;
  return (
    <Card title="Model and telephone" className="grid gap-4">
      <Field
        label="Language model"
        hint={
          draft.model === null
            ? "One model answers for every agent of this server; Settings shows it."
            : `This server has one language model and answers with that. “${draft.model}” is kept for the client that set it.`
        }
        error={wrong("model")}
      >
        {(ids) => (
          <Select
            {...ids}
            value={draft.model ?? SERVERS_OWN}
            options={[
              { value: SERVERS_OWN, label: provider ? `The server's own (${provider})` : "The server's own" },
              ...(named === null ? [] : [{ value: named, label: named }]),
            ]}
            onChange={(value) => change({ model: value === SERVERS_OWN ? null : value })}
          />
        )}
      </Field>
      <PhoneNumber />
    </Card>
  );
}

function PhoneNumber() {
  const { agent } = useDraft();
  const numbers = useQuery({
    queryKey: ["phone-numbers"],
    queryFn: async () => (await data(api.GET("/v1/phone-numbers"))) as { phone_numbers: Numbered[] },
    enabled: agent.phone_number_id !== null,
  });
  const number = numbers.data?.phone_numbers.find(({ phone_number_id }) => phone_number_id === agent.phone_number_id);
  return (
    <p className="text-sm">
      <span className="font-medium">Phone number: </span>
      {agent.phone_number_id === null ? "none" : (number?.phone_number ?? agent.phone_number_id)}{" "}
      <Link to="/phone-numbers" className="text-accent underline underline-offset-2">
        {agent.phone_number_id === null ? "Give it one" : "Manage phone numbers"}
      </Link>
    </p>
  );
}

type Numbered = { phone_number_id: string; phone_number: string };
