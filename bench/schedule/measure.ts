import { ways, type WayName, type WayOptions } from './ways.ts';

/** One way in a process of its own; tells its parent what came out. */
export interface FromMeasure {
  p50: number;
  p99: number;
  max: number;
  messages: number;
  cpuSeconds: number;
}

const { way, ...options } = JSON.parse(process.argv[2] ?? '') as WayOptions & { way: WayName };
const { errorMs, cpuSeconds } = await ways[way](options);
const said: FromMeasure = {
  p50: errorMs.quantile(0.5),
  p99: errorMs.quantile(0.99),
  max: errorMs.max,
  messages: errorMs.count,
  cpuSeconds,
};
process.send?.(said);
process.disconnect();
