import { isVin, ownsClientId, passwordMatches } from '#contract/identity.ts';
import { carMayPublish, carMaySubscribe } from '#contract/mqtt-topics.ts';
import type { BrokerGuard } from '#wire/guarded-broker.ts';

/** Who may connect as a car, and what a car may touch: its own telemetry and its own alarms. */
export function carGuard(fleetSecret: string): Omit<BrokerGuard, 'onPublish'> {
  return {
    authenticate: ({ clientId, username, password }) => {
      if (username === undefined || !isVin(username)) return { refuse: 'bad-credentials' };
      if (!passwordMatches(fleetSecret, username, password)) return { refuse: 'bad-credentials' };
      if (!ownsClientId(username, clientId)) return { refuse: 'foreign-client-id' };
      return username;
    },
    mayPublish: carMayPublish,
    maySubscribe: carMaySubscribe,
  };
}
