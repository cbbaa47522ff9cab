import { bridgeComponent } from '#bridge/component.ts';
import { runComponent } from '#runtime/component.ts';

/** A bridge in a process of its own, to be killed. */
process.exitCode = await runComponent(bridgeComponent, process.argv.slice(2));
