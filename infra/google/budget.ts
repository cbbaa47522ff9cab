import { Budget } from '@pulumi/gcp/billing/budget.js';
import { NotificationChannel } from '@pulumi/gcp/monitoring/notificationChannel.js';
import { Provider } from '@pulumi/gcp/provider.js';
import { getProjectOutput } from '@pulumi/gcp/organizations/getProject.js';
import { interpolate, type Resource } from '@pulumi/pulumi';
import type { Stack } from '../config/stack.ts';

/** A mail when half, nine tenths and all of the month's budget is spent, or will be. It warns: it turns nothing off. */
export function budget({ settings, name }: Stack, dependsOn: Resource[]): Budget {
  const project = settings['gcp:project'];
  const channel = new NotificationChannel(
    'budget-mail',
    {
      type: 'email',
      displayName: `Budget of fleetbed ${name}`,
      labels: { email_address: settings['fleetbed:alertEmail'] },
    },
    { dependsOn },
  );
  // The API of budgets wants to know which project a person asks from; others must not be told.
  const asProject = new Provider('gcp-of-budget', {
    project,
    billingProject: project,
    userProjectOverride: true,
  });
  const { number } = getProjectOutput({ projectId: project }, { dependsOn });
  const budgetOf = {
    billingAccount: settings['fleetbed:billingAccount'],
    displayName: `fleetbed ${name}`,
    budgetFilter: { projects: [interpolate`projects/${number}`] },
    amount: { specifiedAmount: { units: String(settings['fleetbed:budget']) } },
    thresholdRules: [
      { thresholdPercent: 0.5 },
      { thresholdPercent: 0.9 },
      { thresholdPercent: 1 },
      { thresholdPercent: 1, spendBasis: 'FORECASTED_SPEND' },
    ],
    allUpdatesRule: { monitoringNotificationChannels: [channel.id] },
  };
  return new Budget('budget', budgetOf, { provider: asProject, dependsOn });
}
