import { Loading, Page } from "@/ui/Page";

export function SessionsPage() {
  return (
    <Page title="Sessions">
      <Loading />
    </Page>
  );
}
