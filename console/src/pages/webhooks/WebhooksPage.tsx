import { Loading, Page } from "@/ui/Page";

export function WebhooksPage() {
  return (
    <Page title="Webhooks">
      <Loading />
    </Page>
  );
}
