// What service.ts uses of Iggy's SDK, so that it compiles here, where the SDK is not installed. In your own project the
// SDK brings its types.
declare module 'apache-iggy' {
  import type { IggyClient, IggyConsumer, IggyHeaderInit, IggyPollingStrategy } from 'iggy-gateway-kafka/adapters/iggy';

  export const Client: new (config: {
    transport: 'TCP';
    options: { host: string; port: number };
    credentials: { username: string; password: string };
    reconnect?: { enabled: boolean; interval: number; maxRetries: number };
  }) => IggyClient;
  export const Consumer: { Single: IggyConsumer };
  export const HeaderKeyFactory: { String: (value: string) => IggyHeaderInit['key'] };
  export const HeaderValue: { Raw: (value: Buffer) => IggyHeaderInit['value'] };
  export const Partitioning: { PartitionId: (id: number) => { kind: 2; value: number } };
  export const PollingStrategy: { Offset: (offset: bigint) => IggyPollingStrategy };
}
