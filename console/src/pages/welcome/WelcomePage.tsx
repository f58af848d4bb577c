import { Loading, Page } from "@/ui/Page";

export function WelcomePage() {
  return (
    <Page title="Welcome">
      <Loading />
    </Page>
  );
}
