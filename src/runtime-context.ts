import { createContext } from "react-router";
import type { Runtime } from "./runtime.ts";

/** Where loaders and actions find the process: `context.get(runtimeContext)`. */
export const runtimeContext = createContext<Runtime>();

/** The one-time value that lets this page's own inline scripts run under the content security policy. */
export const nonceContext = createContext<string>("");
