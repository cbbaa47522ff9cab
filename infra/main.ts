import { readStack } from './config/stack.ts';
import { inventory } from './inventory.ts';

/** What Pulumi runs. The configuration is checked before the first resource is named; the exports are the stack's outputs. */
export const { registry, resultsBucket, kubectl, kafka, kafkaForm, run, size } = inventory(readStack());
