import { ApiError } from "@/api/client";
import { key } from "@/api/key";

/** Uploads a file into a collection. `fetch` cannot tell how much has gone up, so this is the older interface. */
export function upload(collectionId: string, file: File, onProgress: (share: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/collections/${encodeURIComponent(collectionId)}/documents`);
    request.setRequestHeader("Authorization", `Bearer ${key.get() ?? ""}`);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => reject(new ApiError(0, "unreachable", "The server cannot be reached."));
    request.onload = () => {
      if (request.status < 300) resolve();
      else reject(new ApiError(request.status, "upload_failed", said(request)));
    };
    const form = new FormData();
    form.set("name", file.name);
    form.set("content_type", file.type || "application/octet-stream");
    form.set("data", file);
    request.send(form);
  });
}

function said(request: XMLHttpRequest): string {
  try {
    const body = JSON.parse(request.responseText) as { error?: { message?: string } };
    return body.error?.message ?? `The server answered ${request.status}.`;
  } catch {
    return `The server answered ${request.status}.`;
  }
}
