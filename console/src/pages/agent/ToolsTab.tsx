import { Loading } from "@/ui/Page";

export function ToolsTab() {
  return <Loading />;
}
