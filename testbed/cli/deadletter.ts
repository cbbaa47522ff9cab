import { deadLetterReasons } from '#contract/records.ts';
import { createLog } from '#runtime/log.ts';
import { connectKafka } from '#wire/kafka.ts';
import type { Command } from './command.ts';
import { listLetters } from './deadletter/list.ts';
import { redriveLetters } from './deadletter/redrive.ts';
import { readRequest } from './deadletter/request.ts';
import { showLetter } from './deadletter/show.ts';

const usage = 'fleetbed deadletter ls|show PARTITION:OFFSET|redrive --kafka host:port,… [options]';

const help = `Usage: ${usage}

Looks at messages that were refused and kept (fleet.deadletter), and sends them again when what was wrong is mended.

  ls                   lists them, the newest last, and counts them by reason
  show P:O             one letter: all that it says, its bytes, and what an edge of this version would say of it
  redrive              sends the original bytes again to an edge, as their cars would: QoS 1, on their own topic

  --kafka host:port,…  Kafka's brokers; or FLEETBED_KAFKA_BROKERS
  --topic-prefix P     what stands before every topic's name there
  --json               for programs
ls and redrive:
  --run ID             only letters of this run
  --source S           only what this edge refused, or the bridge
  --reason R           ${deadLetterReasons.slice(0, 5).join(', ')},
                       ${deadLetterReasons.slice(5).join(', ')}
  --max N              only the newest N of them (ls: 100 unless said)
show:
  --out FILE           writes the original bytes there
redrive (choose by --run, --source, --reason or --offset):
  --offset P:O         this letter (may be repeated)
  --edge host:port     to this edge; cars' passwords are made from FLEETBED_FLEET_SECRET
  --dry-run            only says what would be sent, and what would be refused again

Only what cars sent on vehicles/{vin}/telemetry can be sent again. An acknowledged letter is on the edge's disk; one
that is refused again is acknowledged, too, and makes a new letter. An edge drops what it took before, by session and
seq; JSON without them is numbered anew each time. A car that is connected to that edge loses its connection for the
moment. The old letters stay as they are.
TLS and SASL come from the environment, as for fleetbed tail.

Exit codes: 0 done · 104 an option is wrong, or there is no such letter · 106 no Kafka, or an edge did not acknowledge all
`;

export const deadletterCommand: Command = {
  name: 'deadletter',
  summary: 'the messages that were refused, and a second try for them',
  usage,
  help,
  async run(argv, io) {
    const request = readRequest(argv, io.env);
    const kafka = connectKafka(request.kafka, createLog({ component: 'deadletter', level: 'silent' }));
    const options = { ...request, topicPrefix: request.kafka.topicPrefix };
    if (options.action === 'ls') return listLetters(kafka, options, io);
    if (options.action === 'show') return showLetter(kafka, options, io);
    return redriveLetters(kafka, options, io);
  },
};
