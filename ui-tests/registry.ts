import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An image registry on this machine. */
export interface IRegistry {
  /** How names of its images begin. */
  host: string;
  /** How often it was asked for an image. */
  asked: () => number;
  close: () => Promise<void>;
}

/** A registry that takes every question for an image and answers none: what is fetched from it never comes. */
export async function silentRegistry(): Promise<IRegistry> {
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url === '/v2/') {
      response.end('{}');
    } else {
      asked += 1;
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    }
  };
}
