import { Loading } from "@/ui/Page";

export function ConfigurationTab() {
  return <Loading />;
}
