/** The image's health check: does the one component of this container still answer? Kubernetes asks it by itself. */
const port = process.env['FLEETBED_HEALTH_PORT'] ?? '9100';

try {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4000) });
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stderr.write(`no answer from port ${port}: ${String(error)}\n`);
  process.exitCode = 1;
}
