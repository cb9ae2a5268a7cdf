/**
 * The helper's side of a crew: runs the kernels that it is ordered to, until it is dismissed. Never
 * imported; `crew.ts` starts it by URL.
 * @module
 */
/// <reference lib="deno.worker" />
import { type Desk, serve } from "./mailbox.ts";
import { instantiateKernels } from "./instance.ts";

self.onmessage = async ({ data: desk }: MessageEvent<Desk>) => {
  const { kernels } = await instantiateKernels("threads", desk.memory, desk.thread);
  self.postMessage("ready");
  while (serve(desk, Object.values(kernels)));
  self.close();
};
