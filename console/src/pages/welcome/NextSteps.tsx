import { Link } from "@tanstack/react-router";
import { BookOpen, Bot, Code } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/Copy";
import { classes } from "@/ui/classes";

/** What comes after the first conversation. */
export function NextSteps() {
  const program = programFor(`${window.location.origin}/v1`);
  return (
    <section aria-label="Next steps" className="grid grid-cols-1 gap-4 lg:grid-cols-[2fr_3fr] lg:grid-rows-2">
      <Step icon={<Bot aria-hidden />} title="Make an agent of your own">
        <p>A clinic, a restaurant, a help desk: six templates that can be talked to at once, or begin with nothing.</p>
        <Button asChild className="justify-self-start">
          <Link to="/agents" search={{ create: true }}>
            Choose a template
          </Link>
        </Button>
      </Step>
      <Step icon={<BookOpen aria-hidden />} title="Read on">
        <p>
          The folder <code className="font-mono text-[13px]">docs</code> of the project begins with a tutorial. Every path
          and field of the API can be tried out here.
        </p>
        <Button asChild className="justify-self-start">
          <a href="/docs">Open the API reference</a>
        </Button>
      </Step>
      <Step icon={<Code aria-hidden />} title="Connect a client" className="lg:col-start-2 lg:row-span-2 lg:row-start-1">
        <p>OpenAI's library talks to this server once it knows the address and a key:</p>
        <pre tabIndex={0} aria-label="Program" className="overflow-x-auto rounded-lg bg-sunken p-3 font-mono text-xs text-text">
          {program}
        </pre>
        <div className="flex flex-wrap gap-2">
          <CopyButton text={program} />
          <Button asChild>
            <Link to="/api-keys">Make a key</Link>
          </Button>
        </div>
      </Step>
    </section>
  );
}

function Step(props: { icon: ReactNode; title: string; className?: string; children: ReactNode }) {
  const { icon, title, children } = props;
  return (
    <div
      className={classes(
        "grid min-w-0 content-start gap-3 rounded-xl border border-line bg-surface p-4 text-sm text-muted sm:p-5",
        props.className,
      )}
    >
      <h2 className="flex items-center gap-2 text-base font-semibold text-text [&_svg]:size-5 [&_svg]:text-accent">
        {icon}
        {title}
      </h2>
      {children}
    </div>
  );
}

/** The key itself is not shown: a page that is projected on a wall must not give it away. */
function programFor(base: string): string {
  return `from openai import OpenAI

client = OpenAI(base_url="${base}", api_key="YOUR_API_KEY")
with client.realtime.connect(model="vivavoce") as call:
    call.session.update(session={
        "type": "realtime", "output_modalities": ["text"]})
    call.conversation.item.create(item={
        "type": "message", "role": "user",
        "content": [{"type": "input_text", "text": "Hello!"}]})
    call.response.create()
    for event in call:
        if event.type == "response.output_text.done":
            print(event.text)
        if event.type == "response.done":
            break
`;
}
