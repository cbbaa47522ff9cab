import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { signalNames, type SignalName } from '#contract/signals.ts';
import { trainOn, type TrainRequest } from '#cloud/trainer.ts';
import { decodeArtefact, type Artefact } from '#model/artefact.ts';
import { createScorer } from '#model/detector.ts';
import { createLog } from '#runtime/log.ts';
import { drives, type Drives } from './drives.ts';

const request: TrainRequest = {
  ...{ run: 'test', topicPrefix: '', since: 0, seed: 42, detector: 'virtual-sensors', counter: 1 },
  ...{ falseAlarmsPerVehicleDay: 8, expiresAfterMs: 60_000 },
};

type Spoil = NonNullable<Drives['spoil']>;

const without =
  (names: readonly SignalName[], fromSecond = 0): Spoil =>
  (_, second, name, value) =>
    names.includes(name) && second >= fromSecond ? Number.NaN : value;

async function learnt(spoil?: Spoil): Promise<Artefact> {
  const { artefact } = await trainOn(
    async (onBatch) => {
      for (const batch of drives({ cars: 50, seconds: 1000, ...(spoil && { spoil }) })) await onBatch(batch);
      return { offsets: [] };
    },
    request,
    { log: createLog({ component: 'test', level: 'silent' }), onProgress: () => undefined },
  );
  return decodeArtefact(artefact);
}

/** Alarms raised over healthy cars that nothing was learnt from. */
function raises(artefact: Artefact, spoil?: Spoil): SignalName[] {
  const scorer = createScorer(artefact);
  const slots = new Map<string, number>();
  const raised: SignalName[] = [];
  for (const batch of drives({ cars: 30, seconds: 1200, seed: 7, ...(spoil && { spoil }) })) {
    const slot = slots.get(batch.vin) ?? slots.size;
    slots.set(batch.vin, slot);
    for (const { transitions } of scorer.score([{ slot, batch }]))
      for (const { alarm, signal } of transitions) if (alarm === 'raised') raised.push(signal);
  }
  return raised;
}

describe('an absent sensor is no failure', { timeout: 300_000 }, () => {
  let artefact: Artefact;
  let usual: number;
  before(async () => {
    artefact = await learnt();
    usual = raises(artefact).length;
  });

  test('a fleet that lacks a third of the signals is learnt, and its absence raises nothing', async () => {
    const thirds: SignalName[][] = [
      [
        'massAirFlow',
        'oilTemperature',
        'oilPressure',
        'lambda',
        'catalystTemperature',
        'vibrationRms',
        'gear',
      ],
      ['manifoldPressure', 'throttlePosition', 'intakeAirTemperature', 'ambientTemperature'],
    ];
    thirds[1]!.push('ambientPressure', 'batteryCurrent', 'vibrationKurtosis');
    for (const absent of thirds) {
      assert.ok(absent.length >= signalNames.length / 3);
      const raised = raises(await learnt(without(absent)), without(absent));
      assert.ok(raised.length <= usual + 3, `${raised.join()}: ${usual} with all signals`);
      assert.ok(!raised.some((name) => absent.includes(name)));
    }
  });

  test('a sensor that falls silent, or that these cars never had, raises no alarm of another one', () => {
    for (const name of ['massAirFlow', 'engineSpeed', 'intakeAirTemperature', 'oilTemperature'] as const) {
      for (const from of [0, 600]) {
        const raised = raises(artefact, without([name], from));
        assert.ok(raised.length <= usual + 3, `${name} from ${from} s: ${raised.join()}; ${usual} usually`);
      }
    }
  });
});
