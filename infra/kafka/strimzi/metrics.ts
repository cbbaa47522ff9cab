/** What the brokers' JMX exporter shows: what the alert rules and dashboards of monitoring/ ask for, and no more. */
export const jmxRules = `lowercaseOutputName: true
rules:
  - pattern: kafka.server<type=BrokerTopicMetrics, name=(BytesInPerSec|BytesOutPerSec|MessagesInPerSec)><>Count
    name: kafka_broker_$1_total
    type: COUNTER
  - pattern: kafka.server<type=ReplicaManager, name=(UnderReplicatedPartitions|UnderMinIsrPartitionCount|PartitionsWithLateTransactionsCount)><>Value
    name: kafka_replicas_$1
    type: GAUGE
  - pattern: kafka.controller<type=KafkaController, name=(OfflinePartitionsCount)><>Value
    name: kafka_controller_$1
    type: GAUGE
  - pattern: kafka.network<type=RequestMetrics, name=TotalTimeMs, request=(Produce|FetchConsumer)><>99thPercentile
    name: kafka_request_p99_ms
    type: GAUGE
    labels:
      request: $1
  - pattern: kafka.server<type=BrokerTopicMetrics, name=(RemoteCopyErrorsPerSec)><>Count
    name: kafka_tiered_$1_total
    type: COUNTER
  - pattern: kafka.server<type=BrokerTopicMetrics, name=(RemoteCopyLagBytes)><>Value
    name: kafka_tiered_$1
    type: GAUGE
`;
