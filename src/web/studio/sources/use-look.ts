import { useEffect, useRef } from "react";
import { useFetcher, useFormAction } from "react-router";

/** Long enough for somebody who still types. */
const waitMs = 350;

/**
 * Posts a form with the intent `look` after each change, so that the page can show what it would come to.
 * @returns `onChange` and `onSubmit` for the form, the last answer, and whether one is awaited
 */
export function useLook<Answer>() {
  const fetcher = useFetcher<Answer>();
  // Said outright: left open, it would be whatever page is there when the time has come.
  const action = useFormAction();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const { submit, data, state } = fetcher;
  const onChange = (event: React.FormEvent<HTMLFormElement>) => {
    const form = event.currentTarget;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const fields = new FormData(form);
      fields.set("intent", "look");
      void submit(fields, { method: "post", action });
    }, waitMs);
  };
  // What is sent needs no look any more.
  const onSubmit = () => clearTimeout(timer.current);
  return { onChange, onSubmit, answer: data, isBusy: state !== "idle" };
}
