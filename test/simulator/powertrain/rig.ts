import { signalNames, type SignalName } from '#contract/signals.ts';
import { Driver, type Beginning, type Usage } from '#simulator/driving/driver.ts';
import { Surroundings } from '#simulator/driving/surroundings.ts';
import { Build } from '#simulator/population/build.ts';
import { profiles } from '#simulator/population/profiles.ts';
import { Health } from '#simulator/powertrain/health.ts';
import { Powertrain } from '#simulator/powertrain/powertrain.ts';
import { RandomStream } from '#simulator/random.ts';

export const mayMorning = Date.UTC(2026, 4, 5, 8);

interface Start {
  car?: number;
  how?: Beginning;
  usage?: Usage;
  simTime?: number;
}

/** One car without sensors, second by second: true values. */
export class Rig {
  readonly build = new Build();
  readonly health = new Health();
  readonly driver = new Driver();
  readonly surroundings = new Surroundings();
  readonly powertrain = new Powertrain();
  readonly random: RandomStream;
  readonly profile;
  readonly usage: Usage;
  simTime: number;

  constructor(
    profile: string,
    { car = 0, how = 'warm', usage = 'continuous', simTime = mayMorning }: Start = {},
  ) {
    this.profile = profiles.get(profile)!;
    this.usage = usage;
    this.simTime = simTime;
    this.build.draw(7, car);
    this.random = RandomStream.of(7, car, 'driving');
    const { build, driver, surroundings, health, random } = this;
    surroundings.begin(simTime, build, health, random);
    const speed = driver.begin(how, usage, simTime, random);
    this.powertrain.begin(how, speed, driver, surroundings, this.profile, build, random);
  }

  /** @param change what a test does to the driver's wish before the powertrain answers */
  step(change?: (rig: Rig) => void, dt = 1): void {
    const { build, driver, surroundings, powertrain, health, random } = this;
    this.simTime += dt * 1000;
    surroundings.step(dt, this.simTime, build, health, random);
    driver.step(dt, this.simTime, powertrain.motion.speed, build, health, this.usage, random);
    change?.(this);
    powertrain.step(dt, driver, surroundings, this.profile, build, health, random);
  }

  /** The true value of a signal now. */
  get(name: SignalName): number {
    this.powertrain.observe(this.surroundings, this.profile, this.build, this.health);
    return this.powertrain.values[signalNames.indexOf(name)]!;
  }
}

/** The engine runs and nobody drives. */
export function standing({ driver }: Rig): void {
  driver.ignition = true;
  driver.acceleration = -1;
}

/** Whatever the weather of the day. */
export function outside(celsius: number): (rig: Rig) => void {
  return ({ surroundings }) => {
    surroundings.temperature = celsius;
  };
}
