import { Loading } from "@/ui/Page";

export function KnowledgeTab() {
  return <Loading />;
}
