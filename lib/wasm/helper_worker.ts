/**
 * The helper's side: runs the kernels that it is ordered to, until it is dismissed. Never
 * imported; `helpers.ts` starts it by URL.
 * @module
 */
/// <reference lib="deno.worker" />
import { type Mailbox, serve } from "./mailbox.ts";
import { instantiateKernels } from "./instance.ts";

self.onmessage = async ({ data: mailbox }: MessageEvent<Mailbox>) => {
  const { kernels } = await instantiateKernels("threads", mailbox.memory, mailbox.thread);
  self.postMessage("ready");
  while (serve(mailbox, Object.values(kernels)));
  self.close();
};
