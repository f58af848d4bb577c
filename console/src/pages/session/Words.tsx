import { useId, useState } from "react";
import { stretches } from "@/pages/session/heard";
import type { Message } from "@/pages/session/transcript";

const SHOWN_CHARACTERS = 240;

/** What was heard of a message and, struck through, what was generated of it and never heard. */
export function Words({ message }: { message: Message }) {
  const generated = message.generated_text;
  const found = generated === null ? null : stretches(message.content, generated);
  const parts = found ?? [{ text: message.content, heard: true }];
  const rest = parts.at(-1)?.heard === false ? parts.pop() : undefined;
  return (
    <p className="break-words whitespace-pre-line">
      {parts.map((part, index) => (part.heard ? <span key={index}>{part.text.trimEnd()} </span> : <Unheard key={index} text={part.text} />))}
      {message.interrupted && <span className="text-muted">— (the caller broke in here; no more was heard) </span>}
      {rest && <Unheard text={rest.text} />}
      {generated !== null && found === null && <span className="text-muted">(generated: {generated})</span>}
    </p>
  );
}

/** Words that nobody heard. A screen reader says so before them; a long text is shown whole when it is asked for. */
function Unheard({ text }: { text: string }) {
  const id = useId();
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > SHOWN_CHARACTERS * 1.5;
  const end = text.lastIndexOf(" ", SHOWN_CHARACTERS);
  const shown = isLong && !isWhole ? `${text.slice(0, end > 0 ? end : SHOWN_CHARACTERS).trim()} …` : text.trim();
  return (
    <>
      <span className="sr-only">Not heard: </span>
      <del id={id} className="text-muted" title="Not heard">
        {shown}
      </del>{" "}
      {isLong && (
        <button
          type="button"
          className="rounded text-[13px] text-accent underline underline-offset-2 hover:text-accent-hover"
          aria-expanded={isWhole}
          aria-controls={id}
          onClick={() => setWhole(!isWhole)}
        >
          {isWhole ? "Show less" : "Show all that was not heard"}
        </button>
      )}
    </>
  );
}
