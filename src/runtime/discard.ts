/**
 * Memory given back at once. What only the garbage collector frees stays until it next runs: copies of several megabytes that
 * every training step makes pile up meanwhile, each in pages that are faulted in anew.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

let nowhere: MessagePort | null = null;

/** Frees a buffer, which is empty from then on. A port whose other end is closed takes it over, and drops it. */
export function discard(buffer: ArrayBuffer): void {
  if (nowhere === null) {
    const { port1, port2 } = new MessageChannel();
    port2.close();
    nowhere = port1;
  }
  nowhere.postMessage(null, [buffer]);
}
