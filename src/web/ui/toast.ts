import { notifications } from "@mantine/notifications";
import { useEffect } from "react";

/** What an action answers when the page should say so in passing. */
export interface ActionSaid {
  ok: boolean;
  message: string;
}

function isSaid(data: unknown): data is ActionSaid {
  return typeof data === "object" && data !== null && "ok" in data && "message" in data && typeof data.message === "string";
}

/** Shows what an action answered as a toast, once. */
export function useToast(data: unknown): void {
  useEffect(() => {
    if (!isSaid(data)) return;
    notifications.show({ message: data.message, color: data.ok ? "teal" : "red", autoClose: data.ok ? 5000 : 12_000 });
  }, [data]);
}
