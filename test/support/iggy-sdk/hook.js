// Resolves `apache-iggy` in a process of an example to the module that IGGY_SDK_MODULE names: the SDK is the user's, and
// is not among this repository's dependencies.
import { register } from 'node:module';

const hooks = `export const resolve = (specifier, context, next) =>
  specifier === 'apache-iggy'
    ? next(process.env.IGGY_SDK_MODULE, context)
    : next(specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
