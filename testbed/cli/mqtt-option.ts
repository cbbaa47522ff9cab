import { UserError } from '#runtime/errors.ts';
import type { MqttTarget } from '../run/given-broker.ts';

const ports = { 'mqtt:': 1883, 'mqtts:': 8883 };
const example = 'mqtt://user:password@broker:1883';

/**
 * The user's own MQTT broker, by a URL: mqtt:// or, with TLS, mqtts://; ?ca=FILE has the certificates to trust.
 * @throws UserError what was expected; it does not show the URL, which may hold a password
 */
export function mqttOf(command: string, option: string | undefined): MqttTarget | undefined {
  if (option === undefined) return undefined;
  const refuse = (words: string): never => {
    throw new UserError('config', `fleetbed ${command} --mqtt: ${words}`);
  };
  const url = URL.parse(option);
  if (url === null || !(url.protocol in ports) || url.hostname === '') {
    return refuse(`expected a URL such as ${example} (mqtts:// for TLS)`);
  }
  const strange = [...url.searchParams.keys()].find((key) => key !== 'ca');
  if (strange !== undefined) return refuse(`no such setting: ${strange}; did you mean ca?`);
  if (!['', '/'].includes(url.pathname))
    return refuse(`expected nothing behind the port, such as ${example}`);
  const hasTls = url.protocol === 'mqtts:';
  const ca = url.searchParams.get('ca');
  if (ca !== null && !hasTls) return refuse('ca goes with mqtts://');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? ports[url.protocol as keyof typeof ports] : Number(url.port),
    ...(hasTls && { tls: ca === null ? {} : { ca } }),
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
  };
}
