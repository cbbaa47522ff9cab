import { runComponent } from '#runtime/component.ts';
import { simulatorComponent } from '#simulator/component.ts';

/** A simulator in a process of its own, with or without a control channel. */
process.exitCode = await runComponent(simulatorComponent, process.argv.slice(2));
