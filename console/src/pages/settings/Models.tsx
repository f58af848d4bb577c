import { LoaderCircle } from "lucide-react";
import { type Equipment, type EquippedModel, lacking, useEquipment } from "@/api/equipment";
import { MissingModels } from "@/ui/MissingModels";
import { Badge, Card, Failure, Loading } from "@/ui/Page";
import { size } from "@/ui/sizes";

const ROLES: Record<EquippedModel["role"], string> = {
  speech_to_text: "Speech recognition",
  turn_detection: "End of a turn",
  voice_activity: "Voice activity",
  language_model: "Language model",
  text_to_speech: "Voices",
  embeddings: "Search by meaning",
};

/** Which model does what, and how far it has come; it asks again while one is on its way. */
export function Models() {
  const equipment = useEquipment();
  return (
    <Card title="Models">
      {equipment.isPending && <Loading rows={6} />}
      {equipment.isError && <Failure error={equipment.error} onRetry={() => equipment.refetch()} />}
      {equipment.data && <Known equipment={equipment.data} />}
    </Card>
  );
}

function Known({ equipment }: { equipment: Equipment }) {
  const { profile, models } = equipment;
  const there = models.filter((model) => model.state !== "missing");
  const bytes = there.reduce((sum, model) => sum + (model.size_bytes ?? 0), 0);
  return (
    <div className="grid gap-4">
      <p className="text-sm text-muted">
        {profile ? (
          <>
            Profile <strong className="font-medium text-text">{profile}</strong>
            {bytes > 0 && <span className="tabular-nums">, {size(bytes)} on the disk</span>}
          </>
        ) : (
          <>
            No profile: the engines are <strong className="font-medium text-text">scripted</strong>. They are for tests
            and understand nobody. Start the server without <code className="font-mono text-[13px]">--engines scripted</code>{" "}
            to talk with it.
          </>
        )}
      </p>
      <MissingModels models={lacking(equipment)} />
      <table className="w-full text-left text-sm">
        <caption className="sr-only">The models of this server</caption>
        <thead className="text-[13px] text-muted">
          <tr>
            <th className="py-1.5 font-medium max-md:w-0 md:pr-3">
              <span className="max-md:sr-only">What for</span>
            </th>
            <th className="py-1.5 pr-3 font-medium">Model</th>
            <th className="py-1.5 pr-3 font-medium max-md:hidden">Engine</th>
            <th className="py-1.5 pr-3 font-medium max-md:hidden">Licence</th>
            <th className="py-1.5 pr-3 text-right font-medium max-md:hidden">Size</th>
            <th className="py-1.5 text-right font-medium">State</th>
          </tr>
        </thead>
        <tbody>
          {models.map((model, index) => (
            <OneModel
              key={`${model.role} ${model.name}`}
              model={model}
              isFirst={models[index - 1]?.role !== model.role}
              isScripted={profile === null}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function OneModel(props: { model: EquippedModel; isFirst: boolean; isScripted: boolean }) {
  const { name, role, engine, licence, size_bytes, does, state, remedy, guide } = props.model;
  const bytes = size_bytes === null ? null : size(size_bytes);
  return (
    <tr className="border-t border-line align-top">
      <th scope="row" className="py-2 font-normal text-muted max-md:w-0 md:w-44 md:pr-3">
        <span className={props.isFirst ? "max-md:sr-only" : "sr-only"}>{ROLES[role]}</span>
      </th>
      <td className="py-2 pr-3">
        {/* On a phone there is no room for a column of its own. */}
        {props.isFirst && (
          <span className="block text-[13px] text-muted md:hidden" aria-hidden>
            {ROLES[role]}
          </span>
        )}
        <span className="font-medium break-words">{name}</span>
        {does && <span className="block text-[13px] text-muted">{does}</span>}
        <span className="block text-[13px] text-muted md:hidden">
          {[engine !== name && engine, licence, bytes].filter(Boolean).join(" · ")}
        </span>
        {state === "missing" && role === "embeddings" && (
          <span className="mt-1 block text-[13px] text-warning">
            Documents are found by their words alone. To have it: {remedy}.
          </span>
        )}
        {state !== "missing" && remedy && !props.isScripted && (
          <span className="mt-1 block text-[13px] text-warning">To have it: {remedy}.</span>
        )}
        {state === "missing" && guide && (
          <span className="block text-[13px] text-muted">
            Guide: <code className="font-mono text-xs">docs/{guide}</code>
          </span>
        )}
      </td>
      <td className="py-2 pr-3 max-md:hidden">{engine}</td>
      <td className="py-2 pr-3 whitespace-nowrap max-md:hidden">{licence ?? "–"}</td>
      <td className="py-2 pr-3 text-right whitespace-nowrap tabular-nums max-md:hidden">{bytes ?? "–"}</td>
      <td className="py-2 text-right">
        <State state={state} />
      </td>
    </tr>
  );
}

function State({ state }: { state: EquippedModel["state"] }) {
  if (state === "ready") return <Badge tone="success">ready</Badge>;
  if (state === "missing") return <Badge tone="danger">missing</Badge>;
  return (
    <Badge tone="warning">
      <LoaderCircle className="mr-1 size-3 animate-spin" aria-hidden />
      loading
    </Badge>
  );
}
