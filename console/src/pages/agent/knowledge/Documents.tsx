import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { FileText, FileUp, PencilLine, Trash2 } from "lucide-react";
import { type DragEvent, useRef, useState } from "react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import { upload } from "@/pages/agent/knowledge/uploading";
import { Button } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { Field, Input, Textarea } from "@/ui/Field";
import { Badge, Empty, Failure, Loading } from "@/ui/Page";
import { classes } from "@/ui/classes";
import { deletions, useDeleted } from "@/ui/deletions";

const ACCEPTED = ".pdf,.docx,.html,.htm,.md,.markdown,.txt,.csv,.json";
const BUSY = ["PROCESSING", "CHUNKED", "EMBEDDING", "WRITING"];
const WORDS: Record<string, string> = {
  PROCESSING: "being read",
  CHUNKED: "cut into passages",
  EMBEDDING: "being indexed",
  WRITING: "almost there",
  PROCESSED: "ready",
  FAILED: "failed",
};

/** The documents of one collection: upload, write, watch them being indexed, delete. */
export function Documents({ collectionId }: { collectionId: string }) {
  const queries = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [uploads, setUploads] = useState<Record<string, number>>({});
  const [writing, setWriting] = useState(false);
  const [over, setOver] = useState(false);
  const [leaving, setLeaving] = useState<{ id: string; name: string } | null>(null);
  const queryKey = ["collection", collectionId, "documents"];
  const path = { collection_id: collectionId };
  const documents = useQuery({
    queryKey,
    queryFn: () => data(api.GET("/v1/collections/{collection_id}/documents", { params: { path, query: { limit: 100 } } })),
    // While something is being indexed, its progress is worth asking for.
    refetchInterval: (query) => (query.state.data?.documents.some(({ status }) => BUSY.includes(short(status))) ? 1000 : false),
  });
  const refresh = () => queries.invalidateQueries({ queryKey });
  const deleted = useDeleted();
  const pathOf = (fileId: string) =>
    `/v1/collections/${encodeURIComponent(collectionId)}/documents/${encodeURIComponent(fileId)}`;
  const known = documents.data?.documents.filter(({ file_metadata }) => !deleted.has(pathOf(file_metadata?.file_id ?? "")));

  const add = async (files: Iterable<File>) => {
    for (const file of files) {
      const progress = (share: number | null) =>
        setUploads(({ [file.name]: _, ...others }) => (share === null ? others : { ...others, [file.name]: share }));
      try {
        progress(0);
        await upload(collectionId, file, progress);
      } catch (error) {
        toast.error(`${file.name}: ${error instanceof Error ? error.message : "the upload failed"}`);
      } finally {
        progress(null);
        await refresh();
      }
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void add(event.dataTransfer.files);
  };

  return (
    <section
      aria-label="Documents"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={classes("grid gap-3 rounded-lg", over && "outline-2 outline-accent outline-dashed outline-offset-4")}
    >
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" onClick={() => input.current?.click()}>
          <FileUp aria-hidden />
          Upload documents
        </Button>
        <Button onClick={() => setWriting(true)}>
          <PencilLine aria-hidden />
          Write a text
        </Button>
        <input
          ref={input}
          type="file"
          multiple
          accept={ACCEPTED}
          className="sr-only"
          tabIndex={-1}
          aria-label="Documents to upload"
          onChange={(event) => {
            void add(event.target.files ?? []);
            event.target.value = "";
          }}
        />
        <p className="self-center text-[13px] text-muted">PDF, DOCX, HTML, Markdown, text, CSV or JSON, up to 50 MB.</p>
      </div>
      {Object.entries(uploads).map(([name, share]) => (
        <div key={name} className="grid gap-1 text-sm">
          <span className="flex justify-between gap-2">
            <span className="truncate">{name}</span>
            <span className="tabular-nums">{Math.round(share * 100)} %</span>
          </span>
          <progress className="h-1.5 w-full accent-(--accent)" value={share} aria-label={`Upload of ${name}`} />
        </div>
      ))}
      {documents.isPending && <Loading rows={2} />}
      {documents.isError && <Failure error={documents.error} onRetry={() => documents.refetch()} />}
      {known?.length === 0 && (
        <Empty title="No documents yet" icon={<FileText aria-hidden />}>
          Drop files here, or write a text. The agent finds answers in them and names where they stand.
        </Empty>
      )}
      <ul className="divide-y divide-line">
        {known?.map((document) => {
          const status = short(document.status);
          const name = document.file_metadata?.name ?? "a document";
          const id = document.file_metadata?.file_id ?? "";
          return (
            <li key={id} className="flex items-center gap-3 py-2.5">
              <FileText className="size-4.5 shrink-0 text-muted" aria-hidden />
              <span className="min-w-0 flex-1">
                <span className="block truncate text-sm font-medium">{name}</span>
                {document.error_message && <span className="block text-sm text-danger">{document.error_message}</span>}
                {BUSY.includes(status) && document.chunks_total ? (
                  <progress
                    className="mt-1 h-1.5 w-full max-w-60 accent-(--accent)"
                    value={(document.chunks_done ?? 0) / document.chunks_total}
                    aria-label={`Progress of ${name}`}
                  />
                ) : null}
              </span>
              <Badge tone={status === "PROCESSED" ? "success" : status === "FAILED" ? "danger" : "warning"}>
                {WORDS[status] ?? status}
              </Badge>
              <Button kind="quiet" size="icon" aria-label={`Delete ${name}`} onClick={() => setLeaving({ id, name })}>
                <Trash2 aria-hidden />
              </Button>
            </li>
          );
        })}
      </ul>
      <WriteText open={writing} collectionId={collectionId} onClose={() => setWriting(false)} onDone={refresh} />
      <Confirm
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Delete ${leaving?.name ?? "the document"}?`}
        description="Its text and its index are deleted from the server. After a few seconds they cannot be brought back."
        action="Delete"
        onConfirm={() => {
          if (leaving) deletions.begin(pathOf(leaving.id), `${leaving.name} is deleted.`, refresh);
          setLeaving(null);
        }}
      />
    </section>
  );
}

function short(status: string): string {
  return status.replace("DOCUMENT_STATUS_", "");
}

function WriteText(props: { open: boolean; collectionId: string; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const keep = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/collections/{collection_id}/texts", {
          params: { path: { collection_id: props.collectionId } },
          body: { name: name.trim(), text },
        }),
      ),
    onSuccess: () => {
      setName("");
      setText("");
      props.onClose();
      props.onDone();
    },
  });
  return (
    <Dialog open={props.open} onClose={props.onClose} wide title="Write a text" description="Markdown headings help to find the right passage.">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          keep.mutate();
        }}
      >
        <Field label="Name">
          {(ids) => <Input {...ids} required value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label="Text">
          {(ids) => (
            <Textarea {...ids} required rows={12} value={text} onChange={(event) => setText(event.target.value)} />
          )}
        </Field>
        {keep.isError && <Failure error={keep.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={keep.isPending} disabled={!name.trim() || !text.trim()}>
            Keep
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
