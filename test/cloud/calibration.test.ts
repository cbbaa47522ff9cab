import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HealthyLevels } from '#cloud/training/healthy-levels.ts';

/** One car for each of these highest levels. */
function highestOf(levels: readonly number[]): number {
  const healthy = new HealthyLevels();
  for (const level of levels) {
    healthy.reach('x.raise', level / 2);
    healthy.reach('x.raise', level);
    healthy.reach('x.raise', level / 3);
    healthy.endCar();
  }
  return healthy.highest('x.raise');
}

describe('the highest level of healthy cars', () => {
  const healthy = Array.from({ length: 100 }, (_, car) => 10 + (car % 41));

  it('is that of the highest car', () => {
    assert.equal(highestOf(healthy), 50);
  });

  it('leaves out two in a hundred that stand far above all others', () => {
    assert.equal(highestOf([900, 400, ...healthy.slice(2)]), 50);
    assert.equal(highestOf([900, ...healthy.slice(1)]), 50);
  });

  it('takes more than two in a hundred for a property of the fleet', () => {
    assert.equal(highestOf([900, 800, 700, ...healthy.slice(3)]), 900);
  });

  it('takes a car that is only the highest for a healthy one', () => {
    assert.equal(highestOf([140, 120, ...healthy.slice(2)]), 140);
  });

  it('is 0 where no level ever rose', () => {
    assert.equal(highestOf([]), 0);
    assert.equal(highestOf([0, 0]), 0);
    assert.equal(new HealthyLevels().highest('y.raise'), 0);
  });
});
