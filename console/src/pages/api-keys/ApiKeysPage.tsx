import { Loading, Page } from "@/ui/Page";

export function ApiKeysPage() {
  return (
    <Page title="ApiKeys">
      <Loading />
    </Page>
  );
}
