/** Strimzi's own rules that no schema knows: its release, and what that release runs. Source: its release notes for 1.2.0. */
export const strimziVersion = '1.2.0';
export const kafkaVersions = ['4.2.0', '4.2.1', '4.3.0', '4.3.1'] as const;

/** The Kafka that local runs and their tests use (testbed/run/kafka). */
export const kafkaVersion = '4.3.1' satisfies (typeof kafkaVersions)[number];
/** Metadata versions are a Kafka release without its patch, and -IV0 when it is out. */
export const metadataVersion = '4.3-IV0';
