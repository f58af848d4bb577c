import { authorisedFetch } from "@/api/client";

/** Saves what the server answers with as a file of this name. Raises `ApiError`. */
export async function download(path: string, name: string): Promise<void> {
  save(await (await authorisedFetch(path)).blob(), name);
}

export function save(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads it after this task.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
