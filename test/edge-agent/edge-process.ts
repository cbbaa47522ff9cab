import { edgeComponent } from '#edge-agent/component.ts';
import { runComponent } from '#runtime/component.ts';

/** An edge agent in a process of its own, to be killed and to be watched. */
process.exitCode = await runComponent(edgeComponent, process.argv.slice(2));
