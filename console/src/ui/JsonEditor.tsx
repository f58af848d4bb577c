import { json } from "@codemirror/lang-json";
import CodeMirror, { EditorView } from "@uiw/react-codemirror";
import { useSyncExternalStore } from "react";

/** An editor of JSON. Load it lazily: it is the largest thing that the console has. */
export default function JsonEditor(props: {
  value: string;
  onChange: (value: string) => void;
  label: string;
  height?: string;
  readOnly?: boolean;
}) {
  const dark = useSyncExternalStore(watchTheme, () => document.documentElement.dataset.theme === "dark");
  return (
    <CodeMirror
      value={props.value}
      height={props.height ?? "16rem"}
      theme={dark ? "dark" : "light"}
      readOnly={props.readOnly ?? false}
      basicSetup={{ foldGutter: false, lineNumbers: false, tabSize: 2 }}
      extensions={[json(), EditorView.lineWrapping, EditorView.contentAttributes.of({ "aria-label": props.label })]}
      onChange={props.onChange}
      // The editor's own dark ground is too light for its colours to be read by everybody.
      className="overflow-hidden rounded-md border border-line-strong/60 text-[13px] [&_.cm-editor]:!bg-surface"
    />
  );
}

function watchTheme(tell: () => void): () => void {
  const observer = new MutationObserver(tell);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}

