import { Loading, Page } from "@/ui/Page";

export function SettingsPage() {
  return (
    <Page title="Settings">
      <Loading />
    </Page>
  );
}
