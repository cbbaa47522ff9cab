/** A real MQTT broker, in a process of its own, for one test file. */
export interface TestBroker {
  /** Where edges connect, and where bridges do: may be the same. */
  edgePort: number;
  bridgePort: number;
  /** Again, after kill(), with what it had kept. */
  start(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Has what it keeps written to disk now, where it does not do so with each message. */
  save(): Promise<void>;
  /** Loses, while it is down, what it had kept. */
  forget(): Promise<void>;
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
}
