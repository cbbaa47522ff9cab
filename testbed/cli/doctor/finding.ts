/** What one look at the machine found. */
export interface Finding {
  subject: string;
  /** `blocks`: a run cannot start. `warns`: it can, and something will be worse. */
  state: 'ok' | 'warns' | 'blocks';
  found: string;
  /** What it means for the scenario. */
  consequence?: string;
  /** The command or setting that mends it. */
  fix?: string;
}

export function ok(subject: string, found: string): Finding {
  return { subject, state: 'ok', found };
}
