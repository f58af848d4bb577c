import { useQuery } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";

export type Equipment = components["schemas"]["CapabilitiesObject"];
export type EquippedModel = components["schemas"]["ModelObject"];

const LOADING_MS = 1_000;
const MISSING_MS = 5_000;

export function capabilities(): Promise<Equipment> {
  return data(api.GET("/v1/capabilities"));
}

/** What the server works with; asked for again while a model is on its way. */
export function useEquipment() {
  return useQuery({
    queryKey: ["capabilities"],
    queryFn: capabilities,
    refetchInterval: ({ state }) => {
      if (state.data?.models.some((model) => model.state === "loading")) return LOADING_MS;
      return lacking(state.data).length > 0 ? MISSING_MS : false;
    },
  });
}

/** The models without which there are no calls, and that are not there. Documents are searched without theirs too. */
export function lacking(equipment: Equipment | undefined): EquippedModel[] {
  return (equipment?.models ?? []).filter((model) => model.state === "missing" && model.role !== "embeddings");
}

/** The one command that fetches them. */
export function pullCommand(models: EquippedModel[]): string {
  return `vivavoce models pull ${models.map((model) => model.name).join(" ")}`;
}
