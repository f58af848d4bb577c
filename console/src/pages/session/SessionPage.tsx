import { Loading, Page } from "@/ui/Page";

export function SessionPage() {
  return (
    <Page title="Session">
      <Loading />
    </Page>
  );
}
