import type { RefusalReason } from './mqtt-refusals.ts';

export interface ReceivedMessage {
  /** Who sent it, as `authenticate` named it. */
  name: string;
  topic: string;
  payload: Buffer;
  qos: 0 | 1;
  /** The sender says that it may have sent it before. */
  dup: boolean;
  retain: boolean;
  /** It is the last will of a connection that ended without a goodbye. */
  will: boolean;
}

/** Says that a message is durable (QoS 1: its PUBACK may go out), or by an error that its sender is to be cut off. */
export type Settle = (error?: Error) => void;

/** What the broker's owner decides. All of it is called on the event loop, and none of it may throw. */
export interface BrokerGuard {
  /** @returns the name that the client acts as: one connection a name, a newer one takes over */
  authenticate(identity: {
    clientId: string;
    username: string | undefined;
    password: Buffer | undefined;
  }): string | { refuse: RefusalReason };
  mayPublish(name: string, topic: string): boolean;
  /** Filters with wildcards are refused before this is asked. */
  maySubscribe(name: string, filter: string): boolean;
  /**
   * In order of arrival per connection. `settle` may be called at any time and in any order, once; the PUBACKs go out
   * in order of arrival. At least once: after a takeover or a reconnect the same message comes again, not always with
   * `dup`.
   */
  onPublish(message: ReceivedMessage, settle: Settle): void;
  /** Published where its sender may not; the connection is being closed. For keeping the bytes: nobody waits for it. */
  onForbidden?(message: ReceivedMessage): void;
  onConnected?(name: string): void;
  /** Once for each onConnected, and before the next onConnected of the same name. */
  onGone?(name: string): void;
}
