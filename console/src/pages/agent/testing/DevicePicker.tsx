import { Headphones } from "lucide-react";
import { Popover } from "radix-ui";
import { useEffect, useState } from "react";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Choice";

export type Devices = { microphone?: string; speaker?: string };
const NAME = "vivavoce.devices";
const DEFAULT = "default";

/** The devices that this browser was told to use, kept for the next time. */
export function useDevices(): [Devices, (devices: Devices) => void] {
  const [devices, setDevices] = useState<Devices>(remembered);
  return [
    devices,
    (chosen) => {
      localStorage.setItem(NAME, JSON.stringify(chosen));
      setDevices(chosen);
    },
  ];
}

function remembered(): Devices {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(NAME) ?? "{}");
    return typeof found === "object" && found !== null ? (found as Devices) : {};
  } catch {
    return {};
  }
}

export function DevicePicker({ devices, onChange }: { devices: Devices; onChange: (devices: Devices) => void }) {
  const [found, setFound] = useState<MediaDeviceInfo[]>([]);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (!open || !navigator.mediaDevices) return;
    const look = async () => setFound(await navigator.mediaDevices.enumerateDevices());
    void look();
    navigator.mediaDevices.addEventListener("devicechange", look);
    return () => navigator.mediaDevices.removeEventListener("devicechange", look);
  }, [open]);
  const choose = (kind: "audioinput" | "audiooutput", name: keyof Devices, label: string) => (
    <div className="grid gap-1">
      <span className="text-sm font-medium">{label}</span>
      <Select
        label={label}
        value={devices[name] ?? DEFAULT}
        options={[
          { value: DEFAULT, label: "As the system has it" },
          ...found
            .filter((each) => each.kind === kind && each.deviceId && each.deviceId !== DEFAULT)
            .map((each, index) => ({ value: each.deviceId, label: each.label || `${label} ${index + 1}` })),
        ]}
        onChange={(value) => {
          const { [name]: _, ...others } = devices;
          onChange(value === DEFAULT ? others : { ...others, [name]: value });
        }}
      />
    </div>
  );
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <Button kind="quiet" size="icon" aria-label="Microphone and loudspeaker">
          <Headphones aria-hidden />
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={4}
          className="z-30 grid w-72 gap-3 rounded-xl border border-line bg-raised p-4 shadow-lg"
        >
          {choose("audioinput", "microphone", "Microphone")}
          {choose("audiooutput", "speaker", "Loudspeaker")}
          <p className="text-[13px] text-muted">Names appear once the microphone was allowed. They hold from the next call on.</p>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
