import { Loading, Page } from "@/ui/Page";

export function PhoneNumbersPage() {
  return (
    <Page title="PhoneNumbers">
      <Loading />
    </Page>
  );
}
