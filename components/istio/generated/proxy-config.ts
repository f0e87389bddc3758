// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
export interface ProxyConfigSpec {
  concurrency?: number;
  environmentVariables?: {
    [k: string]: string;
  };
  image?: {
    imageType?: string;
  };
  selector?: {
    matchLabels?: {
      [k: string]: string;
    };
  };
}
