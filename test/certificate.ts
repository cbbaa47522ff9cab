import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** Makes a key and a self-signed certificate for localhost and 127.0.0.1 by openssl. @returns their files in that folder */
export async function makeCertificate(folder: string): Promise<{ key: string; cert: string }> {
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const subject = ['-days', '2', '-subj', '/CN=localhost', '-addext', names];
  await promisify(execFile)('openssl', [...request, ...subject, '-keyout', key, '-out', cert]);
  return { key, cert };
}
