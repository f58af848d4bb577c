import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LoaderCircle, Mic, MicOff, PhoneOff } from "lucide-react";
import { ApiError, api, data } from "@/api/client";
import { lacking, useEquipment } from "@/api/equipment";
import { type Readiness, readiness } from "@/api/server";
import { NextSteps } from "@/pages/welcome/NextSteps";
import { Button } from "@/ui/Button";
import { MissingModels } from "@/ui/MissingModels";
import { Badge, Card, Failure, Page } from "@/ui/Page";
import { Lines } from "@/voice/Lines";
import { Meters } from "@/voice/Meters";
import { useCall } from "@/voice/useCall";

const ASKED_MS = 1_000;

/** The first minute: the server gets ready, one button, a conversation, and where to go from there. */
export function WelcomePage() {
  const state = useQuery({
    queryKey: ["readiness", "first"],
    queryFn: readiness,
    refetchInterval: (query) => (query.state.data?.status === "ready" ? false : ASKED_MS),
  });
  const agent = useQuery({
    queryKey: ["agent", "default"],
    queryFn: () => data(api.GET("/v1/agents/{agent_id}", { params: { path: { agent_id: "default" } } })),
  });
  const equipment = useEquipment();
  const missing = state.data?.status === "starting" ? lacking(equipment.data) : [];
  return (
    <Page title="Talk to your agent" lead="Everything runs on your own machine. Press the button and say hello.">
      <ServerLine state={state.data} isStuck={missing.length > 0} />
      <MissingModels models={missing} />
      {state.isError && <Failure error={state.error} onRetry={() => state.refetch()} />}
      {agent.isError && agent.error instanceof ApiError && agent.error.status === 404 ? (
        <Card className="grid justify-items-start gap-3">
          <p className="text-sm">There is no agent yet. Begin with one of six templates.</p>
          <Button asChild kind="primary" size="large">
            <Link to="/agents" search={{ create: true }}>
              Create an agent
            </Link>
          </Button>
        </Card>
      ) : agent.isError ? (
        <Failure error={agent.error} onRetry={() => agent.refetch()} />
      ) : (
        <FirstCall
          agentId={agent.data?.agent_id ?? null}
          name={agent.data?.name ?? "the agent"}
          ready={state.data?.status === "ready"}
        />
      )}
      <NextSteps />
    </Page>
  );
}

function ServerLine({ state, isStuck }: { state: Readiness | undefined; isStuck: boolean }) {
  return (
    <p role="status" className="flex min-h-6 flex-wrap items-center gap-2 text-sm">
      {state?.status === "ready" ? (
        <>
          <Badge tone="success">ready</Badge>
          <span>The server has loaded its models.</span>
        </>
      ) : state?.status === "starting" && isStuck ? (
        <Badge tone="danger">not ready</Badge>
      ) : state?.status === "starting" ? (
        <>
          <LoaderCircle className="size-4 animate-spin text-warning" aria-hidden />
          <span>
            The server still loads: {state.waiting_for.join(", ")}. The button works as soon as that is done; you need
            not load this page again.
          </span>
        </>
      ) : (
        <span className="text-muted">Asking the server …</span>
      )}
    </p>
  );
}

function FirstCall({ agentId, name, ready }: { agentId: string | null; name: string; ready: boolean }) {
  const [call, view] = useCall();
  const live = view.state === "live" || view.state === "reconnecting" || view.state === "connecting";
  const said = view.conversation.lines;
  return (
    <Card className="grid gap-4">
      <div className="flex flex-wrap items-center gap-3">
        {live ? (
          <>
            <Button kind="danger" size="large" onClick={() => call.close()}>
              <PhoneOff aria-hidden />
              Hang up
            </Button>
            {view.hasMicrophone && (
              <Button size="large" aria-pressed={view.muted} onClick={() => call.mute(!view.muted)}>
                {view.muted ? <MicOff aria-hidden /> : <Mic aria-hidden />}
                {view.muted ? "Unmute" : "Mute"}
              </Button>
            )}
          </>
        ) : (
          <Button
            kind="primary"
            size="large"
            className="h-14 px-7 text-lg [&_svg]:size-5"
            disabled={!ready || agentId === null}
            onClick={() => agentId && call.open({ agentId, withMicrophone: true })}
          >
            <Mic aria-hidden />
            {said.length > 0 ? "Talk again" : "Talk to your agent"}
          </Button>
        )}
        <p className="text-sm text-muted">
          {live
            ? `You are talking with ${name}. Speak over it whenever you like.`
            : "The browser asks for the microphone once. Headphones help."}
        </p>
      </div>
      <Meters call={call} live={live && view.hasMicrophone} />
      {view.problem && (
        <p role="alert" className="rounded-lg bg-warning-soft p-3 text-sm text-warning">
          {view.problem}
        </p>
      )}
      {said.length > 0 && <Lines lines={said} />}
      {!live && view.sessionId && (
        <p className="text-sm">
          That was a real call.{" "}
          <Link
            to="/sessions/$sessionId"
            params={{ sessionId: view.sessionId }}
            className="font-medium text-accent underline underline-offset-2"
          >
            See what it took, turn by turn
          </Link>
        </p>
      )}
    </Card>
  );
}
