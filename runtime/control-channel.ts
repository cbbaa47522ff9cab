/** This process's end of the channel to the testbed that supervises it (Node's IPC; what it carries: contract/control.ts). */
export interface ControlChannel<In, Out> {
  send(message: Out): void;
  onMessage(callback: (message: In) => void): void;
  /** Nothing more is listened to. */
  close(): void;
}

/** undefined when the process runs alone. */
export function controlChannel<In, Out>(): ControlChannel<In, Out> | undefined {
  if (!process.send) return undefined;
  const listeners: ((message: unknown) => void)[] = [];
  return {
    // A testbed that is gone is noticed by the end of the channel, which ends the process.
    send: (message) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
    onMessage: (callback) => {
      const listener = (message: unknown): void => callback(message as In);
      listeners.push(listener);
      process.on('message', listener);
    },
    close: () => {
      for (const listener of listeners.splice(0)) process.off('message', listener);
    },
  };
}
