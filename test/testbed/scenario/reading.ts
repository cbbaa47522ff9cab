import assert from 'node:assert/strict';
import { scratch } from '#test/fleetbed.ts';
import { loadScenario, type Overrides } from '#testbed/scenario/load.ts';
import { ScenarioError } from '#testbed/scenario/problems.ts';
import type { Scenario } from '#testbed/scenario/scenario.ts';

/** A scenario from its text. @throws ScenarioError */
export async function load(text: string, overrides: Partial<Overrides> = {}): Promise<Scenario> {
  await using folder = await scratch();
  const file = await folder.file('scenario.yaml', text);
  return await loadScenario(file, { set: [], kafkaGiven: false, ...overrides });
}

/** What is said of a scenario, without the file's name. */
export async function said(text: string, overrides: Partial<Overrides> = {}): Promise<string[]> {
  try {
    await load(text, overrides);
    return [];
  } catch (error) {
    assert.ok(error instanceof ScenarioError, `only words: ${String(error)}`);
    assert.equal(error.exitCode, 104);
    return error.problems.map((problem) => problem.replace(/^\S*\/scenario\.yaml:/, ''));
  }
}
