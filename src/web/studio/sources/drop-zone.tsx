import { Button, Progress } from "@mantine/core";
import { useRef, useState } from "react";
import { useNavigate } from "react-router";
import classes from "./drop-zone.module.css";
import { type FolderFile, filesOf, packFolder } from "./pack-folder.ts";

type State =
  | { phase: "idle" }
  | { phase: "packing"; name: string }
  | { phase: "sending"; name: string; percent: number }
  | { phase: "failed"; name: string; problem: string };

/**
 * Takes an export by drop or by choice and sends it as it is to the API, which checks it before it answers; then a page
 * shows what it is and asks how it comes in.
 * @param props.connector which connector reads it; found out from the file when empty
 */
export function DropZone({ community, connector, accept }: { community: string; connector: string; accept?: string }) {
  const [state, setState] = useState<State>({ phase: "idle" });
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const folderInput = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();

  const send = (file: File) => {
    if (file.size === 0) {
      setState({ phase: "failed", name: file.name, problem: "It is empty (0 bytes): the export or its download was cut off. Make it again." });
      return;
    }
    const query = new URLSearchParams({ fileName: file.name, ...(connector ? { connector } : {}) });
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/communities/${community}/uploads?${query}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) =>
      setState({ phase: "sending", name: file.name, percent: event.total > 0 ? (event.loaded / event.total) * 100 : 0 });
    request.onerror = () => setState({ phase: "failed", name: file.name, problem: "The connection broke before the file had arrived. Try again." });
    request.onload = () => {
      const answer = readAnswer(request.responseText);
      if (request.status < 300 && answer.id) void navigate(`/studio/${community}/sources/bring-in/${answer.id}`);
      else setState({ phase: "failed", name: file.name, problem: answer.detail ?? answer.title ?? `The server answered ${request.status}.` });
    };
    setState({ phase: "sending", name: file.name, percent: 0 });
    request.send(file);
  };

  const sendFolder = async (name: string, files: FolderFile[]) => {
    setState({ phase: "packing", name });
    try {
      send(await packFolder(name, files));
    } catch (error) {
      setState({ phase: "failed", name, problem: error instanceof Error ? error.message : String(error) });
    }
  };
  const drop = async (items: DataTransferItemList) => {
    const { name, folder, files } = await filesOf(items);
    const [only] = files;
    if (folder) await sendFolder(name, files);
    else if (only) send(only.file);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the button inside does the same by keyboard
    <div
      className={classes.zone}
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void drop(event.dataTransfer.items);
      }}
    >
      <input
        ref={input}
        type="file"
        accept={accept}
        className="visually-hidden"
        aria-label="Export file"
        tabIndex={-1}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) send(file);
        }}
      />
      <input
        ref={(element) => {
          folderInput.current = element;
          // React knows no such attribute; without it a folder cannot be chosen.
          element?.setAttribute("webkitdirectory", "");
        }}
        type="file"
        className="visually-hidden"
        aria-label="Export folder"
        tabIndex={-1}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])].map((file) => ({ path: file.webkitRelativePath, file }));
          event.currentTarget.value = "";
          if (files.length > 0) void sendFolder(files[0]?.path.split("/", 1)[0] ?? "folder", files);
        }}
      />
      {state.phase === "packing" ? (
        <p role="status">Packing {state.name} …</p>
      ) : state.phase === "sending" ? (
        <div className={classes.bar} role="status">
          <p>{state.percent < 100 ? `Sending ${state.name} …` : `Checking ${state.name} …`}</p>
          <Progress value={state.percent} animated aria-label={`Sending ${state.name}`} />
        </div>
      ) : (
        <>
          {state.phase === "failed" ? (
            <p className={classes.problem} role="alert">
              <b>{state.name}</b>: {state.problem}
            </p>
          ) : (
            <span>Drop an export here, a file or a folder, or</span>
          )}
          <div className={classes.buttons}>
            <Button variant="default" onClick={() => input.current?.click()}>
              {state.phase === "failed" ? "Choose another file" : "Choose a file"}
            </Button>
            <Button variant="default" onClick={() => folderInput.current?.click()}>
              Choose a folder
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

function readAnswer(text: string): { id?: string; detail?: string; title?: string } {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== "object" || answer === null) return {};
    const field = (name: string) => {
      const value: unknown = Reflect.get(answer, name);
      return typeof value === "string" ? value : undefined;
    };
    return { id: field("id"), detail: field("detail"), title: field("title") };
  } catch {
    // A proxy in between answered with a page of its own: its status says enough.
    return {};
  }
}
