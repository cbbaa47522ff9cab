/** MQTT topics between car, edge and bridge, and who may use them. */
export const carTopics = {
  /** car -> edge: Avro, or JSON when it starts with '{'. */
  telemetry: (vin: string): string => `vehicles/${vin}/telemetry`,
  /** edge -> car. */
  alarm: (vin: string): string => `vehicles/${vin}/alarm`,
};

export const edgeTopics = {
  /** edge -> bridge: frames. */
  uplink: (edge: string): string => `edges/${edge}/uplink`,
  /** edge -> bridge, retained; the last will says offline. */
  state: (edge: string): string => `edges/${edge}/state`,
  /** bridge -> edge, retained: the release that this edge should run. */
  desired: (edge: string): string => `edges/${edge}/desired`,
  /** bridge -> edge, retained, at a broker of the user's own: it keeps this edge's frames for its bridges from now on. */
  subscribed: (edge: string): string => `edges/${edge}/subscribed`,
};

/** Between bridges, at a broker of the user's own. */
export const bridgeTopics = {
  /** Retained: which bridge takes the edge's frames. Its last will clears it. */
  owner: (run: string, edge: string): string => `bridges/${run}/${edge}/owner`,
};

/** bridge -> edge, retained: the parts of releases. An edge subscribes to the one it lacks. */
export const releaseTopics = {
  manifest: (id: string): string => `releases/${id}/manifest`,
  /** `n` from 0. */
  chunk: (id: string, n: number): string => `releases/${id}/chunk/${n}`,
};

/** May the car publish to this topic? */
export function carMayPublish(vin: string, topic: string): boolean {
  return topic === carTopics.telemetry(vin);
}

/** May the car subscribe to this filter? */
export function carMaySubscribe(vin: string, filter: string): boolean {
  return filter === carTopics.alarm(vin);
}

export function edgeMayPublish(edge: string, topic: string): boolean {
  return topic === edgeTopics.uplink(edge) || topic === edgeTopics.state(edge);
}

export function edgeMaySubscribe(edge: string, filter: string): boolean {
  return filter === edgeTopics.desired(edge) || /^releases\/[^+#/]+\/(manifest|chunk\/\d+)$/.test(filter);
}
