import { trainerComponent } from '#cloud/component.ts';
import { runComponent } from '#runtime/component.ts';

/** `fleetbed train` in a process of its own: ended as the program ends it, whatever is still open. */
process.exit(await runComponent(trainerComponent, process.argv.slice(2)));
